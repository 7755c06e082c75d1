"""Faces and hands with real shapes, put where a test wants them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from livefg.results import Box, Event, Face, FrameResult, Hand, HeadPose, Label, Side

FloatArray = npt.NDArray[np.float32]
SIZES = ((320, 240), (640, 480), (480, 854), (1920, 1080), (3840, 2160))
"""Width and height of the pictures that the overlay must serve."""


@cache
def _shapes() -> tuple[FloatArray, FloatArray]:
    """A face mesh (478, 3) and a hand (21, 3), each within a unit square."""
    with np.load(Path(__file__).parent.parent / "golden" / "demo.npz", allow_pickle=False) as golden:
        face, hand = golden["face_landmarks"][10], golden["hand_landmarks"][100]
    return _in_unit_square(face), _in_unit_square(hand)


def _in_unit_square(points: FloatArray) -> FloatArray:
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    unit = points.copy()
    unit[:, :2] = (points[:, :2] - low) / (high - low)
    return unit


def _stretched(points: FloatArray, box: Box) -> FloatArray:
    left, top, right, bottom = box
    return (points * [right - left, bottom - top, 1] + [left, top, 0]).astype(np.float32)


def face(box: Box, name: str | None = "Ada", track: int = 1) -> Face:
    """A face that fills `box`, with everything a face can have."""
    return Face(
        track=track,
        box=box,
        confidence=0.97,
        landmarks=_stretched(_shapes()[0], box),
        pose=HeadPose(yaw=20.0, pitch=-10.0, roll=5.0),
        identity=None if name is None else Label(name, 0.91),
        expression=Label("happy", 0.77),
    )


def hand(box: Box, side: Side = "left", gesture: str = "thumb_up", track: int = 2) -> Hand:
    """A hand that fills `box`."""
    return Hand(track, side, box, 0.9, _stretched(_shapes()[1], box), 0.98, gesture=Label(gesture, 0.86))


def scene(width: int, height: int, *, events: tuple[Event, ...] = ()) -> FrameResult:
    """A face in the middle between two hands."""
    w, h = width, height
    return FrameResult(
        "test",
        0,
        10.0,
        w,
        h,
        faces=(face((w * 0.38, h * 0.2, w * 0.6, h * 0.6)),),
        hands=(
            hand((w * 0.06, h * 0.3, w * 0.26, h * 0.7), "right", track=2),
            hand((w * 0.72, h * 0.3, w * 0.93, h * 0.7), "left", "none", track=3),
        ),
        events=events,
    )


def plain(width: int, height: int, grey: int = 128) -> npt.NDArray[np.uint8]:
    """A picture of one grey."""
    return np.full((height, width, 3), grey, np.uint8)
