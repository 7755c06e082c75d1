"""MediaPipe in a process and an interpreter of its own, to compare livefg with it.

The interpreter is named by the environment variable LIVEFG_MEDIAPIPE_PYTHON, the folder with the task files
by LIVEFG_MEDIAPIPE_MODELS. Neither is needed for anything else: livefg does not use MediaPipe by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from livefg.errors import LivefgError
from livefg.perception import mediapipe_tasks
from livefg.perception.mediapipe_tasks import MODELS_VARIABLE, TaskFace, TaskHand, TaskResult
from livefg.results import ImageArray

__all__ = ["PYTHON_VARIABLE", "MediaPipePeer"]

PYTHON_VARIABLE = "LIVEFG_MEDIAPIPE_PYTHON"
"""Environment variable that names the python of an environment that has MediaPipe."""


class MediaPipePeer:
    """A child process that runs MediaPipe's GestureRecognizer and FaceLandmarker on the frames it is given.

    `options` are those of `MediaPipeTasks`. Raises LivefgError if the interpreter or a task file is missing
    or if MediaPipe cannot start.
    """

    def __init__(self, python: str | Path, models: str | Path, **options: Any) -> None:
        try:
            # -I keeps our own environment out of the other interpreter.
            self._process = subprocess.Popen(
                [str(python), "-I", mediapipe_tasks.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise LivefgError(
                f"the interpreter with MediaPipe, {python}, cannot be started: {error.strerror}"
            ) from error
        try:
            opened = self._ask({"do": "open", "models": str(Path(models).resolve()), **options})
        except LivefgError:
            self.close()
            raise
        self.version: str = opened["mediapipe"]

    @classmethod
    def from_environment(cls, **options: Any) -> Self:
        """The peer that the two environment variables name. Raises LivefgError if one is not set."""
        python, models = os.environ.get(PYTHON_VARIABLE), os.environ.get(MODELS_VARIABLE)
        if not python:
            raise LivefgError(
                f"MediaPipe cannot be asked: set {PYTHON_VARIABLE} to the python of an environment that has mediapipe "
                "installed."
            )
        if not models:
            raise LivefgError(
                f"MediaPipe cannot be asked: set {MODELS_VARIABLE} to the folder that holds "
                f"{mediapipe_tasks.GESTURE_TASK} and {mediapipe_tasks.FACE_TASK}."
            )
        return cls(python, models, **options)

    def process(self, image: ImageArray, time_ms: int = 0) -> TaskResult:
        """What MediaPipe finds in an RGB picture (height, width, 3), timed in the child process."""
        height, width = image.shape[:2]
        header = {"do": "frame", "width": width, "height": height, "time_ms": time_ms}
        answer = self._ask(header, np.ascontiguousarray(image).data)
        return TaskResult(
            hands=tuple(_hand(hand) for hand in answer["hands"]),
            faces=tuple(_face(face) for face in answer["faces"]),
            hand_seconds=answer["hand_seconds"],
            face_seconds=answer["face_seconds"],
            cpu_seconds=answer["cpu_seconds"],
        )

    def close(self) -> None:
        """End the child process."""
        with self._process as process:
            assert process.stdin is not None
            try:
                process.stdin.write(b'{"do": "quit"}\n')
                process.stdin.close()
                process.wait(timeout=10)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, command: dict[str, Any], payload: memoryview | bytes = b"") -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(command).encode() + b"\n")
            stdin.write(payload)
            stdin.flush()
        except OSError as error:
            raise LivefgError("the process that runs MediaPipe ended unexpectedly") from error
        line = stdout.readline()
        if not line:
            raise LivefgError("the process that runs MediaPipe ended unexpectedly")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LivefgError(f"MediaPipe in its own interpreter failed: {answer['error']}")
        return answer


def _hand(data: dict[str, Any]) -> TaskHand:
    return TaskHand(
        **{
            **data,
            "landmarks": np.asarray(data["landmarks"], np.float32),
            "world_landmarks": np.asarray(data["world_landmarks"], np.float32),
        }
    )


def _face(data: dict[str, Any]) -> TaskFace:
    matrix = data["matrix"]
    return TaskFace(
        landmarks=np.asarray(data["landmarks"], np.float32),
        blendshapes=data["blendshapes"],
        matrix=None if matrix is None else np.asarray(matrix, np.float32),
    )
