"""Drawing primitives: translucent patches, strokes with a dark line under them, and safe coordinates.

Everything draws in place on (height, width, 3) uint8 pictures, touches only the pixels of what it draws, and
leaves what lies outside the picture undrawn.
"""

from __future__ import annotations

import math
import threading
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
    "ONE",
    "FixedPoints",
    "ImageArray",
    "Patch",
    "bracket_lines",
    "compose_patch",
    "draw_discs",
    "draw_lines",
    "fixed",
    "is_drawable",
    "paste",
    "rounded_mask",
    "rounded_outline",
    "shade",
    "solid_patch",
    "translucent",
]

ImageArray = npt.NDArray[np.uint8]
MaskArray = npt.NDArray[np.uint8]
FixedPoints = npt.NDArray[np.int32]
"""Points (n, 2) in 1/16 pixel, made by `fixed`: OpenCV draws them so that lines move smoothly."""

_SHIFT = 4
ONE = 1 << _SHIFT
"""A pixel in `FixedPoints`."""
_FARTHEST = 30000.0  # pixels; keeps what OpenCV computes from them within 32 bits
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


@lru_cache(maxsize=64)
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


def is_drawable(values: Sequence[float] | npt.NDArray[np.floating] | None) -> bool:
    """Whether coordinates are there and all of them are finite."""
    return values is not None and bool(np.isfinite(values).all())


def fixed(points: npt.ArrayLike) -> FixedPoints:
    """Finite pixels (n, 2 or more) with the origin at the picture's corner, as the drawing functions take them."""
    xy = np.asarray(points, np.float64)[:, :2]
    # OpenCV counts from the centre of the first pixel.
    rounded: FixedPoints = ((np.clip(xy, -_FARTHEST, _FARTHEST) - 0.5) * ONE).round().astype(np.int32)
    return rounded


def draw_lines(
    image: ImageArray, lines: Sequence[FixedPoints], colour: Colour, width: float, *, closed: bool = False
) -> None:
    """Draw anti-aliased `lines`, `width` pixels wide."""
    cv2.polylines(image, lines, closed, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def draw_discs(image: ImageArray, centres: FixedPoints, radius: float, colour: Colour) -> None:
    """Draw filled anti-aliased circles of `radius` pixels around `centres`."""
    fixed_radius = max(1, round(radius * ONE))
    for centre in centres.tolist():
        cv2.circle(image, centre, fixed_radius, colour, -1, cv2.LINE_AA, _SHIFT)


@contextmanager
def shade(
    image: ImageArray, points: FixedPoints, margin: float
) -> Iterator[tuple[ImageArray, FixedPoints] | None]:
    """Darken `image` along the strokes that are drawn in the region `margin` pixels around `points`.

    Gives a black canvas and its origin, to be taken off the coordinates; what is drawn on it is subtracted
    from the picture. None where the region is outside the picture. Calls cannot be nested.
    """
    region = _region(image, points, margin)
    if region is None:
        yield None
        return
    below, origin = region
    canvas = _scratch(below.shape)
    canvas.fill(0)
    yield canvas, origin
    cv2.subtract(below, canvas, dst=below)


@contextmanager
def translucent(
    image: ImageArray, points: FixedPoints, margin: float, opacity: float
) -> Iterator[tuple[ImageArray, FixedPoints] | None]:
    """Draw with `opacity` 0..1 in the region `margin` pixels around `points`; otherwise like `shade`.

    Gives a copy of the region to draw on. Strokes that cross stay even, because the whole copy is blended at
    once.
    """
    region = _region(image, points, margin)
    if region is None:
        yield None
        return
    below, origin = region
    canvas = _scratch(below.shape)
    np.copyto(canvas, below)
    yield canvas, origin
    cv2.addWeighted(canvas, opacity, below, 1.0 - opacity, 0.0, dst=below)


def _region(image: ImageArray, points: FixedPoints, margin: float) -> tuple[ImageArray, FixedPoints] | None:
    """The part of `image` around `points`, as a view, and its origin."""
    reach = math.ceil(margin)
    low, high = (points.min(axis=0) // ONE).tolist(), (points.max(axis=0) // ONE).tolist()
    x0, y0 = max(0, low[0] - reach), max(0, low[1] - reach)
    x1, y1 = min(image.shape[1], high[0] + reach + 2), min(image.shape[0], high[1] + reach + 2)
    if x0 >= x1 or y0 >= y1:
        return None
    return image[y0:y1, x0:x1], np.asarray([x0 * ONE, y0 * ONE], np.int32)


class _Scratch(threading.local):
    """Memory for one region at a time in each thread: asking for fresh megabytes costs more than filling them."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.uint8)


_scratch_of_thread = _Scratch()


def _scratch(shape: tuple[int, ...]) -> ImageArray:
    size = math.prod(shape)
    if _scratch_of_thread.memory.size < size:
        _scratch_of_thread.memory = np.empty(size, np.uint8)
    return _scratch_of_thread.memory[:size].reshape(shape)


@lru_cache(maxsize=32)
def _unit_corners(steps: int) -> npt.NDArray[np.float64]:
    """Quarter circles of radius 1 around the centre, clockwise from the top left corner: (4, steps, 2)."""
    turn = math.pi + np.linspace(0.0, math.pi / 2, steps) + np.arange(4)[:, None] * (math.pi / 2)
    return np.stack([np.cos(turn), np.sin(turn)], axis=2)


_INWARDS = np.array([(1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)])
"""From each corner of a box, clockwise from the top left, toward its middle."""


def _corner_arcs(box: Box, radius: float) -> npt.NDArray[np.float64]:
    """The round corners of a box, clockwise: (4, steps, 2) pixels."""
    left, top, right, bottom = box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    arcs = _unit_corners(int(max(4, min(12, radius / 2))))
    placed: npt.NDArray[np.float64] = arcs * radius + (corners + _INWARDS * radius)[:, None]
    return placed


def rounded_outline(box: Box, radius: float) -> FixedPoints:
    """The outline of a box with round corners, as a line to be closed."""
    radius = max(0.0, min(radius, (box[2] - box[0]) / 2, (box[3] - box[1]) / 2))
    return fixed(_corner_arcs(box, radius).reshape(-1, 2))


def bracket_lines(box: Box, radius: float, arm: float) -> list[FixedPoints]:
    """Four rounded corners of a box, each with straight arms of at most `arm` pixels."""
    shorter = max(0.0, min(box[2] - box[0], box[3] - box[1]))
    radius = max(0.0, min(radius, shorter / 3))
    arm = max(0.0, min(arm, shorter / 2 - radius))
    arcs = _corner_arcs(box, radius)
    # Walking clockwise, each arc is entered along one side of the box and left along the next.
    before = arcs[:, :1] + arm * _ENTERED[:, None]
    after = arcs[:, -1:] + arm * _LEFT[:, None]
    lines = np.concatenate([before, arcs, after], axis=1)
    return list(fixed(lines.reshape(-1, 2)).reshape(lines.shape))


_ENTERED = np.array([(0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)])
_LEFT = np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)])
