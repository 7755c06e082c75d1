"""A result for a picture that is shown in another way than it was taken: as in a mirror, or in another size."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

import numpy as np
import numpy.typing as npt

from livefg.results import Box, Face, FrameResult, Hand

__all__ = ["mirrored_result", "scaled_result"]

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


def scaled_result(result: FrameResult, width: int, height: int) -> FrameResult:
    """`result` for a picture that is shown with `width` x `height` pixels.

    Depth (z) is scaled like the width. World landmarks are in metres and stay.
    """
    factors = (width / result.width, height / result.height)
    return replace(
        result,
        width=width,
        height=height,
        faces=tuple(
            replace(
                face,
                box=_scaled_box(face.box, factors),
                points=_scaled(face.points, factors),
                landmarks=_scaled(face.landmarks, factors),
                raw_landmarks=_scaled(face.raw_landmarks, factors),
            )
            for face in result.faces
        ),
        hands=tuple(
            replace(
                hand,
                box=_scaled_box(hand.box, factors),
                landmarks=_scaled(hand.landmarks, factors),
                raw_landmarks=_scaled(hand.raw_landmarks, factors),
            )
            for hand in result.hands
        ),
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
    return replace(
        hand,
        box=_flipped_box(hand.box, width),
        landmarks=_flipped(hand.landmarks, width),
        raw_landmarks=_flipped(hand.raw_landmarks, width),
        world_landmarks=_flipped(hand.world_landmarks, 0),
    )


@overload
def _scaled(points: FloatArray, factors: tuple[float, float]) -> FloatArray: ...
@overload
def _scaled(points: None, factors: tuple[float, float]) -> None: ...
def _scaled(points: FloatArray | None, factors: tuple[float, float]) -> FloatArray | None:
    if points is None:
        return None
    return points * np.array((*factors, factors[0])[: points.shape[1]], np.float32)


def _scaled_box(box: Box, factors: tuple[float, float]) -> Box:
    left, top, right, bottom = box
    return (left * factors[0], top * factors[1], right * factors[0], bottom * factors[1])


@overload
def _flipped(points: FloatArray, width: int) -> FloatArray: ...
@overload
def _flipped(points: None, width: int) -> None: ...
def _flipped(points: FloatArray | None, width: int) -> FloatArray | None:
    if points is None:
        return None
    flipped = points.copy()
    flipped[:, 0] = width - flipped[:, 0]
    return flipped


def _flipped_box(box: Box, width: int) -> Box:
    left, top, right, bottom = box
    return (width - right, top, width - left, bottom)
