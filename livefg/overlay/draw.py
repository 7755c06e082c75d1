"""Drawing primitives: translucent patches, strokes with a dark line under them, and safe coordinates.

Everything draws in place on (height, width, 3) uint8 pictures, touches only the pixels of what it draws, and
leaves what lies outside the picture undrawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from livefg.overlay.style import Colour
from livefg.results import Box

__all__ = [
    "Patch",
    "Polyline",
    "bracket_lines",
    "compose_patch",
    "disc",
    "draw_lines",
    "is_drawable",
    "paste",
    "rounded_mask",
    "rounded_outline",
    "solid_patch",
    "translucent",
]

ImageArray = npt.NDArray[np.uint8]
MaskArray = npt.NDArray[np.uint8]
Polyline = npt.NDArray[np.floating]
"""Points (n, 2) in pixels of the frame."""

_SHIFT = 4  # OpenCV takes coordinates in 1/16 pixel: lines move smoothly
_FARTHEST = 30000.0  # keeps 1/16 pixels well within OpenCV's 32 bits
_SMOOTHING = 4  # masks are drawn this much larger, then reduced


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A picture with transparency, ready to be laid over another: result = ink + below * keep / 255.

    `ink` (h, w, 3) uint8 is the colour times its opacity, `keep` (h, w, 3) uint8 what stays of the picture
    below.
    """

    ink: ImageArray
    keep: ImageArray

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.ink.shape[1]), int(self.ink.shape[0])

    def faded(self, opacity: float) -> Patch:
        """The same patch, `opacity` (0..1) as strong."""
        ink = cv2.convertScaleAbs(self.ink, alpha=opacity)
        keep = cv2.convertScaleAbs(self.keep, alpha=opacity, beta=255.0 * (1.0 - opacity))
        return Patch(ink.astype(np.uint8, copy=False), keep.astype(np.uint8, copy=False))


def paste(image: ImageArray, patch: Patch, left: int, top: int) -> None:
    """Lay `patch` over `image` with its top left corner at (`left`, `top`); what lies outside is cut off."""
    width, height = patch.size
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(image.shape[1], left + width), min(image.shape[0], top + height)
    if x0 >= x1 or y0 >= y1:
        return
    below = image[y0:y1, x0:x1]
    cut = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    cv2.multiply(below, patch.keep[cut], dst=below, scale=1 / 255)
    cv2.add(below, patch.ink[cut], dst=below)


def solid_patch(mask: MaskArray, colour: Colour, opacity: float = 1.0) -> Patch:
    """One `colour` in the shape of `mask` (h, w) uint8, `opacity` 0..1."""
    alpha = (mask.astype(np.float32) * opacity)[:, :, None]
    ink = alpha * (np.asarray(colour, np.float32) / 255)
    keep = np.repeat(255 - alpha, 3, axis=2)
    return Patch(np.rint(ink).astype(np.uint8), np.rint(keep).astype(np.uint8))


def compose_patch(size: tuple[int, int], layers: Iterable[tuple[Patch, int, int]]) -> Patch:
    """One patch of `size` (width, height) from `layers` of (patch, left, top), the lowest first."""
    width, height = size
    ink = np.zeros((height, width, 3), np.uint8)
    keep = np.full((height, width, 3), 255, np.uint8)
    for layer, left, top in layers:
        paste(ink, layer, left, top)
        paste(keep, Patch(np.zeros_like(layer.ink), layer.keep), left, top)
    return Patch(ink, keep)


