"""Where chips go: near their object, inside the picture, and not over one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from livefg.results import Box

__all__ = ["Placement", "place_chips"]

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are not included."""

# Costs a pixel of covered area, and a step down the list of preferred places.
_OVER_CHIP = 40.0
_OVER_KEPT_FREE = 25.0
_OVER_OTHER = 1.5
_OVER_OWN = 1.0
_STEP = 0.02
_DISTANCE = 0.05


@dataclass(frozen=True, slots=True)
class Placement:
    """A chip to be placed: its size in pixels and the box of the object that it belongs to."""

    size: tuple[int, int]
    box: Box


def place_chips(
    chips: Sequence[Placement], picture: tuple[int, int], gap: int, keep_free: Sequence[Rect] = ()
) -> list[tuple[int, int]]:
    """Top left corner of each chip, in order; earlier chips choose first.

    Every chip lies within the picture (width, height) as far as it fits. `keep_free` are rectangles to stay
    out of.
    """
    placed: list[Rect] = []
    for chip in chips:
        others = [other.box for other in chips if other is not chip]
        candidates = list(_candidates(chip, gap, placed))
        area = max(1, chip.size[0] * chip.size[1])

        def cost(item: tuple[int, tuple[float, float]], chip: Placement = chip, area: int = area) -> float:
            index, wanted = item
            rect = _inside(wanted, chip.size, picture)
            moved = abs(rect[0] - wanted[0]) + abs(rect[1] - wanted[1])
            covered = (
                _OVER_CHIP * sum(_overlap(rect, r) for r in placed)
                + _OVER_KEPT_FREE * sum(_overlap(rect, r) for r in keep_free)
                + _OVER_OTHER * sum(_overlap(rect, box) for box in others)  # noqa: B023 - used at once
                + _OVER_OWN * _overlap(rect, chip.box)
            )
            away = _distance(rect, chip.box)
            return (
                covered / area + _STEP * index + (_DISTANCE * moved + 2 * _DISTANCE * away) / max(chip.size)
            )

        best = min(enumerate(candidates), key=cost)[1]
        placed.append(_inside(best, chip.size, picture))
    return [(rect[0], rect[1]) for rect in placed]


def _candidates(chip: Placement, gap: int, placed: Sequence[Rect]) -> Iterator[tuple[float, float]]:
    """Places in order of preference: above, below, beside, then next to chips that are in the way, then
    inside.
    """
    left, top, right, bottom = chip.box
    width, height = chip.size
    yield (left, top - gap - height)
    yield (left, bottom + gap)
    yield (right - width, top - gap - height)
    yield (right - width, bottom + gap)
    yield (right + gap, top)
    yield (left - gap - width, top)
    yield (right + gap, bottom - height)
    yield (left - gap - width, bottom - height)
    for other in placed:
        for x in (left, right - width, right + gap, left - gap - width):
            yield (x, other[1] - gap - height)
            yield (x, other[3] + gap)
        for y in (top - gap - height, bottom + gap):
            yield (other[2] + gap, y)
            yield (other[0] - gap - width, y)
    yield (left + gap, top + gap)
    yield (left + gap, bottom - gap - height)


def _inside(wanted: tuple[float, float], size: tuple[int, int], picture: tuple[int, int]) -> Rect:
    left = round(max(0.0, min(wanted[0], picture[0] - size[0])))
    top = round(max(0.0, min(wanted[1], picture[1] - size[1])))
    return (left, top, left + size[0], top + size[1])


def _overlap(a: Rect, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return float(width * height) if width > 0 and height > 0 else 0.0


def _distance(a: Rect, b: Box) -> float:
    """Gap between two rectangles in pixels, 0 where they touch."""
    return max(0.0, a[0] - b[2], b[0] - a[2]) + max(0.0, a[1] - b[3], b[1] - a[3])
