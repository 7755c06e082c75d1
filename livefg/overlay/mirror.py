"""A result for a picture that is shown as in a mirror."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from livefg.results import Box, Face, FrameResult, Hand

__all__ = ["mirrored_result"]

FloatArray = npt.NDArray[np.float32]
_POINTS_FROM_THE_LEFT = [1, 0, 2, 4, 3]


def mirrored_result(result: FrameResult) -> FrameResult:
    """`result` with its coordinates flipped left to right, for a picture that is shown mirrored.

    What belongs to the person stays: sides, labels, head pose, tracks and events. Mirroring twice gives the
    original.
    """
    return replace(
        result,
        faces=tuple(_mirrored_face(face, result.width) for face in result.faces),
        hands=tuple(_mirrored_hand(hand, result.width) for hand in result.hands),
    )


def _mirrored_face(face: Face, width: int) -> Face:
    points = _flipped(face.points, width)
    return replace(
        face,
        box=_flipped_box(face.box, width),
        points=None if points is None else points[_POINTS_FROM_THE_LEFT],
        landmarks=_flipped(face.landmarks, width),
        raw_landmarks=_flipped(face.raw_landmarks, width),
    )


def _mirrored_hand(hand: Hand, width: int) -> Hand:
    landmarks = _flipped(hand.landmarks, width)
    assert landmarks is not None
    return replace(
        hand,
        box=_flipped_box(hand.box, width),
        landmarks=landmarks,
        raw_landmarks=_flipped(hand.raw_landmarks, width),
        world_landmarks=_flipped(hand.world_landmarks, 0),
    )


def _flipped(points: FloatArray | None, width: int) -> FloatArray | None:
    if points is None:
        return None
    flipped = points.copy()
    flipped[:, 0] = width - flipped[:, 0]
    return flipped


def _flipped_box(box: Box, width: int) -> Box:
    left, top, right, bottom = box
    return (width - right, top, width - left, bottom)
