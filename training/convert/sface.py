"""SFace (opencv_zoo): the face embedder, with its batch normalisations folded into the layers beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from training.convert.graph_builder import GraphBuilder
from training.convert.picture import convolve_picture
from training.convert.prelu import write_prelu

__all__ = ["convert_sface"]

Array = npt.NDArray[Any]
SIDE = 112
EMBEDDING = 128


def convert_sface(content: bytes, *, round_to_half: bool = True) -> onnx.ModelProto:
    """Aligned faces (N, 112, 112, 3) RGB to embeddings (N, 128) of length 1; weights stored as float16."""
    source = _Source(onnx.load_model_from_string(content))
    graph = GraphBuilder("face_embedder", round_to_half=round_to_half)
    value = graph.input("image", np.uint8, ["N", SIDE, SIDE, 3])
    # A normalisation waits here until the layer behind it takes it in.
    waiting = None
    for node in source.nodes:
        if node.op_type in {"Sub", "Mul", "Dropout"}:
            continue
        if node.op_type == "BatchNormalization":
            waiting = source.normalization(node) if source.follows_prelu(node) else None
        elif node.op_type == "Conv":
            value = _convolution(graph, source, node, value)
        elif node.op_type == "PRelu":
            value = write_prelu(graph, value, source.constants[node.input[1]].reshape(-1))
        elif node.op_type == "Flatten":
            value = graph.node("Flatten", [value])
        elif node.op_type == "Gemm":
            assert waiting is not None
            value = _dense(graph, source, node, value, waiting)
        else:
            raise NotImplementedError(f"operator {node.op_type} in SFace")
    length = graph.node("ReduceL2", [value], axes=[1])
    graph.output("embedding", graph.node("Div", [value, length]), ["N", EMBEDDING])
    return graph.build()


class _Source:
    """The upstream graph: a chain of nodes and its constants."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes: list[onnx.NodeProto] = list(model.graph.node)
        self.constants: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }

    def after(self, node: onnx.NodeProto) -> onnx.NodeProto:
        following = [other for other in self.nodes if node.output[0] in other.input]
        assert len(following) == 1
        return following[0]

    def follows_prelu(self, node: onnx.NodeProto) -> bool:
        return any(node.input[0] in other.output and other.op_type == "PRelu" for other in self.nodes)

    def normalization(self, node: onnx.NodeProto) -> tuple[Array, Array]:
        """Factor and offset by channel that a BatchNormalization comes to, float64."""
        gain, offset, mean, variance = (self.constants[name].astype(np.float64) for name in node.input[1:])
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        factor = gain / np.sqrt(variance + attributes["epsilon"])
        return factor, offset - mean * factor


def _convolution(graph: GraphBuilder, source: _Source, node: onnx.NodeProto, value: str) -> str:
    """A convolution and the normalisation behind it."""
    attributes: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    factor, offset = source.normalization(source.after(node))
    weights = source.constants[node.input[1]] * factor[:, None, None, None]
    if weights.shape[1] == 3 and attributes["group"] == 1:
        return _first_convolution(graph, source, weights, offset, value)
    return graph.node(
        "Conv",
        [
            value,
            graph.constant(weights.astype(np.float32)),
            graph.constant(offset.astype(np.float32), exact=True),
        ],
        **attributes,
    )


def _first_convolution(
    graph: GraphBuilder, source: _Source, weights: Array, offset: Array, value: str
) -> str:
    """The first one also takes in upstream's (x - mean) * scale; the border is then the mean, not zero."""
    mean, scale = (
        float(source.constants[node.input[1]].item())
        for node in source.nodes
        if node.op_type in {"Sub", "Mul"}
    )
    scaled = weights * scale
    bias = offset - mean * scaled.sum(axis=(1, 2, 3))
    return convolve_picture(
        graph,
        value,
        np.ascontiguousarray(scaled.transpose(0, 2, 3, 1)).astype(np.float32),
        bias.astype(np.float32),
        strides=(1, 1),
        pads=((1, 1), (1, 1)),
        fill=mean,
    )


def _dense(
    graph: GraphBuilder, source: _Source, node: onnx.NodeProto, value: str, before: tuple[Array, Array]
) -> str:
    """The dense layer with the normalisations before it (by channel of the 7x7 maps) and behind it."""
    weights, bias = (source.constants[name].astype(np.float64) for name in node.input[1:])
    factor, offset = source.normalization(source.after(node))
    places = weights.shape[1] // len(before[0])
    bias = (weights @ np.repeat(before[1], places) + bias) * factor + offset
    weights = weights * np.repeat(before[0], places) * factor[:, None]
    inputs = [
        value,
        graph.constant(weights.astype(np.float32)),
        graph.constant(bias.astype(np.float32), exact=True),
    ]
    return graph.node("Gemm", inputs, transB=1)
