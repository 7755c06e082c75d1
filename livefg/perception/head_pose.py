"""Head pose from the face mesh: which way the canonical face must be turned to lie on the landmarks.

The arithmetic is that of MediaPipe's face geometry pipeline (metric landmarks under a perspective camera of 63
degrees, then a weighted orthogonal Procrustes problem), so the rotation is the one its transformation matrix holds.
"""

from __future__ import annotations

import functools
import json
import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.paths import shipped_models_dir
from livefg.results import FloatArray, HeadPose

__all__ = ["face_transform", "head_pose"]

_FIELD_OF_VIEW = math.radians(63.0)
_NEAR = 1.0
_MESH_POINTS = 468

Array = npt.NDArray[np.float64]


class _CanonicalFace(NamedTuple):
    """The points that decide the pose: their indices, canonical positions (3, n) and square roots of weights (n,).

    `centred` (3, n) are the weighted positions about their centre, and `spread` is the sum of their squares.
    """

    indices: npt.NDArray[np.intp]
    points: Array
    roots: Array
    centred: Array
    spread: float


@functools.cache
def _canonical_face() -> _CanonicalFace:
    path = shipped_models_dir() / "canonical_face.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        indices = np.array([int(index) for index in data["weights"]])
        points = np.array(data["points"], np.float64)[indices].T
        roots = np.sqrt(np.array(list(data["weights"].values()), np.float64))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise LivefgError(f"{path} is missing or damaged ({error}); install livefg again.") from error
    weighted = points * roots
    centred = weighted - (weighted @ roots)[:, None] / float(roots @ roots) * roots
    return _CanonicalFace(indices, points, roots, centred, float((centred * weighted).sum()))


def head_pose(landmarks: FloatArray, width: int, height: int, mirrored: bool) -> HeadPose:
    """The pose of a head from its mesh, in degrees as `HeadPose` defines them.

    `landmarks` (468 or more, 3) are in pixels of a picture of `width` x `height`; `mirrored` tells whether that
    picture is a mirror image, so that left and right are the person's own.
    """
    rotation = _fitted(landmarks, width, height)[0]
    yaw = math.degrees(math.atan2(rotation[0, 2], rotation[2, 2]))
    pitch = math.degrees(math.asin(min(1.0, max(-1.0, rotation[1, 2]))))
    roll = math.degrees(math.atan2(rotation[1, 0], rotation[1, 1]))
    return HeadPose(-yaw, pitch, -roll) if mirrored else HeadPose(yaw, pitch, roll)


def face_transform(landmarks: FloatArray, width: int, height: int) -> Array:
    """(4, 4) matrix from the canonical face (centimetres; x right, y up, z to the viewer) to camera space."""
    face = _canonical_face()
    rotation, scale, seen = _fitted(landmarks, width, height)
    weights = face.roots**2
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = (seen / scale - rotation @ face.points) @ weights / weights.sum()
    return matrix


def _fitted(landmarks: FloatArray, width: int, height: int) -> tuple[Array, float, Array]:
    """The rotation (3, 3) of the canonical face, how many times too near its points seem, and these points (3, n).

    MediaPipe finds the scale in three rounds, each of which corrects the one before. All their points are the last
    round's but for a factor, and so one round finds the same.
    """
    face = _canonical_face()
    near_height = 2 * _NEAR * math.tan(_FIELD_OF_VIEW / 2)
    near_width = near_height * width / height
    seen = landmarks[face.indices].T.astype(np.float64)
    # On the near plane, then moved to their depth and spread as the perspective demands; z to the viewer.
    middle = float(landmarks[:_MESH_POINTS, 2].mean(dtype=np.float64))
    depth = (seen[2] - middle) * (near_width / width) + _NEAR
    seen[0] = (seen[0] / width - 0.5) * depth * (near_width / _NEAR)
    seen[1] = (0.5 - seen[1] / height) * depth * (near_height / _NEAR)
    np.negative(depth, out=seen[2])
    # OpenCV's decomposition: NumPy's takes a library for large ones out of memory that the networks have left cold.
    values, left, right = cv2.SVDecomp((seen * face.roots) @ face.centred.T)
    (largest,), (second,), (least,) = values.tolist()
    rotation = left @ right
    if cv2.determinant(rotation) < 0:
        left[:, 2] *= -1
        rotation, least = left @ right, -least
    return np.asarray(rotation, np.float64), (largest + second + least) / face.spread, seen
