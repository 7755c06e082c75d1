"""Starting MediaPipe in an interpreter of its own: what can go wrong before MediaPipe comes into play."""

import sys
from pathlib import Path

import pytest

from livefg.errors import LivefgError
from livefg.mediapipe_peer import PYTHON_VARIABLE, MediaPipePeer
from livefg.perception.mediapipe_tasks import FACE_TASK, GESTURE_TASK, MODELS_VARIABLE


def test_the_environment_must_name_an_interpreter_and_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    with pytest.raises(LivefgError, match=f"set {PYTHON_VARIABLE}"):
        MediaPipePeer.from_environment()
    monkeypatch.setenv(PYTHON_VARIABLE, sys.executable)
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    with pytest.raises(LivefgError, match=f"set {MODELS_VARIABLE}"):
        MediaPipePeer.from_environment()


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="no-such-python"):
        MediaPipePeer(tmp_path / "no-such-python", tmp_path)


def test_a_program_that_is_no_python_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="ended unexpectedly"):
        MediaPipePeer("/bin/false", tmp_path)


def test_an_interpreter_without_mediapipe_is_one_sentence(tmp_path: Path) -> None:
    for name in (GESTURE_TASK, FACE_TASK):
        (tmp_path / name).touch()
    with pytest.raises(LivefgError, match="No module named 'mediapipe'"):
        MediaPipePeer(sys.executable, tmp_path)


def test_a_missing_task_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match=GESTURE_TASK):
        MediaPipePeer(sys.executable, tmp_path)
