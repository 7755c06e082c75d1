"""A gesture classifier that is replaced while the loop runs, with real files, and one that is refused."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import wait_until
from onnx_files import save_classifier, save_gestures, save_pixel_gestures

from livefg.errors import LivefgError
from livefg.inference.chosen import choose, uninstall
from livefg.inference.manifest import find_model
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.gesture_reload import GestureModel
from livefg.recognition.gestures import load_gestures
from livefg.results import Frame

SETTLED = 2  # looks after which a change counts


def looks(model: GestureModel, count: int = SETTLED) -> list[bool]:
    return [model.changed() for _ in range(count)]


def test_a_new_content_counts_once_it_has_settled(own_models: Path) -> None:
    mine = save_gestures(own_models / "mine.onnx")
    model = GestureModel(str(mine))
    assert looks(model) == [False, False]
    save_gestures(mine, says="hush")
    assert looks(model, 4) == [False, True, False, False]


def test_a_file_that_is_still_being_written_is_left_alone(own_models: Path) -> None:
    mine = save_gestures(own_models / "mine.onnx")
    content = save_gestures(own_models / "next.onnx", says="hush").read_bytes()
    model = GestureModel(str(mine))
    for end in range(100, len(content), 100):
        mine.write_bytes(content[:end])
        assert not model.changed()
    mine.write_bytes(content)
    assert looks(model) == [False, True]


def test_a_file_that_is_only_touched_is_not_loaded_again(own_models: Path) -> None:
    mine = save_gestures(own_models / "mine.onnx")
    model = GestureModel(str(mine))
    os.utime(mine, (0, 0))
    assert looks(model, 4) == [False] * 4


def test_another_choice_counts_and_so_does_its_end(own_models: Path) -> None:
    save_gestures(own_models / "mine.onnx")
    model = GestureModel()
    before = model.model.path
    choose("gesture", "mine")
    assert looks(model) == [False, True]
    assert model.model.path == own_models / "mine.onnx"
    uninstall("mine")
    assert looks(model) == [False, True]
    assert model.model.path == before


def test_a_wish_does_not_follow_the_choice(own_models: Path) -> None:
    save_gestures(own_models / "mine.onnx")
    model = GestureModel("gesture_canned")
    choose("gesture", "mine")
    assert looks(model, 3) == [False] * 3


def test_a_file_that_goes_away_is_told_once_and_is_taken_when_it_is_back(own_models: Path) -> None:
    mine = save_gestures(own_models / "mine.onnx")
    model = GestureModel(str(mine))
    mine.unlink()
    assert not model.changed()
    with pytest.raises(LivefgError, match="cannot be read"):
        model.changed()
    assert looks(model, 3) == [False] * 3
    save_gestures(mine, says="hush")
    assert looks(model) == [False, True]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda path: save_gestures(path, changes={"livefg.task": "motion"}),
            "is for motion, not for gesture",
        ),
        (save_classifier, r"takes \['N', 7\] where a gesture classifier takes landmarks"),
        (lambda path: save_gestures(path, points=20), r"takes \['N', 20, 3\]"),
        (lambda path: path.write_bytes(b"nonsense"), "mine.onnx"),
    ],
    ids=["another task", "other inputs", "other points", "no network"],
)
def test_what_cannot_name_gestures_is_refused_in_one_sentence(make, reason: str, tmp_path: Path) -> None:
    make(tmp_path / "mine.onnx")
    with pytest.raises(LivefgError, match=reason):
        load_gestures(find_model(tmp_path / "mine.onnx"), "cpu")


class Room:
    """A pipeline that looks for a new classifier all the time, and a hand to ask it about."""

    def __init__(self, frame: Frame) -> None:
        self.notices: list[str] = []
        self._frame = frame
        settings = PipelineSettings(
            hands=1, faces=0, device="cpu", smooth=False, identity=False, reload_interval=0.02
        )
        self.pipeline = Pipeline(settings, self.notices.append)

    def gesture(self) -> str:
        (hand,) = self.pipeline.process(self._frame).hands
        assert hand.gesture is not None
        return hand.gesture.name

    def told(self, count: int) -> str:
        wait_until(lambda: len(self.notices) >= count)
        assert len(self.notices) == count
        return self.notices[-1]


@pytest.fixture
def room(own_models: Path, demo_frames: list[Frame]) -> Iterator[Room]:
    room = Room(demo_frames[150])
    with room.pipeline:
        yield room


def test_the_next_frame_is_named_by_the_new_classifier_and_a_bad_one_changes_nothing(
    room: Room, own_models: Path, tmp_path: Path
) -> None:
    assert room.gesture() not in {"wave_off", "hush"}

    save_gestures(own_models / "mine.onnx")
    choose("gesture", "mine")
    assert room.told(1) == "Gestures are named by mine (wave_off, hush) now."
    assert room.gesture() == "wave_off"
    assert "mine" in [report.name for report in room.pipeline.reports]

    made = save_gestures(tmp_path / "made.onnx", says="hush")
    shutil.copy(made, own_models / "mine.onnx")
    room.told(2)
    assert room.gesture() == "hush"

    (own_models / "mine.onnx").write_bytes(made.read_bytes()[:200])
    refused = room.told(3)
    assert "mine.onnx" in refused
    assert refused.endswith("mine stays in use.")
    assert room.gesture() == "hush"


def test_a_classifier_of_pixels_takes_over_from_one_of_landmarks_and_back(
    room: Room, own_models: Path
) -> None:
    save_pixel_gestures(own_models / "mine.onnx", gestures=("warm", "cold"))
    choose("gesture", "mine")
    assert room.told(1) == "Gestures are named by mine (warm, cold) now."
    assert room.gesture() in {"warm", "cold"}

    save_gestures(own_models / "mine.onnx")
    room.told(2)
    assert room.gesture() == "wave_off"


def test_a_pipeline_that_is_closed_looks_no_more(room: Room, own_models: Path) -> None:
    room.pipeline.close()
    save_gestures(own_models / "mine.onnx")
    choose("gesture", "mine")
    assert not room.notices
