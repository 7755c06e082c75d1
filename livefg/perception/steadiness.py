"""Whether what was looked at still looks the same, at most shifted, turned or scaled a little, and if so how.

A landmark network tells a hand or a face that keeps its shape where it was before. That costs the network thousands
of times more than it costs to follow some points of the picture (Lucas and Kanade, 1981, in pyramids) and to check
that the moved old picture explains the new one everywhere: a finger that bends, a lid that closes, a thing that comes
between leave a patch that does not fit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from livefg.perception.geometry import Region, crop
from livefg.results import Box, FloatArray, ImageArray

__all__ = ["Glance", "Overview", "Shift", "Steadiness", "moved", "to_compute_anew"]

Grey = npt.NDArray[np.uint8]

_SIDE = 96
_PATCHES = 8
_SOFT = 3  # pixels of the crop in each direction that are averaged to compare
_WINDOW = (15, 15)
_LEVELS = 2
_LEAST_POINTS = 6


class Shift(NamedTuple):
    """A similarity of the picture: points become `scale` times larger, turned by `angle` (radians), moved by x, y.

    `x` and `y` are pixels; scale and angle are about the point (`about_x`, `about_y`).
    """

    scale: float
    angle: float
    x: float
    y: float
    about_x: float
    about_y: float


class Steadiness(NamedTuple):
    """How little must have changed, in grey levels 0..255 and parts of the region's side.

    `patch` is the most by which one of 8 x 8 patches may differ on average once the motion is taken out, `before`
    the most before it is (above it nobody looks for a motion); `distance` is how far anything may have moved.
    """

    patch: float
    before: float
    distance: float


class Glance:
    """A small grey picture of a region at the moment its landmarks were computed, to compare with later pictures."""

    __slots__ = ("_grey", "_points", "_region", "_soft")

    def __init__(self, image: ImageArray, region: Region, points: FloatArray) -> None:
        """`points` (n, 2 or more) are places in the picture, in pixels, that move with what the region shows."""
        self._region = region
        self._grey = _grey(image, region)
        self._soft = _softened(self._grey)
        self._points = _into_crop(points, region)

    def shift(self, image: ImageArray, limits: Steadiness) -> Shift | None:
        """How what was seen has moved in a later picture of the same camera; None if that does not explain it."""
        now = _grey(image, self._region)
        if _largest_change(self._soft, _softened(now)) > limits.before:
            return None
        matrix = _motion(self._grey, now, self._points)
        if matrix is None:
            return None
        moved_by = np.hypot(*(self._points @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2]).T)
        if float(moved_by.max()) > limits.distance * _SIDE:
            return None
        back = cv2.warpAffine(
            now,
            matrix,
            now.shape,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if _largest_change(self._soft, _softened(np.asarray(back, np.uint8))) > limits.patch:
            return None
        return self._in_picture(matrix)

    def _in_picture(self, matrix: npt.NDArray[np.float64]) -> Shift:
        """A similarity of crop pixels as one of the picture's pixels, about the region's centre."""
        region, half = self._region, _SIDE / 2
        x, y = (matrix[:, :2] @ (half, half) + matrix[:, 2] - half) * (region.size / _SIDE)
        cos, sin = math.cos(region.rotation), math.sin(region.rotation)
        scale = math.hypot(matrix[0, 0], matrix[1, 0])
        angle = math.atan2(matrix[1, 0], matrix[0, 0])
        return Shift(scale, angle, float(x * cos - y * sin), float(x * sin + y * cos), region.x, region.y)


class Overview:
    """A whole picture in 32 x 24 cells of grey, to see whether anything has changed in a part of it since."""

    _COLUMNS, _ROWS = 32, 24
    _SAMPLED = 6  # pixels that are taken of a cell in each direction
    _CHANGED = 6.0  # grey levels of a cell's mean: above what noise and a face at rest do

    __slots__ = ("_cells",)

    def __init__(self, image: ImageArray) -> None:
        height, width = image.shape[:2]
        across = max(1, width // (self._COLUMNS * self._SAMPLED))
        down = max(1, height // (self._ROWS * self._SAMPLED))
        cells = cv2.resize(image[::down, ::across], (self._COLUMNS, self._ROWS), interpolation=cv2.INTER_AREA)
        self._cells = cells.mean(axis=2, dtype=np.float32)

    def differs(self, earlier: Overview, view: Box, followed: Sequence[Box]) -> bool:
        """Whether a cell within `view` has changed, leaving out those that touch what is `followed`.

        Boxes are left, top, right, bottom in parts of the picture's width and height.
        """
        change = np.abs(self._cells - earlier._cells)
        for box in followed:
            change[self._within(box)] = 0.0
        return float(change[self._within(view)].max(initial=0.0)) > self._CHANGED

    def _within(self, box: Box) -> tuple[slice, slice]:
        left, top, right, bottom = box
        columns = slice(max(0, math.floor(left * self._COLUMNS)), max(0, math.ceil(right * self._COLUMNS)))
        return slice(max(0, math.floor(top * self._ROWS)), max(0, math.ceil(bottom * self._ROWS))), columns


def moved(points: FloatArray, shift: Shift) -> FloatArray:
    """Points (n, 2 or 3) in the picture's pixels after a shift; depth grows with the scale."""
    cos, sin = math.cos(shift.angle) * shift.scale, math.sin(shift.angle) * shift.scale
    x, y = points[:, 0] - shift.about_x, points[:, 1] - shift.about_y
    result = points * np.float32(shift.scale)
    result[:, 0] = x * cos - y * sin + shift.about_x + shift.x
    result[:, 1] = x * sin + y * cos + shift.about_y + shift.y
    return result


