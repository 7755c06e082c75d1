"""The examination: what networks make of people they never saw, and what follows from it.

Temperature, reject threshold and every figure come from here; the network that is written learns from everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from livefg.errors import LivefgError
from livefg.inference.classifier import is_gesture
from training.augment import Batch
from training.bank import NONE, Table
from training.calibration import fit_temperature, reject_threshold, softmax
from training.directions import Direction
from training.evaluation import ConditionPoint, Evaluation, evaluate, under_conditions
from training.export import Learned
from training.fit import Fitted, fit, numbered
from training.inference import logits_of, still
from training.recipes import GestureRecipe
from training.samples import FloatArray, Samples
from training.side_by_side import SideBySide
from training.split import Split, leave_one_out, split, split_as_data_allow

__all__ = ["Held", "calibrated", "evaluated", "examine", "examined_under_conditions", "warm_start"]

_LOWEST_THRESHOLD = 0.5
_MOST_EXAMINED = 2000


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

    def take(self, rows: npt.NDArray[np.bool_]) -> Held:
        """A part of the samples."""
        return replace(
            self, samples=self.samples.take(rows), logits=self.logits[rows], examiner=self.examiner[rows]
        )


def examine(
    table: Table,
    labels: Sequence[str],
    recipe: GestureRecipe,
    directions: Sequence[Direction],
    trainings: SideBySide,
    base: Learned | None = None,
) -> Held:
    """Train networks without some of the samples and ask them about those, as `recipe.hold_back` says."""
    samples = table.samples
    splits = _splits(table, recipe)
    rows: list[npt.NDArray[np.intp]] = []
    futures: list[Future[Fitted]] = []
    for one in splits:
        training = samples.take(one.training)
        # What nobody else shows cannot have been learned.
        asked = one.validation[np.isin(samples.label[one.validation], list(training.counts()))]
        if not len(asked):
            continue
        rows.append(asked)
        learn = partial(
            fit,
            training,
            samples.take(asked),
            labels,
            recipe.shape,
            recipe.fit,
            directions=directions,
            start=warm_start(base, labels),
            watch=True,
        )
        futures.append(trainings.train(recipe.fit.epochs, learn))
    if not rows:
        raise LivefgError(
            "There is nothing to examine the network with: each gesture is shown by one source only."
        )
    networks = tuple(future.result() for future in futures)
    logits = [
        logits_of(fitted.network, still(asked, numbered(asked, labels)))
        for fitted, asked in zip(networks, map(samples.take, rows), strict=True)
    ]
    how = "each source left out once" if recipe.hold_back == "each_source" else splits[0].how
    if base:
        how += (
            "; the extended network had learned the gestures it knew from these hands, too, so theirs flatter"
        )
    examiner = np.repeat(np.arange(len(rows)), [len(asked) for asked in rows])
    return Held(samples.take(np.concatenate(rows)), np.concatenate(logits), how, examiner, networks)


def warm_start(base: Learned | None, labels: Sequence[str]) -> dict[str, torch.Tensor] | None:
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
    shown = numbered(samples, labels)
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
    best, gesture = chances.max(axis=1), chances.argmax(axis=1) != none
    # No threshold keeps out those of which `none` is as good as excluded.
    kept = np.where(is_gesture(best, chances[:, none], np.inf), 1.0, best)
    threshold = reject_threshold(kept, gesture, false_rate, _LOWEST_THRESHOLD)
    reached = float((gesture & (kept >= threshold)).mean())
    reason = (
        f"at most {false_rate:.1%} of {int(nothing.sum())} held-back hands without a gesture get one "
        f"({reached:.1%} do), but at least {_LOWEST_THRESHOLD:g} and at most 0.95"
    )
    return temperature, threshold, reason


def evaluated(
    held: Held,
    rows: slice | npt.NDArray[np.bool_],
    labels: Sequence[str],
    temperature: float,
    threshold: float,
) -> Evaluation:
    """How good the answers about some rows of `held` are, at a temperature and threshold."""
    logits = held.logits[rows]
    return evaluate(
        held.samples.take(rows), softmax(logits, temperature), labels, threshold, before=softmax(logits)
    )


def examined_under_conditions(
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


def _splits(table: Table, recipe: GestureRecipe) -> list[Split]:
    samples, seed = table.samples, recipe.fit.seed
    if recipe.hold_back == "each_source":
        return [one for name, one in leave_one_out(samples) if name not in recipe.never_examined]
    if recipe.hold_back == "auto":
        return [split_as_data_allow(samples, seed=seed)]
    return [split(samples, recipe.hold_back, seed=seed)]
