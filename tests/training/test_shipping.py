"""What goes beside a shipped classifier, and how one is measured."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from livefg.cli.evaluate import command as evaluate_command
from livefg.inference.manifest import Manifest
from tests.training.hands import FIST, HORNS, ONE, OPEN, many
from tests.training.test_gestures import RECIPE, Quiet
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
