"""How a motion classifier is made, from simulated and recorded people to the file; it reads from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livefg.errors import LivefgError
from training.calibration import expected_calibration_error, fit_temperature, softmax
from training.motion_data.acts import MOTIONS
from training.motion_data.heads import HEAD_MOTIONS, simulated_head
from training.motion_data.sessions import simulated_take
from training.motion_data.takes import Take, labels_of, varied
from training.motion_evaluation import detector, judge
from training.motion_export import AboutMotion, export_motion, read_motion
from training.motion_fit import MotionFit, fit_motions, logits_of_steps
from training.motion_networks import MotionNetwork, MotionShape, Subject
from training.motion_windows import NONE, Windows, training_windows

__all__ = ["MotionRecipe", "TrainedMotion", "idle_takes", "moving_takes", "shipped_recipe", "train_motions"]

Tell = Callable[[str], None]

# People are numbers; those who examine are never among those who teach.
_TEACHERS, _HARD_TEACHERS, _EXAMINERS, _JUDGES = 0, 100_000, 200_000, 300_000
_HARD = 0.8
_HARD_WEIGHT = 3.0
_GRID = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.98)
_OWN_VERSIONS = 12
_SHOWN = ("detection_rate", "false_alarms_a_minute", "latency_median", "latency_p95", "opposite_direction")


@dataclass(frozen=True, slots=True)
class MotionRecipe:
    """Everything beside recordings that decides the result.

    `people` are simulated before a camera for `seconds` each. A first network looks at `hard_people` more, and what it
    is not sure of is learned three times as often by the second. `examiners` choose the temperature and the
    threshold: the least at which not more than `false_alarms` a minute come from people who mean nothing.
    """

    shape: MotionShape = field(default_factory=MotionShape)
    fit: MotionFit = field(default_factory=MotionFit)
    people: int = 480
    hard_people: int = 300
    examiners: int = 40
    seconds: float = 90.0
    false_alarms: float = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class TrainedMotion:
    """A classifier that was written to `path`, what it says of itself, and how far ONNX Runtime is from torch."""

    path: Path
    network: MotionNetwork
    about: AboutMotion
    gap: float


def shipped_recipe(subject: Subject, kind: str = "tcn") -> MotionRecipe:
    """The recipe of what ships."""
    if subject == "head":
        shape = MotionShape(subject="head", kind="gru" if kind == "gru" else "tcn", width=32)
        return MotionRecipe(shape, MotionFit(batches=2000), people=300, hard_people=200)
    shape = MotionShape(kind="gru" if kind == "gru" else "tcn", width=56)
    return MotionRecipe(shape, MotionFit(batches=4500))


def moving_takes(subject: Subject, first: int, count: int, seconds: float = 60.0) -> list[Take]:
    """Simulated people who make motions between other things; numbers from `first` on."""
    return [_simulated(subject, person, seconds, 0.45) for person in range(first, first + count)]


def idle_takes(subject: Subject, first: int, count: int, seconds: float = 60.0) -> list[Take]:
    """Simulated people who move and mean nothing."""
    return [_simulated(subject, person, seconds, 0.0) for person in range(first, first + count)]


def train_motions(
    path: Path,
    recipe: MotionRecipe,
    tell: Tell,
    *,
    recorded: Sequence[Take] = (),
    extend: Path | None = None,
) -> TrainedMotion:
    """Train on simulated people, and on `recorded` ones, and write the classifier to `path`.

    With `extend` the motions of the recordings are added to those of that classifier. Raises LivefgError, in one
    sentence, for what a user can put right.
    """
    # 1. What there is to tell apart.
    subject = recipe.shape.subject
    base = read_motion(extend) if extend else None
    if base:
        recipe = replace(recipe, shape=base.shape)
    known = base.labels if base else (NONE, *(MOTIONS if subject == "hand" else HEAD_MOTIONS))
    labels = (*known, *(label for label in labels_of(recorded) if label not in known))
    if base and labels == known:
        raise LivefgError(f"The recordings show no motion that {extend} does not know.")

    # 2. Windows of people who move: simulated ones, and each recording in several versions.
    rng = np.random.default_rng(recipe.fit.seed)
    tell(f"watching {recipe.people} simulated people")
    parts = [
        training_windows([take], labels, rng, subject) for take in _teachers(recipe, _TEACHERS, recipe.people)
    ]
    own = [varied(take, rng) for take in recorded for _ in range(_OWN_VERSIONS)]
    if own:
        parts.append(training_windows(own, labels, rng, subject, per_motion=6, per_second=3.0))
    windows = _half(Windows.concatenate(parts))

    # 3. A first network, and what it finds hard.
    if recipe.hard_people:
        tell(f"first network, from {len(windows)} windows")
        first = fit_motions(
            windows, recipe.shape, labels, replace(recipe.fit, batches=recipe.fit.batches // 2)
        )
        tell(f"looking for what is hard among {recipe.hard_people} more people")
        hard = [
            _hard(first, training_windows([take], labels, rng, subject, per_second=12.0))
            for take in _teachers(recipe, _HARD_TEACHERS, recipe.hard_people)
        ]
        windows = Windows.concatenate([windows, _half(Windows.concatenate(hard))])

    # 4. The network that counts.
    tell(f"learning {len(labels)} labels from {len(windows)} windows")
    network = fit_motions(windows, recipe.shape, labels, recipe.fit, start=_warm(base, labels))

    # 5. Confidence that can be believed, and when to speak, by people who taught nothing.
    tell("examining")
    held = training_windows(
        moving_takes(subject, _EXAMINERS, recipe.examiners), labels, np.random.default_rng(1), subject
    )
    logits = logits_of_steps(network, held.steps)
    temperature = fit_temperature(logits, held.label)
    threshold, reason = _threshold(network, temperature, recipe)

    # 6. One file that explains itself, or none.
    about = AboutMotion(
        temperature=temperature,
        reject_threshold=threshold,
        reject_reason=reason,
        loss=f"{recipe.fit.loss}, label smoothing {recipe.fit.smoothing:g}",
        training_data=_origins(recipe, recorded),
        split=f"by person: {recipe.examiners} simulated people who taught nothing",
        licence=", ".join(sorted({"Apache-2.0", *(take.licence for take in recorded if take.licence)})),
        metrics=_metrics(network, temperature, threshold, held, logits, recipe),
    )
    return TrainedMotion(path, network, about, export_motion(network, about, path))


def _simulated(subject: Subject, person: int, seconds: float, share: float) -> Take:
    if subject == "head":
        return simulated_head(person, 0, seconds, share)
    return simulated_take(person, 0, seconds, share=share)


def _teachers(recipe: MotionRecipe, first: int, count: int) -> Iterator[Take]:
    """People to learn from; a third of them hardly ever means anything."""
    for person in range(first, first + count):
        yield _simulated(recipe.shape.subject, person, recipe.seconds, 0.45 if person % 3 else 0.15)


def _half(windows: Windows) -> Windows:
    """The same in half the memory."""
    return Windows(windows.steps.half(), windows.label, windows.weight)


def _hard(network: MotionNetwork, windows: Windows) -> Windows:
    """The windows that a network is wrong about or not sure of, each to be learned more often."""
    chances = softmax(logits_of_steps(network, windows.steps))
    rows = np.flatnonzero(chances[np.arange(len(chances)), windows.label] < _HARD)
    weight = windows.weight[rows] * np.float32(_HARD_WEIGHT)
    return Windows(windows.steps[torch.from_numpy(rows)], windows.label[rows], weight)


def _warm(base: MotionNetwork | None, labels: Sequence[str]) -> dict[str, torch.Tensor] | None:
    """The weights of the network to be extended; new labels begin at nothing."""
    if base is None:
        return None
    state = {name: value.clone() for name, value in base.state_dict().items()}
    for name in ("head.weight", "head.bias"):
        old = state[name]
        state[name] = torch.cat([old, torch.zeros((len(labels) - len(base.labels), *old.shape[1:]))])
    return state


def _threshold(network: MotionNetwork, temperature: float, recipe: MotionRecipe) -> tuple[float, str]:
    """The least threshold at which people who mean nothing are left alone, and how it was chosen."""
    takes = idle_takes(network.shape.subject, _EXAMINERS + 50_000, recipe.examiners)
    chosen, rate = _GRID[-1], float("nan")
    for enter in _GRID:
        rate = judge(takes, detector(network, temperature, enter), network.labels[1:], 30)[
            "false_alarms_a_minute"
        ]
        if rate <= recipe.false_alarms:
            chosen = enter
            break
    return chosen, (
        f"the least at which {recipe.examiners} simulated people who mean nothing cause at most "
        f"{recipe.false_alarms:g} false alarms a minute, or the highest tried ({rate:.2f} a minute)"
    )


def _metrics(
    network: MotionNetwork,
    temperature: float,
    threshold: float,
    held: Windows,
    logits: Any,
    recipe: MotionRecipe,
) -> dict[str, Any]:
    subject = network.shape.subject
    chances = softmax(logits, temperature)
    right = chances.argmax(axis=1) == held.label
    moving, idle = (
        moving_takes(subject, _JUDGES, recipe.examiners),
        idle_takes(subject, _JUDGES, recipe.examiners),
    )
    detect = detector(network, temperature, threshold)
    found = judge(moving, detect, network.labels[1:], 30)
    return {
        "window_accuracy": round(float(right.mean()), 4),
        "window_ece": round(expected_calibration_error(chances.max(axis=1), right), 4),
        "simulated": {key: found[key] for key in _SHOWN},
        "simulated_idle_false_alarms_a_minute": judge(idle, detect, network.labels[1:], 30)[
            "false_alarms_a_minute"
        ],
    }


def _origins(recipe: MotionRecipe, recorded: Sequence[Take]) -> str:
    parts = [f"{recipe.people + recipe.hard_people} simulated people, {recipe.seconds:g} s each"]
    for source in sorted({take.source for take in recorded}):
        mine = [take for take in recorded if take.source == source]
        parts.append(f"{source} ({len(mine)} recordings, {mine[0].licence or 'own'})")
    return "; ".join(parts)
