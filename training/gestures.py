"""How a gesture classifier is made, from the examples to the file; it reads from top to bottom.

The same steps make what ships and what a user trains: gather the samples, hold some people back and examine networks
that never saw them, choose temperature and reject threshold by that, then learn from everybody and write one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch

from livefg.errors import LivefgError
from livefg.paths import shipped_models_dir
from training.augment import Batch
from training.bank import NONE, Table, shipped_hands, with_bank
from training.calibration import fit_temperature, reject_threshold, softmax
from training.directions import Direction
from training.evaluation import ConditionPoint, Evaluation, evaluate, headline, under_conditions
from training.export import About, Learned, Parity, export, read_network
from training.fit import Epoch, FitSettings, Fitted, fit, logits_of, still
from training.networks import InputKind, NetworkShape
from training.samples import FloatArray, Samples
from training.sources.dataset import DatasetFile, Gathered, gather, with_pictures_only
from training.split import Split, SplitBy, leave_one_out, split, split_as_data_allow

__all__ = ["GestureRecipe", "Held", "Teller", "Trained", "calibrated", "examine", "train_gestures"]

HoldBack = SplitBy | Literal["auto", "each_source"]

_FEWEST = 5
_LOWEST_THRESHOLD = 0.5
_MOST_EXAMINED = 6000


@dataclass(frozen=True, slots=True)
class GestureRecipe:
    """Everything beside the data that decides the result.

    `hold_back` says what is put aside for the examination: whole persons, sessions or sources (`row` mixes neighbours
    into both sides, as a contrast only), `auto` for what the data allow, label by label, or `each_source` for one
    examination after the other, each without one source; `never_examined` names sources that always stay in (rendered
    hands: being right about them proves nothing). `calibrated_on` names the sources that temperature and threshold are
    chosen by (default: all), those whose hands were seen as the live loop will see them. `false_rate` is the share of
    hands without a gesture that may be given one.
    """

    shape: NetworkShape = field(default_factory=NetworkShape)
    fit: FitSettings = field(default_factory=FitSettings)
    hold_back: HoldBack = "auto"
    never_examined: tuple[str, ...] = ()
    calibrated_on: tuple[str, ...] = ()
    false_rate: float = 0.01


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
class Held:
    """What networks that did not see them make of held-back samples: `logits` (M, K) of `samples` (M), and how.

    `examiner` (M,) says which of the `fitted` networks was asked about a sample.
    """

    samples: Samples
    logits: FloatArray
    how: str
    examiner: npt.NDArray[np.int64]
    fitted: tuple[Fitted, ...]


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

    # 3. An examination: networks that never saw the held-back people.
    held = examine(table, labels, recipe, directions, tell, base)

    # 4. Confidence that can be believed, and when to say none.
    if base:
        # Chosen on people that network had not seen; of the held-back ones here it knows most.
        temperature, threshold = base.info.temperature, base.info.reject_threshold
        reason = f"kept from the extended network: {base.info.reject_reason}"
    else:
        temperature, threshold, reason = calibrated(held, labels, recipe)
    evaluation = _evaluated(held, slice(None), labels, temperature, threshold)
    live = np.isin(held.samples.source, recipe.calibrated_on)
    seen_live = _evaluated(held, live, labels, temperature, threshold) if live.any() else None

    # 5. The network that counts learns from everybody.
    tell.step(f"learning {len(labels)} labels from {len(table.samples)} hands")
    fitted = fit(
        table.samples,
        None,
        labels,
        recipe.shape,
        recipe.fit,
        directions=directions,
        start=_warm(base, labels),
        folder=folder,
        resume=resume,
        on_epoch=tell.epoch,
    )

    # 6. One file that explains itself, or none.
    tell.step("comparing ONNX Runtime with torch")
    evaluation = replace(
        evaluation,
        conditions=_conditions(held, labels, directions),
        about={"split": held.how, "rejected": gathered.reasons(), "samples": gathered.samples.counts()},
    )
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


def examine(
    table: Table,
    labels: Sequence[str],
    recipe: GestureRecipe,
    directions: Sequence[Direction],
    tell: Teller,
    base: Learned | None = None,
) -> Held:
    """Train networks without some of the samples and ask them about those, as `recipe.hold_back` says."""
    samples = table.samples
    splits = list(_splits(table, recipe))
    rows: list[npt.NDArray[np.intp]] = []
    logits: list[FloatArray] = []
    networks: list[Fitted] = []
    for number, (name, one) in enumerate(splits, start=1):
        tell.step(f"examination {number} of {len(splits)}" + (f", without {name}" if name else ""))
        training = samples.take(one.training)
        # What nobody else shows cannot have been learned.
        taught = np.isin(samples.label[one.validation], list(training.counts()))
        asked = one.validation[taught]
        if not len(asked):
            continue
        fitted = fit(
            training,
            samples.take(asked),
            labels,
            recipe.shape,
            recipe.fit,
            directions=directions,
            start=_warm(base, labels),
            on_epoch=tell.epoch,
            watch=True,
        )
        rows.append(asked)
        networks.append(fitted)
        logits.append(logits_of(fitted.network, _batch(samples.take(asked), labels)))
    if not rows:
        raise LivefgError(
            "There is nothing to examine the network with: each gesture is shown by one source only."
        )
    how = "each source left out once" if recipe.hold_back == "each_source" else splits[0][1].how
    if base:
        how += (
            "; the extended network had learned the gestures it knew from these hands, too, so theirs flatter"
        )
    examiner = np.repeat(np.arange(len(rows)), [len(asked) for asked in rows])
    return Held(samples.take(np.concatenate(rows)), np.concatenate(logits), how, examiner, tuple(networks))


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


def _splits(table: Table, recipe: GestureRecipe) -> list[tuple[str, Split]]:
    samples, seed = table.samples, recipe.fit.seed
    if recipe.hold_back == "each_source":
        return [(name, one) for name, one in leave_one_out(samples) if name not in recipe.never_examined]
    if recipe.hold_back == "auto":
        return [("", split_as_data_allow(samples, seed=seed))]
    return [("", split(samples, recipe.hold_back, seed=seed))]


def _warm(base: Learned | None, labels: Sequence[str]) -> dict[str, torch.Tensor] | None:
    """The weights of another classifier as a start; rows of the last layer move to their labels' places."""
    if base is None:
        return None
    network, known = base.network, base.info.labels
    state = {name: value.clone() for name, value in network.state_dict().items()}
    for name in [name for name in state if ".head." in name]:
        old = state[name]
        new = torch.zeros((len(labels), *old.shape[1:]))
        for place, label in enumerate(labels):
            if label in known:
                new[place] = old[known.index(label)]
        state[name] = new
    return state


