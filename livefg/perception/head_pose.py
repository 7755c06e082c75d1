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
    """The points that decide the pose: their indices, canonical positions (3, n) and square roots of weights (n,)."""

    indices: npt.NDArray[np.intp]
    points: Array
    roots: Array


@functools.cache
def _canonical_face() -> _CanonicalFace:
    path = shipped_models_dir() / "canonical_face.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        indices = np.array([int(index) for index in data["weights"]])
        points = np.array(data["points"], np.float64)[indices].T
        return _CanonicalFace(indices, points, np.sqrt(np.array(list(data["weights"].values()), np.float64)))
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise LivefgError(f"{path} is missing or damaged ({error}); install livefg again.") from error


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
    scale = _scale_of(_procrustes(face, flat))
    scale *= _scale_of(_procrustes(face, _metric(screen, offset, scale)))
    return _procrustes(face, _metric(screen, offset, scale))


def _metric(screen: Array, offset: float, scale: float) -> Array:
    """Points on the near plane moved to their depth and spread as the perspective demands; z to the viewer."""
    depth = (screen[2] - offset + _NEAR) / scale
    return np.stack([screen[0] * depth / _NEAR, screen[1] * depth / _NEAR, -depth])


def _scale_of(matrix: Array) -> float:
    return float(np.linalg.norm(matrix[:3, 0]))


def _procrustes(face: _CanonicalFace, targets: Array) -> Array:
    """The rotation, uniform scale and translation (4, 4) that bring the canonical points nearest to `targets`."""
    weighted_sources, weighted_targets = face.points * face.roots, targets * face.roots
    total = float((face.roots**2).sum())
    centre = (weighted_sources * face.roots).sum(axis=1, keepdims=True) / total
    centred = weighted_sources - centre * face.roots
    left, _, right = np.linalg.svd(weighted_targets @ centred.T)
    if np.linalg.det(left) * np.linalg.det(right) < 0:
        left[:, 2] *= -1
    rotation = left @ right
    scale = ((rotation @ centred) * weighted_targets).sum() / (centred * weighted_sources).sum()
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * scale
    matrix[:3, 3] = ((weighted_targets - matrix[:3, :3] @ weighted_sources) * face.roots).sum(axis=1) / total
    return matrix
