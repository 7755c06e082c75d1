"""MediaPipe in place of livefg's own perception: with fakes for MediaPipe itself, so that it need not be installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from livefg.errors import LivefgError
from livefg.perception import mediapipe_backend
from livefg.perception.blendshapes import BLENDSHAPE_NAMES
from livefg.perception.mediapipe_backend import MediaPipePerception, create_tasks
from livefg.perception.mediapipe_tasks import FACE_TASK, GESTURE_TASK, MODELS_VARIABLE, TaskFace, TaskHand
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Face, Frame, Hand
from livefg.workers import run_chain

BLACK = np.zeros((480, 640, 3), np.uint8)


def hand_at(x: float, y: float, handedness: str = "Right", score: float = 0.9) -> TaskHand:
    spread = np.linspace(-50, 50, 21, dtype=np.float32)
    landmarks = np.stack([x + spread, y + spread, np.zeros(21, np.float32)], axis=1)
    return TaskHand(landmarks, landmarks / 1000, handedness, score, "Thumb_Up", 0.8)


def face_at(x: float, y: float) -> TaskFace:
    angles = np.linspace(0, 2 * np.pi, 478, dtype=np.float32)
    landmarks = np.stack([x + 60 * np.cos(angles), y + 80 * np.sin(angles), np.cos(3 * angles)], axis=1)
    shapes = {name: 0.5 if name == "eyeBlinkLeft" else 0.0 for name in BLENDSHAPE_NAMES}
    return TaskFace(landmarks.astype(np.float32), shapes, np.eye(4, dtype=np.float32))


class FakeTasks:
    """Gives the hands and faces that a test lists frame by frame, and remembers the times it was asked for."""

    def __init__(self, hands: Iterable[list[TaskHand]] = (), faces: Iterable[list[TaskFace]] = ()) -> None:
        self.hands, self.faces = iter(hands), iter(faces)
        self.times: list[int] = []
        self.closed = 0

    def hands_in(self, image: Any, time_ms: int) -> tuple[TaskHand, ...]:
        self.times.append(time_ms)
        return tuple(next(self.hands, []))

    def faces_in(self, image: Any, time_ms: int) -> tuple[TaskFace, ...]:
        return tuple(next(self.faces, []))

    def close(self) -> None:
        self.closed += 1


def perception(tasks: FakeTasks) -> MediaPipePerception:
    return MediaPipePerception(PipelineSettings(backend="mediapipe"), lambda _: tasks)


def frame(index: int, mirrored: bool = False, seconds: float | None = None) -> Frame:
    return Frame(BLACK, index, index / 30 if seconds is None else seconds, "test", mirrored)


def hands_of(looked: MediaPipePerception, shown: Frame) -> tuple[Hand, ...]:
    hands: tuple[Hand, ...] = run_chain(looked.lanes(shown)["hands"])
    return hands


def faces_of(looked: MediaPipePerception, shown: Frame) -> tuple[Face, ...]:
    faces: tuple[Face, ...] = run_chain(looked.lanes(shown)["faces"])
    return faces


def test_a_hand_comes_with_livefgs_names() -> None:
    (hand,) = hands_of(perception(FakeTasks([[hand_at(300, 200)]])), frame(0))
    assert hand.side == "right"
    assert hand.side_confidence == pytest.approx(0.9)
    assert hand.gesture is not None
    assert hand.gesture.name == "thumb_up"
    assert hand.gesture.confidence == pytest.approx(0.8)
    left, top, right, bottom = hand.box
    assert left < 250
    assert top < 150
    assert right > 350
    assert bottom > 250


def test_i_love_you_is_three_words() -> None:
    seen = hand_at(300, 200)
    signing = TaskHand(seen.landmarks, seen.world_landmarks, "Left", 0.9, "ILoveYou", 0.7)
    (hand,) = hands_of(perception(FakeTasks([[signing]])), frame(0))
    assert hand.gesture is not None
    assert hand.gesture.name == "i_love_you"


def test_a_mirrored_picture_swaps_the_side_of_hand_and_blendshape() -> None:
    looked = perception(FakeTasks([[hand_at(300, 200, "Right")]], [[face_at(300, 200)]]))
    (hand,) = hands_of(looked, frame(0, mirrored=True))
    (face,) = faces_of(looked, frame(0, mirrored=True))
    assert hand.side == "left"
    assert face.blendshapes is not None
    assert face.blendshapes["eyeBlinkRight"] == 0.5
    assert face.blendshapes["eyeBlinkLeft"] == 0.0


def test_hands_keep_their_ids_when_mediapipe_lists_them_in_another_order() -> None:
    first, second = hand_at(150, 200, "Right"), hand_at(500, 200, "Left")
    looked = perception(FakeTasks([[first, second], [second, first]]))
    before = {hand.side: hand.track for hand in hands_of(looked, frame(0))}
    after = {hand.side: hand.track for hand in hands_of(looked, frame(1))}
    assert before == after
    assert len(set(before.values())) == 2


def test_an_id_outlives_a_moment_out_of_sight_but_not_a_long_absence() -> None:
    seen = [hand_at(300, 200)]
    looked = perception(FakeTasks([seen, [], seen, [], seen]))
    (first,) = hands_of(looked, frame(0, seconds=0.0))
    assert hands_of(looked, frame(1, seconds=0.2)) == ()
    (soon,) = hands_of(looked, frame(2, seconds=0.4))
    assert hands_of(looked, frame(3, seconds=0.6)) == ()
    (late,) = hands_of(looked, frame(4, seconds=5.0))
    assert soon.track == first.track
    assert late.track != first.track


def test_a_face_has_points_and_a_pose() -> None:
    (face,) = faces_of(perception(FakeTasks(faces=[[face_at(300, 200)]])), frame(0))
    assert face.points is not None
    assert face.points.shape == (5, 2)
    assert face.pose is not None
    assert face.box == pytest.approx((240, 120, 360, 280), abs=1)


def test_reset_starts_mediapipe_and_the_ids_anew() -> None:
    created: list[FakeTasks] = []

    def create(_: PipelineSettings) -> FakeTasks:
        created.append(FakeTasks([[hand_at(300, 200)]]))
        return created[-1]

    looked = MediaPipePerception(PipelineSettings(backend="mediapipe"), create)
    looked.reset()
    assert len(created) == 1  # nothing was seen yet, so there is nothing to forget
    (before,) = hands_of(looked, frame(0))
    looked.reset()
    (after,) = hands_of(looked, frame(0))
    assert len(created) == 2
    assert created[0].closed == 1
    assert after.track == before.track == 1


def test_only_what_is_asked_for_is_looked_for() -> None:
    looked = MediaPipePerception(PipelineSettings(backend="mediapipe", faces=0), lambda _: FakeTasks())
    assert list(looked.lanes(frame(0))) == ["hands"]


def test_smoothed_scores_are_answered_by_the_highest() -> None:
    label = perception(FakeTasks()).answer({"victory": 0.2, "thumb_up": 0.6})
    assert (label.name, label.confidence) == ("thumb_up", 0.6)


def test_without_a_folder_of_task_files_the_error_says_how_to_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    with pytest.raises(LivefgError, match=f"{GESTURE_TASK}.*--mediapipe-models"):
        create_tasks(PipelineSettings(backend="mediapipe"))


def test_a_missing_task_file_is_named(tmp_path: Path) -> None:
    (tmp_path / GESTURE_TASK).touch()
    with pytest.raises(LivefgError, match=FACE_TASK):
        create_tasks(PipelineSettings(backend="mediapipe", mediapipe_models=str(tmp_path)))


def test_without_mediapipe_the_error_says_how_to_install_it(
    task_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(LivefgError, match=r"pip install 'livefg\[mediapipe\]'"):
        create_tasks(PipelineSettings(backend="mediapipe", mediapipe_models=str(task_files)))


def test_a_task_file_that_mediapipe_refuses_is_one_sentence(
    task_files: Path, fake_mediapipe: FakeMediaPipe
) -> None:
    fake_mediapipe.error = RuntimeError("Unable to open zip archive.")
    with pytest.raises(LivefgError, match=r"cannot use the task files in .*: Unable to open zip archive\."):
        create_tasks(PipelineSettings(backend="mediapipe", mediapipe_models=str(task_files)))


def test_using_mediapipe_tells_once_that_it_reports_usage(
    task_files: Path, fake_mediapipe: FakeMediaPipe, capsys: pytest.CaptureFixture[str]
) -> None:
    mediapipe_backend._tell_about_usage_reports.cache_clear()
    settings = PipelineSettings(backend="mediapipe", mediapipe_models=str(task_files))
    for _ in range(2):
        MediaPipePerception(settings).close()
    heard = capsys.readouterr()
    assert heard.err.count("reports usage to its maker") == 1
    assert heard.out == ""


def test_the_settings_reach_mediapipe(task_files: Path, fake_mediapipe: FakeMediaPipe) -> None:
    settings = PipelineSettings(
        backend="mediapipe", mediapipe_models=str(task_files), hands=3, faces=5, blendshapes=False
    )
    MediaPipePerception(settings).close()
    assert fake_mediapipe.options["GestureRecognizer"]["num_hands"] == 3
    assert fake_mediapipe.options["FaceLandmarker"]["num_faces"] == 5
    assert fake_mediapipe.options["FaceLandmarker"]["output_face_blendshapes"] is False
    assert fake_mediapipe.closed == ["FaceLandmarker", "GestureRecognizer"]


def test_the_pipeline_runs_on_it(task_files: Path, fake_mediapipe: FakeMediaPipe) -> None:
    settings = PipelineSettings(backend="mediapipe", mediapipe_models=str(task_files))
    with Pipeline(settings) as pipeline:
        result = pipeline.process(frame(7))
    assert (result.frame, result.faces, result.hands) == (7, (), ())
    assert {"hands", "faces", "total"} <= set(result.seconds)
    assert fake_mediapipe.closed == ["FaceLandmarker", "GestureRecognizer"]


def test_times_given_to_mediapipe_always_grow(task_files: Path, fake_mediapipe: FakeMediaPipe) -> None:
    settings = PipelineSettings(backend="mediapipe", mediapipe_models=str(task_files))
    looked = MediaPipePerception(settings)
    for seconds in (0.5, 0.5, 0.4, 0.6):
        assert hands_of(looked, frame(0, seconds=seconds)) == ()
        assert faces_of(looked, frame(0, seconds=seconds)) == ()
    assert fake_mediapipe.times["GestureRecognizer"] == [500, 501, 502, 600]
    assert fake_mediapipe.times["FaceLandmarker"] == [500, 501, 502, 600]


def test_importing_the_backend_does_not_import_mediapipe() -> None:
    lines = "import sys, livefg.perception.mediapipe_backend; sys.exit('mediapipe' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", lines], check=False).returncode == 0


class FakeMediaPipe:
    """The part of the package `mediapipe` that livefg calls; it sees nobody."""

    def __init__(self) -> None:
        self.options: dict[str, dict[str, Any]] = {}
        self.times: dict[str, list[int]] = {"GestureRecognizer": [], "FaceLandmarker": []}
        self.closed: list[str] = []
        self.error: Exception | None = None

    def task(self, name: str) -> Any:
        fake = self
        nothing = SimpleNamespace(
            hand_landmarks=[],
            hand_world_landmarks=[],
            handedness=[],
            gestures=[],
            face_landmarks=[],
            face_blendshapes=[],
            facial_transformation_matrixes=[],
        )

        class Task:
            @classmethod
            def create_from_options(cls, options: dict[str, Any]) -> Task:
                if fake.error:
                    raise fake.error
                fake.options[name] = options
                return cls()

            def run(self, picture: Any, time_ms: int) -> SimpleNamespace:
                fake.times[name].append(time_ms)
                return nothing

            recognize_for_video = detect_for_video = run

            def __enter__(self) -> Task:
                return self

            def __exit__(self, *_: object) -> None:
                fake.closed.append(name)

        return Task

    def modules(self) -> dict[str, ModuleType]:
        package, python, vision, processors = (
            ModuleType(name)
            for name in (
                "mediapipe",
                "mediapipe.tasks.python",
                "mediapipe.tasks.python.vision",
                "mediapipe.tasks.python.components.processors",
            )
        )
        vars(package).update(Image=SimpleNamespace, ImageFormat=SimpleNamespace(SRGB=1))
        vars(python).update(BaseOptions=dict)
        vars(processors).update(ClassifierOptions=dict)
        vars(vision).update(
            RunningMode=SimpleNamespace(VIDEO="video", IMAGE="image"),
            GestureRecognizer=self.task("GestureRecognizer"),
            GestureRecognizerOptions=dict,
            FaceLandmarker=self.task("FaceLandmarker"),
            FaceLandmarkerOptions=dict,
        )
        return {module.__name__: module for module in (package, python, vision, processors)}


@pytest.fixture
def fake_mediapipe(monkeypatch: pytest.MonkeyPatch) -> FakeMediaPipe:
    fake = FakeMediaPipe()
    for name, module in fake.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return fake


@pytest.fixture
def task_files(tmp_path: Path) -> Path:
    for name in (GESTURE_TASK, FACE_TASK):
        (tmp_path / name).touch()
    return tmp_path
