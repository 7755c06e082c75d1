"""Which network is made from what, by which converter, and checked against which reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import onnx

from training.convert import references
from training.convert.blendshapes import convert_blendshapes
from training.convert.face_expression import EXPRESSIONS, TEMPERATURE, convert_face_expression
from training.convert.gestures import CANNED_LABELS, convert_gesture_canned, convert_gesture_embedder
from training.convert.mediapipe_networks import (
    convert_face_mesh,
    convert_hand_landmarks,
    convert_palm_detector,
)
from training.convert.sface import convert_sface
from training.convert.upstream import UpstreamFolder
from training.convert.yunet import convert_yunet

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one network is made.

    `parts` are the networks inside `source` (each a path through archives, empty for the file itself) that
    `convert` and `reference` need, followed by the files `besides`; `convert` takes the first `converted` of them.
    `exact`, where weights are rounded to float16, makes the same network without rounding, so that both can be
    measured. `tolerance` is the largest difference from upstream that is allowed, in the outputs' own units.
    """

    source: str
    convert: Callable[..., onnx.ModelProto]
    reference: references.Reference
    parts: tuple[tuple[str, ...], ...] = ((),)
    besides: tuple[str, ...] = ()
    converted: int = 1
    exact: Callable[..., onnx.ModelProto] | None = None
    tolerance: float = 1e-3
    metadata: Mapping[str, str] = field(default_factory=dict)

    def read(self, folder: UpstreamFolder) -> list[bytes]:
        """The parts' contents. Raises LivefgError as `UpstreamFolder.read` does."""
        inside = [folder.read(self.source, *part) for part in self.parts]
        return inside + [folder.read(file) for file in self.besides]


_LANDMARKER = ("hand_landmarker.task", "hand_landmarks_detector.tflite")
_GESTURE_PARTS = (
    ("hand_gesture_recognizer.task", "gesture_embedder.tflite"),
    ("hand_gesture_recognizer.task", "canned_gesture_classifier.tflite"),
    _LANDMARKER,
)
# Measured on pictures, see the model card: share of right answers, of gestures found, of gestures seen in `none`.
_CANNED_METRICS = {
    "images_14_classes": {
        "hands": 579,
        "accuracy": 0.888,
        "recall": 0.938,
        "false_gestures": 0.147,
        "ece": 0.102,
    },
    "sparrow_photos": {
        "hands": 170,
        "accuracy": 0.847,
        "recall": 0.816,
        "false_gestures": 0.029,
        "ece": 0.174,
    },
    "images_digits": {
        "hands": 992,
        "accuracy": 0.974,
        "recall": 0.966,
        "false_gestures": 0.023,
        "ece": 0.134,
    },
}
_CANNED_METADATA = {
    "livefg.task": "gesture",
    "livefg.format": "1",
    "livefg.labels": json.dumps(CANNED_LABELS),
    # Upstream's probabilities are kept as they are.
    "livefg.temperature": "1.0",
    "livefg.reject_threshold": "0.5",
    "livefg.reject_reason": "below one half, no gesture is likelier than all others together",
    "livefg.loss": "not documented by MediaPipe",
    "livefg.activation": "relu",
    "livefg.training_data": "not documented by MediaPipe",
    "livefg.split": "metrics: people outside MediaPipe's data as far as is known",
    "livefg.metrics": json.dumps(_CANNED_METRICS),
    "livefg.licence": "Apache-2.0",
    # The date of the upstream file.
    "livefg.created": "2023-04-26",
}

# Measured on muxspace's press photographs, see the model card.
_EXPRESSION_METRICS = {
    "250_px": {"faces": 939, "accuracy": 0.749, "ece": 0.039},
    "48_px_grey": {"faces": 938, "accuracy": 0.732, "ece": 0.033},
    "32_px_grey": {"faces": 938, "accuracy": 0.677, "ece": 0.034},
    "48_px_grey_blurred": {"faces": 918, "accuracy": 0.659, "ece": 0.064},
    "48_px_grey_dark": {"faces": 921, "accuracy": 0.739, "ece": 0.039},
}
_EXPRESSION_METADATA = {
    "livefg.task": "expression",
    "livefg.format": "1",
    "livefg.labels": json.dumps(EXPRESSIONS),
    "livefg.temperature": str(TEMPERATURE),
    "livefg.reject_threshold": "0.0",
    "livefg.reject_reason": "a face always shows one of the seven; the confidence says how sure that is",
    "livefg.loss": "not documented by face-api",
    "livefg.activation": "relu",
    "livefg.training_data": "weights: face-api's, pictures from public sets and the web, not listed by its author; "
    "livefg trained nothing but the temperature, on press pictures (muxspace, LFW)",
    "livefg.split": "metrics: people whose pictures the temperature was not measured on, five folds",
    "livefg.metrics": json.dumps(_EXPRESSION_METRICS),
    "livefg.licence": "MIT",
    # The date of the upstream file.
    "livefg.created": "2025-10-02",
}

# Raw boxes go up to the 192 pixels of the picture, for anchors far from any hand too.
_RAW_BOXES = 5e-3

RECIPES = {
    "palm_detector": Recipe(
        "gesture_recognizer.task",
        convert_palm_detector,
        references.palm_detector_case,
        (("hand_landmarker.task", "hand_detector.tflite"),),
        tolerance=_RAW_BOXES,
    ),
    "palm_detector_lite": Recipe(
        "palm_detection_lite.tflite",
        convert_palm_detector,
        references.palm_detector_case,
        tolerance=_RAW_BOXES,
    ),
    "hand_landmarks": Recipe(
        "gesture_recognizer.task", convert_hand_landmarks, references.hand_landmarks_case, (_LANDMARKER,)
    ),
    "hand_landmarks_lite": Recipe(
        "hand_landmark_lite.tflite", convert_hand_landmarks, references.hand_landmarks_case
    ),
    "face_mesh": Recipe(
        "face_landmarker.task",
        convert_face_mesh,
        references.face_mesh_case,
        (("face_landmarks_detector.tflite",),),
    ),
    "blendshapes": Recipe(
        "face_landmarker.task",
        convert_blendshapes,
        references.blendshapes_case,
        (("face_blendshapes.tflite",), ("face_landmarks_detector.tflite",)),
    ),
    "face_detector": Recipe("face_detection_yunet_2023mar.onnx", convert_yunet, references.yunet_case),
    "gesture_embedder": Recipe(
        "gesture_recognizer.task", convert_gesture_embedder, references.gesture_embedder_case, _GESTURE_PARTS
    ),
    "gesture_canned": Recipe(
        "gesture_recognizer.task",
        convert_gesture_canned,
        references.gesture_canned_case,
        _GESTURE_PARTS,
        converted=2,
        metadata=_CANNED_METADATA,
    ),
    "face_embedder": Recipe(
        "face_recognition_sface_2021dec.onnx",
        convert_sface,
        references.sface_case,
        exact=partial(convert_sface, round_to_half=False),
    ),
    "expression": Recipe(
        "face_expression_model.bin",
        convert_face_expression,
        references.face_expression_case,
        besides=("face_expression_model-weights_manifest.json",),
        converted=2,
        exact=partial(convert_face_expression, round_to_half=False),
        metadata=_EXPRESSION_METADATA,
    ),
}
"""By the name of the network."""
