"""MediaPipe in its own interpreter; without one the tests of this folder are skipped."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from livefg.mediapipe_peer import PYTHON_VARIABLE, MediaPipePeer
from livefg.perception.mediapipe_tasks import GESTURE_TASK, MODELS_VARIABLE

ROOT = Path(__file__).resolve().parents[2]

OpenPeer = Callable[..., MediaPipePeer]


@pytest.fixture(scope="session")
def task_folder() -> Path:
    """The folder with MediaPipe's task files."""
    folder = Path(os.environ.get(MODELS_VARIABLE) or ROOT.parent / "shared" / "models")
    if not (folder / GESTURE_TASK).is_file():
        pytest.skip(f"needs MediaPipe's task files: set {MODELS_VARIABLE} to their folder")
    return folder


@pytest.fixture(scope="session")
def peer_python() -> str:
    """The interpreter that has MediaPipe."""
    python = os.environ.get(PYTHON_VARIABLE)
    if not python:
        pytest.skip(f"needs MediaPipe in an environment of its own: set {PYTHON_VARIABLE} to its python")
    return python


@pytest.fixture
def open_peer(peer_python: str, task_folder: Path) -> Iterator[OpenPeer]:
    """Start MediaPipe with some options; it ends with the test."""
    with ExitStack() as stack:

        def open_one(**options: Any) -> MediaPipePeer:
            return stack.enter_context(MediaPipePeer(peer_python, task_folder, **options))

        yield open_one
