"""What the upstream networks themselves answer, run by the run-times they were made for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from training.convert.face_expression import LOOK, MEAN_COLOUR, TEMPERATURE, read_weights
from training.convert.samples import Samples

__all__ = [
    "Case",
    "Reference",
    "blendshapes_case",
    "cpu_session",
    "face_expression_case",
    "face_mesh_case",
    "gesture_canned_case",
    "gesture_embedder_case",
    "hand_landmarks_case",
    "palm_detector_case",
    "sface_case",
    "yunet_case",
]

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Inputs for the converted network by name, and the outputs that the upstream network gives for them."""

    runtime: str
    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]


Reference = Callable[[Sequence[bytes], Samples], Case]
"""Makes a case from the parts of the upstream file that a network is converted from."""


class _TfliteRunner:
    """Runs a TFLite network one example at a time."""

    runtime = "LiteRT"

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        self._inputs = {entry["name"]: entry["index"] for entry in self._interpreter.get_input_details()}
        self._outputs = [entry["index"] for entry in self._interpreter.get_output_details()]

    def __call__(self, **inputs: Array) -> list[Array]:
        """Outputs (N, ...) for inputs (N, ...) by name; a network with one input takes it by any name."""
        results = []
        for example in zip(*inputs.values(), strict=True):
            for name, value in zip(inputs, example, strict=True):
                index = self._inputs[name] if len(self._inputs) > 1 else next(iter(self._inputs.values()))
                self._interpreter.set_tensor(index, value[None].astype(np.float32))
            self._interpreter.invoke()
            results.append([self._example(index) for index in self._outputs])
        return [np.stack(rows) for rows in zip(*results, strict=True)]

    def _example(self, index: int) -> Array:
        values: Array = self._interpreter.get_tensor(index)
        return values[0] if values.ndim > 1 else values


def palm_detector_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Whole frames through the palm detector."""
    images = samples.frames(192)
    boxes, scores = _TfliteRunner(parts[0])(image=_unit_range(images))
    return Case(_TfliteRunner.runtime, {"image": images}, {"boxes": boxes, "scores": scores[..., 0]})


def hand_landmarks_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Hands through the hand landmark network."""
    images = samples.hands(224)
    landmarks, presence, handedness, world = _TfliteRunner(parts[0])(image=_unit_range(images))
    outputs = {
        "landmarks": landmarks.reshape(-1, 21, 3),
        "presence": presence[:, 0],
        "handedness": handedness[:, 0],
        "world": world.reshape(-1, 21, 3),
    }
    return Case(_TfliteRunner.runtime, {"image": images}, outputs)


def face_mesh_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Faces through the mesh network."""
    images = samples.faces(256)
    landmarks, presence, _ = _TfliteRunner(parts[0])(image=_unit_range(images))
    outputs = {"landmarks": landmarks.reshape(-1, 478, 3), "presence": _sigmoid(presence.reshape(-1))}
    return Case(_TfliteRunner.runtime, {"image": images}, outputs)


def blendshapes_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Mesh points of faces through the blendshape network; which 146 of them does not matter here."""
    blendshapes, mesh = parts
    landmarks = _TfliteRunner(mesh)(image=_unit_range(samples.faces(256)))[0].reshape(-1, 478, 3)
    points = np.ascontiguousarray(landmarks[:, :438:3, :2])
    answers = _TfliteRunner(blendshapes)(points=points)[0]
    return Case(_TfliteRunner.runtime, {"points": points}, {"blendshapes": answers})


def gesture_embedder_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Landmarks of hands, prepared as MediaPipe does, through the embedder."""
    embedder, _, landmarker = parts
    inputs = _gesture_inputs(landmarker, samples)
    return Case(_TfliteRunner.runtime, inputs, {"embedding": _embeddings(embedder, inputs)})


def gesture_canned_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """The same through embedder and classifier."""
    embedder, classifier, landmarker = parts
    inputs = _gesture_inputs(landmarker, samples)
    answers = _TfliteRunner(classifier)(hand_embedding=_embeddings(embedder, inputs))[0]
    return Case(_TfliteRunner.runtime, inputs, {"probabilities": answers})


def yunet_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Whole frames through YuNet; its twelve outputs joined as livefg wants them."""
    images = samples.frames(640)
    found = _onnx_answers(parts[0], {"input": images[..., ::-1].transpose(0, 3, 1, 2)})
    kind, presence, boxes, points = (
        np.concatenate([found[f"{head}_{stride}"] for stride in (8, 16, 32)], axis=1)
        for head in ("cls", "obj", "bbox", "kps")
    )
    scores = np.sqrt(kind * presence)[..., 0]
    return Case("ONNX Runtime", {"image": images}, {"scores": scores, "boxes": boxes, "points": points})


