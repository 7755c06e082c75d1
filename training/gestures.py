"""How a gesture classifier is made, from the examples to the file; it reads from top to bottom.

The same steps make what ships and what a user trains: gather the samples, hold some people back and examine networks
that never saw them, choose temperature and reject threshold by that, then learn from everybody and write one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from livefg.errors import LivefgError
from livefg.paths import shipped_models_dir
from training.augment import Batch
from training.bank import NONE, Table, shipped_hands, with_bank
from training.evaluation import Evaluation, headline
from training.examination import (
    Held,
    calibrated,
    evaluated,
    examine,
    examined_under_conditions,
    warm_start,
)
from training.export import About, Learned, Parity, export, read_network
from training.fit import Epoch, FitSettings, Fitted, fit, numbered
from training.inference import still
from training.networks import InputKind
from training.recipes import GestureRecipe
from training.samples import Samples
from training.side_by_side import SideBySide
from training.sources.dataset import DatasetFile, Gathered, gather, with_pictures_only
from training.threads import one_thread

__all__ = ["Teller", "Trained", "train_gestures"]

_FEWEST = 5


class Teller(Protocol):
    """Is told how the work goes on."""

    def step(self, sentence: str) -> None:
        """A new step begins."""
        ...

    def gathering(self, source: str, done: int, total: int) -> None:
        """So many items of a source have been read."""
        ...

    def epoch(self, epoch: Epoch, total: int) -> None:
        """An epoch has ended."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A classifier that was written to `path`, how it did on what it had not seen, and what it was made from.

    `seen_live` is the part of the evaluation on the sources that temperature and threshold were chosen by, whose hands
    were seen as the live loop sees them; None where that is all of it.
    """

    path: Path
    about: About
    evaluation: Evaluation
    seen_live: Evaluation | None
    parity: Parity
    gathered: Gathered
    fitted: Fitted
    held: Held
    notes: tuple[str, ...]


def train_gestures(
    dataset: DatasetFile,
    path: Path,
    recipe: GestureRecipe,
    tell: Teller,
    *,
    extend: Path | None = None,
    bank: Samples | None = None,
    folder: Path | None = None,
    resume: bool = False,
) -> Trained:
    """Train on a dataset and write the classifier to `path`.

    With `extend`, the gestures are added to those of that classifier. `bank` are hands beside the dataset's, the
    shipped ones by default; an empty table for none. `folder` takes the log, the checkpoints (for `resume`),
    `evaluation.json` and the report. Raises LivefgError, in one sentence, for what a user can put right.
    """
    # 1. The examples.
    tell.step("reading the examples")
    base = read_network(extend) if extend else None
    if base:
        recipe = replace(recipe, shape=base.network.shape)
    kind = recipe.shape.input
    gathered = gather(dataset, tell.gathering, pictures=kind != "landmarks")
    gathered = with_pictures_only(gathered, needed=kind == "pixels")
    _require_enough(gathered, kind)

    # 2. What there is to tell apart: none and the dataset's gestures, and with them those of another classifier.
    table = with_bank(
        gathered.samples,
        shipped_hands(kind) if bank is None else bank,
        base.info.labels if base else (),
        base or (_shipped_network() if bank is None else None),
    )
    labels = _in_order(table.labels, dataset.labels)
    directions = (*dataset.directions, *(base.directions if base else ()))

    # 3. The network that counts learns from everybody, beside those of the examination, which never saw the held-back
    #    people.
    tell.step(f"learning {len(labels)} labels from {len(table.samples)} hands")
    with one_thread(), SideBySide(tell) as trainings:
        learn = partial(
            fit,
            table.samples,
            None,
            labels,
            recipe.shape,
            recipe.fit,
            directions=directions,
            start=warm_start(base, labels),
            folder=folder,
            resume=resume,
        )
        learning = trainings.train(recipe.fit.epochs, learn)
        held = examine(table, labels, recipe, directions, trainings, base)

        # 4. Confidence that can be believed, when to say none, and how good that is.
        if base:
            # Chosen on people that network had not seen; of the held-back ones here it knows most.
            temperature, threshold = base.info.temperature, base.info.reject_threshold
            reason = f"kept from the extended network: {base.info.reject_reason}"
        else:
            temperature, threshold, reason = calibrated(held, labels, recipe)
        live = np.isin(held.samples.source, recipe.calibrated_on)
        seen_live = evaluated(held, live, labels, temperature, threshold) if live.any() else None
        evaluation = replace(
            evaluated(held, slice(None), labels, temperature, threshold),
            conditions=examined_under_conditions(held, labels, directions),
            about={
                "split": held.how,
                "rejected": gathered.reasons(),
                "samples": gathered.samples.counts(),
            },
        )
        fitted = learning.result()

    # 5. One file that explains itself, or none.
    tell.step("comparing ONNX Runtime with torch")
    about = About(
        labels=labels,
        shape=recipe.shape,
        temperature=temperature,
        reject_threshold=threshold,
        reject_reason=reason,
        loss=_loss_in_words(recipe.fit),
        training_data=_origins(dataset, table),
        split=held.how,
        licence=_licences(table.samples),
        metrics=_metrics(evaluation, seen_live),
        directions=directions,
    )
    parity = export(fitted.network, about, _batch(held.samples, labels), path)
    trained = Trained(path, about, evaluation, seen_live, parity, gathered, fitted, held, table.notes)
    if folder:
        from training.report.trained import report_on_training  # noqa: PLC0415 - it draws: only for who keeps it
        from training.report.write import write_report  # noqa: PLC0415

        tell.step("drawing the report")
        evaluation.save(folder / "evaluation.json")
        write_report(report_on_training(trained, table.samples, dataset, recipe), folder / "report")
    return trained


def _shipped_network() -> Learned | None:
    """The shipped gestures' network; there is none in a tree from which nothing was trained yet."""
    path = shipped_models_dir() / "gesture.onnx"
    return read_network(path) if path.exists() else None


