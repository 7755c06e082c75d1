"""Where chips go: near their object, inside the picture, and not over one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livefg.results import Box

__all__ = ["Placement", "Rect", "place_chips"]

Rects = npt.NDArray[np.float64]
Rect = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are not included."""

# What it costs to cover a whole chip's area of something, to step down the list of preferred places, and to
# lie a chip's length away from where it should be.
_OVER_CHIP = 40.0
_OVER_KEPT_FREE = 25.0
_OVER_OTHER = 2.0
_OVER_OWN = 1.5
_STEP = 0.02
_ASTRAY = 0.05


@dataclass(frozen=True, slots=True)
class Placement:
    """A chip to be placed: its size in pixels and the box of the object that it belongs to."""

    size: tuple[int, int]
    box: Box


def place_chips(
    chips: Sequence[Placement], picture: tuple[int, int], gap: int, keep_free: Sequence[Rect] = ()
) -> list[tuple[int, int]]:
    """Top left corner of each chip, in order; earlier chips choose first.

    Every chip lies within the picture (width, height), `gap` away from its edge, as far as there is room.
    `keep_free` are rectangles to stay out of.
    """
    placed: list[Rect] = []
    for index, chip in enumerate(chips):
        others = [other.box for i, other in enumerate(chips) if i != index]
        obstacles = np.array([*placed, *keep_free, *others, chip.box], np.float64)
        weights = np.repeat(
            [_OVER_CHIP, _OVER_KEPT_FREE, _OVER_OTHER, _OVER_OWN],
            [len(placed), len(keep_free), len(others), 1],
        )
        wanted = np.array(list(_candidates(chip, gap, placed)), np.float64)
        rects = _inside(wanted, chip.size, picture, gap)
        covered = _overlaps(rects, obstacles) @ weights / max(1, chip.size[0] * chip.size[1])
        astray = np.abs(rects[:, :2] - wanted).sum(axis=1) + 2 * _distances(rects, chip.box)
        cost = covered + _STEP * np.arange(len(wanted)) + _ASTRAY * astray / max(chip.size)
        left, top, right, bottom = rects[int(np.argmin(cost))].tolist()
        placed.append((int(left), int(top), int(right), int(bottom)))
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
