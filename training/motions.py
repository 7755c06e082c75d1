"""How a motion classifier is made, from simulated and recorded people to the file; it reads from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from livefg.errors import LivefgError
from training.calibration import fit_temperature
from training.motion_data.acts import MOTIONS
from training.motion_data.heads import HEAD_MOTIONS
from training.motion_data.takes import Take, labels_of, parted, varied
from training.motion_evaluation import detector, score
from training.motion_examination import HeldWindows, held_windows, judged, metrics_of, thresholds_for
from training.motion_export import AboutMotion, export_motion, read_motion
from training.motion_fit import MotionFit, chances_of_right, fit_motions, go_on
from training.motion_networks import MotionNetwork, MotionShape
from training.motion_people import HARD_TEACHERS, TEACHERS, teachers
from training.motion_windows import NONE, Windows, training_windows
from training.threads import one_thread

__all__ = ["MotionRecipe", "Teller", "TrainedMotion", "train_motions"]

_HARD = 0.8
_FEWEST = 3
# How much of what people do is meant; those who teach what is hard mean little.
_SHARES, _HARD_SHARES = (0.15, 0.45, 0.45), (0.0, 0.15, 0.0, 0.45)
_EACH_LOSS = 50
"""So many batches make one point of the loss curve."""


class Teller(Protocol):
    """Is told how the work goes on."""

    def step(self, sentence: str) -> None:
        """A new step begins."""
        ...

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """So much of the step is done."""
        ...


@dataclass(frozen=True, slots=True)
class MotionRecipe:
    """Everything beside recordings that decides the result.

    `people` are simulated before a camera for `seconds` each, and make the motions named in `motions` (None: all that
    are known); what else they do means nothing. A first network looks at `hard_people` more, and what it is not sure
    of is added. Then it goes on in so many `rounds`, in each of which windows are drawn the more often the less sure it
    was about them. `examiners` choose the temperature and every motion's threshold, with which
    not more than `false_alarms` a minute come from people who mean nothing. Each recording is learned in so many
    `versions`; with `hold_back` a network that did not see every third repetition is examined with those first.
    """

    shape: MotionShape = field(default_factory=MotionShape)
    fit: MotionFit = field(default_factory=MotionFit)
    motions: tuple[str, ...] | None = None
    people: int = 1400
    hard_people: int = 500
    rounds: int = 2
    examiners: int = 40
    seconds: float = 90.0
    false_alarms: float = 0.2
    versions: int = 12
    hold_back: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class TrainedMotion:
    """A classifier that was written to `path`, what it says of itself, and how far ONNX Runtime is from torch.

    `conditions` are the reports of `Score` by condition, `recorded` the one on held-back repetitions (None: there were
    none), `losses` the mean losses of 50 batches each.
    """

    path: Path
    network: MotionNetwork
    about: AboutMotion
    gap: float
    held: HeldWindows
    conditions: dict[str, dict[str, Any]]
    recorded: dict[str, Any] | None
    losses: tuple[float, ...]


@one_thread()
def train_motions(
    path: Path,
    recipe: MotionRecipe,
    tell: Teller,
    *,
    recorded: Sequence[Take] = (),
    extend: Path | None = None,
) -> TrainedMotion:
    """Train on simulated people, and on `recorded` ones, and write the classifier to `path`.

    With `extend` the motions of the recordings are added to those of that classifier. Raises LivefgError, in one
    sentence, for what a user can put right.
    """
    # 1. What there is to tell apart.
    base, info = read_motion(extend) if extend else (None, None)
    if base:
        recipe = replace(recipe, shape=base.shape)
    labels = _labels(recipe, base, recorded, extend)
    warm, known = _warm(base, labels), len(base.labels) if base else 0

    # 2. Windows of people who move, the more of a kind the harder it is.
    rng = np.random.default_rng(recipe.fit.seed)
    simulated, first = _simulated_windows(recipe, labels, recorded, tell, rng)

    # 3. An examination: how well a network finds repetitions that it did not learn from.
    examined = None
    if recorded and recipe.hold_back:
        teaching, asking = parted(recorded, 3)
        tell.step("examination, without every third repetition")
        windows = Windows.concatenate([simulated, _own_windows(recipe, teaching, labels, rng)])
        pupil = fit_motions(windows, recipe.shape, labels, recipe.fit, _on_batch(tell, recipe), warm, known)
        examined = (pupil, asking)

    # 4. The network that counts.
    windows = Windows.concatenate([simulated, _own_windows(recipe, recorded, labels, rng)])
    tell.step(f"learning {len(labels)} labels from {len(windows)} windows")
    losses: list[float] = []
    told = _on_batch(tell, recipe, losses)
    if first:
        network = go_on(first, windows, recipe.fit, recipe.rounds, told)
    else:
        network = fit_motions(windows, recipe.shape, labels, recipe.fit, told, warm, known)

    # 5. Confidence that can be believed, and when to speak, by people who taught nothing.
    tell.step("examining")
    held = held_windows(network, labels, recipe.examiners, examined)
    shown = np.array([labels.index(label) for label in held.label], np.int64)
    # What the extended network knew was examined by many more people than are watched here.
    temperature = info.temperature if info else fit_temperature(held.logits, shown)
    pupil, asked = examined or (network, ())
    chosen, reason = thresholds_for(pupil, temperature, recipe.examiners, recipe.false_alarms, extend, asked)
    conditions = judged(network, temperature, chosen.enter, recipe.examiners)
    own = None
    if examined:
        own = score(asked, detector(pupil, temperature, chosen.enter), labels_of(asked)).report()

    # 6. One file that explains itself, or none.
    about = AboutMotion(
        temperature=temperature,
        enter=chosen.enter,
        reject_reason=reason,
        loss=f"{recipe.fit.loss}, label smoothing {recipe.fit.smoothing:g}",
        training_data=_origins(recipe, recorded),
        split=_split(recipe, own),
        licence=", ".join(sorted({"Apache-2.0", *(take.licence for take in recorded if take.licence)})),
        metrics=metrics_of(held, shown, temperature, conditions, own),
    )
    gap = export_motion(network, about, path)
    return TrainedMotion(path, network, about, gap, held, conditions, own, _means(losses))


def _labels(
    recipe: MotionRecipe, base: MotionNetwork | None, recorded: Sequence[Take], extend: Path | None
) -> tuple[str, ...]:
    simulated = tuple(MOTIONS if recipe.shape.subject == "hand" else HEAD_MOTIONS)
    known = base.labels if base else (NONE, *(simulated if recipe.motions is None else recipe.motions))
    own = labels_of(recorded)
    if base and set(own) <= set(known):
        raise LivefgError(f"The recordings show no motion that {extend} does not know.")
    for label in own:
        count = sum(span.label == label and not span.ignore for take in recorded for span in take.spans)
        if count < _FEWEST and recipe.hold_back:
            raise LivefgError(
                f"{label!r} was repeated {count} times; at least {_FEWEST} repetitions are needed, better 10."
            )
    return (*known, *(label for label in own if label not in known))


def _simulated_windows(
    recipe: MotionRecipe,
    labels: Sequence[str],
    recorded: Sequence[Take],
    tell: Teller,
    rng: np.random.Generator,
) -> tuple[Windows, MotionNetwork | None]:
    """Windows of simulated people; with `hard_people`, also those that a first network finds hard, and that network."""
    subject = recipe.shape.subject
    tell.step(f"watching {recipe.people} simulated people")
    seen = _watched(recipe, range(TEACHERS, TEACHERS + recipe.people), _SHARES, labels, tell)
    windows = _half(Windows.concatenate([training_windows([take], labels, rng, subject) for take in seen]))
    if not recipe.hard_people:
        return windows, None
    tell.step(f"first network, from {len(windows)} windows")
    fewer = replace(recipe, fit=replace(recipe.fit, batches=recipe.fit.batches // 2))
    both = Windows.concatenate([windows, _own_windows(recipe, recorded, labels, rng)])
    first = fit_motions(both, recipe.shape, labels, fewer.fit, _on_batch(tell, fewer))
    tell.step(f"looking for what is hard among {recipe.hard_people} more people")
    seen = _watched(
        recipe, range(HARD_TEACHERS, HARD_TEACHERS + recipe.hard_people), _HARD_SHARES, labels, tell
    )
    hard = [_hard(first, training_windows([take], labels, rng, subject, per_second=12.0)) for take in seen]
    return Windows.concatenate([windows, _half(Windows.concatenate(hard))]), first


def _watched(
    recipe: MotionRecipe, people: range, shares: Sequence[float], labels: Sequence[str], tell: Teller
) -> Iterator[Take]:
    for number, take in enumerate(teachers(recipe.shape.subject, people, recipe.seconds, shares, labels)):
        tell.advance(number, len(people))
        yield take


def _own_windows(
    recipe: MotionRecipe, recorded: Sequence[Take], labels: Sequence[str], rng: np.random.Generator
) -> Windows:
    """Windows of recordings, each recording in several versions."""
    if not recorded:
        return Windows.none()
    own = [varied(take, rng) for take in recorded for _ in range(recipe.versions)]
    subject = recipe.shape.subject
    return _half(training_windows(own, labels, rng, subject, per_motion=6, per_second=3.0))


def _half(windows: Windows) -> Windows:
    """The same in half the memory."""
    return Windows(windows.steps.half(), windows.label, windows.weight)


def _hard(network: MotionNetwork, windows: Windows) -> Windows:
    """The windows that a network is wrong about or not sure of."""
    rows = np.flatnonzero(chances_of_right(network, windows) < _HARD)
    return Windows(windows.steps[torch.from_numpy(rows)], windows.label[rows], windows.weight[rows])


def _warm(base: MotionNetwork | None, labels: Sequence[str]) -> dict[str, torch.Tensor] | None:
    """The weights of the network to be extended; new labels begin at nothing."""
    if base is None:
        return None
    state = {name: value.clone() for name, value in base.state_dict().items()}
    for name in ("head.weight", "head.bias"):
        old = state[name]
        state[name] = torch.cat([old, torch.zeros((len(labels) - len(base.labels), *old.shape[1:]))])
    return state


def _on_batch(
    tell: Teller, recipe: MotionRecipe, losses: list[float] | None = None
) -> Callable[[int, float], None]:
    def told(number: int, loss: float) -> None:
        if losses is not None:
            losses.append(loss)
        if number % 10 == 0:
            tell.advance(number, recipe.fit.batches, f"loss {loss:.3f}")

    return told


def _means(losses: Sequence[float]) -> tuple[float, ...]:
    return tuple(
        float(np.mean(losses[start : start + _EACH_LOSS])) for start in range(0, len(losses), _EACH_LOSS)
    )


def _split(recipe: MotionRecipe, own: dict[str, Any] | None) -> str:
    people = f"by person: {recipe.examiners} simulated people who taught nothing"
    return f"{people}, and every third repetition of what was recorded" if own else people


def _origins(recipe: MotionRecipe, recorded: Sequence[Take]) -> str:
    parts = [f"{recipe.people + recipe.hard_people} simulated people, {recipe.seconds:g} s each"]
    for source in sorted({take.source for take in recorded}):
        mine = [take for take in recorded if take.source == source]
        parts.append(f"{source} ({len(mine)} recordings, {mine[0].licence or 'own'})")
    return "; ".join(parts)
