"""The picture of one hand: a square part of the frame, upright as the frame is, so that up and down stay what they are.

Thumbnails of recordings, pictures to learn from and what networks of pixels see in the live loop all come from here.
"""

from __future__ import annotations

import math
from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from livefg.results import Box, ImageArray

__all__ = ["MARGIN", "decoded", "hand_crop", "square_of"]

MARGIN = 0.15
"""What is shown around a hand's box on each side, in parts of its size: points that are off still lie within."""


def hand_crop(image: ImageArray, box: Box, side: int) -> ImageArray:
    """The hand with this box and a little of what is around it, as (side, side, 3); the frame's edges repeat beyond."""
    return square_of(image, box, side, MARGIN)


def square_of(image: ImageArray, box: Box, side: int, margin: float = 0.0) -> ImageArray:
    """What is in a box (pixels), with `margin` of its size around it, as a square picture of `side` pixels.

    Of a box that lies outside of the picture, all is black.
    """
    left, top, right, bottom = box
    size = max(right - left, bottom - top, 1.0) * (1 + 2 * margin)
    scale = side / size
    x, y = (left + right) / 2, (top + bottom) / 2
    source = image
    if scale < 1:
        # Shrunk by averaging first, and only what is needed: to skip pixels would make up detail.
        reach = size / 2 + 1
        rows = slice(max(0, math.floor(y - reach)), max(0, math.ceil(y + reach)))
        columns = slice(max(0, math.floor(x - reach)), max(0, math.ceil(x + reach)))
        source = image[rows, columns]
        if not source.size:
            return np.zeros((side, side, 3), np.uint8)
        x, y = (x - columns.start) * scale, (y - rows.start) * scale
        shape = (max(1, round(source.shape[1] * scale)), max(1, round(source.shape[0] * scale)))
        source = cv2.resize(source, shape, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        scale = 1.0
    matrix = np.array([[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y]])
    picture = cv2.warpAffine(source, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return picture.astype(np.uint8, copy=False)


def decoded(content: bytes, side: int) -> ImageArray:
    """A picture that `hand_crop` made, once stored as JPEG, PNG or WebP, as (side, side, 3).

    Raises OSError if it is damaged.
    """
    with Image.open(BytesIO(content)) as picture:
        whole = np.asarray(picture.convert("RGB"), np.uint8)
    if whole.shape == (side, side, 3):
        return whole
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
