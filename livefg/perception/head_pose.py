"""Head pose from the face mesh: which way the canonical face must be turned to lie on the landmarks.

The arithmetic is that of MediaPipe's face geometry pipeline (metric landmarks under a perspective camera of 63
degrees, then a weighted orthogonal Procrustes problem), so the rotation is the one its transformation matrix holds.
"""

from __future__ import annotations

import functools
import json
import math
from typing import NamedTuple

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
    matrix = face_transform(landmarks, width, height)
    rotation = matrix[:3, :3] / np.linalg.norm(matrix[:3, 0])
    yaw = math.degrees(math.atan2(rotation[0, 2], rotation[2, 2]))
    pitch = math.degrees(math.asin(min(1.0, max(-1.0, rotation[1, 2]))))
    roll = math.degrees(math.atan2(rotation[1, 0], rotation[1, 1]))
    return HeadPose(-yaw, pitch, -roll) if mirrored else HeadPose(yaw, pitch, roll)


def face_transform(landmarks: FloatArray, width: int, height: int) -> Array:
    """(4, 4) matrix from the canonical face (centimetres; x right, y up, z to the viewer) to camera space."""
    face = _canonical_face()
    mesh = landmarks[:_MESH_POINTS].astype(np.float64)
    depth = float(mesh[:, 2].mean()) / width
    chosen = mesh[face.indices].T
    near_height = 2 * _NEAR * math.tan(_FIELD_OF_VIEW / 2)
    near_width = near_height * width / height
    screen = np.stack(
        [
            (chosen[0] / width - 0.5) * near_width,
            (0.5 - chosen[1] / height) * near_height,
            chosen[2] / width * near_width,
        ]
    )
    offset = depth * near_width
    flat = screen * np.array([[1.0], [1.0], [-1.0]])
    scale = _turn_and_scale(face, flat * face.roots)[1]
    scale *= _turn_and_scale(face, _metric(screen, offset, scale) * face.roots)[1]
    return _procrustes(face, _metric(screen, offset, scale))


def _metric(screen: Array, offset: float, scale: float) -> Array:
    """Points on the near plane moved to their depth and spread as the perspective demands; z to the viewer."""
    depth = (screen[2] - offset + _NEAR) / scale
    return np.stack([screen[0] * depth / _NEAR, screen[1] * depth / _NEAR, -depth])


def _turn_and_scale(face: _CanonicalFace, weighted: Array) -> tuple[Array, float]:
    """The rotation (3, 3) and scale that bring the canonical points nearest to weighted ones (3, n), up to a shift."""
    left, values, right = np.linalg.svd(weighted @ face.centred.T)
    stretch = float(values.sum())
    if np.linalg.det(left @ right) < 0:
        left[:, 2] *= -1
        stretch -= 2 * float(values[2])
    return left @ right, stretch / face.spread


def _procrustes(face: _CanonicalFace, targets: Array) -> Array:
    """The rotation, uniform scale and translation (4, 4) that bring the canonical points nearest to `targets`."""
    rotation, scale = _turn_and_scale(face, targets * face.roots)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * scale
    weights = face.roots**2
    matrix[:3, 3] = (targets - matrix[:3, :3] @ face.points) @ weights / weights.sum()
    return matrix