def to_compute_anew(kept: Sequence[int], most: int) -> list[bool]:
    """Which of several things are to be computed in the next frame, whatever they look like.

    `kept` tells for each how many frames it was moved along since it was computed last, and `most` how many that may
    be. Of those whose time has come the longest kept are taken, as many as share the work out evenly over the frames.
    """
    turns = math.ceil(len(kept) / (most + 1))
    waiting = sorted(
        (place for place, frames in enumerate(kept) if frames >= most), key=lambda place: -kept[place]
    )
    taken = set(waiting[:turns])
    return [place in taken for place in range(len(kept))]


def _grey(image: ImageArray, region: Region) -> Grey:
    return np.asarray(cv2.cvtColor(crop(image, region, _SIDE), cv2.COLOR_RGB2GRAY), np.uint8)


def _softened(grey: Grey) -> Grey:
    """The same in fewer pixels, in which there is little noise."""
    return np.asarray(
        cv2.resize(grey, (_SIDE // _SOFT, _SIDE // _SOFT), interpolation=cv2.INTER_AREA), np.uint8
    )


def _into_crop(points: FloatArray, region: Region) -> FloatArray:
    cos, sin = math.cos(region.rotation), math.sin(region.rotation)
    x, y = points[:, 0] - region.x, points[:, 1] - region.y
    turned = np.stack([x * cos + y * sin, y * cos - x * sin], axis=1)
    return (turned * (_SIDE / region.size) + _SIDE / 2).astype(np.float32)


def _largest_change(before: Grey, now: Grey) -> float:
    """The mean difference of the patch that differs most, in grey levels."""
    means = cv2.resize(cv2.absdiff(before, now), (_PATCHES, _PATCHES), interpolation=cv2.INTER_AREA)
    return float(means.max())


def _motion(before: Grey, now: Grey, points: FloatArray) -> npt.NDArray[np.float64] | None:
    """The similarity (2, 3) that most of the points follow, in pixels of the crop; None if too few can be followed."""
    start = points.reshape(-1, 1, 2)
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        now,
        start,
        start.copy(),
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    sure = np.asarray(found).ravel() == 1
    if sure.sum() < max(_LEAST_POINTS, len(points) // 2):
        return None
    matrix, _ = cv2.estimateAffinePartial2D(
        points[sure], np.asarray(there).reshape(-1, 2)[sure], ransacReprojThreshold=1.0
    )
    return None if matrix is None else np.asarray(matrix, np.float64)
