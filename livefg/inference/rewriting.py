"""The same network in a form that suits an accelerator better than the CPU it was shaped for.

Needs the package `onnx`, which `livefg[cuda]` brings; without it networks run on accelerators as they are.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np

__all__ = ["can_rewrite", "in_half_precision", "with_prelu"]

_FLOAT = 1  # onnx.TensorProto.FLOAT
_ROUNDING = 1e-3  # stored as float16, the two factors of a channel add up to 1 within this


def can_rewrite() -> bool:
    """Whether the package that this takes is installed."""
    return importlib.util.find_spec("onnx") is not None


def with_prelu(content: bytes) -> bytes:
    """The network with its constants in float32 and PReLU as one operation, where it is spelled as two convolutions.

    That spelling keeps the layout of ONNX Runtime's CPU kernels; anywhere else it costs two more passes over memory.
    """
    onnx = importlib.import_module("onnx")
    model = onnx.load_from_string(content)
    graph = model.graph
    constants = _float_constants(onnx, graph)
    makers = {name: node for node in graph.node for name in node.output}
    users: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            users[name] = users.get(name, 0) + 1
    for node in list(graph.node):
        found = _prelu(node, makers, constants)
        if found is None:
            continue
        value, slopes, parts = found
        slope_name = f"{node.output[0]}_slopes"
        graph.initializer.append(onnx.numpy_helper.from_array(slopes.reshape(-1, 1, 1), slope_name))
        node.op_type = "PRelu"
        node.name = f"{node.output[0]}_prelu"
        node.ClearField("attribute")
        node.input[:] = [value, slope_name]
        for part in parts:
            if users[part.output[0]] == 1:
                graph.node.remove(part)
    _drop_unused(graph)
    return bytes(model.SerializeToString())


def in_half_precision(content: bytes) -> bytes:
    """The network computing in float16, with the inputs and outputs that it had.

    Raises ValueError if it cannot be converted.
    """
    onnx = importlib.import_module("onnx")
    # Part of ONNX Runtime and kept in step with its operators.
    float16 = importlib.import_module("onnxruntime.transformers.float16")
    model = onnx.load_from_string(content)
    _float_constants(onnx, model.graph)
    _unshare_constants(model.graph)
    _drop_unused(model.graph)
    try:
        halved = float16.convert_float_to_float16(model, keep_io_types=True)
    except Exception as error:  # whatever it trips over, the network stays as it is
        raise ValueError(str(error)) from error
    for number, node in enumerate(halved.graph.node):
        node.name = f"node_{number}"  # some that the converter adds share a name, which ONNX Runtime refuses
    return bytes(halved.SerializeToString())


def _float_constants(onnx: Any, graph: Any) -> dict[str, Any]:
    """The constants of the graph by name; those stored as float16 become float32, and their conversions go."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in list(graph.node):
        if node.op_type != "Cast" or node.input[0] not in constants or _cast_to(node) != _FLOAT:
            continue
        values = onnx.numpy_helper.to_array(constants[node.input[0]]).astype(np.float32)
        tensor = onnx.numpy_helper.from_array(values, node.output[0])
        graph.initializer.append(tensor)
        constants[tensor.name] = tensor
        graph.node.remove(node)
    return {name: onnx.numpy_helper.to_array(tensor) for name, tensor in constants.items()}


def _cast_to(node: Any) -> int:
    return next((int(attribute.i) for attribute in node.attribute if attribute.name == "to"), 0)


def _prelu(add: Any, makers: dict[str, Any], constants: dict[str, Any]) -> tuple[str, Any, list[Any]] | None:
    """The value, the slopes (channels,) and the operations that a sum writes PReLU with; None if it is another sum."""
    if add.op_type != "Add":
        return None
    for first, second in ((add.input[0], add.input[1]), (add.input[1], add.input[0])):
        positive, negative = makers.get(first), makers.get(second)
        slopes = _scaling(negative, constants)
        if slopes is None or positive is None or negative is None:
            continue
        inner = makers.get(positive.input[0])
        if inner is None:
            continue
        # rest * relu(x) or, with the factor inside, relu(rest * x)
        scaled, relu = (inner, positive) if positive.op_type == "Relu" else (positive, inner)
        rest = _scaling(scaled, constants)
        if relu.op_type != "Relu" or rest is None:
            continue
        value = relu.input[0] if scaled is positive else scaled.input[0]
        if value == negative.input[0] and np.allclose(rest + slopes, 1, atol=_ROUNDING):
            return value, slopes, [negative, positive, inner]
    return None


def _scaling(node: Any, constants: dict[str, Any]) -> Any:
    """The factors (channels,) of a convolution that only scales its channels, else None."""
    if node is None or node.op_type != "Conv" or len(node.input) != 2:
        return None
    weights = constants.get(node.input[1])
    group = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    if weights is None or weights.shape[1:] != (1, 1, 1) or group != len(weights):
        return None
    return weights.reshape(-1)


def _unshare_constants(graph: Any) -> None:
    """Give each use of a constant its own copy: the converter writes some operations twice where two share one."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    used: set[str] = set()
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in used and name in constants:
                copy = graph.initializer.add()
                copy.CopyFrom(constants[name])
                copy.name = node.input[place] = f"{name}_of_{node.output[0]}_{place}"
            used.add(name)


def _drop_unused(graph: Any) -> None:
    """Leave out constants that nothing reads any more."""
    read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    for tensor in list(graph.initializer):
        if tensor.name not in read:
            graph.initializer.remove(tensor)
