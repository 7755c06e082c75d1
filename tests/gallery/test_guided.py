"""The guide asks for five directions, takes what is good, and says what is in the way."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from identities import GOOD, face, somebody, view

from livefg.gallery.guided import STEPS, Guide
from livefg.recognition.identity_embedding import View, ViewMeasures
from livefg.results import Face, Frame, FrameResult, HeadPose

STRAIGHT = HeadPose(2.0, -8.0, 0.0)
POSES = {
    "ahead": STRAIGHT,
    "left": HeadPose(25.0, -8.0, 0.0),
    "right": HeadPose(-25.0, -8.0, 0.0),
    "up": HeadPose(2.0, 6.0, 0.0),
    "down": HeadPose(2.0, -22.0, 0.0),
}


class Session:
    """A guide with frames at ten a second and views as a test wants them."""

    def __init__(self) -> None:
        self.measures: ViewMeasures = GOOD
        self.guide = Guide(SimpleNamespace(embedder=self._embed))  # type: ignore[arg-type]
        self.time = 0.0
        self.said = ""

    def _embed(self, *_: Any) -> View:
        return view(somebody(1), self.measures)

    def see(self, *faces: Face) -> str:
        frame = Frame(np.full((300, 300, 3), 90, np.uint8), 0, self.time, "test")
        self.time += 0.1
        self.said = str(self.guide.see(frame, FrameResult("test", 0, frame.time, 300, 300, faces=faces)))
        return self.said

    def hold(self, pose: HeadPose, seconds: float = 1.0) -> None:
        for _ in range(round(seconds * 10)):
            if not self.guide.finished:
                self.see(posed(pose))


def posed(pose: HeadPose | None, width: float = 150.0) -> Face:
    return replace(face(width=width), pose=pose)


def taken(session: Session) -> list[str]:
    return [candidate.source for candidate in session.guide.candidates]


def test_five_directions_give_five_pictures() -> None:
    session = Session()
    for step in STEPS:
        assert not session.guide.finished
        session.hold(POSES[step.name], 0.8)
    assert taken(session) == [step.name for step in STEPS]
    assert session.guide.finished
    assert session.said == "Done"
    assert session.guide.missing == ()


def test_the_first_word_is_to_look_straight() -> None:
    assert Session().see(posed(STRAIGHT)) == "1 of 5: Look straight into the camera"


def test_what_is_asked_for_next_comes_without_what_was_in_the_way_before() -> None:
    session = Session()
    session.hold(STRAIGHT, 0.9)
    said = [session.see(posed(HeadPose(10.0, -8.0, 0.0))) for _ in range(90)]
    assert said[0] == "2 of 5: Turn your head slowly to your left (a little more)"
    assert "3 of 5: Turn your head slowly to your right" in said


@pytest.mark.parametrize(
    ("faces", "words"),
    [
        ((), "no face"),
        ((posed(STRAIGHT), posed(STRAIGHT)), "2 faces"),
        ((posed(STRAIGHT, width=40.0),), "come closer: 13 pixels"),
        ((posed(None),), "come closer"),
        ((posed(HeadPose(40.0, 0.0, 0.0)),), "looking aside"),
    ],
)
def test_what_is_in_the_way_is_said_and_nothing_is_taken(faces: tuple[Face, ...], words: str) -> None:
    session = Session()
    for _ in range(10):
        assert words in session.see(*faces)
    assert taken(session) == []


def test_a_blurred_view_is_not_taken() -> None:
    session = Session()
    session.measures = GOOD._replace(sharpness=-2.6)
    session.hold(STRAIGHT)
    assert "blurred" in session.said
    assert taken(session) == []


def test_a_pose_in_passing_is_not_taken() -> None:
    session = Session()
    for _ in range(5):
        session.hold(STRAIGHT, 0.2)
        session.see()
    assert taken(session) == []


def test_of_the_views_held_the_best_is_taken() -> None:
    session = Session()
    for sharpness in (-2.0, -1.3, -2.1):
        session.measures = GOOD._replace(sharpness=sharpness)
        session.hold(STRAIGHT, 0.2)
    session.hold(STRAIGHT, 0.2)
    (candidate,) = session.guide.candidates
    assert candidate.portrait is not None
    assert candidate.portrait.quality == 1.0


def test_turning_too_little_or_too_far_is_said() -> None:
    session = Session()
    session.hold(STRAIGHT)
    assert "a little more" in session.see(posed(HeadPose(10.0, -8.0, 0.0)))
    assert "a little less" in session.see(posed(HeadPose(60.0, -8.0, 0.0)))


def test_a_direction_that_does_not_come_is_given_up_and_told() -> None:
    session = Session()
    session.hold(STRAIGHT)
    session.hold(STRAIGHT, 9.0)
    assert "right" in session.said
    for name in ("right", "up", "down"):
        session.hold(POSES[name])
    assert session.guide.finished
    assert session.guide.missing == ("left",)


def test_without_a_straight_look_it_ends() -> None:
    session = Session()
    session.hold(HeadPose(40.0, 0.0, 0.0), 31.0)
    assert session.guide.finished
    assert taken(session) == []
