"""The rigged hand: joints move as named, within limits, and the mesh goes with them."""

from pathlib import Path

import numpy as np
import pytest

from livefg.errors import LivefgError
from training.synthetic.mesh import loop_subdivide, read_skinned_mesh, tube, vertex_normals
from training.synthetic.rig import ANGLES, LIMITS, HandRig, HandShape, Sleeve, hand_rig, limited

WRIST, MIDDLE_KNUCKLE, INDEX_TIP, PINKY_TIP = 0, 9, 8, 20


def angles(**degrees: float) -> np.ndarray:
    pose = np.zeros(len(ANGLES))
    for name, value in degrees.items():
        pose[ANGLES.index(name)] = value
    return pose


@pytest.fixture(scope="module", params=["left", "right"])
def rig(request: pytest.FixtureRequest) -> HandRig:
    return hand_rig(request.param)


def test_a_flexed_finger_goes_towards_the_palm(rig: HandRig) -> None:
    straight, bent = rig.posed(angles()).joints, rig.posed(angles(index_mcp=80)).joints
    moved = (bent - straight) @ rig.axes
    assert moved[INDEX_TIP, 1] > 0.04
    assert np.allclose(np.delete(moved, [6, 7, 8], axis=0), 0)


def test_positive_abduction_goes_towards_the_thumb(rig: HandRig) -> None:
    moved = rig.posed(angles(pinky_abduction=15)).joints - rig.posed(angles(pinky_abduction=-15)).joints
    assert (moved @ rig.axes)[PINKY_TIP, 2] > 0.02


def test_flexions_are_absolute_so_that_zero_is_a_straight_finger(rig: HandRig) -> None:
    joints = rig.posed(angles()).joints
    first, second = joints[6] - joints[5], joints[8] - joints[7]
    bend = np.degrees(np.arccos(first @ second / np.linalg.norm(first) / np.linalg.norm(second)))
    assert bend < 12


def test_the_wrist_bends_the_forearm_and_leaves_the_hand(rig: HandRig) -> None:
    straight, bent = (
        rig.posed(angles(), sleeve=Sleeve()),
        rig.posed(angles(wrist_flexion=40), sleeve=Sleeve()),
    )
    assert np.allclose(straight.joints, bent.joints)
    elbow = (bent.vertices - straight.vertices)[rig.part == rig.SLEEVE] @ rig.axes
    assert elbow[:, 1].max() > 0.1


def test_proportions_change_lengths(rig: HandRig) -> None:
    usual, long = rig.posed(angles()).joints, rig.posed(angles(), HandShape((1.0, 1.2, 1.0, 1.0, 1.0))).joints
    before, after = (np.linalg.norm(np.diff(joints[5:9], axis=0), axis=1) for joints in (usual, long))
    assert after == pytest.approx(1.2 * before, rel=1e-3)
    assert np.allclose(np.delete(long, [6, 7, 8], axis=0), np.delete(usual, [6, 7, 8], axis=0))


def test_left_and_right_are_mirror_images() -> None:
    pose = angles(thumb_flexion=20, thumb_abduction=30, index_abduction=8, ring_pip=70, wrist_deviation=10)
    hands = []
    for side in ("left", "right"):
        rig = hand_rig(side)  # type: ignore[arg-type]
        joints = rig.posed(pose).joints
        hands.append((joints - joints[WRIST]) @ rig.axes)
    assert np.abs(hands[0] - hands[1]).max() < 0.005


def test_angles_beyond_a_joint_s_limits_are_brought_back() -> None:
    assert np.array_equal(limited(np.full(len(ANGLES), 500.0)), LIMITS[:, 1])
    assert np.array_equal(limited(np.full(len(ANGLES), -500.0)), LIMITS[:, 0])


def test_normals_of_hand_and_arm_point_outward(rig: HandRig) -> None:
    hand = rig.posed(angles())
    inside = (hand.joints[WRIST] + hand.joints[MIDDLE_KNUCKLE]) / 2
    normals = vertex_normals(hand.vertices, rig.faces)
    palm = np.linalg.norm(hand.vertices - inside, axis=1) < 0.03
    outward = np.einsum("ij,ij->i", normals[palm], hand.vertices[palm] - inside)
    assert (outward > 0).mean() > 0.95


def test_subdividing_keeps_a_closed_mesh_closed() -> None:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
    faces = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    vertices, finer = loop_subdivide(corners, faces)
    assert (len(vertices), len(finer)) == (10, 16)
    edges = finer[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    assert {tuple(edge) for edge in edges.tolist()} == {(b, a) for a, b in edges.tolist()}


def test_a_tube_is_closed_and_seen_from_outside() -> None:
    angle, place, faces = tube(5, 12)
    vertices = np.stack([np.cos(angle), place, np.sin(angle)], axis=1)
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume == pytest.approx(12 / 2 * np.sin(2 * np.pi / 12))


def test_a_file_that_is_no_mesh_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hand.glb"
    path.write_bytes(b"no mesh at all")
    with pytest.raises(LivefgError, match=r"hand\.glb cannot be read"):
        read_skinned_mesh(path)
