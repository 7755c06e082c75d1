"""A mirrored display flips the picture, never the person: sides, names and directions stay theirs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scenes import plain, scene

from livefg.overlay import Overlay, mirrored_result, scaled_result
from livefg.overlay.faces import head_axes
from livefg.results import Event, Frame, FrameResult, HeadPose


def full_scene() -> FrameResult:
    result = scene(640, 480, events=(Event("motion", "swipe_left", "start", 2, 10.0, 0.8),))
    points = np.array([[250, 150], [350, 150], [300, 200], [270, 250], [330, 250]], np.float32)
    (face,) = result.faces
    return replace(
        result,
        faces=(replace(face, points=points, raw_landmarks=face.landmarks),),
        hands=tuple(
            replace(h, raw_landmarks=h.landmarks, world_landmarks=h.landmarks / 1000) for h in result.hands
        ),
    )


def test_sides_labels_poses_and_events_stay_the_persons_own() -> None:
    result = full_scene()
    mirrored = mirrored_result(result)

    assert [hand.side for hand in mirrored.hands] == [hand.side for hand in result.hands]
    assert [hand.gesture for hand in mirrored.hands] == [hand.gesture for hand in result.hands]
    assert [hand.track for hand in mirrored.hands] == [hand.track for hand in result.hands]
    assert mirrored.faces[0].pose == result.faces[0].pose
    assert mirrored.faces[0].identity == result.faces[0].identity
    assert mirrored.events == result.events


def test_coordinates_are_flipped() -> None:
    result = full_scene()
    mirrored = mirrored_result(result)

    left, top, right, bottom = result.hands[0].box
    assert mirrored.hands[0].box == pytest.approx((640 - right, top, 640 - left, bottom))
    assert mirrored.hands[0].landmarks[5, 0] == pytest.approx(640 - result.hands[0].landmarks[5, 0])
    assert mirrored.hands[0].landmarks[:, 1:] == pytest.approx(result.hands[0].landmarks[:, 1:])


def test_alignment_points_stay_ordered_from_the_left_of_the_picture() -> None:
    points = mirrored_result(full_scene()).faces[0].points

    assert points is not None
    assert points[0, 0] < points[1, 0]
    assert points[3, 0] < points[4, 0]
    assert points[2, 0] == pytest.approx(340)


def test_mirroring_twice_gives_the_original() -> None:
    result = full_scene()
    twice = mirrored_result(mirrored_result(result))

    for before, after in zip(result.hands, twice.hands, strict=True):
        assert after.box == pytest.approx(before.box)
        assert after.world_landmarks == pytest.approx(before.world_landmarks)
    for before, after in zip(result.faces, twice.faces, strict=True):
        assert after.points == pytest.approx(before.points)
        assert after.landmarks == pytest.approx(before.landmarks, abs=1e-3)


def test_a_result_can_be_told_in_the_pixels_of_another_size() -> None:
    result = full_scene()
    scaled = scaled_result(result, 1280, 480)

    left, top, right, bottom = result.faces[0].box
    assert scaled.faces[0].box == pytest.approx((2 * left, top, 2 * right, bottom))
    assert scaled.faces[0].points == pytest.approx(result.faces[0].points * [2, 1])
    assert scaled.hands[0].landmarks == pytest.approx(result.hands[0].landmarks * [2, 1, 2])
    assert scaled.hands[0].world_landmarks is result.hands[0].world_landmarks
    assert (scaled.width, scaled.height) == (1280, 480)


def test_what_was_not_seen_stays_absent() -> None:
    bare = replace(scene(640, 480).faces[0], landmarks=None)
    (mirrored,) = mirrored_result(replace(scene(640, 480), faces=(bare,))).faces

    assert mirrored.landmarks is None
    assert mirrored.points is None


def test_the_mirrored_picture_is_flipped_before_anything_is_written_on_it() -> None:
    picture = plain(640, 480)
    picture[:, :320] = 60
    frame = Frame(picture, 0, 10.0, "test")
    nothing = FrameResult("test", 0, 10.0, 640, 480)

    assert (Overlay().compose(frame, nothing, mirror=True) == picture[:, ::-1]).all()


def test_writing_is_not_mirrored() -> None:
    """The same hand, shown on the same place of a plain picture, has the same label either way."""
    frame = Frame(plain(640, 480), 0, 10.0, "test")
    hand = scene(640, 480).hands[0]
    middle = replace(hand, box=(270.0, 200.0, 370.0, 300.0))
    result = FrameResult("test", 0, 10.0, 640, 480, hands=(middle,))
    overlay = Overlay(landmarks=False, boxes=False)

    assert (overlay.compose(frame, result) == overlay.compose(frame, result, mirror=True)).all()


def test_a_head_that_looks_straight_shows_its_axes_flat() -> None:
    left, up, looks = head_axes(HeadPose(0, 0, 0))

    assert left == pytest.approx([1, 0, 0])
    assert up == pytest.approx([0, -1, 0])
    assert looks == pytest.approx([0, 0, -1])


@pytest.mark.parametrize(
    ("pose", "axis", "direction"),
    [
        (HeadPose(30, 0, 0), 2, (1, 0)),  # to the person's left: to the right of the picture
        (HeadPose(0, 30, 0), 2, (0, -1)),  # up
        (HeadPose(0, 0, 30), 1, (-1, 0)),  # tilted to the person's right shoulder
    ],
)
def test_axes_follow_the_head(pose: HeadPose, axis: int, direction: tuple[int, int]) -> None:
    straight, turned = head_axes(HeadPose(0, 0, 0))[axis], head_axes(pose)[axis]
    mirrored = head_axes(pose, mirrored=True)[axis] - head_axes(HeadPose(0, 0, 0), mirrored=True)[axis]

    assert np.dot((turned - straight)[:2], direction) > 0.3
    assert np.dot(mirrored[:2], (-direction[0], direction[1])) > 0.3


def test_axes_stay_at_right_angles() -> None:
    axes = head_axes(HeadPose(35, -20, 15))

    assert axes @ axes.T == pytest.approx(np.eye(3))
