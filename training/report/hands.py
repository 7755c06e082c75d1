"""Hands as small pictures, in the overlay's colours: cut out of what they were seen in, or drawn from their points."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from livefg.overlay.hands import draw_hand
from livefg.overlay.style import Scale
from livefg.results import Hand
from training.report.content import ImageArray

__all__ = ["cut_out", "drawn_hand", "square"]

_SIDE = 192  # pixels
_BACKGROUND = (38, 44, 56)
_HAND_SHARE = 0.72
_MARGIN = 0.55  # of the hand's size around it, so that one sees what it is part of


def drawn_hand(landmarks: npt.NDArray[np.floating], side: int = _SIDE) -> ImageArray:
    """The skeleton of one hand (21, 2 or 3), x right and y down in any unit, filling a square picture."""
    image: ImageArray = np.full((side, side, 3), _BACKGROUND, np.uint8)
    flat = np.asarray(landmarks, np.float64)[:, :2]
    low, high = flat.min(axis=0), flat.max(axis=0)
    factor = side * _HAND_SHARE / max(float((high - low).max()), 1e-9)
    _draw(image, (flat - (low + high) / 2) * factor + side / 2)
    return image


def cut_out(picture: ImageArray, landmarks: npt.NDArray[np.floating], side: int = _SIDE) -> ImageArray | None:
    """The square around a hand whose landmarks are pixels of `picture`, with the skeleton; None if it lies outside."""
    flat = np.asarray(landmarks, np.float64)[:, :2]
    low, high = flat.min(axis=0), flat.max(axis=0)
    height, width = picture.shape[:2]
    middle = (low + high) / 2
    half = float((high - low).max()) * (1 + _MARGIN) / 2
    if half < 2 or not (0 <= middle[0] < width and 0 <= middle[1] < height):
        return None
    left, top = np.floor(middle - half).astype(int).tolist()
    size = max(1, round(2 * half))
    inside = picture[max(0, top) : top + size, max(0, left) : left + size]
    canvas: ImageArray = np.full((size, size, 3), _BACKGROUND, np.uint8)
    canvas[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]] = inside
    smaller = cv2.INTER_AREA if size > side else cv2.INTER_CUBIC
    result: ImageArray = np.asarray(cv2.resize(canvas, (side, side), interpolation=smaller), np.uint8)
    _draw(result, (flat - [left, top]) * side / size)
    return result


def square(picture: ImageArray, side: int = _SIDE) -> ImageArray:
    """A small picture as a square one, whole, on the background of the drawn hands."""
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    smaller = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    image: ImageArray = np.full((side, side, 3), _BACKGROUND, np.uint8)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    image[top : top + size[1], left : left + size[0]] = smaller
    return image


def _draw(image: ImageArray, points: npt.NDArray[np.float64]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    hand = Hand(
        track=0,
        side="right",
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        confidence=1.0,
        landmarks=np.concatenate([points, np.zeros((len(points), 1))], axis=1).astype(np.float32),
    )
    draw_hand(image, hand, Scale.of(640, 480), box=False)
