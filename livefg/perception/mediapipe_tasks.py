"""MediaPipe Tasks as a tool: what GestureRecognizer and FaceLandmarker say about a frame, as numpy values.

This file serves twice. `livefg.perception.mediapipe_backend` imports it, and an interpreter of its own that
has MediaPipe but not livefg runs it as a script (`python -I mediapipe_tasks.py`), so that speed and results
are compared without the two programs sharing a process. It therefore imports nothing of livefg, and
MediaPipe only when used.

As a script it reads commands from stdin, one JSON object a line, and answers each with a JSON line on stdout:
`{"do": "open", "models": DIR, "hands": 2, ...}` creates the tasks (the arguments of `MediaPipeTasks`) and is
answered with the version of MediaPipe; `{"do": "frame", "width": W, "height": H, "time_ms": T}`, followed by
W*H*3 bytes of RGB, runs them and is answered with the fields of `TaskResult`; `{"do": "quit"}` ends.
`{"error": SENTENCE}` says that a command failed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "FACE_TASK",
    "GESTURE_TASK",
    "MODELS_VARIABLE",
    "MediaPipeTasks",
    "TaskFace",
    "TaskHand",
    "TaskResult",
]

GESTURE_TASK = "gesture_recognizer.task"
FACE_TASK = "face_landmarker.task"
MODELS_VARIABLE = "LIVEFG_MEDIAPIPE_MODELS"
"""Environment variable that names the folder of the two task files."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TaskHand:
    """One hand as MediaPipe gives it.

    `landmarks` (21, 3) float32: x, y in pixels, z scaled with the picture's width. `world_landmarks` (21, 3)
    in metres. `handedness` is MediaPipe's word, "Left" or "Right": since 0.10.15 the person's own side in a
    picture that is not mirrored, with `handedness_score` 0.5..1. `gesture` is the one gesture that MediaPipe
    names ("None" where it sees none), `gesture_score` its probability 0..1.
    """

    landmarks: FloatArray
    world_landmarks: FloatArray
    handedness: str
    handedness_score: float
    gesture: str
    gesture_score: float


@dataclass(frozen=True)
class TaskFace:
    """One face as MediaPipe gives it.

    `landmarks` (478, 3) float32 as for a hand. `blendshapes` maps 52 names to 0..1; empty when not asked for.
    `matrix` (4, 4) maps the canonical face (centimetres) into the camera's space; None when not asked for.
    """

    landmarks: FloatArray
    blendshapes: dict[str, float]
    matrix: FloatArray | None


@dataclass(frozen=True)
class TaskResult:
    """What was found in one frame, the seconds that each of the two tasks took, and of all cores together."""

    hands: tuple[TaskHand, ...]
    faces: tuple[TaskFace, ...]
    hand_seconds: float
    face_seconds: float
    cpu_seconds: float


class MediaPipeTasks:
    """The two tasks, created from `gesture_recognizer.task` and `face_landmarker.task` in a folder.

    `only_gesture` restricts the recogniser to one name, so that this gesture's score is told even where it is
    not the winner. Raises ImportError if MediaPipe is not installed, FileNotFoundError naming a missing task
    file.
    """

    def __init__(
        self,
        models: Path,
        *,
        hands: int = 2,
        faces: int = 1,
        video: bool = True,
        blendshapes: bool = True,
        only_gesture: str | None = None,
    ) -> None:
        for name in (GESTURE_TASK, FACE_TASK):
            if not (models / name).is_file():
                raise FileNotFoundError(models / name)
        self._video = video
        self._mp = importlib.import_module("mediapipe")
        python = importlib.import_module("mediapipe.tasks.python")
        vision = importlib.import_module("mediapipe.tasks.python.vision")
        processors = importlib.import_module("mediapipe.tasks.python.components.processors")
        mode = vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE
        self._last_times = {"recognize": -1, "detect": -1}
        self._hands: Any = None
        self._faces: Any = None
        with contextlib.ExitStack() as stack:
            if hands:
                self._hands = stack.enter_context(
                    vision.GestureRecognizer.create_from_options(
                        vision.GestureRecognizerOptions(
                            base_options=python.BaseOptions(model_asset_path=str(models / GESTURE_TASK)),
                            running_mode=mode,
                            num_hands=hands,
                            canned_gesture_classifier_options=processors.ClassifierOptions(
                                category_allowlist=[only_gesture] if only_gesture else None
                            ),
                        )
                    )
                )
            if faces:
                self._faces = stack.enter_context(
                    vision.FaceLandmarker.create_from_options(
                        vision.FaceLandmarkerOptions(
                            base_options=python.BaseOptions(model_asset_path=str(models / FACE_TASK)),
                            running_mode=mode,
                            num_faces=faces,
                            output_face_blendshapes=blendshapes,
                            output_facial_transformation_matrixes=True,
                        )
                    )
                )
            self._stack = stack.pop_all()

    def process(self, image: npt.NDArray[np.uint8], time_ms: int = 0) -> TaskResult:
        """Run both tasks, one after the other, on an RGB picture (height, width, 3), contiguous.

        In video mode a time that does not grow is raised to the last one plus a millisecond, as MediaPipe
        demands.
        """
        busy = time.process_time()
        start = time.perf_counter()
        hands = self.hands_in(image, time_ms)
        middle = time.perf_counter()
        faces = self.faces_in(image, time_ms)
        end = time.perf_counter()
        return TaskResult(hands, faces, middle - start, end - middle, time.process_time() - busy)

    def hands_in(self, image: npt.NDArray[np.uint8], time_ms: int = 0) -> tuple[TaskHand, ...]:
        """The hands alone; see `process`."""
        if self._hands is None:
            return ()
        return _hands_of(self._run(self._hands, "recognize", image, time_ms), image.shape)

    def faces_in(self, image: npt.NDArray[np.uint8], time_ms: int = 0) -> tuple[TaskFace, ...]:
        """The faces alone; see `process`."""
        if self._faces is None:
            return ()
        return _faces_of(self._run(self._faces, "detect", image, time_ms), image.shape)

    def _run(self, task: Any, verb: str, image: npt.NDArray[np.uint8], time_ms: int) -> Any:
        picture = self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=image)
        if not self._video:
            return getattr(task, verb)(picture)
        self._last_times[verb] = time_ms = max(time_ms, self._last_times[verb] + 1)
        return getattr(task, f"{verb}_for_video")(picture, time_ms)

    def close(self) -> None:
        """Release both tasks."""
        self._stack.close()


