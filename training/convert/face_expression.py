"""face-api.js' expression network: its quantised weights to ONNX, looking at a face and at its mirror image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from training.convert.graph_builder import GraphBuilder

__all__ = ["EXPRESSIONS", "MEAN_COLOUR", "SIDE", "TEMPERATURE", "convert_face_expression", "read_weights"]

EXPRESSIONS = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
"""In upstream's order, which are livefg's names too."""
SIDE = 112
MEAN_COLOUR = (122.782, 117.001, 104.298)
TEMPERATURE = 2.15
"""What upstream's logits are divided by; `python -m training.expressions` measures it."""

_BLOCKS = 4
_POOL = 7

FloatArray = npt.NDArray[np.float32]


def read_weights(content: bytes, manifest: bytes) -> dict[str, FloatArray]:
    """Tensors by name from a TensorFlow.js weights file and its manifest; uint8 values are scaled back to float32."""
    weights: dict[str, FloatArray] = {}
    place = 0
    for tensor in (tensor for group in json.loads(manifest) for tensor in group["weights"]):
        count = int(np.prod(tensor["shape"]))
        quantization = tensor.get("quantization")
        stored = np.frombuffer(content, quantization["dtype"] if quantization else "<f4", count, place)
        place += stored.nbytes
        values = stored.astype(np.float32)
        if quantization:
            values = values * np.float32(quantization["scale"]) + np.float32(quantization["min"])
        weights[tensor["name"]] = values.reshape(tensor["shape"])
    assert place == len(content)
    return weights


def convert_face_expression(
    content: bytes, manifest: bytes, *, round_to_half: bool = True
) -> onnx.ModelProto:
    """Aligned faces (N, 112, 112, 3) RGB to calibrated probabilities (N, 7); weights stored as float16.

    Each face is looked at as it is and mirrored, and the logits are averaged.
    """
    weights = read_weights(content, manifest)
    graph = GraphBuilder("expression", round_to_half=round_to_half)
    image = graph.input("image", np.uint8, ["N", SIDE, SIDE, 3])
    axis, start, end = graph.integers(2), graph.integers(-1), graph.integers(np.iinfo(np.int64).min)
    mirrored = graph.node("Slice", [image, start, end, axis, graph.integers(-1)])
    both = graph.node("Concat", [image, mirrored], axis=0)
    pixels = graph.node("Transpose", [graph.node("Cast", [both], to=1)], perm=[0, 3, 1, 2])
    mean = graph.constant(np.array(MEAN_COLOUR, np.float32).reshape(1, 3, 1, 1))
    value = graph.node("Sub", [pixels, mean])
    for number in range(_BLOCKS):
        value = _dense_block(graph, _part_of(weights, f"dense{number}/"), value, first=number == 0)
    pooled = graph.node("AveragePool", [value], kernel_shape=[_POOL, _POOL], strides=[2, 2])
    features = graph.node("Flatten", [pooled])
    dense = graph.constant(weights["fc/weights"])
    logits = graph.node("Gemm", [features, dense, graph.constant(weights["fc/bias"], exact=True)])
    views = graph.node("Reshape", [logits, graph.integers(2, -1, len(EXPRESSIONS))])
    mean_logits = graph.node("ReduceMean", [views], axes=[0], keepdims=0)
    calibrated = graph.node("Div", [mean_logits, graph.scalar(TEMPERATURE)])
    graph.output("probabilities", graph.node("Softmax", [calibrated], axis=-1), ["N", len(EXPRESSIONS)])
    return graph.build()


def _part_of(weights: Mapping[str, FloatArray], prefix: str) -> dict[str, FloatArray]:
    return {name.removeprefix(prefix): values for name, values in weights.items() if name.startswith(prefix)}


def _dense_block(graph: GraphBuilder, weights: Mapping[str, FloatArray], value: str, *, first: bool) -> str:
    """Four convolutions, each fed with the sum of those before it; the first halves width and height."""
    if first:
        # The scaling of colours to 0..1 is taken in by the very first filters.
        value = _convolution(
            graph, weights["conv0/filters"] / np.float32(255), weights["conv0/bias"], value, stride=2
        )
    else:
        value = _separable(graph, _part_of(weights, "conv0/"), value, stride=2)
    total = graph.node("Relu", [value])
    hidden = total
    for number in (1, 2, 3):
        added = _separable(graph, _part_of(weights, f"conv{number}/"), hidden)
        total = graph.node("Add", [total, added])
        hidden = graph.node("Relu", [total])
    return hidden


def _separable(graph: GraphBuilder, weights: Mapping[str, FloatArray], value: str, stride: int = 1) -> str:
    by_channel = weights["depthwise_filter"].transpose(0, 1, 3, 2)
    value = _convolution(graph, by_channel, None, value, stride=stride, group=by_channel.shape[3])
    return _convolution(graph, weights["pointwise_filter"], weights["bias"], value)


def _convolution(
    graph: GraphBuilder,
    filters: FloatArray,
    bias: FloatArray | None,
    value: str,
    stride: int = 1,
    group: int = 1,
) -> str:
    """A convolution with filters (rows, columns, inputs, outputs) that keeps the size, or halves an even one."""
    side = filters.shape[0]
    attributes: dict[str, Any] = {"strides": [stride, stride], "kernel_shape": [side, side], "group": group}
    # TensorFlow's `same`: a halved picture gets its border below and to the right only.
    before, after = (side // 2, side // 2) if stride == 1 else (0, side - stride)
    inputs = [value, graph.constant(np.ascontiguousarray(filters.transpose(3, 2, 0, 1), np.float32))]
    if bias is not None:
        inputs.append(graph.constant(bias, exact=True))
    return graph.node("Conv", inputs, pads=[before, before, after, after], **attributes)
