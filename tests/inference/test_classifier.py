"""A classifier keeps its contract or is refused; its answers can be "not sure"."""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx_files import LABELS, save_classifier, save_doubler

from livefg import LivefgError
from livefg.inference import Classifier, Manifest, Network
from livefg.inference.classifier import is_gesture


def logits(*probabilities: float) -> np.ndarray:
    """The input [1, 7] for which the test classifier gives these probabilities and shares out the rest."""
    rest = (1 - sum(probabilities)) / (len(LABELS) - len(probabilities))
    row = [*probabilities, *[rest] * (len(LABELS) - len(probabilities))]
    return np.log(np.array([row], np.float32))


@pytest.fixture
def gestures(tmp_path: Path) -> Classifier:
    return Classifier.load(save_classifier(tmp_path / "gestures.onnx"), "cpu")


def test_it_tells_what_it_is_from_its_file_alone(gestures: Classifier) -> None:
    assert gestures.labels == LABELS
    assert gestures.info.task == "gesture"
    assert gestures.info.reject_threshold == 0.5
    assert gestures.info.metrics == {"accuracy": 0.9}
    assert gestures.info.created.isoformat() == "2026-01-31"
    json.dumps(gestures.info.to_dict())


def test_its_answer_is_the_best_label_with_all_scores_highest_first(gestures: Classifier) -> None:
    (answer,) = gestures(logits(0.05, 0.7, 0.1, 0.08, 0.04))
    assert answer.name == "fist"
    assert answer.confidence == pytest.approx(0.7, abs=1e-5)
    assert list(answer.scores)[:3] == ["fist", "palm", "point"]
    assert set(answer.scores) == set(LABELS)


def test_of_identities_only_the_five_best_scores_are_kept(tmp_path: Path) -> None:
    people = Classifier.load(save_classifier(tmp_path / "people.onnx", {"livefg.task": "identity"}), "cpu")
    (answer,) = people(logits(0.05, 0.7, 0.1, 0.08, 0.04))
    assert list(answer.scores) == ["fist", "palm", "point", "none", "ok"]


def test_each_example_of_a_batch_gets_its_answer(gestures: Classifier) -> None:
    answers = gestures(np.concatenate([logits(0.0001, 0.9), logits(0.0001, 0.0001, 0.9)]))
    assert [answer.name for answer in answers] == ["fist", "palm"]


def test_probabilities_sum_to_one(gestures: Classifier) -> None:
    probabilities = gestures.classify(np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("task", "rejected"),
    [("gesture", "none"), ("motion", "none"), ("identity", "unknown"), ("expression", "unknown")],
)
def test_below_the_threshold_the_answer_is_that_of_its_task(tmp_path: Path, task: str, rejected: str) -> None:
    classifier = Classifier.load(save_classifier(tmp_path / "some.onnx", {"livefg.task": task}), "cpu")
    (answer,) = classifier(logits(0.05, 0.4))
    assert answer.name == rejected
    assert answer.confidence == pytest.approx(0.6, abs=1e-5)
    assert next(iter(answer.scores)) == "fist"


def test_a_weak_none_stays_none_with_its_own_confidence(gestures: Classifier) -> None:
    (answer,) = gestures(logits(0.4, 0.2))
    assert answer.name == "none"
    assert answer.confidence == pytest.approx(0.4, abs=1e-5)


def test_two_gestures_that_share_the_probability_are_not_none() -> None:
    assert is_gesture(0.9, 0.05, 0.85), "sure enough"
    assert is_gesture(0.6, 0.005, 0.85), "one of two gestures, and surely not none"
    assert not is_gesture(0.6, 0.05, 0.85), "it may be none"
    assert not is_gesture(0.45, 0.005, 0.85), "one of three or more"
    several = is_gesture(np.array([0.9, 0.6, 0.6]), np.array([0.05, 0.005, 0.05]), 0.85)
    assert several.tolist() == [True, True, False]


@pytest.mark.parametrize(("task", "name"), [("gesture", "fist"), ("identity", "unknown")])
def test_among_people_who_look_alike_nobody_is_named(tmp_path: Path, task: str, name: str) -> None:
    changes = {"livefg.task": task, "livefg.reject_threshold": "0.9"}
    classifier = Classifier.load(save_classifier(tmp_path / "some.onnx", changes), "cpu")
    assert classifier.answer({"fist": 0.6, "palm": 0.39, "none": 0.005, "unknown": 0.005}).name == name


