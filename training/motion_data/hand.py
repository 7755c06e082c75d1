"""A jointed hand: curled fingers and a turned wrist in, MediaPipe's 21 points out, for many frames at once.

It is simpler than the rig of the rendered hands and ten thousand times as fast, which is what hours of motion need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.motion_data.takes import FloatArray

__all__ = ["STATE", "Build", "hand_points"]

Array = npt.NDArray[np.float64]

STATE: dict[str, Any] = {
    "place": slice(0, 3),
    "turn": slice(3, 6),
    "curl": slice(6, 10),
    "fold": 10,
    "oppose": 11,
    "fan": 12,
}
"""The 13 numbers of a hand's state: place of the palm's middle in metres (x towards the person's left, y down, z away
from the camera), turn in radians (in the picture, nodding, sideways), how far each of the four fingers is curled 0..1,
how far the thumb is folded onto the palm and brought against the index finger 0..1, how far the fingers are apart."""

# A right hand with its palm towards the camera and its fingers up, in units of the palm's length.
_KNUCKLES = np.array([[0.30, -0.96, 0], [0.06, -1.0, 0], [-0.16, -0.94, 0], [-0.36, -0.84, 0]])
_BONES = np.array([[0.46, 0.28, 0.22], [0.52, 0.32, 0.23], [0.48, 0.30, 0.22], [0.37, 0.22, 0.19]])
_FLEXION = np.radians([85.0, 100.0, 60.0])
_FAN = np.radians([10.0, 1.0, -9.0, -18.0])
_THUMB_OPEN = np.array(
    [[0.28, -0.22, -0.05], [0.55, -0.46, -0.10], [0.74, -0.74, -0.12], [0.88, -0.98, -0.13]]
)
_THUMB_FOLDED = np.array(
    [[0.24, -0.22, -0.12], [0.40, -0.50, -0.32], [0.28, -0.72, -0.46], [0.04, -0.76, -0.48]]
)
_MIDDLE = np.array([0.0, -0.62, 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """A hand's proportions: the palm's length in metres, bones (4, 3) and knuckles (4, 3) in palm lengths."""

    palm: float
    bones: Array
    knuckles: Array

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Build:
        """Somebody's hand."""
        bones = _BONES * rng.normal(1, 0.05, (4, 1)) * rng.normal(1, 0.03, (4, 3)) * rng.normal(1, 0.05)
        knuckles = _KNUCKLES * [rng.normal(1, 0.08), rng.normal(1, 0.03), 1]
        return cls(float(rng.uniform(0.075, 0.105)), bones, knuckles)


def hand_points(state: Array, build: Build) -> Array:
    """Points (F, 21, 3) in metres of a right hand in the states (F, 13); axes as `STATE` has them."""
    count = len(state)
    points = np.zeros((count, 21, 3))
    curl, fan = state[:, STATE["curl"]], state[:, STATE["fan"]]
    for finger in range(4):
        side = _FAN[finger] * fan
        at = np.broadcast_to(build.knuckles[finger], (count, 3))
        points[:, 5 + 4 * finger] = at
        angle = np.zeros(count)
        for bone in range(3):
            angle = angle + _FLEXION[bone] * curl[:, finger]
            flat = np.cos(angle)
            step = np.stack([np.sin(side) * flat, -np.cos(side) * flat, -np.sin(angle)], axis=1)
            at = at + build.bones[finger, bone] * step
            points[:, 6 + 4 * finger + bone] = at
    points[:, 1:5] = _thumb(points[:, 8], state[:, STATE["fold"]], state[:, STATE["oppose"]])
    turned = ((points - _MIDDLE) * build.palm) @ _rotations(state[:, STATE["turn"]])
    return np.asarray(turned + state[:, None, STATE["place"]])


def _thumb(index_tip: Array, fold: Array, oppose: Array) -> Array:
    """The thumb's points (F, 4, 3): open, folded onto the palm, or with its tip against the index finger's."""
    base = np.array([0.28, -0.22, -0.10])
    along = np.array([0.0, 0.42, 0.74, 1.0])[None, :, None]
    bow = np.array([0.0, 0.20, 0.14, 0.0])[None, :, None] * np.array([0.8, 0.1, -0.3])
    touching = base + along * (index_tip + np.array([0.03, 0.03, 0.0]) - base)[:, None] + bow
    folded = fold[:, None, None]
    free = (1 - folded) * _THUMB_OPEN + folded * _THUMB_FOLDED
    share = oppose[:, None, None]
    return np.asarray((1 - share) * free + share * touching)


def _rotations(turn: Array) -> Array:
    """Matrices (F, 3, 3) to multiply row vectors by."""
    cos, sin = np.cos(turn), np.sin(turn)
    zero, one = np.zeros(len(turn)), np.ones(len(turn))

    def matrix(*rows: Array) -> Array:
        return np.stack(rows, axis=1).reshape(-1, 3, 3)

    roll = matrix(cos[:, 0], sin[:, 0], zero, -sin[:, 0], cos[:, 0], zero, zero, zero, one)
    nod = matrix(one, zero, zero, zero, cos[:, 1], sin[:, 1], zero, -sin[:, 1], cos[:, 1])
    yaw = matrix(cos[:, 2], zero, -sin[:, 2], zero, one, zero, sin[:, 2], zero, cos[:, 2])
    return yaw @ nod @ roll


def as_landmarks(points: Array, focal: float, width: float, height: float) -> FloatArray:
    """What a camera in the origin that looks along z makes of points (F, 21, 3) in metres.

    x and y in pixels, z in the same unit relative to the wrist as MediaPipe gives it.
    """
    depth = np.maximum(points[..., 2:], 0.1)
    flat = points[..., :2] / depth * focal + [width / 2, height / 2]
    scale = focal / np.maximum(points[:, :1, 2:], 0.1)
    near = (points[..., 2:] - points[:, :1, 2:]) * scale
    return np.concatenate([flat, near], axis=2).astype(np.float32)
