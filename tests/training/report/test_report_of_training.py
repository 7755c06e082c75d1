"""Training and measuring leave a report whose figures are their own."""

import json

import pytest
from click.testing import CliRunner

from livefg.cli.evaluate import command as evaluate_command
from livefg.errors import LivefgError
from tests.training.hands import HORNS, ONE, OPEN, many
from tests.training.report.reports import Reader
from training import extra
from training.evaluation import CONDITIONS
from training.fit import FitSettings
from training.gestures import train_gestures
from training.networks import NetworkShape
from training.recipes import GestureRecipe
from training.samples import Samples
from training.sources.dataset import folder_as_dataset

FIT = FitSettings(epochs=2, draws=400, batch=100, learning_rate=1e-2, averaging=0.9)
RECIPE = GestureRecipe(NetworkShape(features=("flat", "angles"), width=32), FIT)


class Quiet:
    def step(self, sentence):
        pass

    def gathering(self, source, done, total):
        pass

    def epoch(self, epoch, total):
        pass


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def trained(place):
    data = place / "data"
    data.mkdir()
    samples = many({"pointing": ONE, "horns": HORNS, "none": OPEN}, count=20)
    samples.save(data / "recorded.npz")
    return train_gestures(
        folder_as_dataset(data),
        place / "mine.onnx",
        RECIPE,
        Quiet(),
        bank=Samples.empty(),
        folder=place / "work",
    )


def read(folder):
    return Reader((folder / "index.html").read_text("utf-8")), json.loads(
        (folder / "report.json").read_text("utf-8")
    )


def test_training_leaves_a_report_of_its_evaluation(trained, place):
    page, numbers = read(place / "work" / "report")
    assert numbers["evaluation"] == json.loads((place / "work" / "evaluation.json").read_text("utf-8"))
    assert {"labels", "confusion", "confidence", "conditions", "training", "data", "made"} <= set(page.ids())
    assert "Gestures: mine" in page.text
    assert trained.about.split in "".join(page.text)


def test_the_curves_are_those_of_the_networks_that_were_examined(trained, place):
    _, numbers = read(place / "work" / "report")
    (fitted,) = trained.held.fitted
    curves = {(one["quantity"], one["side"]): one["values"] for one in numbers["curves"]}
    assert curves["loss", "training"] == [epoch.training_loss for epoch in fitted.history]
    assert curves["accuracy", "validation"] == [epoch.validation_accuracy for epoch in fitted.history]


def test_without_any_change_the_conditions_give_the_accuracy_without_a_threshold(trained):
    evaluation = trained.evaluation
    unchanged = [point.accuracy for point in evaluation.conditions if point.strength == 0]
    assert unchanged == [pytest.approx(evaluation.coverage[0][2])] * len(CONDITIONS)


def test_evaluating_draws_a_report_of_the_examples(trained, place):
    asked = [str(trained.path), "--data", str(place / "data"), "--report", str(place / "measured")]
    result = CliRunner().invoke(evaluate_command, asked)
    assert result.exit_code == 0, result.output
    page, numbers = read(place / "measured")
    assert numbers["evaluation"]["hands"] == 60
    assert numbers["evaluation"]["ece_before"] is not None
    assert "training" not in page.ids()
    assert trained.about.reject_reason in "".join(page.text)


def test_without_matplotlib_a_report_says_what_to_install(trained, place, monkeypatch):
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    asked = [str(trained.path), "--data", str(place / "data"), "--report", str(place / "other")]
    result = CliRunner().invoke(evaluate_command, asked)
    assert isinstance(result.exception, LivefgError)
    assert str(result.exception).startswith("A report needs matplotlib, which is not installed")
    assert not (place / "other").exists()
