"""PReLU, and scaling of channels, in a form that ONNX Runtime's CPU kernels are fast at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.convert.graph_builder import GraphBuilder

__all__ = ["scale_channels", "write_prelu"]


def write_prelu(graph: GraphBuilder, value: str, slopes: npt.NDArray[np.float32]) -> str:
    """Write PReLU of a channels-first `value` with one slope a channel, as scalings of channels.

    ONNX Runtime's own PRelu leaves the blocked layout of the convolutions around it, which costs more than the
    convolutions. prelu(x) = a * x + (1 - a) * relu(x); where no slope a is above 1, the factor goes inside the
    relu, which is then part of the scaling.
    """
    rest = np.float32(1) - slopes
    if (rest >= 0).all():
        positive = graph.node("Relu", [scale_channels(graph, value, rest)])
    else:
        positive = scale_channels(graph, graph.node("Relu", [value]), rest)
    return graph.node("Add", [positive, scale_channels(graph, value, slopes)])


def scale_channels(graph: GraphBuilder, value: str, factors: npt.NDArray[np.float32]) -> str:
    """Multiply each channel of a channels-first `value` with its factor."""
    weights = graph.constant(factors.reshape(-1, 1, 1, 1), exact=True)
    return graph.node("Conv", [value, weights], kernel_shape=[1, 1], group=len(factors))
