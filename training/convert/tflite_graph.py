"""Reads a TFLite file into plain values: tensors, operations in order, inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

__all__ = ["Operation", "Tensor", "TfliteNetwork", "read_tflite"]

_KINDS = {number: kind for kind, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}
_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
_OPTIONS = {
    "ADD": tflite.AddOptions,
    "CONCATENATION": tflite.ConcatenationOptions,
    "CONV_2D": tflite.Conv2DOptions,
    "DEPTHWISE_CONV_2D": tflite.DepthwiseConv2DOptions,
    "FULLY_CONNECTED": tflite.FullyConnectedOptions,
    "MAX_POOL_2D": tflite.Pool2DOptions,
    "MEAN": tflite.ReducerOptions,
    "MUL": tflite.MulOptions,
    "RESIZE_BILINEAR": tflite.ResizeBilinearOptions,
}


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A value of the network: its name, static shape (batch of 1), and its data if it is a constant."""

    name: str
    shape: tuple[int, ...]
    data: npt.NDArray[Any] | None


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One step: what kind (TFLite's name), the tensor indices it reads and writes, and its flatbuffer options."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any


@dataclass(frozen=True, slots=True, eq=False)
class TfliteNetwork:
    """A whole network; float16 weights are already float32 constants."""

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def readers(self, tensor: int) -> list[Operation]:
        """The operations that read `tensor`."""
        return [operation for operation in self.operations if tensor in operation.inputs]


def read_tflite(content: bytes) -> TfliteNetwork:
    """Parse the first subgraph of a TFLite file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    tensors = [_tensor(model, graph.Tensors(i)) for i in range(graph.TensorsLength())]
    operations = []
    for i in range(graph.OperatorsLength()):
        operation = _operation(model, graph.Operators(i))
        source = tensors[operation.inputs[0]].data
        if operation.kind == "DEQUANTIZE" and source is not None:
            target = operation.outputs[0]
            tensors[target] = Tensor(tensors[target].name, tensors[target].shape, source.astype(np.float32))
        else:
            operations.append(operation)
    return TfliteNetwork(
        tuple(tensors),
        tuple(operations),
        tuple(int(i) for i in graph.InputsAsNumpy()),
        tuple(int(i) for i in graph.OutputsAsNumpy()),
    )


def _tensor(model: Any, tensor: Any) -> Tensor:
    shape = tuple(int(size) for size in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()
    buffer = model.Buffers(tensor.Buffer())
    data = None
    if buffer is not None and buffer.DataLength():
        data = np.frombuffer(buffer.DataAsNumpy().tobytes(), _DTYPES[tensor.Type()]).reshape(shape)
    return Tensor(tensor.Name().decode(), shape, data)


def _operation(model: Any, operator: Any) -> Operation:
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Old files hold the number in the deprecated field, new ones in both.
    kind = _KINDS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
    options = None
    if kind in _OPTIONS and operator.BuiltinOptions() is not None:
        options = _OPTIONS[kind]()
        options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
    return Operation(
        kind,
        tuple(int(i) for i in operator.InputsAsNumpy()),
        tuple(int(i) for i in operator.OutputsAsNumpy()),
        options,
    )