def _pixels(landmarks: Any, shape: tuple[int, ...]) -> FloatArray:
    height, width = shape[:2]
    scale = np.array([width, height, width], np.float32)
    return np.array([(p.x, p.y, p.z) for p in landmarks], np.float32) * scale


def _hands_of(result: Any, shape: tuple[int, ...]) -> tuple[TaskHand, ...]:
    return tuple(
        TaskHand(
            landmarks=_pixels(landmarks, shape),
            world_landmarks=np.array([(p.x, p.y, p.z) for p in world], np.float32),
            handedness=str(handedness[0].category_name),
            handedness_score=float(handedness[0].score),
            gesture=str(gestures[0].category_name) if gestures else "None",
            gesture_score=float(gestures[0].score) if gestures else 0.0,
        )
        for landmarks, world, handedness, gestures in zip(
            result.hand_landmarks,
            result.hand_world_landmarks,
            result.handedness,
            result.gestures,
            strict=True,
        )
    )


def _faces_of(result: Any, shape: tuple[int, ...]) -> tuple[TaskFace, ...]:
    faces = []
    for index, landmarks in enumerate(result.face_landmarks):
        shapes = result.face_blendshapes[index] if result.face_blendshapes else ()
        matrices = result.facial_transformation_matrixes
        faces.append(
            TaskFace(
                landmarks=_pixels(landmarks, shape),
                blendshapes={str(shape.category_name): float(shape.score) for shape in shapes},
                matrix=np.asarray(matrices[index], np.float32).reshape(4, 4) if matrices else None,
            )
        )
    return tuple(faces)


def _serve(commands: IO[bytes], answers: IO[bytes]) -> None:
    """Carry out commands until the input ends; see the module for what they are."""

    def answer(data: dict[str, Any]) -> None:
        answers.write(json.dumps(data).encode() + b"\n")
        answers.flush()

    tasks: MediaPipeTasks | None = None
    for line in commands:
        command: dict[str, Any] = json.loads(line)
        action = command.pop("do")
        if action == "quit":
            break
        try:
            if action == "open":
                if tasks is not None:
                    tasks.close()
                tasks = MediaPipeTasks(Path(command.pop("models")), **command)
                answer({"mediapipe": importlib.import_module("mediapipe").__version__})
            else:
                height, width = command["height"], command["width"]
                pixels = np.frombuffer(commands.read(height * width * 3), np.uint8).reshape(height, width, 3)
                assert tasks is not None, "open comes before frame"
                answer(_as_lists(tasks.process(pixels, command["time_ms"])))
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            answer({"error": f"{type(error).__name__}: {error}"})
    if tasks is not None:
        tasks.close()


def _as_lists(result: TaskResult) -> dict[str, Any]:
    data = asdict(result)
    for found in (*data["hands"], *data["faces"]):
        for name, value in found.items():
            if isinstance(value, np.ndarray):
                found[name] = value.tolist()
    return data


if __name__ == "__main__":
    # MediaPipe writes to stdout and stderr as it pleases: keep the pipe for answers to ourselves.
    with os.fdopen(os.dup(1), "wb") as private:
        os.dup2(2, 1)
        _serve(sys.stdin.buffer, private)