def calibrated(held: Held, labels: Sequence[str], recipe: GestureRecipe) -> tuple[float, float, str]:
    """Temperature, reject threshold, and how the threshold was chosen, by networks that did not see `held`."""
    false_rate = recipe.false_rate
    chosen = np.isin(held.samples.source, recipe.calibrated_on or np.unique(held.samples.source))
    samples, logits = held.samples.take(chosen), held.logits[chosen]
    shown = _numbers(samples, labels)
    temperature = fit_temperature(logits, shown)
    none = labels.index(NONE)
    nothing = shown == none
    if not nothing.any():
        return (
            temperature,
            _LOWEST_THRESHOLD,
            "one half: there were no hands without a gesture to choose it by",
        )
    chances = softmax(logits[nothing], temperature)
    threshold = reject_threshold(
        chances.max(axis=1), chances.argmax(axis=1) != none, false_rate, _LOWEST_THRESHOLD
    )
    reached = float(((chances.argmax(axis=1) != none) & (chances.max(axis=1) >= threshold)).mean())
    reason = (
        f"at most {false_rate:.1%} of {int(nothing.sum())} held-back hands without a gesture get one "
        f"({reached:.1%} do), but at least {_LOWEST_THRESHOLD:g} and at most 0.95"
    )
    return temperature, threshold, reason


def _evaluated(
    held: Held,
    rows: slice | npt.NDArray[np.bool_],
    labels: Sequence[str],
    temperature: float,
    threshold: float,
) -> Evaluation:
    logits = held.logits[rows]
    return evaluate(
        held.samples.take(rows), softmax(logits, temperature), labels, threshold, before=softmax(logits)
    )


def _conditions(
    held: Held, labels: Sequence[str], directions: Sequence[Direction]
) -> tuple[ConditionPoint, ...]:
    """Some of the held-back samples made harder and harder, for the networks that did not see them."""
    rows = np.random.default_rng(0).permutation(len(held.samples))[:_MOST_EXAMINED]
    examiner = held.examiner[rows]

    def classify(batch: Batch) -> FloatArray:
        logits = np.empty((len(rows), len(labels)), np.float32)
        for number, fitted in enumerate(held.fitted):
            mine = examiner == number
            part = batch.take(mine)
            if mine.any():
                logits[mine] = logits_of(fitted.network, part)
        return logits

    return under_conditions(held.samples.take(rows), classify, labels, directions)


def _numbers(samples: Samples, labels: Sequence[str]) -> npt.NDArray[np.int64]:
    places = {label: number for number, label in enumerate(labels)}
    return np.array([places[label] for label in samples.label.tolist()], np.int64)


def _batch(samples: Samples, labels: Sequence[str]) -> Batch:
    return still(samples, _numbers(samples, labels))


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
