"""A face that was lost takes up its id again where it was, or wherever it is known again by what it looks like."""

from collections.abc import Collection, Sequence

import numpy as np
import pytest

from livefg.perception.detection import Detection
from livefg.perception.faces import FaceTracker
from livefg.perception.tracks import FaceTracks, NewFace, Reunion
from livefg.results import Face, Frame, ImageArray
from livefg.workers import Chain

NOWHERE = Reunion(None, frozenset())


class Scripted:
    """Detections that a test sets, a mesh that confirms nothing, and a memory that says what it is told."""

    def __init__(self) -> None:
        self.faces: list[Detection] = []
        self.answer = NOWHERE
        self.asked: list[set[int]] = []
        self.tracker = FaceTracker(self, self._mesh, None, memory=self)  # type: ignore[arg-type]
        self._time = 0.0

    def __call__(self, image: ImageArray, most: int, longest_side: int) -> list[Detection]:
        return self.faces

    @staticmethod
    def _mesh(*inputs: object) -> list[np.ndarray]:
        return [np.zeros((1, 478, 3), np.float32), np.zeros(1, np.float32)]

    def attach(self, tracks: FaceTracks) -> None:
        self.tracks = tracks

    def recall(
        self, image: ImageArray, faces: Sequence[NewFace], lost: Collection[int]
    ) -> Chain[list[Reunion]]:
        yield []
        self.asked.append(set(lost))
        return [self.answer] * len(faces)

    def see(self, *lefts: float, seconds: float = 0.125) -> tuple[Face, ...]:
        """The next frame, with a face at each of these places."""
        self._time += seconds
        self.faces = [detection(left) for left in lefts]
        return self.tracker.update(Frame(np.zeros((400, 900, 3), np.uint8), 0, self._time, "test"))


def detection(left: float) -> Detection:
    box = np.array([left, 100, left + 100, 200], np.float32)
    points = np.array([[30, 140], [70, 140], [50, 160], [35, 180], [65, 180]], np.float32)
    return Detection(0.95, box, points + np.array([left, 0], np.float32))


@pytest.fixture
def scene() -> Scripted:
    """One face was followed at 100, and is gone."""
    scene = Scripted()
    assert [face.track for face in scene.see(100)] == [1]
    scene.see()
    assert scene.see(seconds=1.5) == ()
    return scene


def test_the_memory_is_asked_about_new_faces_only() -> None:
    scene = Scripted()
    scene.see(100)
    scene.see(100, 500)
    scene.see(100, 500)
    assert scene.asked == [set(), set()], "once for each new face"


def test_a_face_known_again_gets_its_id_wherever_it_is(scene: Scripted) -> None:
    scene.answer = Reunion(1, frozenset())
    assert [face.track for face in scene.see(700)] == [1]
    assert scene.asked[-1] == {1}


def test_a_face_not_known_again_gets_a_new_id_elsewhere(scene: Scripted) -> None:
    assert [face.track for face in scene.see(700)] == [2]


def test_after_three_seconds_nobody_is_remembered(scene: Scripted) -> None:
    scene.answer = Reunion(1, frozenset())
    assert [face.track for face in scene.see(700, seconds=2.0)] == [2]
    assert scene.asked[-1] == set()


def just_lost() -> Scripted:
    """One face was followed at 100, and has been given up a moment ago."""
    scene = Scripted()
    scene.see(100)
    scene.see(seconds=0.9)
    assert scene.see(seconds=0.2) == ()
    return scene


def test_somebody_else_in_the_same_place_gets_a_new_id() -> None:
    scene = just_lost()
    scene.answer = Reunion(None, frozenset({1}))
    assert [face.track for face in scene.see(100, seconds=0.2)] == [2]


def test_where_the_face_does_not_say_the_place_does() -> None:
    scene = just_lost()
    assert [face.track for face in scene.see(110, seconds=0.2)] == [1]


def test_who_comes_out_from_behind_another_face_is_who_was_there() -> None:
    scene = Scripted()
    scene.see(100, 300)
    scene.see(300, seconds=0.9)
    assert [face.track for face in scene.see(300, seconds=0.2)] == [2]
    scene.answer = Reunion(None, frozenset({1}))
    assert [face.track for face in scene.see(215, 300, seconds=0.2)] == [1, 2]


def test_two_faces_that_have_each_others_id_give_it_back() -> None:
    scene = Scripted()
    scene.see(100, 500)
    scene.tracks.exchange(1, 2)
    assert {face.track: face.box[0] for face in scene.see(100, 500)} == {1: 500, 2: 100}


def test_a_face_may_have_the_id_of_a_lost_one(scene: Scripted) -> None:
    scene.answer = Reunion(None, frozenset({1}))
    assert [face.track for face in scene.see(700)] == [2]
    scene.tracks.exchange(1, 2)
    assert [face.track for face in scene.see(700)] == [1]
    scene.answer = Reunion(2, frozenset())
    assert {face.track: face.box[0] for face in scene.see(100, 700)} == {1: 700, 2: 100}


def test_somebody_else_under_an_id_gets_a_new_one_and_the_old_one_is_lost() -> None:
    scene = Scripted()
    scene.see(100)
    assert scene.tracks.part(1) == 2
    assert [face.track for face in scene.see(100)] == [2]
    scene.answer = Reunion(1, frozenset())
    assert {face.track: face.box[0] for face in scene.see(100, 500)} == {1: 500, 2: 100}


def test_a_track_that_went_over_to_another_face_is_moved_back() -> None:
    scene = Scripted()
    scene.see(100, 300)
    scene.answer = Reunion(1, frozenset())
    moved = scene.see(300, 600)
    assert {face.track: face.box[0] for face in moved} == {1: 600, 2: 300}