def _require_enough(gathered: Gathered, kind: InputKind) -> None:
    if kind == "both" and not gathered.samples.has_crop.any():
        raise LivefgError(
            "None of the examples has a picture of the hand, as landmark tables and recordings without thumbnails "
            "have none: leave out --input."
        )
    counts = gathered.samples.counts()
    gestures = {label: count for label, count in counts.items() if label != NONE}
    if not gestures:
        reasons = "; ".join(
            f"{source}: " + ", ".join(f"{count} x {reason}" for reason, count in found.items())
            for source, found in gathered.reasons().items()
        )
        raise LivefgError(f"No example of a gesture was found{f' ({reasons})' if reasons else ''}.")
    for label, count in gestures.items():
        if count < _FEWEST:
            raise LivefgError(
                f"{label!r} has {count} usable examples; at least {_FEWEST} are needed, better 20."
            )


def _in_order(labels: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """The labels in the dataset file's order; those that it does not order follow as they are."""
    ordered = [label for label in wanted if label in labels]
    return (*ordered, *(label for label in labels if label not in ordered))


def _batch(samples: Samples, labels: Sequence[str]) -> Batch:
    return still(samples, numbered(samples, labels))


def _loss_in_words(settings: FitSettings) -> str:
    detail = {"focal": f", gamma {settings.gamma:g}", "weston_watkins": f", margin {settings.margin:g}"}
    return settings.loss + detail.get(settings.loss, f", label smoothing {settings.smoothing:g}")


def _origins(dataset: DatasetFile, table: Table) -> str:
    """Every source with its number of hands and whose work it is."""
    by = {entry.name: entry.attribution or entry.licence for entry in dataset.sources}
    names, counts = np.unique(table.samples.source[: table.own], return_counts=True)
    parts = [
        f"{name} ({count}{': ' + by[name] if name in by else ''})"
        for name, count in zip(names.tolist(), counts.tolist(), strict=True)
    ]
    rest = len(table.samples) - table.own
    return "; ".join([*parts, *([f"livefg's bank ({rest})"] if rest else [])])


def _licences(samples: Samples) -> str:
    return ", ".join(sorted(set(samples.licence.tolist())))


def _metrics(evaluation: Evaluation, seen_live: Evaluation | None) -> dict[str, Any]:
    return {
        **headline(seen_live or evaluation),
        "recall": {score.label: round(score.recall, 4) for score in evaluation.per_label if score.count},
        "accuracy_by_source": {score.source: round(score.accuracy, 4) for score in evaluation.per_source},
    }
