"""Record what MediaPipe gives for the sources of the golden tests; run by hand where MediaPipe is at hand.

    LIVEFG_MEDIAPIPE_PYTHON=.../bin/python LIVEFG_MEDIAPIPE_MODELS=../shared/models python
    tests/golden/record.py

`gesture_recognizer.task` and `face_landmarker.task` run in VIDEO mode with two hands and one face. MediaPipe
names only the winning gesture, so the hands are run once more for each gesture with all others forbidden.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from recording import GESTURES, HELD_FRAMES, SECONDS_BETWEEN_FRAMES, Recording, decode, read_picture

from livefg.mediapipe_peer import MediaPipePeer
from livefg.perception.mediapipe_tasks import FACE_TASK, GESTURE_TASK, MODELS_VARIABLE, TaskResult

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

VIDEOS = {
    # name: (file, first frame, frames, faces of every so many-th frame)
    "demo": ("assets/demo.mp4", 0, 360, 6),
    "asl_please": ("../shared/data/video/intel_asl/please.mkv", 10, 60, 6),
    "asl_again": ("../shared/data/video/intel_asl/again.mkv", 0, 30, 6),
}
DATA = "../shared/data/"
PICTURES = (
    DATA + "gestures/images_14_classes/closer/3fa18681-b61b-4cda-986c-218d2e21674f_org.jpg",
    DATA + "gestures/images_14_classes/down/7861dc5a-23d0-47c7-a585-823ab443dabd_org.jpg",
    DATA + "gestures/images_14_classes/emergency/4f28a48b-24f0-48b2-b815-c124289e329e_org.jpg",
    DATA + "gestures/images_14_classes/further/b076c445-0127-4e1e-ba08-cb4ca54ffa98_org.jpg",
    DATA + "gestures/images_14_classes/palm/9c2a9cfa-5f1b-47d3-81ab-2e8694776614_org.jpg",
    DATA + "gestures/images_14_classes/take_off/e02af30a-0636-41fd-9487-f7f9a5954002_org.jpg",
    DATA + "gestures/images_14_classes/up/2d503ccb-1d8a-4dc1-8f3a-5e7a8ae44a78_org.jpg",
    DATA + "gestures/sparrow_photos/Open Palm/45.jpg",
    DATA + "gestures/sparrow_photos/Peace Sign/0.jpg",
    DATA + "gestures/sparrow_photos/Rock On/27.jpg",
    DATA + "faces/krasserm_lfw10/Tony_Blair/Tony_Blair_0003.jpg",
    DATA + "faces/krasserm_lfw10/Colin_Powell/Colin_Powell_0003.jpg",
    DATA + "faces/krasserm_lfw10/Hugo_Chavez/Hugo_Chavez_0003.jpg",
    DATA + "faces/ageitgey_knn/test/obama1.jpg",
)

Picture = npt.NDArray[np.uint8]


def main() -> None:
    for name, (file, first, count, every) in VIDEOS.items():
        frames = [frame for index, frame in enumerate(decode(ROOT / file)) if first <= index < first + count]
        results = results_of(frames)
        meta = {**provenance(), "source": file, "source_sha256": sha256(ROOT / file), "first_frame": first}
        save(name, meta, frames, results, range(0, count, every))
    shown = [read_picture(ROOT / picture) for picture in PICTURES]
    settled = [[answer[-1] for answer in results_of([picture] * HELD_FRAMES)] for picture in shown]
    meta = {
        **provenance(),
        "pictures": list(PICTURES),
        "pictures_sha256": [sha256(ROOT / picture) for picture in PICTURES],
    }
    save(
        "pictures", meta, shown, [list(answers) for answers in zip(*settled, strict=True)], range(len(shown))
    )


def provenance() -> dict[str, Any]:
    models = Path(os.environ[MODELS_VARIABLE])
    with MediaPipePeer.from_environment() as peer:
        version = peer.version
    return {
        "mediapipe": version,
        "recorded": datetime.date.today().isoformat(),
        "task_sha256": {name: sha256(models / name) for name in (GESTURE_TASK, FACE_TASK)},
        "pyav": av.__version__,
        "mode": "VIDEO, 2 hands, 1 face, frames 1000 s apart",
    }


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def results_of(frames: Iterable[Picture]) -> list[list[TaskResult]]:
    """MediaPipe's results for each frame: first with faces, then one list for each gesture."""
    frames = list(frames)
    runs: list[dict[str, Any]] = [{"hands": 2, "faces": 1}]
    runs += [{"hands": 2, "faces": 0, "only_gesture": gesture} for gesture in GESTURES]
    answers = []
    for options in runs:
        with MediaPipePeer.from_environment(**options) as peer:
            answers.append(
                [
                    peer.process(frame, (index + 1) * SECONDS_BETWEEN_FRAMES * 1000)
                    for index, frame in enumerate(frames)
                ]
            )
    return answers


def save(
    name: str,
    meta: dict[str, Any],
    frames: list[Picture],
    results: list[list[TaskResult]],
    checked: Iterable[int],
) -> None:
    first, by_gesture = results[0], results[1:]
    hands = [(index, place) for index, result in enumerate(first) for place in range(len(result.hands))]
    faces = [(index, face) for index in checked for face in first[index].faces]
    for run in by_gesture:
        for index, place in hands:
            assert np.array_equal(run[index].hands[place].landmarks, first[index].hands[place].landmarks)
    names = list(faces[0][1].blendshapes)
    recording = Recording(
        meta={**meta, "frames": len(frames), "gestures": list(GESTURES), "blendshapes": names},
        checked=np.array(list(checked), np.int32),
        hand_frame=np.array([index for index, _ in hands], np.int32),
        hand_landmarks=np.array([first[i].hands[k].landmarks for i, k in hands], np.float32),
        hand_world=np.array([first[i].hands[k].world_landmarks for i, k in hands], np.float32),
        hand_right=np.array([right_of(first[i], k) for i, k in hands], np.float32),
        hand_scores=np.array(
            [[run[i].hands[k].gesture_score for run in by_gesture] for i, k in hands], np.float32
        ),
        face_frame=np.array([index for index, _ in faces], np.int32),
        face_landmarks=np.array([face.landmarks for _, face in faces], np.float32),
        face_blendshapes=np.array([list(face.blendshapes.values()) for _, face in faces], np.float32),
        face_matrix=np.array([face.matrix for _, face in faces], np.float32),
    )
    path = HERE / f"{name}.npz"
    recording.save(path)
    print(f"{path.name}: {len(hands)} hands, {len(faces)} faces, {path.stat().st_size // 1024} KiB")


def right_of(result: TaskResult, place: int) -> float:
    hand = result.hands[place]
    return hand.handedness_score if hand.handedness == "Right" else 1 - hand.handedness_score


if __name__ == "__main__":
    main()
