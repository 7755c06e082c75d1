"""Head pose: a head turned by known angles is told to be turned by them."""

import json
import math

import numpy as np
import pytest

from livefg.paths import shipped_models_dir
from livefg.perception.head_pose import face_transform, head_pose

WIDTH, HEIGHT = 640, 480


def photograph(
    yaw: float, pitch: float, roll: float, distance: float = 50.0, right: float = 0.0
) -> np.ndarray:
    """Landmarks (468, 3) in pixels of the canonical face, turned and seen by a camera of 63 degrees."""
    points = np.array(json.loads((shipped_models_dir() / "canonical_face.json").read_text())["points"])
    y, p, r = (math.radians(angle) for angle in (yaw, -pitch, roll))
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(p), -math.sin(p)], [0, math.sin(p), math.cos(p)]])
    about_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    seen = points @ (about_y @ about_x @ about_z).T + [right, 0, -distance]
    focal = HEIGHT / 2 / math.tan(math.radians(63) / 2)
    x = WIDTH / 2 + focal * seen[:, 0] / -seen[:, 2]
    top = HEIGHT / 2 - focal * seen[:, 1] / -seen[:, 2]
    depth = focal * (-seen[:, 2] - distance) / distance  # as the mesh gives it: relative, nearer is smaller
    return np.stack([x, top, depth], axis=1).astype(np.float32)


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"), [(0, 0, 0), (30, 0, 0), (-20, 10, 0), (0, -25, 5), (15, 10, -35)]
)
def test_known_angles_come_back(yaw: float, pitch: float, roll: float) -> None:
    pose = head_pose(photograph(yaw, pitch, roll), WIDTH, HEIGHT, mirrored=False)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=2.5)


def test_a_mirror_image_gives_the_angles_of_the_person() -> None:
    landmarks = photograph(20, 5, 10)
    flipped = landmarks.copy()
    flipped[:, 0] = WIDTH - flipped[:, 0]
    # In a mirror image each point of the mesh is taken by the one on the other side of the face.
    canonical = np.array(json.loads((shipped_models_dir() / "canonical_face.json").read_text())["points"])
    other = [int(np.linalg.norm(canonical - point * [-1, 1, 1], axis=1).argmin()) for point in canonical]
    pose = head_pose(flipped[other], WIDTH, HEIGHT, mirrored=True)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((20, 5, 10), abs=2.5)


def test_the_transform_finds_distance_and_place() -> None:
    matrix = face_transform(photograph(0, 0, 0, distance=60, right=8), WIDTH, HEIGHT)
    assert matrix[:3, 3] == pytest.approx([8, 0, -60], abs=3)
