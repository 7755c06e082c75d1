"""MediaPipe's gesture networks with what MediaPipe does to the landmarks before them.

The steps before the networks are those of `landmarks_to_matrix_calculator.cc` in MediaPipe's gesture recognizer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx

from training.convert.graph_builder import GraphBuilder
from training.convert.tflite_graph import Operation, TfliteNetwork, read_tflite

__all__ = ["CANNED_LABELS", "convert_gesture_canned", "convert_gesture_embedder"]

CANNED_LABELS = (
    "none",
    "closed_fist",
    "open_palm",
    "pointing_up",
    "thumb_down",
    "thumb_up",
    "victory",
    "i_love_you",
)
EMBEDDING = 128
_RELU = 1
# MediaPipe adds 1e-5 of the picture's longer side to a hand's size; this is that of a picture of 1000 pixels.
_SMALLEST_SIZE = 1e-2


def convert_gesture_embedder(embedder: bytes) -> onnx.ModelProto:
    """Raw landmarks to a (N, 128) embedding."""
    graph = GraphBuilder("gesture_embedder")
    graph.output("embedding", _embedding(graph, embedder), ["N", EMBEDDING])
    return graph.build()


def convert_gesture_canned(embedder: bytes, classifier: bytes) -> onnx.ModelProto:
    """Raw landmarks to (N, 8) probabilities of `CANNED_LABELS`."""
    graph = GraphBuilder("gesture_canned")
    logits = _dense_chain(graph, read_tflite(classifier), _embedding(graph, embedder))
    probabilities = graph.node("Softmax", [logits], axis=-1)
    graph.output("probabilities", probabilities, ["N", len(CANNED_LABELS)])
    return graph.build()


def _embedding(graph: GraphBuilder, content: bytes) -> str:
    """The embedder behind its inputs; of the three it uses the landmarks alone, and so does this graph."""
    landmarks = graph.input("landmarks", np.float32, ["N", 21, 3])
    graph.input("world", np.float32, ["N", 21, 3])
    graph.input("right", np.float32, ["N"])
    network = read_tflite(content)
    read = {tensor for operation in network.operations for tensor in operation.inputs}
    assert [network.tensors[i].name for i in network.inputs if i in read] == ["hand"]
    wrist = graph.node("Slice", [landmarks, graph.integers(0), graph.integers(1), graph.integers(1)])
    from_wrist = _in_units_of_size(graph, graph.node("Sub", [landmarks, wrist]), _SMALLEST_SIZE)
    palm = graph.node("Gather", [from_wrist, graph.constant(_palm_points(network))], axis=1)
    centred = graph.node("Sub", [from_wrist, graph.node("ReduceMean", [palm], axes=[1])])
    features = graph.node("Flatten", [_in_units_of_size(graph, centred, _smallest_size(network))])
    return _dense_chain(graph, network, features)


def _in_units_of_size(graph: GraphBuilder, points: str, smallest: float) -> str:
    """Points (N, 21, 3) over the longer side of their bounding box in x and y."""
    flat = graph.node("Slice", [points, graph.integers(0), graph.integers(2), graph.integers(2)])
    highest, lowest = (graph.node(kind, [flat], axes=[1]) for kind in ("ReduceMax", "ReduceMin"))
    size = graph.node("ReduceMax", [graph.node("Sub", [highest, lowest])], axes=[2])
    return graph.node("Div", [points, graph.node("Add", [size, graph.scalar(smallest)])])


def _palm_points(network: TfliteNetwork) -> npt.NDArray[np.int64]:
    gather = next(operation for operation in network.operations if operation.kind == "GATHER")
    indices = network.tensors[gather.inputs[1]].data
    assert indices is not None
    return indices.astype(np.int64)


def _smallest_size(network: TfliteNetwork) -> float:
    division = next(operation for operation in network.operations if operation.kind == "DIV")
    addition = next(
        operation for operation in network.operations if operation.outputs[0] == division.inputs[1]
    )
    smallest = network.tensors[addition.inputs[1]].data
    assert smallest is not None
    return float(smallest.item())


def _dense_chain(graph: GraphBuilder, network: TfliteNetwork, features: str) -> str:
    """The dense layers of a network with what lies between them; a softmax behind them is left out."""
    kinds = [operation.kind for operation in network.operations]
    start = min(kinds.index(kind) for kind in ("FULLY_CONNECTED", "MUL"))
    steps = [operation for operation in network.operations[start:] if operation.kind != "SOFTMAX"]
    values = {steps[0].inputs[0]: features}
    for step in steps:
        values[step.outputs[0]] = _dense_step(graph, network, step, values)
    return values[steps[-1].outputs[0]]


def _dense_step(
    graph: GraphBuilder, network: TfliteNetwork, operation: Operation, values: Mapping[int, str]
) -> str:
    inputs = []
    for tensor in operation.inputs:
        data = network.tensors[tensor].data
        inputs.append(values[tensor] if data is None else graph.constant(data))
    if operation.kind == "FULLY_CONNECTED":
        result = graph.node("Gemm", inputs, transB=1)
    else:
        result = graph.node({"ADD": "Add", "MUL": "Mul"}[operation.kind], inputs)
    return graph.node("Relu", [result]) if operation.options.FusedActivationFunction() == _RELU else result
