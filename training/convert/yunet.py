"""YuNet (opencv_zoo): the face detector, rewritten for pictures of any size and with its twelve heads as three."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from training.convert.graph_builder import GraphBuilder
from training.convert.picture import convolve_picture

__all__ = ["convert_yunet"]

_STRIDES = (8, 16, 32)
# What a head gives for an anchor: class score, objectness, box, five points.
_HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_COPIED = {"Conv", "Relu", "MaxPool", "Add", "Resize"}


def convert_yunet(content: bytes) -> onnx.ModelProto:
    """The shipped face detector from the bytes of opencv_zoo's `face_detection_yunet_2023mar.onnx`."""
    source = _Source(onnx.load_model_from_string(content))
    graph = GraphBuilder("face_detector")
    graph.input("image", np.uint8, ["N", "H", "W", 3])
    values = source.write_trunk(graph)
    levels = [source.write_heads(graph, values, level) for level in range(len(_STRIDES))]
    anchors = graph.node("Transpose", [graph.node("Concat", levels, axis=2)], perm=[0, 2, 1])
    parts = graph.nodes("Split", [anchors, graph.integers(*_HEADS.values())], len(_HEADS), axis=2)
    kind, presence, boxes, points = parts
    certainty = graph.node("Mul", [graph.node("Sigmoid", [kind]), graph.node("Sigmoid", [presence])])
    scores = graph.node("Squeeze", [graph.node("Sqrt", [certainty]), graph.integers(2)])
    graph.output("scores", scores, ["N", "A"])
    graph.output("boxes", boxes, ["N", "A", 4])
    graph.output("points", points, ["N", "A", 10])
    return graph.build()


class _Source:
    """The upstream graph: its constants and its nodes in order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes = list(model.graph.node)
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.image = model.graph.input[0].name
        self.maker = {output: node for node in self.nodes for output in node.output}

    def write_trunk(self, graph: GraphBuilder) -> dict[str, str]:
        """Write everything up to the heads; the new name of every upstream value."""
        values: dict[str, str] = {}
        for node in self.nodes:
            if node.op_type not in _COPIED or "bbox_head" in "".join(node.input):
                continue
            values[node.output[0]] = self._write(graph, node, values)
        return values

    def _write(self, graph: GraphBuilder, node: onnx.NodeProto, values: dict[str, str]) -> str:
        attributes: dict[str, Any] = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.input[0] == self.image:
            weights, bias = (self.constants[name] for name in node.input[1:])
            # Upstream takes BGR.
            channels_last = np.ascontiguousarray(weights[:, ::-1].transpose(0, 2, 3, 1))
            return convolve_picture(graph, "image", channels_last, bias, (2, 2), ((1, 1), (1, 1)))
        if node.op_type == "Resize":
            doubled = graph.constant(np.array([1, 1, 2, 2], np.float32))
            return graph.node(
                "Resize",
                [values[node.input[0]], "", doubled],
                mode="nearest",
                nearest_mode="floor",
                coordinate_transformation_mode="asymmetric",
            )
        inputs = [
            values[name] if name in values else graph.constant(self.constants[name]) for name in node.input
        ]
        return graph.node(node.op_type, inputs, **attributes)

    def write_heads(self, graph: GraphBuilder, values: dict[str, str], level: int) -> str:
        """The four heads of a level as one 1x1 and one channel-wise 3x3 convolution: (N, 16, anchors)."""
        chains = [self._head(head, level) for head in _HEADS]
        features = {values[point.input[0]] for point, _ in chains}
        assert len(features) == 1
        point_weights, point_bias, window_weights, window_bias = (
            graph.constant(np.concatenate([self.constants[chain[part].input[i]] for chain in chains]))
            for part, i in ((0, 1), (0, 2), (1, 1), (1, 2))
        )
        channels = sum(_HEADS.values())
        mixed = graph.node("Conv", [features.pop(), point_weights, point_bias], kernel_shape=[1, 1])
        result = graph.node(
            "Conv",
            [mixed, window_weights, window_bias],
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
            group=channels,
        )
        return graph.node("Reshape", [result, graph.integers(0, channels, -1)])

    def _head(self, head: str, level: int) -> tuple[onnx.NodeProto, onnx.NodeProto]:
        """The 1x1 and the 3x3 convolution behind the upstream output, e.g. `kps_16`."""
        node = self.maker[f"{head}_{_STRIDES[level]}"]
        while node.op_type != "Conv":
            node = self.maker[node.input[0]]
        return self.maker[node.input[0]], node
