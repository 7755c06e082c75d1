"""Tiny ONNX files for the tests of loading: some good, some broken in one way each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from livefg.recognition.identity_embedding import embedding_space

LABELS = ("none", "fist", "palm", "point", "ok", "peace", "call")

METADATA = {
    "livefg.format": "1",
    "livefg.task": "gesture",
    "livefg.labels": json.dumps(LABELS),
    "livefg.temperature": "1.3",
    "livefg.reject_threshold": "0.5",
    "livefg.reject_reason": "1 % false accepts on held-out people",
    "livefg.loss": "cross-entropy",
    "livefg.activation": "relu",
    "livefg.training_data": "made for a test",
    "livefg.split": "by person",
    "livefg.metrics": json.dumps({"accuracy": 0.9}),
    "livefg.licence": "Apache-2.0",
    "livefg.created": "2026-01-31",
}


def save_doubler(path: Path) -> Path:
    """A network that gives twice its `image` uint8 [N,4,4,3] as floats, and the sum of each image."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["pixels", "pixels"], ["doubled"]),
        helper.make_node("ReduceSum", ["pixels", "axes"], ["sums"], keepdims=0),
    ]
    return _save(
        path,
        nodes,
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 4, 4, 3])],
        [
            helper.make_tensor_value_info("doubled", TensorProto.FLOAT, ["N", 4, 4, 3]),
            helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["N"]),
        ],
        [numpy_helper.from_array(np.array([1, 2, 3], np.int64), "axes")],
    )


def save_classifier(
    path: Path,
    changes: Mapping[str, str | None] | None = None,
    *,
    softmax: bool = True,
    output: str = "probabilities",
    features: int = len(LABELS),
) -> Path:
    """A classifier whose probabilities are the softmax of its input [N, features].

    `changes` are put into the metadata; None takes an entry out.
    """
    shape = ["N", features]
    node = helper.make_node("Softmax" if softmax else "Exp", ["logits"], [output])
    metadata = {**METADATA, **(changes or {})}
    return _save(
        path,
        [node],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        metadata={key: value for key, value in metadata.items() if value is not None},
    )


def save_gestures(
    path: Path,
    labels: tuple[str, ...] = ("none", "wave_off", "hush"),
    says: str = "wave_off",
    changes: Mapping[str, str | None] | None = None,
    points: int = 21,
) -> Path:
    """A gesture classifier that takes what perception gives, and finds in every hand the gesture `says`.

    `changes` are put into the metadata; None takes an entry out. `points` are those of a hand.
    """
    logits = np.array([[6.0 if label == says else 0.0 for label in labels]], np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["right", "axis"], ["column"]),
        helper.make_node("Mul", ["column", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "logits"], ["all_logits"]),
        helper.make_node("Softmax", ["all_logits"], ["probabilities"], axis=1),
    ]
    metadata = {**METADATA, "livefg.labels": json.dumps(labels), **(changes or {})}
    return _save(
        path,
        nodes,
        [
            helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, ["N", points, 3]),
            helper.make_tensor_value_info("world", TensorProto.FLOAT, ["N", points, 3]),
            helper.make_tensor_value_info("right", TensorProto.FLOAT, ["N"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", len(labels)])],
        [
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
            numpy_helper.from_array(np.zeros((1, 1), np.float32), "zero"),
            numpy_helper.from_array(logits, "logits"),
        ],
        {key: value for key, value in metadata.items() if value is not None},
    )


def save_pixel_gestures(
    path: Path,
    side: int | str = 8,
    kind: int = TensorProto.UINT8,
    gestures: tuple[str, str] = ("red", "blue"),
) -> Path:
    """A gesture classifier that also takes the hands' pictures, and names a hand by what its picture has more of.

    `side` is that of the pictures, `kind` the type of their pixels; `gestures` are said of red and of blue.
    """
    labels = ("none", *gestures)
    weights = np.array([[0, 0.5, 0], [0, 0, 0], [0, 0, 0.5]], np.float32)
    nodes = [
        helper.make_node("Cast", ["crop"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    return _save(
        path,
        nodes,
        [
            helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, ["N", 21, 3]),
            helper.make_tensor_value_info("world", TensorProto.FLOAT, ["N", 21, 3]),
            helper.make_tensor_value_info("right", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("crop", kind, ["N", side, side, 3]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", len(labels)])],
        [numpy_helper.from_array(weights, "weights")],
        {**METADATA, "livefg.labels": json.dumps(labels)},
    )


def save_identities(
    path: Path,
    people: Mapping[str, np.ndarray],
    changes: Mapping[str, str | None] | None = None,
    size: int = 128,
) -> Path:
    """A classifier of people who lie in these directions (size,): a name is as sure as `unknown` at a cosine of 0.5.

    `changes` are put into the metadata; None takes an entry out.
    """
    labels = (*people, "unknown")
    weights = np.stack([*(30 * direction for direction in people.values()), np.zeros(size)], axis=1)
    bias = np.array([*[-15.0] * len(people), 0.0], np.float32)
    nodes = [
        helper.make_node("Gemm", ["embedding", "weights", "bias"], ["cosines"]),
        helper.make_node("Unsqueeze", ["quality", "axis"], ["column"]),
        helper.make_node("Mul", ["column", "zero"], ["nothing"]),
        helper.make_node("Add", ["cosines", "nothing"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    metadata = {
        **METADATA,
        "livefg.task": "identity",
        "livefg.labels": json.dumps(labels),
        "livefg.reject_threshold": "0.9",
        "livefg.embedding_space": embedding_space(),
        **(changes or {}),
    }
    return _save(
        path,
        nodes,
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", size]),
            helper.make_tensor_value_info("quality", TensorProto.FLOAT, ["N"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", len(labels)])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "weights"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
            numpy_helper.from_array(np.zeros((1, 1), np.float32), "zero"),
        ],
        {key: value for key, value in metadata.items() if value is not None},
    )


def write_manifest(folder: Path, *files: Path, **changes: object) -> Path:
    """A manifest in `folder` that vouches for `files`; `changes` replace what every entry says."""
    entries = {
        file.stem: {
            "file": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "bytes": file.stat().st_size,
            "source": "a test",
            "licence": "Apache-2.0",
            **changes,
        }
        for file in files
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({"format": 1, "models": entries}))
    return path


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: list[onnx.TensorProto] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, constants or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path
