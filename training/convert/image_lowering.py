"""Lowers TFLite image networks to ONNX in channels-first layout, which ONNX Runtime's CPU kernels are made for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from training.convert.graph_builder import GraphBuilder
from training.convert.picture import convolve_picture
from training.convert.prelu import scale_channels, write_prelu
from training.convert.tflite_graph import Operation, TfliteNetwork

__all__ = ["ImageLowering"]

FloatArray = npt.NDArray[np.float32]
Pads = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Value:
    """An ONNX value: its name, and whether it is a 4-D tensor in channels-first layout."""

    name: str
    channels_first: bool


class ImageLowering:
    """Writes a TFLite image network into a graph; `run` returns its outputs in TFLite's order and layout.

    The graph's picture is uint8 (N, height, width, 3); `scale` (network units per grey level) goes into the
    weights of the first convolution.
    """

    def __init__(self, network: TfliteNetwork, graph: GraphBuilder, image: str, scale: float) -> None:
        self._network = network
        self._graph = graph
        self._scale = scale
        self._image = network.inputs[0]
        self._values: dict[int, _Value] = {self._image: _Value(image, channels_first=False)}
        self._resized: dict[int, tuple[int, Operation]] = {}

    def run(self) -> list[str]:
        """Write every operation; the names of the outputs."""
        for operation in self._network.operations:
            lower = getattr(self, f"_{operation.kind.lower()}", None)
            if lower is None:
                raise NotImplementedError(f"TFLite operation {operation.kind} in an image network")
            lower(operation)
        return [self._channels_last(output) for output in self._network.outputs]

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return self._network.tensors[tensor].shape

    def _constant(self, tensor: int) -> npt.NDArray[Any]:
        data = self._network.tensors[tensor].data
        assert data is not None, f"tensor {tensor} is not a constant"
        return data

    def _set(self, operation: Operation, name: str, *, channels_first: bool) -> None:
        self._values[operation.outputs[0]] = _Value(name, channels_first)

    def _channels_last(self, tensor: int) -> str:
        """Name of `tensor` in TFLite's own layout."""
        value = self._values[tensor]
        if not value.channels_first:
            return value.name
        _, height, width, channels = self._shape(tensor)
        if height == width == 1:
            return self._graph.node("Reshape", [value.name, self._graph.integers(-1, 1, 1, channels)])
        return self._graph.node("Transpose", [value.name], perm=[0, 2, 3, 1])

    def _activated(self, name: str, activation: int) -> str:
        if activation == tflite.ActivationFunctionType.NONE:
            return name
        assert activation == tflite.ActivationFunctionType.RELU6
        return self._graph.node("Clip", [name, self._graph.scalar(0), self._graph.scalar(6)])

    def _conv_2d(self, operation: Operation) -> None:
        weights = self._constant(operation.inputs[1])
        if operation.inputs[0] == self._image:
            self._first_convolution(operation, weights)
        elif operation.inputs[0] in self._resized:
            self._convolution_before_resize(operation, weights)
        else:
            self._convolution(operation, weights.transpose(0, 3, 1, 2), groups=1)

    def _depthwise_conv_2d(self, operation: Operation) -> None:
        weights = self._constant(operation.inputs[1])
        self._convolution(
            operation, weights.transpose(3, 0, 1, 2), groups=self._shape(operation.inputs[0])[3]
        )

    def _first_convolution(self, operation: Operation, weights: FloatArray) -> None:
        """A convolution of the picture itself, see the class."""
        image = self._values[self._image]
        options = operation.options
        result = convolve_picture(
            self._graph,
            image.name,
            weights * np.float32(self._scale),
            self._constant(operation.inputs[2]),
            (options.StrideH(), options.StrideW()),
            self._pads(operation, weights.shape[1:3]),
        )
        self._set(operation, self._activated(result, options.FusedActivationFunction()), channels_first=True)

    def _convolution(self, operation: Operation, weights: FloatArray, groups: int) -> None:
        source = self._values[operation.inputs[0]]
        rows, columns = weights.shape[2:]
        options = operation.options
        assert options.DilationHFactor() == options.DilationWFactor() == 1
        pads = self._pads(operation, (rows, columns))
        result = self._graph.node(
            "Conv",
            [source.name, self._graph.constant(weights), self._bias(operation)],
            kernel_shape=[rows, columns],
            strides=[options.StrideH(), options.StrideW()],
            group=groups,
            pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        )
        self._set(operation, self._activated(result, options.FusedActivationFunction()), channels_first=True)

    def _convolution_before_resize(self, operation: Operation, weights: FloatArray) -> None:
        """A 1x1 convolution of an enlarged tensor: the same as enlarging its result, at a quarter of the work."""
        source, resize = self._resized[operation.inputs[0]]
        options = operation.options
        assert weights.shape[1:3] == (1, 1)
        assert options.FusedActivationFunction() == tflite.ActivationFunctionType.NONE
        result = self._graph.node(
            "Conv",
            [
                self._values[source].name,
                self._graph.constant(weights.transpose(0, 3, 1, 2)),
                self._bias(operation),
            ],
            kernel_shape=[1, 1],
        )
        self._set(operation, self._enlarged(result, resize), channels_first=True)

    def _bias(self, operation: Operation) -> str:
        return self._graph.constant(self._constant(operation.inputs[2]).reshape(-1))

    def _pads(self, operation: Operation, kernel: tuple[int, int]) -> Pads:
        """Zeros before and after, by axis, that TFLite's padding scheme asks for."""
        options = operation.options
        if options.Padding() == tflite.Padding.VALID:
            return (0, 0), (0, 0)
        sizes = self._shape(operation.inputs[0])[1:3]
        pads = []
        for size, window, stride in zip(sizes, kernel, (options.StrideH(), options.StrideW()), strict=True):
            total = max((-(-size // stride) - 1) * stride + window - size, 0)
            pads.append((total // 2, total - total // 2))
        return pads[0], pads[1]

    def _prelu(self, operation: Operation) -> None:
        source = self._values[operation.inputs[0]].name
        slopes = self._constant(operation.inputs[1]).reshape(-1)
        self._set(operation, write_prelu(self._graph, source, slopes), channels_first=True)

    def _logistic(self, operation: Operation) -> None:
        source = self._values[operation.inputs[0]]
        self._set(operation, self._graph.node("Sigmoid", [source.name]), channels_first=source.channels_first)

    def _add(self, operation: Operation) -> None:
        total = self._graph.node("Add", [self._values[tensor].name for tensor in operation.inputs])
        self._set(
            operation,
            self._activated(total, operation.options.FusedActivationFunction()),
            channels_first=True,
        )

    def _max_pool_2d(self, operation: Operation) -> None:
        options = operation.options
        kernel = (options.FilterHeight(), options.FilterWidth())
        pads = self._pads(operation, kernel)
        result = self._graph.node(
            "MaxPool",
            [self._values[operation.inputs[0]].name],
            kernel_shape=list(kernel),
            strides=[options.StrideH(), options.StrideW()],
            pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        )
        self._set(operation, result, channels_first=True)

    def _pad(self, operation: Operation) -> None:
        """As many channels of zeros as there are: zeros made in the blocked layout, which Pad would leave."""
        source = self._values[operation.inputs[0]].name
        amounts = self._constant(operation.inputs[1])
        channels = self._shape(operation.inputs[0])[3]
        assert amounts.tolist() == [[0, 0], [0, 0], [0, 0], [0, channels]]
        zeros = scale_channels(self._graph, source, np.zeros(channels, np.float32))
        self._set(operation, self._graph.node("Concat", [source, zeros], axis=1), channels_first=True)

    def _resize_bilinear(self, operation: Operation) -> None:
        """Waits for the 1x1 convolutions that read the enlarged tensor."""
        output = operation.outputs[0]
        readers = self._network.readers(output)
        assert all(reader.kind == "CONV_2D" and reader.inputs[0] == output for reader in readers)
        self._resized[output] = operation.inputs[0], operation

    def _enlarged(self, name: str, resize: Operation) -> str:
        old, new = self._shape(resize.inputs[0]), self._shape(resize.outputs[0])
        assert resize.options.HalfPixelCenters()
        scales = np.array([1, 1, new[1] / old[1], new[2] / old[2]], np.float32)
        return self._graph.node(
            "Resize",
            [name, "", self._graph.constant(scales)],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )

    def _reshape(self, operation: Operation) -> None:
        source = self._channels_last(operation.inputs[0])
        target = self._graph.integers(-1, *self._shape(operation.outputs[0])[1:])
        self._set(operation, self._graph.node("Reshape", [source, target]), channels_first=False)

    def _concatenation(self, operation: Operation) -> None:
        sources = [self._channels_last(tensor) for tensor in operation.inputs]
        axis = operation.options.Axis()
        self._set(operation, self._graph.node("Concat", sources, axis=axis), channels_first=False)

    def _mean(self, operation: Operation) -> None:
        assert sorted(self._constant(operation.inputs[1]).reshape(-1).tolist()) == [1, 2]
        pooled = self._graph.node("GlobalAveragePool", [self._values[operation.inputs[0]].name])
        assert not operation.options.KeepDims()
        self._set(operation, self._graph.node("Flatten", [pooled]), channels_first=False)

    def _fully_connected(self, operation: Operation) -> None:
        weights = self._graph.constant(self._constant(operation.inputs[1]))
        source = self._values[operation.inputs[0]].name
        result = self._graph.node("Gemm", [source, weights, self._bias(operation)], transB=1)
        activated = self._activated(result, operation.options.FusedActivationFunction())
        self._set(operation, activated, channels_first=False)
