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

__all__ = ["Region", "box_iou", "box_of", "crop", "region_around", "to_picture", "wrap_angle"]

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
    left, top = max(0, math.floor(region.x - reach)), max(0, math.floor(region.y - reach))
    right, bottom = math.ceil(region.x + reach), math.ceil(region.y + reach)
    part = image[top : max(0, bottom), left : max(0, right)]
    if not part.size:
        return _warped(image, region, size)
    moved = region._replace(x=region.x - left, y=region.y - top)
    cut = _warped(np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2RGBA), np.uint8), moved, size)
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
    cos, sin = math.cos(region.rotation), math.sin(region.rotation)
    scale = region.size / size
    x, y = points[:, 0] - size / 2, points[:, 1] - size / 2
    moved = points * np.float32(scale)
    moved[:, 0] = (x * cos - y * sin) * scale + region.x
    moved[:, 1] = (x * sin + y * cos) * scale + region.y
    return moved


def box_of(points: FloatArray) -> Box:
    """The smallest axis-parallel box around points (n, 2 or more)."""
    x, y = points[:, 0], points[:, 1]
    return (float(x.min()), float(y.min()), float(x.max()), float(y.max()))


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
