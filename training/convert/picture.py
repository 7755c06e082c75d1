"""The first convolution of a network, fed with the uint8 picture as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from training.convert.graph_builder import GraphBuilder

__all__ = ["convolve_picture"]


def convolve_picture(
    graph: GraphBuilder,
    image: str,
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    strides: tuple[int, int],
    pads: tuple[tuple[int, int], tuple[int, int]],
    fill: float = 0.0,
) -> str:
    """Convolve the uint8 picture `image` (N, height, width, 3) and return the (N, outputs, ...) result.

    `weights` are (outputs, rows, columns, 3) with the network's input scaling folded in; `pads` are the pixels
    before and after, vertically and horizontally, which take the grey level `fill`. The picture is read as one
    plane of 3 * width columns, in which a pixel is three columns and a step of a pixel three: that is the same
    sum, and it spares turning the picture channels-first.
    """
    outputs, rows, columns, channels = weights.shape
    rows_of_bytes = graph.node("Reshape", [image, graph.integers(0, 0, -1)])
    plane = graph.node("Unsqueeze", [graph.node("Cast", [rows_of_bytes], to=1), graph.integers(1)])
    (top, bottom), (left, right) = pads
    borders = [top, left * channels, bottom, right * channels]
    if fill and any(borders):
        plane = _bordered(graph, plane, borders, fill)
        borders = [0, 0, 0, 0]
    return graph.node(
        "Conv",
        [
            plane,
            graph.constant(weights.reshape(outputs, 1, rows, columns * channels), exact=True),
            graph.constant(bias, exact=True),
        ],
        kernel_shape=[rows, columns * channels],
        strides=[strides[0], strides[1] * channels],
        pads=borders,
    )


def _bordered(graph: GraphBuilder, plane: str, borders: Sequence[int], fill: float) -> str:
    top, left, bottom, right = borders
    return graph.node(
        "Pad", [plane, graph.integers(0, 0, top, left, 0, 0, bottom, right), graph.scalar(fill)]
    )
