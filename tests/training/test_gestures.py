"""From examples to a file: the recipe, the bank, the evaluation and the command."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from tests.training.hands import FIST, HORNS, ONE, OPEN, many
from training import extra
from training.bank import compact_bank, with_bank
from training.cli import gestures
from training.evaluation import CONDITIONS, evaluate, under_conditions
from training.export import read_network
from training.fit import Epoch, FitSettings
from training.gestures import Trained, train_gestures
from training.inference import logits_of
from training.networks import NetworkShape
from training.recipes import GestureRecipe, changed, own_recipe
from training.samples import Samples
from training.sources.dataset import folder_as_dataset

FIT = FitSettings(epochs=4, draws=800, batch=100, learning_rate=1e-2, averaging=0.9)
RECIPE = GestureRecipe(NetworkShape(features=("flat", "angles"), width=32), FIT)
BANK = many({"none": OPEN, "closed_fist": FIST}, seed=9)


class Quiet:
    """Takes note of the steps."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, sentence: str) -> None:
        self.steps.append(sentence)

    def gathering(self, source: str, done: int, total: int) -> None:
        pass

    def epoch(self, epoch: Epoch, total: int) -> None:
        pass


Train = Callable[..., Trained]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    def run(
        samples: Samples, name: str = "mine.onnx", recipe: GestureRecipe = RECIPE, **more: object
    ) -> Trained:
        folder = tmp_path / f"data_{name}"
        folder.mkdir(exist_ok=True)
        samples.save(folder / "recorded.npz")
        more.setdefault("bank", BANK)
        return train_gestures(folder_as_dataset(folder), tmp_path / name, recipe, Quiet(), **more)  # type: ignore[arg-type]

    return run


MINE = many({"pointing": ONE, "horns": HORNS}, count=40)


def test_a_users_examples_become_a_classifier_that_also_knows_none(train: Train) -> None:
    trained = train(MINE)
    classifier = Classifier.load(trained.path, "cpu", task="gesture")
    assert classifier.labels == ("none", "horns", "pointing")
    assert trained.evaluation.macro_f1 > 0.95
    assert "by person" in classifier.info.split
    assert trained.parity.labels_differ == 0
    other = many({"horns": HORNS, "none": FIST}, count=5, seed=4)
    named = classifier(other.landmarks, other.world, other.right)
    assert [one.name for one in named] == ["horns"] * 5 + ["none"] * 5


def test_the_same_examples_and_seed_give_the_same_file(train: Train) -> None:
    quick = replace(RECIPE, fit=replace(FIT, epochs=1))
    assert train(MINE, "a.onnx", quick).path.read_bytes() == train(MINE, "b.onnx", quick).path.read_bytes()


def test_extending_adds_gestures_and_keeps_those_that_were_known(train: Train) -> None:
    known = train(
        many({"none": OPEN, "closed_fist": FIST, "pointing": ONE}), "base.onnx", bank=Samples.empty()
    )
    added = train(
        many({"horns": HORNS}),
        "more.onnx",
        extend=known.path,
        bank=many({"none": OPEN, "closed_fist": FIST, "pointing": ONE}, seed=7),
    )
    classifier = Classifier.load(added.path, "cpu")
    assert classifier.labels == ("none", "closed_fist", "pointing", "horns")
    asked = many({"closed_fist": FIST, "pointing": ONE, "horns": HORNS}, count=6, seed=3)
    named = [one.name for one in classifier(asked.landmarks, asked.world, asked.right)]
    assert np.mean(np.array(named) == asked.label) > 0.9


def test_a_new_gesture_that_looks_like_a_known_one_gets_a_note(train: Train) -> None:
    known = train(many({"none": OPEN, "closed_fist": FIST}), "base.onnx", bank=Samples.empty())
    added = train(many({"punch": FIST}), "more.onnx", extend=known.path, bank=BANK)
    assert any("'punch' look like 'closed_fist'" in note for note in added.notes)


def test_one_session_alone_is_examined_but_the_figures_are_called_flattering(train: Train) -> None:
    alone = replace(MINE, person=np.full(len(MINE), "anna"), session=np.full(len(MINE), "anna"))
    bank = replace(BANK, person=np.full(len(BANK), "x"), session=np.full(len(BANK), "x"))
    assert "the figures flatter" in train(alone, bank=bank).about.split


def test_each_source_can_be_left_out_in_turn(train: Train) -> None:
    other = replace(many({"pointing": ONE, "horns": HORNS}, seed=5), source=np.full(60, "other_people"))
    both = Samples.concatenate([MINE, other, replace(BANK, source=np.full(60, "other_people"))])
    trained = train(both, recipe=replace(RECIPE, hold_back="each_source"), bank=Samples.empty())
    assert {one.source for one in trained.evaluation.per_source} == {"made_up", "other_people"}
    assert trained.about.split == "each source left out once"


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (many({"ok": ONE}, count=3), "'ok' has 3 usable examples"),
        (many({"none": OPEN}), "No example of a gesture was found"),
    ],
)
def test_too_few_examples_are_refused_in_one_sentence(train: Train, samples: Samples, complaint: str) -> None:
    with pytest.raises(LivefgError, match=complaint):
        train(samples)


