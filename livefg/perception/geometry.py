"""Rotated square regions of a picture, and the way between their pixels and the picture's.

The arithmetic follows MediaPipe's RectTransformation and ImageToTensor calculators, so that a network sees the
same pixels in both.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from livefg.results import Box, FloatArray, ImageArray

__all__ = ["Region", "box_iou", "box_of", "crop", "region_around", "similar", "to_picture", "wrap_angle"]

_LARGE = 192  # pixels: smaller crops gain nothing by four channels
_SHRUNK_MOST = 2.0  # a region that is shrunk further has too many pixels to convert
_MARGIN = 2  # pixels around a region that interpolation looks at


class Region(NamedTuple):
    """A square in a picture: centre and side length in pixels, rotation in radians (clockwise on screen)."""

    x: float
    y: float
    size: float
    rotation: float

    def box(self) -> Box:
        """The axis-parallel box of the same centre and side, rotation ignored."""
        half = self.size / 2
        return (self.x - half, self.y - half, self.x + half, self.y + half)


def wrap_angle(angle: float) -> float:
    """The same angle in -pi..pi (radians)."""
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))


def region_around(
    x: float, y: float, width: float, height: float, rotation: float, scale: float, shift: float = 0.0
) -> Region:
    """The square around a rotated rectangle: its longer side times `scale`.

    The centre moves by `shift` times the height along the rectangle's own vertical axis (negative: upwards).
    """
    return Region(
        x - height * shift * math.sin(rotation),
        y + height * shift * math.cos(rotation),
        max(width, height) * scale,
        rotation,
    )


def crop(image: ImageArray, region: Region, size: int) -> ImageArray:
    """Cut the region out, upright and scaled to (size, size, 3); edge pixels repeat beyond the picture."""
    if size >= _LARGE and region.size <= _SHRUNK_MOST * size:
        return _large_crop(image, region, size)
    return _warped(image, region, size)


def _large_crop(image: ImageArray, region: Region, size: int) -> ImageArray:
    """The same pixels, by way of a picture with four channels: OpenCV takes half the time for these."""
    reach = region.size / 2 * (abs(math.cos(region.rotation)) + abs(math.sin(region.rotation))) + _MARGIN
    left, top = math.floor(region.x - reach), math.floor(region.y - reach)
    right, bottom = math.ceil(region.x + reach), math.ceil(region.y + reach)
    height, width = image.shape[:2]
    part = image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if not part.size:
        return _warped(image, region, size)
    four = cv2.cvtColor(part, cv2.COLOR_RGB2RGBA)
    beyond = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    if any(beyond):
        # Beyond the picture OpenCV looks at one pixel after the other: a wider picture takes half the time.
        four = cv2.copyMakeBorder(four, *beyond, cv2.BORDER_REPLICATE)
    moved = region._replace(x=region.x - left, y=region.y - top)
    cut = _warped(np.asarray(four, np.uint8), moved, size)
    return np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGBA2RGB), np.uint8)


def _warped(image: ImageArray, region: Region, size: int) -> ImageArray:
    scale = region.size / size
    cos, sin = math.cos(region.rotation) * scale, math.sin(region.rotation) * scale
    half = size / 2
    into_picture = np.array(
        [[cos, -sin, region.x - half * (cos - sin)], [sin, cos, region.y - half * (sin + cos)]], np.float64
    )
    cut = cv2.warpAffine(
        image,
        into_picture,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.uint8)


def to_picture(points: FloatArray, region: Region, size: int) -> FloatArray:
    """Bring points (n, 2 or 3) from a crop of (size, size) to the picture's pixels; z is scaled alike."""
    scale, half = region.size / size, size / 2
    cos, sin = math.cos(region.rotation) * scale, math.sin(region.rotation) * scale
    return similar(points, cos, sin, scale, (half, half), (region.x, region.y))


def similar(
    points: FloatArray,
    cos: float,
    sin: float,
    scale: float,
    origin: tuple[float, float],
    target: tuple[float, float],
) -> FloatArray:
    """Points (n, 2 or 3) after a similarity that brings `origin` to `target`; z is multiplied by `scale`.

    `cos` and `sin` are those of its angle, times the scale.
    """
    x, y = origin
    rows = [[cos, -sin, target[0] - cos * x + sin * y], [sin, cos, target[1] - sin * x - cos * y]]
    if points.shape[1] == 3:
        rows = [[cos, -sin, 0.0, rows[0][2]], [sin, cos, 0.0, rows[1][2]], [0.0, 0.0, scale, 0.0]]
    return np.asarray(cv2.transform(points[None], np.array(rows))[0], np.float32)


def box_of(points: FloatArray) -> Box:
    """The smallest axis-parallel box around points (n, 2 or more)."""
    # NumPy goes through many rows of two or three values one by one: ten times as slow.
    left, top = cv2.reduce(points, 0, cv2.REDUCE_MIN)[0, :2].tolist()
    right, bottom = cv2.reduce(points, 0, cv2.REDUCE_MAX)[0, :2].tolist()
    return (left, top, right, bottom)


def box_iou(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    union = (
        (first[2] - first[0]) * (first[3] - first[1])
        + (second[2] - second[0]) * (second[3] - second[1])
        - shared
    )
    return shared / union if union > 0 else 0.0
