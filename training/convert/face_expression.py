"""face-api.js' expression network: its quantised weights to ONNX, looking at a face and at its mirror image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from training.convert.graph_builder import GraphBuilder

__all__ = [
    "EXPRESSIONS",
    "LOOK",
    "MEAN_COLOUR",
    "SIDE",
    "TEMPERATURE",
    "Look",
    "convert_face_expression",
    "read_weights",
]

FloatArray = npt.NDArray[np.float32]

EXPRESSIONS = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
"""In upstream's order, which are livefg's names too."""
SIDE = 112
MEAN_COLOUR = (122.782, 117.001, 104.298)
TEMPERATURE = 2.13
"""What upstream's logits are divided by; `python -m training.expressions` measures it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are made alike before the network sees them, so that it sees small, blurred and dark faces better.

    Grey levels (0..255) are brought to a mean of `level` and a standard deviation of `contrast`, with at most
    `most_gain`. Then what a Gaussian blur of `sigma` pixels takes away is added up to `most_sharpening` times, as far
    as it is less than the share `detail` of all contrast.
    """

    level: float = 125.0
    contrast: float = 50.0
    most_gain: float = 5.0
    detail: float = 0.35
    most_sharpening: float = 1.5
    sigma: float = 3.0
    radius: int = 9

    def gaussian(self) -> FloatArray:
        """The blur along one axis, (2 * radius + 1,), with sum 1."""
        places = np.arange(-self.radius, self.radius + 1)
        weights = np.exp(-(places**2) / (2 * self.sigma**2))
        return np.asarray(weights / weights.sum(), np.float32)


LOOK = Look()

_BLOCKS = 4
_POOL = 7


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

    Faces are made alike in brightness, contrast and sharpness; each is looked at as it is and mirrored, and the logits
    are averaged.
    """
    weights = read_weights(content, manifest)
    graph = GraphBuilder("expression", round_to_half=round_to_half)
    image = graph.input("image", np.uint8, ["N", SIDE, SIDE, 3])
    pixels = graph.node("Transpose", [graph.node("Cast", [image], to=1)], perm=[0, 3, 1, 2])
    even = _sharpened(graph, _levelled(graph, pixels))
    start, end = graph.integers(-1), graph.integers(np.iinfo(np.int64).min)
    mirrored = graph.node("Slice", [even, start, end, graph.integers(3), graph.integers(-1)])
    both = graph.node("Concat", [even, mirrored], axis=0)
    mean = graph.constant(np.array(MEAN_COLOUR, np.float32).reshape(1, 3, 1, 1))
    value = graph.node("Sub", [both, mean])
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


def _levelled(graph: GraphBuilder, pixels: str) -> str:
    """Pixels (N, 3, height, width) with the usual brightness and contrast."""
    centred = graph.node("Sub", [pixels, _mean(graph, pixels)])
    contrast = graph.node("Max", [_deviation(graph, pixels), graph.scalar(1)])
    wanted = graph.node("Div", [graph.scalar(LOOK.contrast), contrast])
    gain = graph.node("Min", [wanted, graph.scalar(LOOK.most_gain)])
    level = graph.scalar(LOOK.level)
    return _clipped(graph, graph.node("Add", [graph.node("Mul", [centred, gain]), level]), 0, 255)


def _sharpened(graph: GraphBuilder, pixels: str) -> str:
    """The same with as much detail as a sharp picture has, as far as it can be had."""
    radius, weights = LOOK.radius, LOOK.gaussian()
    border = graph.integers(0, 0, radius, radius, 0, 0, radius, radius)
    blurred = graph.node("Pad", [pixels, border], mode="reflect")
    for shape in ((3, 1, len(weights), 1), (3, 1, 1, len(weights))):
        line = np.broadcast_to(weights.reshape(shape[2:]), shape)
        blurred = graph.node("Conv", [blurred, graph.constant(line, exact=True)], group=3)
    detail = graph.node("Sub", [pixels, blurred])
    grey, grey_detail = (graph.node("ReduceMean", [one], axes=[1]) for one in (pixels, detail))
    contrast, fine = _deviation(graph, grey), _deviation(graph, grey_detail)
    wanted = graph.node("Mul", [graph.node("Max", [contrast, graph.scalar(1)]), graph.scalar(LOOK.detail)])
    lacking = graph.node("Div", [wanted, graph.node("Max", [fine, graph.scalar(1e-3)])])
    more = _clipped(graph, graph.node("Sub", [lacking, graph.scalar(1)]), 0, LOOK.most_sharpening)
    return _clipped(graph, graph.node("Add", [pixels, graph.node("Mul", [detail, more])]), 0, 255)


def _mean(graph: GraphBuilder, value: str) -> str:
    return graph.node("ReduceMean", [value], axes=[1, 2, 3])


def _deviation(graph: GraphBuilder, value: str) -> str:
    """The standard deviation over each picture."""
    centred = graph.node("Sub", [value, _mean(graph, value)])
    return graph.node("Sqrt", [_mean(graph, graph.node("Mul", [centred, centred]))])


def _clipped(graph: GraphBuilder, value: str, low: float, high: float) -> str:
    return graph.node("Clip", [value, graph.scalar(low), graph.scalar(high)])


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
