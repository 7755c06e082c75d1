"""The overlay as a person meets it: seen on any picture, at any size, never in the way of the program."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scenes import SIZES, face, hand, plain, scene

from livefg.overlay import EVENT_SECONDS, Overlay, Trail
from livefg.results import Box, Event, Frame, FrameResult, HeadPose


def drawn(result: FrameResult, grey: int = 128, overlay: Overlay | None = None) -> np.ndarray:
    image = plain(result.width, result.height, grey)
    (overlay or Overlay()).draw(image, result)
    return image


def changed(image: np.ndarray, grey: int = 128) -> np.ndarray:
    """Which pixels differ from the plain picture: (height, width) bool."""
    return (image != grey).any(axis=2)


def empty(width: int = 640, height: int = 480) -> FrameResult:
    return FrameResult("test", 0, 10.0, width, height)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_every_object_can_be_seen_on_dark_and_light_pictures(size: tuple[int, int], grey: int) -> None:
    result = scene(*size)
    image = drawn(result, grey)

    strong = np.abs(image.astype(int) - grey).max(axis=2) > 90
    for item in (*result.faces, *result.hands):
        left, top, right, bottom = (round(value) for value in item.box)
        assert strong[top:bottom, left:right].mean() > 0.01


def test_nothing_seen_leaves_the_picture_as_it_was() -> None:
    assert not changed(drawn(empty())).any()


def test_only_the_surroundings_of_an_object_change() -> None:
    result = replace(empty(), faces=(face((300, 200, 380, 300)),))

    rows, columns = np.nonzero(changed(drawn(result)))

    assert columns.min() > 200
    assert columns.max() < 560
    assert rows.min() > 120
    assert rows.max() < 380


EDGES: list[Box] = [
    (-60.0, -60.0, 30.0, 40.0),
    (620.0, -30.0, 700.0, 60.0),
    (-50.0, 430.0, 60.0, 540.0),
    (600.0, 440.0, 760.0, 600.0),
    (-900.0, -900.0, -700.0, -800.0),
    (5000.0, 200.0, 5100.0, 300.0),
    (-1e9, -1e9, 1e9, 1e9),
    (100.0, 100.0, 100.0, 100.0),
    (200.0, 200.0, 150.0, 150.0),
    (0.0, 0.0, 640.0, 480.0),
]


@pytest.mark.parametrize("box", EDGES, ids=str)
def test_boxes_beyond_the_picture_are_drawn_as_far_as_they_are_in_it(box: Box) -> None:
    result = replace(empty(), faces=(face(box),), hands=(hand(box),))

    assert changed(drawn(result)).any()  # the labels, at least


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_drawn(value: float) -> None:
    broken_box = (value, 10.0, 50.0, 60.0)
    broken_points = np.full((21, 3), value, np.float32)
    whole_face = face((300.0, 100.0, 360.0, 160.0))
    whole = hand((100.0, 100.0, 200.0, 200.0))
    result = replace(
        empty(),
        faces=(
            replace(whole_face, box=broken_box),
            replace(whole_face, pose=HeadPose(value, 0, 0), landmarks=None),
        ),
        hands=(replace(whole, landmarks=broken_points), replace(whole, box=broken_box)),
    )

    drawn(result)


def test_a_number_that_is_none_shows_as_no_confidence() -> None:
    result = scene(640, 480)
    label = result.hands[0].gesture
    assert label is not None
    drawn(replace(result, hands=(replace(result.hands[0], gesture=replace(label, confidence=math.nan)),)))


def test_landmarks_can_be_left_out() -> None:
    result = scene(640, 480)

    with_landmarks = changed(drawn(result)).sum()
    without = changed(drawn(result, overlay=Overlay(landmarks=False))).sum()

    assert 0 < without < with_landmarks


def test_everything_can_be_left_out() -> None:
    overlay = Overlay(landmarks=False, boxes=False, chips=False, events=False)

    assert not changed(drawn(scene(640, 480), overlay=overlay)).any()


def test_drawing_the_same_twice_gives_the_same() -> None:
    result = scene(640, 480)

    assert (drawn(result) == drawn(result)).all()


def test_a_face_without_mesh_shows_its_box_and_label() -> None:
    far = replace(
        face((100.0, 100.0, 126.0, 130.0)), landmarks=None, pose=None, expression=None, identity=None
    )

    assert changed(drawn(replace(empty(), faces=(far,)))).any()


def test_a_confident_answer_has_a_longer_bar_than_a_doubtful_one() -> None:
    def bright(confidence: float) -> int:
        label = replace(result.hands[0].gesture, confidence=confidence)
        one = replace(result, faces=(), hands=(replace(result.hands[0], gesture=label),))
        colour = np.array([255, 176, 59])  # of the right hand
        overlay = Overlay(landmarks=False, boxes=False)
        return int((np.abs(drawn(one, overlay=overlay).astype(int) - colour).max(axis=2) < 12).sum())

    result = scene(640, 480)
    assert bright(0.2) < bright(0.6) < bright(0.98)


def event(kind: str = "gesture", age: float = 0.0, track: int = 2, phase: str = "start") -> Event:
    return Event(kind, "thumb_up", phase, track, 10.0 - age, 0.9)  # type: ignore[arg-type]


def strength(*events: Event) -> float:
    """How much the events alter the picture, as the sum of differences."""
    image = drawn(scene(640, 480))
    with_events = drawn(scene(640, 480, events=events))
    return float(np.abs(with_events.astype(int) - image).sum())


def test_an_event_flashes_then_fades_then_is_gone() -> None:
    ages = [0.0, 0.8, 0.9 * EVENT_SECONDS]
    strengths = [strength(event(age=age)) for age in ages]

    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] > 0
    assert strength(event(age=EVENT_SECONDS)) == 0
    assert strength(event(age=-0.1)) == 0


@pytest.mark.parametrize("kind", ["gesture", "motion", "head", "face"])
def test_every_kind_of_event_is_shown_also_when_its_object_is_gone(kind: str) -> None:
    assert strength(event(kind, track=99)) > 0


def test_the_end_of_a_gesture_is_not_announced_but_a_face_that_left_is() -> None:
    assert strength(event("gesture", phase="end")) == 0
    assert strength(event("face", phase="end")) > 0


def test_the_trail_keeps_events_for_as_long_as_they_are_seen() -> None:
    trail = Trail()
    first = replace(empty(), time=10.0, events=(event(),))

    assert trail.add(first) == (event(),)
    assert trail.add(first) == (event(),)  # the same result shown again
    assert trail.add(replace(empty(), time=10.0 + EVENT_SECONDS / 2)) == (event(),)
    assert trail.add(replace(empty(), time=10.0 + EVENT_SECONDS)) == ()


def test_the_trail_forgets_when_the_clip_starts_again() -> None:
    trail = Trail()
    trail.add(replace(empty(), events=(event(),)))

    assert trail.add(replace(empty(), time=0.0)) == ()


def test_a_picture_can_be_composed_in_another_size() -> None:
    """Every object is found where it is in the larger picture, and drawn as in a picture of that size."""
    frame = Frame(plain(320, 240), 0, 10.0, "test")
    small, large = scene(320, 240), scene(960, 720)

    composed = Overlay().compose(frame, small, size=(960, 720))

    assert composed.shape == (720, 960, 3)
    difference = np.abs(composed.astype(int) - drawn(large))
    assert (difference > 30).mean() < 0.002  # nothing but rounding
    assert frame.image.shape == (240, 320, 3)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_smaller_picture_can_be_composed_mirrored_too(mirror: bool) -> None:
    frame = Frame(plain(1920, 1080), 0, 10.0, "test")

    composed = Overlay().compose(frame, scene(1920, 1080), size=(480, 270), mirror=mirror)

    assert changed(composed).any()
    assert composed.shape == (270, 480, 3)


def test_composing_leaves_the_frame_alone() -> None:
    image = plain(640, 480)
    image.setflags(write=False)

    composed = Overlay().compose(Frame(image, 0, 10.0, "test"), scene(640, 480), show_help=True)

    assert composed.shape == image.shape
    assert changed(composed).any()
    assert not changed(image).any()
