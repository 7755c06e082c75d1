"""Poses and views: every class has them, they are possible, and they show what the label says."""

import numpy as np
import pytest

from livefg.results import Side
from training.synthetic.poses import CLASSES, POSES, Pose, between, curled, sampled_angles, sampled_shape
from training.synthetic.rig import LIMITS, hand_rig
from training.synthetic.views import VIEWS, View, label_holds

WANTED = """none closed_fist open_palm pointing_up thumb_up thumb_down victory i_love_you ok call rock three three2 four
two_up little_finger middle_finger crossed_fingers vulcan three_gun l_shape pinch point mute"""
STRAIGHT = {
    "closed_fist": "",
    "open_palm": "1234",
    "pointing_up": "1",
    "mute": "1",
    "thumb_up": "",
    "thumb_down": "",
    "victory": "12",
    "two_up": "12",
    "i_love_you": "14",
    "rock": "14",
    "call": "4",
    "little_finger": "4",
    "four": "1234",
    "three_gun": "12",
    "l_shape": "1",
    "three": "123",
    "three2": "12",
    "vulcan": "1234",
    "middle_finger": "2",
    "point": "1",
}


def named(pose: Pose) -> str:
    return f"{pose.label}/{pose.name}"


def test_every_gesture_of_the_project_can_be_rendered() -> None:
    assert set(WANTED.split()) == set(CLASSES)
    assert CLASSES[0] == "none"


@pytest.mark.parametrize("pose", POSES, ids=named)
def test_a_pose_and_its_variations_stay_within_the_joints_limits(pose: Pose) -> None:
    random = np.random.default_rng(0)
    for angles in (pose.angles, *(sampled_angles(pose, random) for _ in range(50))):
        assert (angles >= LIMITS[:, 0]).all()
        assert (angles <= LIMITS[:, 1]).all()
    assert pose.views in VIEWS


@pytest.mark.parametrize("pose", [pose for pose in POSES if pose.label in STRAIGHT], ids=named)
def test_the_right_fingers_are_stretched_in_every_variation(pose: Pose) -> None:
    random = np.random.default_rng(1)
    for _ in range(50):
        bend = curled(sampled_angles(pose, random))
        stretched = "".join(str(finger + 1) for finger in range(4) if bend[finger] < 60)
        assert stretched == STRAIGHT[pose.label]
        assert all(bend[finger] > 130 for finger in range(4) if str(finger + 1) not in stretched)


def test_two_stretched_fingers_are_apart_in_victory_and_together_in_two_up() -> None:
    random = np.random.default_rng(2)

    def gaps(label: str) -> list[float]:
        (pose,) = (pose for pose in POSES if pose.label == label)
        joints = [hand_rig("right").posed(sampled_angles(pose, random)).joints for _ in range(40)]
        return [float(np.linalg.norm(one[8] - one[12])) for one in joints]

    assert min(gaps("victory")) > max(gaps("two_up"))


def test_a_hand_between_two_gestures_has_two_half_bent_fingers() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        pose = between(random)
        assert pose.label == "none"
        assert ((curled(pose.angles) > 35) & (curled(pose.angles) < 150)).sum() >= 2


def test_people_have_different_hands() -> None:
    random = np.random.default_rng(4)
    lengths = [sampled_shape(random).finger_length[1] for _ in range(50)]
    assert np.std(lengths) > 0.03
    assert min(lengths) > 0.8
    assert max(lengths) < 1.2


@pytest.mark.parametrize("side", ["left", "right"])
def test_twisting_by_180_degrees_shows_the_back_of_the_hand(side: Side) -> None:
    fingers, palm = View("palm", 0, 0, 0).axes(side)
    assert np.allclose(fingers, (0, 1, 0))
    assert np.allclose(palm, (0, 0, 1))
    _, palm = View("palm", 180, 0, 0).axes(side)
    assert np.allclose(palm, (0, 0, -1))


def test_a_quarter_twist_turns_the_palm_to_the_other_hand() -> None:
    # The person's right hand is at the left of a picture that is not mirrored.
    assert np.allclose(View("palm", 90, 0, 0).axes("right")[1], (1, 0, 0))
    assert np.allclose(View("palm", 90, 0, 0).axes("left")[1], (-1, 0, 0))


def test_a_thumb_must_point_up_in_the_picture_to_be_thumb_up() -> None:
    joints = np.zeros((21, 2))
    joints[4] = (5, -40)
    assert label_holds("thumb_up", joints, 50)
    assert not label_holds("thumb_down", joints, 50)
    joints[4] = (40, -5)
    assert not label_holds("thumb_up", joints, 50)
    assert label_holds("thumb_aside", joints, 50)
    joints[4] = (0, -8)  # it points at the camera
    assert not label_holds("thumb_up", joints, 50)
