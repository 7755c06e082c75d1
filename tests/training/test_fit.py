"""Training learns, repeats itself exactly, and goes on where it stopped."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from livefg.errors import LivefgError
from tests.training.hands import FIST, HORNS, ONE, OPEN, many
from training.augment import Augmentation
from training.fit import Epoch, FitSettings, fit, row_weights
from training.inference import logits_of, still
from training.networks import NetworkShape
from training.samples import Samples

LABELS = ("none", "closed_fist", "pointing_up", "rock")
SAMPLES = many({"none": OPEN, "closed_fist": FIST, "pointing_up": ONE, "rock": HORNS}, count=40)
SHAPE = NetworkShape(features=("flat", "angles"), width=32)
QUICK = FitSettings(epochs=4, draws=800, batch=100, learning_rate=1e-2, averaging=0.9)


def accuracy(network: object, samples: Samples = SAMPLES) -> float:
    target = np.array([LABELS.index(name) for name in samples.label.tolist()])
    return float((logits_of(network, still(samples, target)).argmax(axis=1) == target).mean())  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "weston_watkins"])
def test_every_loss_learns_hands_that_are_easy_to_tell_apart(loss: str) -> None:
    fitted = fit(SAMPLES, None, LABELS, SHAPE, replace(QUICK, loss=loss))  # type: ignore[arg-type]
    assert accuracy(fitted.network) > 0.95


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_every_activation_learns(activation: str) -> None:
    shape = replace(SHAPE, activation=activation)  # type: ignore[arg-type]
    settings = replace(QUICK, epochs=8, learning_rate=3e-2)
    assert accuracy(fit(SAMPLES, None, LABELS, shape, settings).network) > 0.9


def test_the_same_data_and_seed_give_the_same_weights() -> None:
    first, again, other = (
        fit(SAMPLES, None, LABELS, SHAPE, replace(QUICK, epochs=1, seed=seed)).network.state_dict()
        for seed in (5, 5, 6)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_an_interrupted_training_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    class Stop(KeyboardInterrupt):
        pass

    def stop_after_two(epoch: Epoch, total: int) -> None:
        if epoch.number == 1:
            raise Stop

    whole = fit(SAMPLES, SAMPLES, LABELS, SHAPE, QUICK)
    with pytest.raises(Stop):
        fit(SAMPLES, SAMPLES, LABELS, SHAPE, QUICK, folder=tmp_path, on_epoch=stop_after_two)
    resumed = fit(SAMPLES, SAMPLES, LABELS, SHAPE, QUICK, folder=tmp_path, resume=True)
    expected = whole.network.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in resumed.network.state_dict().items())
    assert resumed.history == whole.history


def test_the_log_has_a_line_an_epoch(tmp_path: Path) -> None:
    fit(SAMPLES, SAMPLES, LABELS, SHAPE, QUICK, folder=tmp_path)
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == ["0", "1", "2", "3"]
    assert float(rows[-1]["validation_accuracy"]) > 0.9


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    fit(SAMPLES, None, LABELS, SHAPE, replace(QUICK, epochs=1), folder=tmp_path)
    with pytest.raises(LivefgError, match="other data or settings"):
        fit(SAMPLES, None, LABELS, SHAPE, replace(QUICK, seed=9), folder=tmp_path, resume=True)


def test_a_torn_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"PK torn")
    with pytest.raises(LivefgError, match="cannot be read"):
        fit(SAMPLES, None, LABELS, SHAPE, QUICK, folder=tmp_path, resume=True)


def test_training_stops_when_it_does_no_more_good() -> None:
    settings = replace(QUICK, epochs=40, draws=400, patience=2, augmentation=Augmentation.none())
    fitted = fit(SAMPLES, SAMPLES, LABELS, SHAPE, settings)
    assert len(fitted.history) < 40
    losses = [epoch.validation_loss for epoch in fitted.history]
    assert losses[fitted.best] == min(losses)


def test_training_can_begin_with_given_weights() -> None:
    before = fit(SAMPLES, None, LABELS, SHAPE, QUICK).network
    settings = replace(QUICK, epochs=1, draws=100, learning_rate=1e-5)
    after = fit(SAMPLES, None, LABELS, SHAPE, settings, start=before.state_dict()).network
    assert accuracy(after) > 0.95


def test_a_label_that_nobody_expects_is_named() -> None:
    with pytest.raises(LivefgError, match="'rock'"):
        fit(SAMPLES, None, LABELS[:3], SHAPE, QUICK)


def test_labels_are_drawn_alike_and_large_sources_do_not_drown_small_ones() -> None:
    few, lots = many({"ok": ONE}, count=100), many({"ok": ONE}, count=900)
    few = replace(few, source=np.full(100, "few"))
    samples = Samples.concatenate([few, lots, many({"none": OPEN}, count=10)])
    weights = row_weights(samples, none_share=3.0)
    assert weights.sum() == pytest.approx(1)
    assert weights[samples.label == "none"].sum() == pytest.approx(0.75)
    assert weights[samples.source == "few"].sum() == pytest.approx(0.25 / 4)


def test_a_watched_validation_side_decides_nothing() -> None:
    settings = replace(QUICK, patience=1)
    alone = fit(SAMPLES, None, LABELS, SHAPE, settings)
    watched = fit(SAMPLES, SAMPLES, LABELS, SHAPE, settings, watch=True)
    assert watched.best == alone.best == settings.epochs - 1
    assert all(np.isfinite(epoch.validation_accuracy) for epoch in watched.history)
    first, second = alone.network.state_dict(), watched.network.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
