"""What one would write without livefg: MediaPipe and OpenCV over a video, to JSON lines and an annotated video.

For comparing speed: `python mediapipe_opencv_script.py VIDEO OUT TASKS [FRAMES]`, where TASKS is the folder of the
task files. Runs in an environment with MediaPipe, and prints one JSON object with the frames and the seconds of wall
clock and of all cores. It is written as MediaPipe's and OpenCV's own examples are, without being slower than it has to
be; it has no sound, no tracks, no events, and gives every frame the time that a steady rate would.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision

FINGERS = [
    (0, 1, 2, 3, 4),
    (0, 5, 6, 7, 8),
    (5, 9, 10, 11, 12),
    (9, 13, 14, 15, 16),
    (13, 17, 18, 19, 20),
    (0, 17),
]
FACE_LINES = [
    (connection.start, connection.end)
    for connection in vision.FaceLandmarksConnections.FACE_LANDMARKS_CONTOURS
]


def main(video: Path, out: Path, tasks: Path, most_frames: int | None) -> dict[str, Any]:
    """Process a video; returns counts and times."""
    hands = vision.GestureRecognizer.create_from_options(
        vision.GestureRecognizerOptions(
            base_options=BaseOptions(model_asset_path=str(tasks / "gesture_recognizer.task")),
            running_mode=vision.RunningMode.VIDEO,
            num_hands=2,
        )
    )
    faces = vision.FaceLandmarker.create_from_options(
        vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(tasks / "face_landmarker.task")),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=1,
            output_face_blendshapes=True,
        )
    )
    capture = cv2.VideoCapture(str(video))
    fps = capture.get(cv2.CAP_PROP_FPS)
    size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    out.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(out / f"{video.stem}.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    begun, used = time.perf_counter(), time.process_time()
    frames = 0
    with hands, faces, (out / f"{video.stem}.jsonl").open("w") as lines:
        while most_frames is None or frames < most_frames:
            there, image = capture.read()
            if not there:
                break
            picture = mp.Image(mp.ImageFormat.SRGB, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            moment = round(frames * 1000 / fps)
            seen_hands = hands.recognize_for_video(picture, moment)
            seen_faces = faces.detect_for_video(picture, moment)
            line = {"frame": frames, "time": frames / fps, **as_data(seen_hands, seen_faces, size)}
            lines.write(json.dumps(line) + "\n")
            draw(image, line)
            writer.write(image)
            frames += 1
    writer.release()
    seconds = time.perf_counter() - begun
    return {
        "frames": frames,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(time.process_time() - used, 3),
        "fps": round(frames / seconds, 2),
    }


def as_data(hands: Any, faces: Any, size: tuple[int, int]) -> dict[str, Any]:
    """What was seen, as numbers in pixels."""
    width, height = size

    def points(landmarks: Any) -> list[list[float]]:
        return [[round(p.x * width, 2), round(p.y * height, 2), round(p.z * width, 2)] for p in landmarks]

    return {
        "hands": [
            {
                "side": side[0].category_name,
                "confidence": side[0].score,
                "landmarks": points(landmarks),
                "gesture": {gesture.category_name: round(gesture.score, 4) for gesture in gestures},
            }
            for side, landmarks, gestures in zip(
                hands.handedness, hands.hand_landmarks, hands.gestures, strict=True
            )
        ],
        "faces": [
            {
                "landmarks": points(landmarks),
                "blendshapes": {shape.category_name: round(shape.score, 4) for shape in shapes},
            }
            for landmarks, shapes in zip(faces.face_landmarks, faces.face_blendshapes, strict=True)
        ],
    }


def draw(image: Any, line: dict[str, Any]) -> None:
    """Lines, dots and a word for each hand; contours for each face."""
    for face in line["faces"]:
        places = [(int(x), int(y)) for x, y, _ in face["landmarks"]]
        for start, end in FACE_LINES:
            cv2.line(image, places[start], places[end], (255, 232, 214), 1, cv2.LINE_AA)
    for hand in line["hands"]:
        places = [(int(x), int(y)) for x, y, _ in hand["landmarks"]]
        for finger in FINGERS:
            for start, end in itertools.pairwise(finger):
                cv2.line(image, places[start], places[end], (59, 176, 255), 2, cv2.LINE_AA)
        for place in places:
            cv2.circle(image, place, 3, (255, 255, 255), -1, cv2.LINE_AA)
        name = next(iter(hand["gesture"]), "")
        cv2.putText(
            image, f"{name} ({hand['side']})", places[0], cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2
        )


if __name__ == "__main__":
    limit = int(sys.argv[4]) if len(sys.argv) > 4 else None
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), limit)))