def test_at_the_threshold_the_best_label_is_taken(tmp_path: Path) -> None:
    classifier = Classifier.load(
        save_classifier(tmp_path / "some.onnx", {"livefg.reject_threshold": "0"}), "cpu"
    )
    assert classifier(logits(0.1, 0.2))[0].name == "fist"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"livefg.format": None}, r"some\.onnx has no livefg\.format in its metadata"),
        ({"livefg.format": "2"}, "has format '2'; this livefg reads '1'"),
        ({"livefg.task": None}, r"has no livefg\.task"),
        ({"livefg.task": "weather"}, "has the unknown task 'weather'"),
        ({"livefg.labels": None}, r"has no livefg\.labels"),
        ({"livefg.labels": "none, fist"}, r"has livefg\.labels that is not JSON"),
        ({"livefg.labels": '{"none": 0}'}, "has labels that are not a list of names"),
        ({"livefg.labels": '["none", 3]'}, "has labels that are not a list of names"),
        ({"livefg.labels": '["a", "b", "a"]'}, "has a label twice"),
        ({"livefg.labels": '["a"]'}, "has fewer than two labels"),
        ({"livefg.labels": '["a", "b"]'}, r"names 2 labels and gives an output of shape \[1, 7\]"),
        ({"livefg.temperature": "0"}, r"has livefg\.temperature '0'"),
        ({"livefg.temperature": "hot"}, r"has livefg\.temperature 'hot' where a number"),
        (
            {"livefg.reject_threshold": "1.5"},
            r"has livefg\.reject_threshold '1\.5' where a number from 0 to 1",
        ),
        ({"livefg.reject_threshold": "nan"}, r"has livefg\.reject_threshold 'nan'"),
        ({"livefg.reject_reason": " "}, r"has no livefg\.reject_reason"),
        ({"livefg.loss": None}, r"has no livefg\.loss"),
        ({"livefg.activation": None}, r"has no livefg\.activation"),
        ({"livefg.training_data": None}, r"has no livefg\.training_data"),
        ({"livefg.split": None}, r"has no livefg\.split"),
        ({"livefg.metrics": "[]"}, r"has livefg\.metrics that is not a JSON object"),
        ({"livefg.licence": None}, r"has no livefg\.licence"),
        ({"livefg.created": "yesterday"}, r"has livefg\.created 'yesterday' where a date"),
    ],
)
def test_broken_metadata_is_refused_with_one_sentence(
    tmp_path: Path, changes: dict[str, str | None], sentence: str
) -> None:
    path = save_classifier(tmp_path / "some.onnx", changes)
    with pytest.raises(LivefgError, match=sentence) as failure:
        Classifier.load(path, "cpu")
    assert str(path) in str(failure.value)
    assert "\n" not in str(failure.value)


def test_the_wrong_task_is_refused(tmp_path: Path) -> None:
    path = save_classifier(tmp_path / "some.onnx")
    with pytest.raises(LivefgError, match="is for gesture, not for motion"):
        Classifier.load(path, "cpu", task="motion")


def test_an_output_with_another_name_is_refused(tmp_path: Path) -> None:
    path = save_classifier(tmp_path / "some.onnx", output="scores")
    with pytest.raises(LivefgError, match=r"has no output called 'probabilities' \(it has scores\)"):
        Classifier.load(path, "cpu")


def test_an_output_that_is_no_probability_is_refused(tmp_path: Path) -> None:
    path = save_classifier(tmp_path / "some.onnx", softmax=False)
    with pytest.raises(LivefgError, match="does not end in probabilities: a row of its output sums to"):
        Classifier.load(path, "cpu")


def test_a_network_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    network = Network.load(save_doubler(tmp_path / "doubler.onnx"), "cpu")
    with pytest.raises(LivefgError, match=r"doubler\.onnx has no livefg\.format in its metadata"):
        Classifier(network)


def test_every_shipped_classifier_keeps_the_contract() -> None:
    for name in Manifest.load().entries:
        network = Network.load(name, "cpu")
        if network.metadata.get("livefg.format"):
            Classifier(network)
