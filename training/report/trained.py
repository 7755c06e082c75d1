"""The report on a gesture classifier that was just trained."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

import numpy as np
import torch

from training.report.content import Curve, Report
from training.report.gestures import (
    CLUTTER_NOTE,
    PIXEL_NOTE,
    data_of,
    pictures_of,
    strips_of,
    thumbnails_of,
)
from training.samples import Samples
from training.sources.dataset import DatasetFile

if TYPE_CHECKING:
    from training.examination import Held
    from training.gestures import Trained
    from training.recipes import GestureRecipe

__all__ = ["report_on_training"]

_FROM_BANK = "from the bank that comes with livefg"


def report_on_training(
    trained: Trained, learned: Samples, dataset: DatasetFile, recipe: GestureRecipe
) -> Report:
    """What there is to show of a training on `learned` (the dataset's own samples and the bank's)."""
    held, evaluation = trained.held, trained.evaluation
    thanks = dict.fromkeys(learned.source.tolist(), _FROM_BANK)
    thanks |= {entry.name: entry.attribution for entry in dataset.sources}
    return Report(
        title=f"Gestures: {trained.path.stem}",
        evaluation=evaluation,
        facts=_facts(trained, recipe),
        curves=_curves(held),
        curves_note=_curves_note(trained),
        thumbnails=thumbnails_of(evaluation, held.samples, pictures_of(dataset)),
        strips=strips_of(held.samples),
        conditions_note=PIXEL_NOTE if held.samples.has_crop.any() else CLUTTER_NOTE,
        data=data_of(learned, held.samples, thanks, trained.gathered.reasons()),
        notes=trained.notes,
        created=trained.about.created,
    )


def _curves(held: Held) -> tuple[Curve, ...]:
    """By epoch, the mean over the networks that were examined."""
    epochs = min(len(fitted.history) for fitted in held.fitted)

    def mean(name: str) -> list[float]:
        values = [[getattr(epoch, name) for epoch in fitted.history[:epochs]] for fitted in held.fitted]
        return [float(value) for value in np.mean(values, axis=0)]

    return (
        Curve("loss", "training", mean("training_loss")),
        Curve("loss", "validation", mean("validation_loss")),
        Curve("accuracy", "validation", mean("validation_accuracy")),
    )


def _curves_note(trained: Trained) -> str:
    networks = len(trained.held.fitted)
    who = "the network that was examined" if networks == 1 else f"the {networks} networks that were examined"
    return (
        f"The course of {who}{'' if networks == 1 else ' (mean)'}; labels and sources count alike. Training losses "
        "are of changed, harder copies and include what the loss adds on top; validation losses are of the held-back "
        "hands as they are, which decided nothing here. The network in the file then learned from all of them in the "
        "same way."
    )


def _facts(trained: Trained, recipe: GestureRecipe) -> list[tuple[str, str]]:
    about, fit, shape = trained.about, recipe.fit, trained.about.shape
    seen = {"flat": "points in the picture", "angles": "angles and distances", "world": "points in space"}
    points = [] if shape.input == "pixels" else [seen.get(group, group) for group in shape.features]
    picture = [] if shape.input == "landmarks" else ["the hand's picture of 64 by 64 pixels, by convolutions"]
    together = "" if shape.members == 1 else f"{shape.members} together, each "
    layer = "hidden layer" if shape.depth == 1 else "hidden layers"
    layers = f"{together}{shape.depth} {layer} of {shape.width}, {shape.activation}"
    where = platform.processor() or platform.machine()
    return [
        ("File", f"{trained.path.name}, {trained.path.stat().st_size / 1e6:.2f} MB"),
        ("Sees", ", ".join([*points, *picture])),
        ("Network", f"{layers}, dropout {shape.dropout:g}"),
        ("Loss", about.loss),
        (
            "Training",
            f"{len(trained.fitted.history)} epochs of {fit.draws:,} hands in batches of {fit.batch}, AdamW, "
            f"learning rate {fit.learning_rate:g}, seed {fit.seed}",
        ),
        ("Held back", about.split),
        ("Temperature", f"{about.temperature:.3f}, fitted on the held-back hands"),
        ("Reject threshold", f"{about.reject_threshold:.3f}: {about.reject_reason}"),
        (
            "Proof of the file",
            f"ONNX Runtime against torch on {trained.parity.hands:,} hands: {trained.parity.labels_differ} labels "
            f"differ, probabilities by at most {trained.parity.largest_gap:.1e}",
        ),
        ("Licences of the data", about.licence),
        ("Device", f"{fit.device} ({where}, {os.cpu_count()} cores), torch {torch.__version__}"),
        ("Date", about.created.isoformat()),
    ]
