"""Where chips go: near their object, inside the picture, and not over one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livefg.results import Box

__all__ = ["Place", "Placement", "Rect", "place_chips"]

Rects = npt.NDArray[np.float64]
Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are not included."""

# What it costs to cover a whole chip's area of something, to step down the list of preferred places, and to
# lie a chip's length away from where it should be.
_OVER_CHIP = 400.0
_OVER_KEPT_FREE = 100.0
_OVER_OTHER = 2.0
_OVER_OWN = 1.5
_STEP = 0.06
_ASTRAY = 0.3
_STAY = 0.4  # what a change of place must gain: labels that jump cannot be read


@dataclass(frozen=True, slots=True)
class Placement:
    """A chip to be placed: its size in pixels, the box of the object that it belongs to, and the kind of place that
    it had in the picture before.
    """

    size: tuple[int, int]
    box: Box
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chip goes: its top left corner in pixels, and which kind of place that is."""

    left: int
    top: int
    kind: int | None


def place_chips(
    chips: Sequence[Placement], picture: tuple[int, int], gap: int, keep_free: Sequence[Rect] = ()
) -> list[Place]:
    """A place for each chip, in order; earlier chips choose first, and stay where they were if that is nearly as good.

    Every chip lies within the picture (width, height), `gap` away from its edge, as far as there is room.
    `keep_free` are rectangles to stay out of.
    """
    placed: list[Rect] = []
    places: list[Place] = []
    for index, chip in enumerate(chips):
        others = [other.box for i, other in enumerate(chips) if i != index]
        obstacles = np.array([*placed, *keep_free, *others, chip.box], np.float64)
        weights = np.repeat(
            [_OVER_CHIP, _OVER_KEPT_FREE, _OVER_OTHER, _OVER_OWN],
            [len(placed), len(keep_free), len(others), 1],
        )
        kinds, corners = zip(*_candidates(chip, gap, placed), strict=True)
        wanted = np.array(corners, np.float64)
        rects = _inside(wanted, chip.size, picture, gap)
        covered = _overlaps(rects, obstacles) @ weights / max(1, chip.size[0] * chip.size[1])
        astray = np.abs(rects[:, :2] - wanted).sum(axis=1) + 2 * _distances(rects, chip.box)
        cost = covered + _STEP * np.arange(len(wanted)) + _ASTRAY * astray / max(chip.size)
        if chip.previous is not None:
            cost[kinds.index(chip.previous)] -= _STAY
        best = int(np.argmin(cost))
        left, top, right, bottom = (int(value) for value in rects[best])
        placed.append((left, top, right, bottom))
        places.append(Place(left, top, kinds[best]))
    return places


def _candidates(
    chip: Placement, gap: int, placed: Sequence[Rect]
) -> Iterator[tuple[int | None, tuple[float, float]]]:
    """Kinds of place and corners in order of preference: above, below, beside, within, then next to chips that are in
    the way, which is no lasting kind of place.
    """
    left, top, right, bottom = chip.box
    width, height = chip.size
    above, below = top - gap - height, bottom + gap
    before, after = left - gap - width, right + gap
    yield from enumerate(
        [
            (left, above),
            (left, below),
            (right - width, above),
            (right - width, below),
            (after, top),
            (before, top),
            (after, bottom - height),
            (before, bottom - height),
            (left + gap, top + gap),
            (left + gap, bottom - gap - height),
        ]
    )
    for other in placed:
        for x in (left, right - width, after, before):
            yield None, (x, other[1] - gap - height)
            yield None, (x, other[3] + gap)
        for y in (above, below):
            yield None, (other[2] + gap, y)
            yield None, (other[0] - gap - width, y)


def _inside(wanted: Rects, size: tuple[int, int], picture: tuple[int, int], gap: int) -> Rects:
    """The nearest rectangles of `size` in whole pixels that lie within the picture."""
    most = np.asarray(picture) - size - gap
    corners = np.maximum(np.minimum(np.maximum(np.rint(wanted), gap), most), 0)
    return np.concatenate([corners, corners + size], axis=1)


def _overlaps(rects: Rects, obstacles: Rects) -> Rects:
    """Area in pixels that each of (n, 4) rectangles shares with each of (m, 4) others: (n, m)."""
    a, b = rects[:, None], obstacles[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    areas: Rects = np.maximum(sides, 0).prod(axis=2)
    return areas


def _distances(rects: Rects, box: Box) -> Rects:
    """Gap in pixels between each of (n, 4) rectangles and a box, 0 where they touch: (n,)."""
    low, high = np.asarray(box[:2]), np.asarray(box[2:])
    gaps: Rects = np.maximum(np.maximum(rects[:, :2] - high, low - rects[:, 2:]), 0).sum(axis=1)
    return gaps
