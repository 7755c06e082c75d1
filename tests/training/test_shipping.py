"""What goes beside a shipped classifier, and how one is measured."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from livefg.cli.evaluate import command as evaluate_command
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import Manifest
from livefg.paths import shipped_models_dir
from tests.training.hands import FIST, HORNS, ONE, OPEN, many
from tests.training.test_gestures import RECIPE, Quiet
from training.bank import shipped_bank
from training.gesture_benchmark import Answers, compared
from training.gestures import Trained, train_gestures
from training.samples import Samples
from training.shipping import ship
from training.sources.dataset import DatasetFile, folder_as_dataset

DEFAULT = Path(__file__).parents[2] / "training" / "data" / "default.toml"
MINE = many({"none": OPEN, "pointing": ONE, "horns": HORNS}, count=30)


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Trained, DatasetFile]:
    (tmp_path / "data").mkdir()
    MINE.save(tmp_path / "data" / "anna.npz")
    dataset = folder_as_dataset(tmp_path / "data")
    models = tmp_path / "models"
    return train_gestures(dataset, models / "gesture.onnx", RECIPE, Quiet(), bank=Samples.empty()), dataset


def test_a_shipped_classifier_is_listed_with_a_card_and_a_bank(
    trained: tuple[Trained, DatasetFile], tmp_path: Path
) -> None:
    made, dataset = trained
    models = tmp_path / "models"
    ship(made, models, dataset.sources, bank=tmp_path / "bank.npz")
    manifest = Manifest.load(models)
    manifest.verify("gesture")
    card = (models / manifest.entry("gesture").card).read_text()
    assert manifest.entry("gesture").sha256 in card
    assert "`horns`" in card
    assert "Known limits" in card
    assert Samples.load(tmp_path / "bank.npz").counts() == MINE.counts()


def test_a_classifier_is_measured_on_other_examples(
    trained: tuple[Trained, DatasetFile], tmp_path: Path
) -> None:
    made, _ = trained
    other = tmp_path / "other"
    other.mkdir()
    many({"pointing": ONE, "horns": HORNS, "none": FIST}, count=10, seed=8).save(other / "ben.npz")
    arguments = [str(made.path), "--data", str(other)]
    told = CliRunner().invoke(evaluate_command, arguments)
    assert told.exit_code == 0, told.output
    assert "of 30 hands right" in told.output
    assert "hands without a gesture that get one" in told.output
    numbers = CliRunner().invoke(evaluate_command, [*arguments, "--json", "--out", str(tmp_path / "e.json")])
    found = json.loads(numbers.stdout)
    assert found["hands"] == 30
    assert found["conditions"]
    assert json.loads((tmp_path / "e.json").read_text()) == found


def test_the_recipe_of_what_ships_names_only_known_labels_and_licences() -> None:
    dataset = DatasetFile.read(DEFAULT)
    assert dataset.labels[0] == "none"
    assert len(dataset.labels) > 20
    for entry in dataset.sources:
        assert entry.licence in {"MIT", "Apache-2.0"}
        assert entry.attribution


def test_the_shipped_gestures_are_at_least_twenty_and_answer_in_a_batch() -> None:
    classifier = Classifier.load("gesture", "cpu", task="gesture")
    assert {"none", "closed_fist", "open_palm", "pointing_up", "thumb_down", "thumb_up", "victory"} <= set(
        classifier.labels
    )
    assert len(classifier.labels) > 20
    some = np.random.default_rng(0).normal(300, 60, (7, 21, 3)).astype(np.float32)
    answer = classifier.classify(some, some / 1000, np.ones(7, np.float32))
    assert answer.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_shipped_bank_is_small_and_has_every_shipped_label() -> None:
    path = shipped_bank()
    assert path.stat().st_size < 4_000_000
    labels = Classifier.load(shipped_models_dir() / "gesture.onnx", "cpu").labels
    assert set(Samples.load(path).counts()) == set(labels)


def test_programs_are_compared_by_the_gestures_that_both_know() -> None:
    shown = np.array(["victory", "victory", "victory", "ok", "none", "none"])
    answers = Answers(
        np.array(["victory", "", "none", "ok", "victory", "none"]), np.array([1.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    )
    assert compared(shown, answers, ["victory"]) == {
        "pictures_of_known": 3,
        "other_pictures": 3,
        "found": pytest.approx(5 / 6, abs=1e-4),
        "right_of_found": 0.5,  # the picture without a hand does not count
        "right_of_all": pytest.approx(1 / 3, abs=1e-4),
        "false_gestures": pytest.approx(
            1 / 3, abs=1e-4
        ),  # ok is none of the known ones, so nothing was said there
        "ece": pytest.approx(0.4, abs=1e-4),
    }
