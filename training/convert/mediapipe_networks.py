"""The image networks of MediaPipe with the inputs and outputs that livefg gives them."""

from __future__ import annotations

import numpy as np
import onnx

from training.convert.graph_builder import GraphBuilder
from training.convert.image_lowering import ImageLowering
from training.convert.tflite_graph import read_tflite

__all__ = ["convert_face_mesh", "convert_hand_landmarks", "convert_palm_detector"]

# All three take RGB in 0..1.
_PER_GREY_LEVEL = 1 / 255


def convert_palm_detector(content: bytes) -> onnx.ModelProto:
    """2016 anchors: raw boxes with seven points, raw scores; both as the TFLite network gives them."""
    graph, (boxes, scores) = _lowered("palm_detector", content)
    graph.output("boxes", boxes, ["N", 2016, 18])
    graph.output("scores", graph.node("Squeeze", [scores, graph.integers(2)]), ["N", 2016])
    return graph.build()


def convert_hand_landmarks(content: bytes) -> onnx.ModelProto:
    """21 points in crop pixels and in metres, presence and handedness."""
    graph, (landmarks, presence, handedness, world) = _lowered("hand_landmarks", content)
    points = graph.integers(-1, 21, 3)
    graph.output("landmarks", graph.node("Reshape", [landmarks, points]), ["N", 21, 3])
    graph.output("presence", graph.node("Squeeze", [presence, graph.integers(1)]), ["N"])
    graph.output("handedness", graph.node("Squeeze", [handedness, graph.integers(1)]), ["N"])
    graph.output("world", graph.node("Reshape", [world, points]), ["N", 21, 3])
    return graph.build()


def convert_face_mesh(content: bytes) -> onnx.ModelProto:
    """478 points in crop pixels and presence; the third upstream output (tongue) is left out."""
    graph, (landmarks, presence, _) = _lowered("face_mesh", content)
    graph.output("landmarks", graph.node("Reshape", [landmarks, graph.integers(-1, 478, 3)]), ["N", 478, 3])
    flat = graph.node("Reshape", [presence, graph.integers(-1)])
    graph.output("presence", graph.node("Sigmoid", [flat]), ["N"])
    return graph.build()


def _lowered(name: str, content: bytes) -> tuple[GraphBuilder, list[str]]:
    network = read_tflite(content)
    graph = GraphBuilder(name)
    _, height, width, _ = network.tensors[network.inputs[0]].shape
    image = graph.input("image", np.uint8, ["N", height, width, 3])
    return graph, ImageLowering(network, graph, image, _PER_GREY_LEVEL).run()