def sface_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Faces through SFace; embeddings brought to length 1."""
    images = samples.faces(112)
    embeddings = _onnx_answers(parts[0], {"data": images.transpose(0, 3, 1, 2)})["fc1"]
    embeddings = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Case("ONNX Runtime", {"image": images}, {"embedding": embeddings})


def face_expression_case(parts: Sequence[bytes], samples: Samples) -> Case:
    """Faces and their mirror images through face-api's network, written down anew in NumPy."""
    images = samples.faces(112)
    weights = read_weights(*parts)
    alike = [_made_alike(image) for image in images]
    logits = np.stack([_face_api_logits(weights, image) for image in alike])
    mirrored = np.stack([_face_api_logits(weights, image[:, ::-1]) for image in alike])
    exponents = np.exp((logits + mirrored) / 2 / TEMPERATURE)
    probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    return Case("NumPy", {"image": images}, {"probabilities": probabilities})


def cpu_session(content: bytes) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU that reports errors only (upstream files cause many warnings)."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _unit_range(images: Array) -> Array:
    return images.astype(np.float32) / np.float32(255)


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))


def _gesture_inputs(landmarker: bytes, samples: Samples) -> dict[str, Array]:
    landmarks, _, handedness, world = _TfliteRunner(landmarker)(image=_unit_range(samples.hands(224)))
    return {
        "landmarks": landmarks.reshape(-1, 21, 3),
        "world": world.reshape(-1, 21, 3),
        "right": handedness[:, 0],
    }


def _embeddings(embedder: bytes, inputs: Mapping[str, Array]) -> Array:
    """MediaPipe's LandmarksToMatrix for landmarks in pixels of a picture of 1000 by 1000, then the embedder."""
    hand = _around_wrist(inputs["landmarks"] / 1000)
    world_hand = _around_wrist(inputs["world"])
    handedness = inputs["right"][:, None]
    return _TfliteRunner(embedder)(hand=hand, world_hand=world_hand, handedness=handedness)[0]


def _around_wrist(points: Array) -> Array:
    centred = points - points[:, :1]
    size = np.ptp(centred[..., :2], axis=1).max(1) + 1e-5
    return np.asarray(centred / size[:, None, None])


def _made_alike(image: Array) -> Array:
    """A face with the brightness, contrast and sharpness that `Look` describes."""
    pixels = image.astype(np.float32)
    gain = min(LOOK.most_gain, LOOK.contrast / max(float(pixels.std()), 1.0))
    pixels = np.clip((pixels - pixels.mean()) * gain + LOOK.level, 0, 255)
    blur = LOOK.gaussian()
    detail = pixels - cv2.sepFilter2D(pixels, -1, blur, blur, borderType=cv2.BORDER_REFLECT_101)
    grey, fine = pixels.mean(axis=2), detail.mean(axis=2)
    lacking = LOOK.detail * max(float(grey.std()), 1.0) / max(float(fine.std()), 1e-3) - 1
    more = np.float32(np.clip(lacking, 0, LOOK.most_sharpening))
    return np.asarray(np.clip(pixels + more * detail, 0, 255))


def _face_api_logits(weights: Mapping[str, Array], image: Array) -> Array:
    value: Array = (image - np.array(MEAN_COLOUR, np.float32)) / np.float32(255)
    for block in ("dense0", "dense1", "dense2", "dense3"):
        total = np.maximum(_face_api_layer(weights, f"{block}/conv0", value, 2), 0)
        for number in (1, 2, 3):
            total = total + _face_api_layer(weights, f"{block}/conv{number}", np.maximum(total, 0), 1)
        value = np.maximum(total, 0)
    return np.asarray(value.mean(axis=(0, 1)) @ weights["fc/weights"] + weights["fc/bias"])


def _face_api_layer(weights: Mapping[str, Array], name: str, value: Array, stride: int) -> Array:
    """A 3x3 convolution of (height, width, channels), or a depthwise and a pointwise one, with TensorFlow's border."""
    border = (0, 1) if stride == 2 else (1, 1)
    value = np.pad(value, (border, border, (0, 0)))
    patches = np.lib.stride_tricks.sliding_window_view(value, (3, 3), axis=(0, 1))[::stride, ::stride]
    bias = weights[f"{name}/bias"]
    if f"{name}/filters" in weights:
        return np.asarray(np.einsum("hwcij,ijco->hwo", patches, weights[f"{name}/filters"]) + bias)
    by_channel = np.einsum("hwcij,ijc->hwc", patches, weights[f"{name}/depthwise_filter"][..., 0])
    return np.asarray(by_channel @ weights[f"{name}/pointwise_filter"][0, 0] + bias)


def _onnx_answers(content: bytes, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs of an ONNX network that takes one example at a time, by name."""
    session = cpu_session(content)
    names = [output.name for output in session.get_outputs()]
    rows = []
    for i in range(len(next(iter(inputs.values())))):
        feeds = {name: np.ascontiguousarray(value[i : i + 1], np.float32) for name, value in inputs.items()}
        rows.append(session.run(names, feeds))
    return dict(zip(names, (np.concatenate(column) for column in zip(*rows, strict=True)), strict=True))
