"""The networks in `models/` are what the manifest says, and answer as the rest of livefg relies on."""

import hashlib
import json
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from livefg.paths import shipped_models_dir
from livefg.results import Frame

MODELS = shipped_models_dir()
MANIFEST: dict[str, Any] = json.loads((MODELS / "manifest.json").read_text())["models"]

IMAGE = ["N", "H", "W", 3]
HAND = {"landmarks": ["N", 21, 3], "world": ["N", 21, 3], "right": ["N"]}
CONTRACT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "palm_detector": ({"image": ["N", 192, 192, 3]}, {"boxes": ["N", 2016, 18], "scores": ["N", 2016]}),
    "palm_detector_lite": ({"image": ["N", 192, 192, 3]}, {"boxes": ["N", 2016, 18], "scores": ["N", 2016]}),
    "hand_landmarks": (
        {"image": ["N", 224, 224, 3]},
        {"landmarks": ["N", 21, 3], "presence": ["N"], "handedness": ["N"], "world": ["N", 21, 3]},
    ),
    "hand_landmarks_lite": (
        {"image": ["N", 224, 224, 3]},
        {"landmarks": ["N", 21, 3], "presence": ["N"], "handedness": ["N"], "world": ["N", 21, 3]},
    ),
    "face_mesh": ({"image": ["N", 256, 256, 3]}, {"landmarks": ["N", 478, 3], "presence": ["N"]}),
    "blendshapes": ({"points": ["N", 146, 2]}, {"blendshapes": ["N", 52]}),
    "face_detector": (
        {"image": IMAGE},
        {"scores": ["N", "A"], "boxes": ["N", "A", 4], "points": ["N", "A", 10]},
    ),
    "gesture_embedder": (HAND, {"embedding": ["N", 128]}),
    "gesture_canned": (HAND, {"probabilities": ["N", 8]}),
    "face_embedder": ({"image": ["N", 112, 112, 3]}, {"embedding": ["N", 128]}),
}


def run(name: str, *inputs: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(MODELS / f"{name}.onnx", providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return list(session.run(None, dict(zip(names, inputs, strict=True))))


def noise(count: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), np.uint8)


def some_hands(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    points = random.normal(0, 60, (count, 21, 3)).astype(np.float32) + 300
    return points, points / 1000, random.uniform(0, 1, count).astype(np.float32)


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_listed_file_is_the_one_that_the_manifest_describes(name: str) -> None:
    entry = MANIFEST[name]
    content = (MODELS / entry["file"]).read_bytes()
    assert len(content) == entry["bytes"]
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    graph = onnx.load_model_from_string(content).graph
    assert [value.name for value in graph.input] == [value["name"] for value in entry["inputs"]]
    assert [value.name for value in graph.output] == [value["name"] for value in entry["outputs"]]
    assert entry["licence"]
    assert entry["source"]


@pytest.mark.parametrize("name", sorted(MANIFEST))
def test_a_listed_network_has_a_card_that_speaks_of_this_very_file(name: str) -> None:
    card = (MODELS / MANIFEST[name]["card"]).read_text()
    assert MANIFEST[name]["sha256"] in card
    assert MANIFEST[name]["licence"] in card
    assert "limits" in card


def test_every_network_in_the_folder_is_listed() -> None:
    assert {path.name for path in MODELS.glob("*.onnx")} == {entry["file"] for entry in MANIFEST.values()}


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_a_converted_network_is_as_close_to_upstream_as_it_must_be(name: str) -> None:
    parity = MANIFEST[name]["parity"]
    assert set(parity["max_abs"]) == set(CONTRACT[name][1])
    assert max(parity["max_abs"].values()) <= parity["tolerance"] <= 5e-3
    assert len(MANIFEST[name]["source_sha256"]) == 64


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_inputs_and_outputs_have_the_names_and_shapes_that_livefg_relies_on(name: str) -> None:
    model = onnx.load(MODELS / f"{name}.onnx")
    inputs, outputs = (
        {
            value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
            for value in values
        }
        for values in (model.graph.input, model.graph.output)
    )
    assert (inputs, outputs) == CONTRACT[name]
    assert model.opset_import[0].version >= 17


@pytest.mark.parametrize("name", sorted(name for name in CONTRACT if "image" in CONTRACT[name][0]))
def test_pictures_in_a_batch_are_answered_as_they_are_alone(name: str) -> None:
    _, height, width, _ = CONTRACT[name][0]["image"]
    pictures = noise(3, height if isinstance(height, int) else 96, width if isinstance(width, int) else 160)
    together = run(name, pictures)
    alone = run(name, pictures[1:2])
    for batch, single in zip(together, alone, strict=True):
        assert len(batch) == 3
        np.testing.assert_allclose(batch[1], single[0], atol=2e-3)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (96, 160), (224, 64)])
def test_the_face_detector_has_an_anchor_for_every_cell_of_three_grids(height: int, width: int) -> None:
    scores, boxes, points = run("face_detector", noise(1, height, width))
    anchors = sum((height // stride) * (width // stride) for stride in (8, 16, 32))
    assert scores.shape == (1, anchors)
    assert boxes.shape == (1, anchors, 4)
    assert points.shape == (1, anchors, 10)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_the_face_detector_sees_the_face_in_the_demo_clip(
    demo_frames: list[Frame], demo_truth: list[dict[str, Any]]
) -> None:
    scores, boxes, _ = run("face_detector", demo_frames[0].image[None])
    best = int(scores[0].argmax())
    assert scores[0, best] > 0.8
    stride, first = next((s, f) for s, f in ((32, 6000), (16, 4800), (8, 0)) if best >= f)
    row, column = divmod(best - first, 640 // stride)
    x, y = (np.array([column, row]) + boxes[0, best, :2]) * stride
    left, top, right, bottom = demo_truth[0]["face"]
    assert left < x < right
    assert top < y < bottom


def test_face_embeddings_have_length_one() -> None:
    (embeddings,) = run("face_embedder", noise(2, 112, 112))
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_gesture_probabilities_sum_to_one() -> None:
    (probabilities,) = run("gesture_canned", *some_hands(4))
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["gesture_embedder", "gesture_canned"])
def test_a_gesture_does_not_depend_on_where_a_hand_is_and_how_large(name: str) -> None:
    landmarks, world, right = some_hands(4)
    (here,) = run(name, landmarks, world, right)
    (there,) = run(name, landmarks * 3 + np.float32(250), world, right)
    np.testing.assert_allclose(here, there, atol=1e-3)


def test_blendshapes_do_not_depend_on_where_a_face_is_and_how_large() -> None:
    points = np.random.default_rng(3).normal(0, 50, (2, 146, 2)).astype(np.float32)
    (here,) = run("blendshapes", points)
    (there,) = run("blendshapes", points * 2 + np.float32(300))
    np.testing.assert_allclose(here, there, atol=1e-3)
    assert ((here >= 0) & (here <= 1)).all()


def test_weights_take_half_the_space_wherever_that_costs_nothing() -> None:
    for name in ("hand_landmarks", "face_mesh", "face_embedder"):
        tensors = onnx.load(MODELS / f"{name}.onnx").graph.initializer
        halves = sum(len(t.raw_data) for t in tensors if t.data_type == onnx.TensorProto.FLOAT16)
        assert halves > 0.95 * sum(len(t.raw_data) for t in tensors)
