"""Recordings of what MediaPipe gave for a source: their form, and how their frames are decoded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

FloatArray = npt.NDArray[np.float32]

GESTURES = (
    "None",
    "Closed_Fist",
    "Open_Palm",
    "Pointing_Up",
    "Thumb_Down",
    "Thumb_Up",
    "Victory",
    "ILoveYou",
)
HELD_FRAMES = 15
"""How often a picture is shown before its result counts: by then the tracker has settled on it."""
SECONDS_BETWEEN_FRAMES = 1000
"""MediaPipe smooths a single face over time; between frames so far apart nothing is left of it."""


@dataclass
class Recording:
    """Hands in every frame of a source, faces in some.

    `meta` tells the provenance. Row k of the hand arrays is a hand in frame `hand_frame[k]`: landmarks (21,
    3) with x, y in pixels, world landmarks (21, 3) in metres, the probability of a right hand, the scores of
    `GESTURES`. Row k of the face arrays is a face in frame `face_frame[k]`: landmarks (478, 3), 52
    blendshapes in the order of
    `meta["blendshapes"]`, the matrix (4, 4). `checked` lists the frames whose faces were kept.
    """

    meta: dict[str, Any]
    checked: npt.NDArray[np.int32]
    hand_frame: npt.NDArray[np.int32]
    hand_landmarks: FloatArray
    hand_world: FloatArray
    hand_right: FloatArray
    hand_scores: FloatArray
    face_frame: npt.NDArray[np.int32]
    face_landmarks: FloatArray
    face_blendshapes: FloatArray
    face_matrix: FloatArray
    path: Path = field(default=Path())

    def save(self, path: Path) -> None:
        """Write a compressed file."""
        arrays = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        np.savez_compressed(path, meta=np.array(json.dumps(self.meta)), **arrays)

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files if name != "meta"}
            return cls(meta=json.loads(str(arrays["meta"])), path=path, **values)

    def hands_in(self, frame: int) -> npt.NDArray[np.intp]:
        """The rows of the hands in a frame."""
        return np.flatnonzero(self.hand_frame == frame)


def decode(source: Path) -> Iterator[npt.NDArray[np.uint8]]:
    """The frames of a video, or the pictures of a list of pictures, as RGB (height, width, 3)."""
    with av.open(str(source)) as container:
        for picture in container.decode(video=0):
            yield picture.to_ndarray(format="rgb24")


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """A picture as RGB (height, width, 3)."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
