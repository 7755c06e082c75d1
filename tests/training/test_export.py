"""The exported file says what it is and answers as torch does, or is not written."""

from pathlib import Path

import numpy as np
import pytest
import torch

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.perception.handedness import apparent_right
from livefg.recognition.gestures import GestureRecognizer
from livefg.results import Hand
from tests.training.hands import FIST, ONE, OPEN, hand, many
from training import export as exporting
from training.augment import Batch
from training.export import About, check_parity, export, probabilities, read_network, to_onnx
from training.fit import FitSettings, fit
from training.inference import still
from training.networks import GestureNetwork, NetworkShape

LABELS = ("none", "closed_fist", "pointing_up")
SAMPLES = many({"none": OPEN, "closed_fist": FIST, "pointing_up": ONE}, count=60)


def about(shape: NetworkShape) -> About:
    return About(
        labels=LABELS,
        shape=shape,
        temperature=1.5,
        reject_threshold=0.5,
        reject_reason="for a test",
        loss="cross_entropy",
        training_data="made up",
        split="none",
        licence="CC0-1.0",
        metrics={"accuracy": 1.0},
    )


def batch() -> Batch:
    return still(SAMPLES, np.array([LABELS.index(name) for name in SAMPLES.label.tolist()]))


@pytest.fixture(scope="module")
def trained() -> GestureNetwork:
    shape = NetworkShape(features=("flat", "angles"), width=32)
    settings = FitSettings(epochs=3, draws=900, batch=100, learning_rate=1e-2, averaging=0.9)
    return fit(SAMPLES, None, LABELS, shape, settings).network


@pytest.mark.parametrize("features", [("flat", "angles"), ("flat", "world"), ("angles",), ("world",)])
def test_onnx_runtime_gives_what_torch_gives(features: tuple[str, ...]) -> None:
    shape = NetworkShape(features=features, width=16)  # type: ignore[arg-type]
    network = GestureNetwork(shape, 3)
    content = to_onnx(network, about(shape))
    parity = check_parity(content, probabilities(network, 1.5, batch()), batch())
    assert parity.hands == len(SAMPLES)
    assert parity.largest_gap < 1e-5


def test_an_embedding_is_computed_inside_the_graph(tmp_path: Path) -> None:
    shape = NetworkShape(features=("flat", "embedding"), width=16)
    embedder = (Path(__file__).parents[2] / "models" / "gesture_embedder.onnx").read_bytes()
    parity = export(GestureNetwork(shape, 3), about(shape), batch(), tmp_path / "e.onnx", embedder)
    assert parity.labels_differ == 0
    assert len(Classifier.load(tmp_path / "e.onnx", "cpu").network.input_shapes) == 3


def test_the_file_drops_into_the_pipeline(tmp_path: Path, trained: GestureNetwork) -> None:
    path = tmp_path / "gesture.onnx"
    export(trained, about(trained.shape), batch(), path)
    classifier = Classifier.load(path, "cpu", task="gesture")
    assert classifier.labels == LABELS
    assert classifier.info.temperature == 1.5
    assert classifier.info.metrics == {"accuracy": 1.0}
    points = hand(FIST) + 100
    flipped = points * np.float32([-1, 1, 1]) + np.float32([400, 0, 0])
    left = Hand(1, "left", (0, 0, 1, 1), 1.0, flipped, world_landmarks=points / 1000)
    right = Hand(2, "right", (0, 0, 1, 1), 1.0, points, world_landmarks=points / 1000)
    named = GestureRecognizer(classifier)([left, right], mirrored=False)
    assert [one.gesture.name for one in named if one.gesture] == ["closed_fist", "closed_fist"]
    assert apparent_right(left, mirrored=False) == 0.0


def test_any_number_of_hands_can_be_asked_at_once(tmp_path: Path, trained: GestureNetwork) -> None:
    path = tmp_path / "g.onnx"
    export(trained, about(trained.shape), batch(), path)
    classifier = Classifier.load(path, "cpu")
    for count in (1, 2, 7):
        answer = classifier.classify(SAMPLES.landmarks[:count], SAMPLES.world[:count], SAMPLES.right[:count])
        assert answer.shape == (count, 3)
        assert answer.sum(axis=1) == pytest.approx(1.0)


def test_nothing_is_written_when_the_two_disagree(
    tmp_path: Path, trained: GestureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = probabilities(trained, 1.5, batch())
    monkeypatch.setattr(exporting, "probabilities", lambda *_: honest + np.float32(1e-4))
    with pytest.raises(LivefgError, match="ONNX Runtime disagrees with torch on 0 of 180 hands"):
        export(trained, about(trained.shape), batch(), tmp_path / "g.onnx")
    assert list(tmp_path.iterdir()) == []


def test_probabilities_that_are_no_numbers_are_a_disagreement(trained: GestureNetwork) -> None:
    honest = probabilities(trained, 1.5, batch())
    with pytest.raises(LivefgError, match="disagrees"):
        check_parity(to_onnx(trained, about(trained.shape)), honest * np.float32("nan"), batch())


def test_the_network_can_be_read_back_to_go_on_from(tmp_path: Path, trained: GestureNetwork) -> None:
    path = tmp_path / "g.onnx"
    export(trained, about(trained.shape), batch(), path)
    learned = read_network(path)
    network, labels = learned.network, learned.info.labels
    assert labels == LABELS
    expected = trained.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())


def test_a_foreign_network_cannot_be_extended(tmp_path: Path) -> None:
    canned = Path(__file__).parents[2] / "models" / "gesture_canned.onnx"
    with pytest.raises(LivefgError, match="was not made by livefg's training"):
        read_network(canned)
    (tmp_path / "torn.onnx").write_bytes(b"torn")
    with pytest.raises(LivefgError, match=r"torn\.onnx"):
        read_network(tmp_path / "torn.onnx")
