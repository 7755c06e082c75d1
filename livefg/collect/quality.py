"""Whether a hand is seen well enough to learn from, and whether it shows anything new."""

from __future__ import annotations

import math

import cv2
import numpy as np

from livefg.perception.hand_picture import hand_crop, square_of
from livefg.results import Box, FloatArray, Frame, Hand, ImageArray

__all__ = ["Shown", "fault_of", "palm_length", "points_of", "sharpness", "thumbnail"]

# Pixels from the wrist to the knuckle of the middle finger. Training takes no hand under 20.
_SMALLEST_PALM = 24.0
_LEAST_CONFIDENCE = 0.9
# Of the hands in three sets of webcam pictures all lie above. Blurred by a fiftieth of their size (standard
# deviation), at which their points are off by 2 to 4 % of the palm, most lie below.
_LEAST_SHARPNESS = -3.0
_SIDE = 96
# Distances of hands of size 1. A hand that is held still moves by less than 0.01 from frame to frame, one that is
# tilted by five degrees or turned by ten by about 0.08.
_SAME = 0.08
_SAME_PICTURE = 0.03  # of stills, which somebody chose: only what is all but a copy is left out
_SIZE_WEIGHT = 0.45  # so that a fifth larger or smaller is as much
_JPEG_QUALITY = 80


def points_of(hand: Hand) -> FloatArray:
    """The 21 points in pixels, as the network gave them."""
    return hand.landmarks if hand.raw_landmarks is None else hand.raw_landmarks


def palm_length(points: FloatArray) -> float:
    """Pixels from the wrist to the knuckle of the middle finger."""
    return float(np.linalg.norm(points[9, :2] - points[0, :2]))


def fault_of(frame: Frame, hand: Hand) -> str | None:
    """What is wrong with a hand as an example, in words for the person before the camera; None if it is good."""
    points = points_of(hand)
    flat = points[:, :2]
    if palm_length(points) < _SMALLEST_PALM:
        return "too small: come nearer"
    if (flat < 0).any() or (flat > (frame.width - 1, frame.height - 1)).any():
        return "half seen: keep the whole hand in the picture"
    if hand.confidence < _LEAST_CONFIDENCE or hand.world_landmarks is None:
        return "not seen clearly: hold it free of other things"
    if sharpness(square_of(frame.image, hand.box, _SIDE)) < _LEAST_SHARPNESS:
        return "blurred: hold still, with more light"
    return None


def sharpness(picture: ImageArray) -> float:
    """The share of the finest detail in a picture's contrast, as log10: -1.5 to -2.7 for a hand in focus."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = float(np.mean((grey - cv2.blur(grey, (3, 3))) ** 2))
    return math.log10(detail / (float(grey.var()) + 100.0) + 1e-4)  # 100: of so little, noise is all


def thumbnail(image: ImageArray, box: Box) -> bytes:
    """A small JPEG of the hand and a little of what is around it, as networks of pixels see it."""
    picture = cv2.cvtColor(hand_crop(image, box, _SIDE), cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1])


class Shown:
    """What hands have shown so far, to tell what is new from what is not; of `stills`, little counts as new."""

    def __init__(self, stills: bool = False) -> None:
        self._same = _SAME_PICTURE if stills else _SAME
        self._shapes = np.zeros((0, 21, 3), np.float32)
        self._sizes = np.zeros(0)
        self._right = np.zeros(0, bool)

    def add(self, points: FloatArray, world: FloatArray, right: float) -> None:
        """Remember a hand: points (21, 3) in pixels and metres, the probability that it looks like a right hand."""
        self._shapes = np.concatenate([self._shapes, _normalised(world)[np.newaxis]])
        self._sizes = np.append(self._sizes, palm_length(points))
        self._right = np.append(self._right, right > 0.5)

    def has(self, points: FloatArray, world: FloatArray, right: float) -> bool:
        """Whether a hand of that side has shown the same: the shape, as it is turned, and the size."""
        apart = np.sqrt(np.mean(np.sum((self._shapes - _normalised(world)) ** 2, axis=2), axis=1))
        apart = np.hypot(apart, _SIZE_WEIGHT * np.log(self._sizes / palm_length(points)))
        return bool((apart[self._right == (right > 0.5)] < self._same).any())


def _normalised(world: FloatArray) -> FloatArray:
    """Points around the origin, at a distance of 1 in the mean."""
    around = world - world.mean(axis=0)
    return np.asarray(around / np.sqrt(np.mean(np.sum(around**2, axis=1))), np.float32)
