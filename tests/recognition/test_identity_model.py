"""A trained classifier of people: who it names, who is named beside it, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from identities import enrolled, look, somebody
from onnx_files import save_classifier, save_gestures, save_identities

from livefg.errors import LivefgError
from livefg.gallery import Gallery
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.recognition.identity_model import SPACE_KEY, TrainedIdentities, load_identities

ADA, BO, CLEO, STRANGER = (somebody(seed) for seed in range(4))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    path = save_identities(tmp_path_factory.mktemp("models") / "ours.onnx", {"Ada": ADA, "Bo": BO})
    return load_identities(ModelFile("ours", path), "cpu")


def test_the_people_it_was_trained_on_are_named_and_strangers_are_not(trained: Classifier) -> None:
    tell = TrainedIdentities(trained, Gallery())
    assert tell.labels == ("Ada", "Bo", "unknown")
    assert tell(look(ADA), 1.0).name == "Ada"
    assert tell(look(BO), 1.0).name == "Bo"
    assert tell(look(STRANGER), 1.0).name == "unknown"


def test_a_name_below_the_threshold_is_unknown_with_its_score(trained: Classifier) -> None:
    answer = TrainedIdentities(trained, Gallery())(look(ADA, cosine=0.54), 1.0)
    assert answer.name == "unknown"
    assert 0.5 < answer.scores["Ada"] < 0.9
    assert answer.confidence == pytest.approx(1 - answer.scores["Ada"])


def test_who_was_enrolled_since_is_known_beside_them(trained: Classifier) -> None:
    tell = TrainedIdentities(trained, enrolled(("Cleo", [look(CLEO, 0.9, seed) for seed in range(3)])))
    assert tell.labels == ("Ada", "Bo", "Cleo", "unknown")
    assert tell(look(CLEO, 0.8, 9), 1.0).name == "Cleo"
    assert tell(look(ADA), 1.0).name == "Ada"
    stranger = tell(look(STRANGER), 1.0)
    assert stranger.name == "unknown"
    assert sum(stranger.scores.values()) == pytest.approx(1.0, abs=1e-5)


def test_whom_it_knows_it_judges_alone(trained: Classifier) -> None:
    """The portraits of a person it was trained on do not count a second time."""
    tell = TrainedIdentities(trained, enrolled(("ada", [look(STRANGER)])))
    assert tell.labels == ("Ada", "Bo", "unknown")
    assert tell(look(STRANGER), 1.0).name == "unknown"


def test_the_five_best_are_kept(tmp_path: Path) -> None:
    people = {f"P{number}": somebody(50 + number) for number in range(9)}
    path = save_identities(tmp_path / "many.onnx", people)
    answer = TrainedIdentities(load_identities(ModelFile("many", path), "cpu"), Gallery())(
        look(people["P3"]), 1.0
    )
    assert answer.name == next(iter(answer.scores)) == "P3"
    assert len(answer.scores) == 5


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    people = {"Ada": ADA}
    wrong = {
        "is for gesture, not for identity": save_gestures(tmp_path / "gestures.onnx"),
        "another face network": save_identities(tmp_path / "space.onnx", people, {SPACE_KEY: "old-1"}),
        "does not name": save_identities(tmp_path / "none.onnx", people, {SPACE_KEY: None}),
        "takes embeddings": save_classifier(tmp_path / "inputs.onnx", {"livefg.task": "identity"}),
        "where a classifier of people": save_identities(
            tmp_path / "small.onnx", {"Ada": np.ones(64, np.float32)}, size=64
        ),
        "among its labels": save_identities(
            tmp_path / "closed.onnx", people, {"livefg.labels": '["Ada", "Bo"]'}
        ),
    }
    for words, path in wrong.items():
        with pytest.raises(LivefgError, match=words):
            load_identities(ModelFile(path.stem, path), "cpu")