@lru_cache(maxsize=256)
def rounded_mask(width: int, height: int, radius: int) -> MaskArray:
    """A filled rectangle with round corners: (height, width) uint8, read-only."""
    k = _SMOOTHING
    r = max(0, min(radius, width // 2, height // 2)) * k
    big = np.zeros((height * k, width * k), np.uint8)
    right, bottom = width * k - 1, height * k - 1
    cv2.rectangle(big, (r, 0), (right - r, bottom), 255, -1)
    cv2.rectangle(big, (0, r), (right, bottom - r), 255, -1)
    for x in (r, right - r):
        for y in (r, bottom - r):
            cv2.circle(big, (x, y), r, 255, -1)
    mask: MaskArray = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA).astype(
        np.uint8, copy=False
    )
    mask.setflags(write=False)
    return mask


def is_drawable(values: Sequence[float] | Polyline | None) -> bool:
    """Whether coordinates are there and all of them are finite."""
    return values is not None and bool(np.isfinite(values).all())


def draw_lines(
    image: ImageArray, lines: Sequence[Polyline], colour: Colour, width: float, *, closed: bool = False
) -> None:
    """Draw anti-aliased `lines`, each (n, 2) finite pixels, `width` pixels wide."""
    fixed = [_fixed(line) for line in lines]
    cv2.polylines(image, fixed, closed, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def disc(image: ImageArray, centre: Sequence[float], radius: float, colour: Colour) -> None:
    """Draw a filled anti-aliased circle around the finite point `centre`, in pixels."""
    x, y = _fixed(np.asarray([centre], np.float64))[0]
    cv2.circle(
        image, (int(x), int(y)), max(1, round(radius * (1 << _SHIFT))), colour, -1, cv2.LINE_AA, _SHIFT
    )


def _fixed(points: Polyline) -> npt.NDArray[np.int32]:
    """Pixels with the origin at the corner of the picture -> OpenCV's 1/16 pixels from the first pixel's
    centre.
    """
    clipped = np.clip(points[:, :2], -_FARTHEST, _FARTHEST)
    fixed: npt.NDArray[np.int32] = np.rint((clipped - 0.5) * (1 << _SHIFT)).astype(np.int32)
    return fixed


@contextmanager
def translucent(
    image: ImageArray, points: Sequence[Polyline], margin: float, opacity: float
) -> Iterator[tuple[ImageArray, npt.NDArray[np.float64]] | None]:
    """Draw with `opacity` (0..1): gives a copy of the region around `points` to draw on, and the region's
    origin.

    Strokes that cross stay even, because the whole copy is blended at once. Gives None where the region is
    outside the picture.
    """
    everything = np.clip(np.concatenate([p[:, :2] for p in points]), -_FARTHEST, _FARTHEST)
    low = np.floor(everything.min(axis=0) - margin)
    high = np.ceil(everything.max(axis=0) + margin)
    x0, y0 = (max(0, int(v)) for v in low)
    x1, y1 = min(image.shape[1], int(high[0]) + 1), min(image.shape[0], int(high[1]) + 1)
    if x0 >= x1 or y0 >= y1:
        yield None
        return
    below = image[y0:y1, x0:x1]
    canvas = below.copy()
    yield canvas, np.asarray([x0, y0], np.float64)
    cv2.addWeighted(canvas, opacity, below, 1.0 - opacity, 0.0, dst=below)


def _arc(centre_x: float, centre_y: float, radius: float, start: float, steps: int) -> Polyline:
    angles = math.radians(start) + np.linspace(0.0, math.pi / 2, steps)
    return np.stack([centre_x + radius * np.cos(angles), centre_y + radius * np.sin(angles)], axis=1)


def _corner_arcs(box: Box, radius: float) -> list[Polyline]:
    """Quarter circles clockwise from the top left corner."""
    left, top, right, bottom = box
    r = max(0.0, min(radius, (right - left) / 2, (bottom - top) / 2))
    steps = int(max(4, min(24, r)))
    return [
        _arc(left + r, top + r, r, 180, steps),
        _arc(right - r, top + r, r, 270, steps),
        _arc(right - r, bottom - r, r, 0, steps),
        _arc(left + r, bottom - r, r, 90, steps),
    ]


def rounded_outline(box: Box, radius: float) -> Polyline:
    """The outline of a box with round corners, as a polyline to be closed."""
    return np.concatenate(_corner_arcs(box, radius))


def bracket_lines(box: Box, radius: float, arm: float) -> list[Polyline]:
    """Four rounded corners of a box, each with straight arms of `arm` pixels."""
    left, top, right, bottom = box
    reach_x, reach_y = min(arm, (right - left) / 3), min(arm, (bottom - top) / 3)
    directions = [((0, 1), (1, 0)), ((-1, 0), (0, 1)), ((0, -1), (-1, 0)), ((1, 0), (0, -1))]
    reach = np.asarray([reach_x, reach_y])
    return [
        np.concatenate([arc[:1] + reach * before, arc, arc[-1:] + reach * after])
        for arc, (before, after) in zip(_corner_arcs(box, radius), directions, strict=True)
    ]