def test_the_bank_shows_none_to_those_who_do_not_extend(train: Train) -> None:
    table = with_bank(MINE, BANK, (), None)
    assert table.labels == ("none", "horns", "pointing")
    assert set(table.samples.label[table.own :].tolist()) == {"none"}


def test_what_looks_like_a_users_gesture_is_not_taught_as_none(train: Train) -> None:
    judge = read_network(
        train(many({"none": OPEN, "closed_fist": FIST}), "base.onnx", bank=Samples.empty()).path
    )
    table = with_bank(many({"punch": FIST}), BANK, (), judge)
    assert len(table.samples) - table.own == (BANK.label == "none").sum()


def test_what_had_no_name_before_the_user_gave_it_one_is_not_taught_as_none() -> None:
    bank = Samples.concatenate([many({"none": ONE}, seed=9), many({"none": FIST}, seed=9)])
    table = with_bank(many({"mine": ONE}), bank, ("none",), None)
    taught = table.samples.take(slice(table.own, None))
    assert len(taught) < 0.7 * len(bank)
    assert len(with_bank(many({"mine": HORNS}), bank, ("none",), None).samples) - table.own == len(bank)


def test_the_bank_is_small_and_shapes_survive(tmp_path: Path) -> None:
    samples = many({"none": OPEN, "ok": ONE}, count=300)
    small = compact_bank(samples, most=20)
    assert small.counts() == {"none": 80, "ok": 20}
    small.save(tmp_path / "bank.npz", half=True)
    assert (tmp_path / "bank.npz").stat().st_size < 60_000
    span = np.ptp(small.landmarks[..., :2], axis=1).max(axis=1)
    assert span == pytest.approx(1.0, abs=0.01)


def test_an_evaluation_counts_what_was_shown_and_what_was_said(tmp_path: Path) -> None:
    samples = many({"none": OPEN, "ok": ONE}, count=4)
    chances = np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]] + [[0.1, 0.9]] * 3 + [[0.45, 0.55]])
    found = evaluate(samples, chances, ("none", "ok"), reject_threshold=0.6)
    assert found.confusion == ((3, 1), (1, 3))
    assert found.accuracy == pytest.approx(0.75)
    assert found.false_gestures == pytest.approx(0.25)
    assert [score.recall for score in found.per_label] == [0.75, 0.75]
    assert found.mistakes[0].said == "ok"
    assert found.mistakes[0].confidence == pytest.approx(0.8)
    rates = [(point.gestures_named, point.false_gestures) for point in found.roc]
    assert rates[0] == (1.0, 1.0)
    assert rates[60] == (0.75, 0.25)
    found.save(tmp_path / "evaluation.json")
    assert json.loads((tmp_path / "evaluation.json").read_text())["hands"] == 8


def test_gestures_that_a_classifier_does_not_know_count_as_none() -> None:
    found = evaluate(many({"vulcan": OPEN}, count=2), np.array([[0.9, 0.1], [0.3, 0.7]]), ("none", "ok"))
    assert found.false_gestures == pytest.approx(0.5)


def test_accuracy_falls_as_the_conditions_get_harder(train: Train) -> None:
    trained = train(MINE)
    learned = read_network(trained.path)
    network, labels = learned.network, learned.info.labels
    points = under_conditions(MINE, lambda batch: logits_of(network, batch), labels)
    assert {point.condition for point in points} == set(CONDITIONS)
    first = [point for point in points if point.strength == 0]
    assert min(point.accuracy for point in first) > 0.95
    deformed = [point.accuracy for point in points if point.condition.startswith("deformation")]
    assert deformed[-1] <= deformed[0]


def test_the_command_trains_from_a_folder_and_tells_the_result(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    MINE.save(data / "anna.npz")
    out = tmp_path / "out.onnx"
    arguments = ["--data", str(data), "--out", str(out), "--work", str(tmp_path / "work")]
    result = CliRunner().invoke(gestures, [*arguments, "--epochs", "2", "--width", "32", "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["labels"] == ["none", "horns", "pointing"]
    assert out.exists()
    assert (tmp_path / "work" / "log.csv").exists()
    assert (tmp_path / "work" / "evaluation.json").exists()


def test_without_torch_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(gestures, ["--data", str(tmp_path)])
    assert isinstance(result.exception, LivefgError)
    assert "python -m pip install 'livefg[training]'" in str(result.exception)


def test_reading_the_options_does_not_import_torch() -> None:
    code = "import sys, livefg.cli.train, training.__main__; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_options_change_the_recipe_and_nothing_else() -> None:
    recipe = changed(own_recipe(), {"loss": "focal", "width": 64, "hold_back": None, "seed": 3})
    assert (recipe.fit.loss, recipe.shape.width, recipe.fit.seed) == ("focal", 64, 3)
    assert recipe.hold_back == own_recipe().hold_back
    assert recipe.fit.epochs == own_recipe().fit.epochs
