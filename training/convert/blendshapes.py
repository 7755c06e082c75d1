"""MediaPipe's blendshape network: an MLP-Mixer over face points, written out block by block.

The TFLite file spells layer normalisation and the mixing of points in small steps with transpositions between
them; here a normalisation is one operator, and mixing is a product from the left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx

from training.convert.graph_builder import GraphBuilder
from training.convert.tflite_graph import TfliteNetwork, read_tflite

__all__ = ["convert_blendshapes"]

FloatArray = npt.NDArray[np.float32]
POINTS = 146
BLENDSHAPES = 52
_BLOCKS = 4


def convert_blendshapes(content: bytes) -> onnx.ModelProto:
    """146 points in pixels (N, 146, 2) to 52 coefficients (N, 52) in 0..1."""
    network = read_tflite(content)
    graph = GraphBuilder("blendshapes")
    points = graph.input("points", np.float32, ["N", POINTS, 2])
    dense = _dense_layers(network)
    tokens = _tokens(network, graph, _normalized(network, graph, points), dense[:2])
    scales = _normalization_scales(network)
    epsilon = _epsilon(network)
    for block in range(_BLOCKS):
        by_token, by_channel = dense[2 + 4 * block : 4 + 4 * block], dense[4 + 4 * block : 6 + 4 * block]
        normal = _layer_normalized(graph, tokens, scales[2 * block], epsilon)
        mixed = graph.node("Relu", [_from_left(graph, normal, by_token[0])])
        tokens = graph.node("Add", [_from_left(graph, mixed, by_token[1]), tokens])
        normal = _layer_normalized(graph, tokens, scales[2 * block + 1], epsilon)
        mixed = graph.node("Relu", [_from_right(graph, normal, by_channel[0])])
        tokens = graph.node("Add", [_from_right(graph, mixed, by_channel[1]), tokens])
    answer = graph.node("Gather", [tokens, graph.constant(np.int64(0))], axis=1)
    weights, bias = (graph.constant(values) for values in dense[-1])
    logits = graph.node("Gemm", [answer, weights, bias], transB=1)
    graph.output("blendshapes", graph.node("Sigmoid", [logits]), ["N", BLENDSHAPES])
    return graph.build()


def _normalized(network: TfliteNetwork, graph: GraphBuilder, points: str) -> str:
    """Points around their mean, in units of twice their mean distance from it."""
    centred = graph.node("Sub", [points, graph.node("ReduceMean", [points], axes=[1])])
    distance = graph.node("ReduceL2", [centred], axes=[2])
    size = graph.node("ReduceMean", [distance], axes=[1])
    scalars = [data for data in _multipliers(network) if data.size == 1]
    assert len(scalars) == 1
    return graph.node("Mul", [graph.node("Div", [centred, size]), graph.scalar(float(scalars[0].item()))])


def _dense_layers(network: TfliteNetwork) -> list[tuple[FloatArray, FloatArray]]:
    """Weights (outputs, inputs) and bias of every layer in order; TFLite has them as 1x1 convolutions."""
    layers = []
    for operation in network.operations:
        if operation.kind == "CONV_2D":
            weights, bias = (network.tensors[tensor].data for tensor in operation.inputs[1:3])
            assert weights is not None
            assert bias is not None
            layers.append((weights[:, 0, 0, :], bias))
    assert len(layers) == 2 + 4 * _BLOCKS + 1
    return layers


def _normalization_scales(network: TfliteNetwork) -> list[FloatArray]:
    scales = [data for data in _multipliers(network) if data.size > 1]
    assert len(scales) == 2 * _BLOCKS
    return scales


def _multipliers(network: TfliteNetwork) -> list[FloatArray]:
    """The constants that values are multiplied by, in order."""
    factors = (network.tensors[step.inputs[1]].data for step in network.operations if step.kind == "MUL")
    return [factor for factor in factors if factor is not None]


def _epsilon(network: TfliteNetwork) -> float:
    roots = next(operation for operation in network.operations if operation.kind == "RSQRT")
    added = next(operation for operation in network.operations if operation.outputs == roots.inputs)
    epsilon = network.tensors[added.inputs[1]].data
    assert epsilon is not None
    return float(epsilon.item())


def _tokens(
    network: TfliteNetwork, graph: GraphBuilder, points: str, dense: list[tuple[FloatArray, FloatArray]]
) -> str:
    """The answer token in front of 96 mixtures of points, each 64 wide: (N, 97, 64)."""
    (mixing, mixing_bias), (widening, widening_bias) = dense
    mixtures = _from_left(graph, points, (mixing, mixing_bias))
    wide = graph.node("MatMul", [mixtures, graph.constant(np.ascontiguousarray(widening.T))])
    joined = next(operation for operation in network.operations if operation.kind == "CONCATENATION")
    token = network.tensors[joined.inputs[0]].data
    assert token is not None
    row_added = graph.node("Pad", [wide, graph.integers(0, 1, 0, 0, 0, 0)])
    rows = np.concatenate([token.reshape(1, -1), np.tile(widening_bias, (len(mixing), 1))])
    return graph.node("Add", [row_added, graph.constant(rows)])


def _layer_normalized(graph: GraphBuilder, tokens: str, scale: FloatArray, epsilon: float) -> str:
    return graph.node("LayerNormalization", [tokens, graph.constant(scale)], axis=-1, epsilon=epsilon)


def _from_left(graph: GraphBuilder, values: str, layer: tuple[FloatArray, FloatArray]) -> str:
    """A dense layer across tokens."""
    weights, bias = layer
    product = graph.node("MatMul", [graph.constant(weights), values])
    return graph.node("Add", [product, graph.constant(bias[:, None])])


def _from_right(graph: GraphBuilder, values: str, layer: tuple[FloatArray, FloatArray]) -> str:
    """A dense layer across the channels of a token."""
    weights, bias = layer
    product = graph.node("MatMul", [values, graph.constant(np.ascontiguousarray(weights.T))])
    return graph.node("Add", [product, graph.constant(bias)])
