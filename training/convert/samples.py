"""Pictures to compare networks on: crops of the demo clip that ships with livefg, and one picture of noise."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from livefg.paths import assets_dir

__all__ = ["Samples"]

Pictures = npt.NDArray[np.uint8]
_EVERY = 30
# Region of interest over the extent of the points or the box, as in the tracker.
_HAND_MARGIN, _FACE_MARGIN = 2.0, 1.5


class Samples:
    """Pictures (N, height, width, 3) uint8 RGB, the same at every call."""

    @cached_property
    def _frames(self) -> list[tuple[Pictures, dict[str, Any]]]:
        """Every 30th frame of the clip with what is known to be in it."""
        truth = json.loads((assets_dir() / "demo.json").read_text(encoding="utf-8"))["frames"]
        with av.open(str(assets_dir() / "demo.mp4")) as clip:
            return [
                (np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), truth[index])
                for index, frame in enumerate(clip.decode(video=0))
                if index % _EVERY == 0
            ]

    def frames(self, side: int) -> Pictures:
        """Whole frames, fitted into squares of `side` pixels with black borders."""
        return self._with_noise([_fitted(frame, side) for frame, _ in self._frames], side)

    def hands(self, side: int) -> Pictures:
        """Hands, upright, in squares of `side` pixels."""
        crops = []
        for frame, truth in self._frames:
            for hand in truth["hands"]:
                height, width = frame.shape[:2]
                points = np.array(hand["landmarks"], np.float32)[:, :2] * (width, height)
                wrist_to_middle = points[9] - points[0]
                turn = float(np.arctan2(wrist_to_middle[0], -wrist_to_middle[1]))
                extent = points.max(0) - points.min(0)
                middle = (points.max(0) + points.min(0)) / 2
                crops.append(_crop(frame, middle, float(extent.max()) * _HAND_MARGIN, turn, side))
        return self._with_noise(crops, side)

    def faces(self, side: int) -> Pictures:
        """Faces in squares of `side` pixels."""
        crops = []
        for frame, truth in self._frames:
            box = np.array(truth["face"], np.float32).reshape(2, 2)
            size = float((box[1] - box[0]).max()) * _FACE_MARGIN
            crops.append(_crop(frame, box.mean(0), size, 0.0, side))
        return self._with_noise(crops, side)

    def _with_noise(self, pictures: list[Pictures], side: int) -> Pictures:
        noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        return np.stack([*pictures, noise])


def _fitted(frame: Pictures, side: int) -> Pictures:
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    small = cv2.resize(frame, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    picture = np.zeros((side, side, 3), np.uint8)
    picture[: small.shape[0], : small.shape[1]] = small
    return picture


def _crop(frame: Pictures, middle: npt.NDArray[np.float32], size: float, turn: float, side: int) -> Pictures:
    """The square of `size` pixels around `middle`, turned by `turn` radians, as `side` pixels."""
    centre = float(middle[0]), float(middle[1])
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, float(np.degrees(turn)), side / size), np.float64)
    matrix[:, 2] += side / 2 - middle
    return np.asarray(cv2.warpAffine(frame, matrix, (side, side)), np.uint8)
