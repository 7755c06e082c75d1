"""How good a gesture classifier is, in numbers that a report can draw and a person can check."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from livefg.inference.classifier import Task, is_gesture
from training.augment import Augmentation, Batch, augment
from training.calibration import expected_calibration_error, reliability, risk_coverage
from training.directions import Direction
from training.files import write_whole
from training.pixels import PixelAugmentation, with_crops
from training.samples import FloatArray, Samples, TextArray

__all__ = [
    "CONDITIONS",
    "PIXEL_CONDITIONS",
    "Classify",
    "ConditionPoint",
    "Evaluation",
    "LabelScore",
    "Mistake",
    "RocPoint",
    "Shown",
    "SourceScore",
    "evaluate",
    "headline",
    "under_conditions",
]

Classify = Callable[[Batch], FloatArray]
"""A batch of hands to probabilities (N, K)."""

NONE = "none"
_MISTAKES = 200
_ROC_POINTS = 101


class Shown(Protocol):
    """Examples by what they show: the label of each (N,), its source, and its file or row."""

    @property
    def label(self) -> TextArray:
        """What each shows."""
        ...

    @property
    def source(self) -> TextArray:
        """The data set of each."""
        ...

    @property
    def item(self) -> TextArray:
        """Where each is found in its source."""
        ...


_STILL = Augmentation.none()
CONDITIONS: dict[str, tuple[tuple[float, ...], Callable[[float], Augmentation]]] = {
    "deformation: joints bent by degrees": ((0, 4, 8, 12, 16), lambda s: replace(_STILL, bend=s)),
    "occlusion: share of hands with a hidden finger": (
        (0, 0.25, 0.5, 0.75, 1),
        lambda s: replace(_STILL, hide=s),
    ),
    "angle: tilted out of the picture by degrees": (
        (0, 10, 20, 30, 40),
        lambda s: replace(_STILL, tilt=s, perspective=0.3 if s else 0.0),
    ),
    "size: points off by parts of the hand's size": (
        (0, 0.02, 0.04, 0.06, 0.08),
        lambda s: replace(_STILL, noise=s),
    ),
    "variation: proportions changed by parts": (
        (0, 0.06, 0.12, 0.18, 0.24),
        lambda s: replace(_STILL, stretch=s),
    ),
}
"""For each condition: growing strengths, and the change of the hands that stands for one of them."""
_CLEAR = PixelAugmentation.none()
PIXEL_CONDITIONS: dict[
    str, tuple[tuple[float, ...], Callable[[float], tuple[Augmentation, PixelAugmentation]]]
] = {
    "clutter: share of hands before another background": (
        (0, 0.25, 0.5, 0.75, 1),
        lambda s: (_STILL, replace(_CLEAR, clutter=s)),
    ),
    "occlusion: share of hands with a part covered": (
        (0, 0.25, 0.5, 0.75, 1),
        lambda s: (_STILL, replace(_CLEAR, hide=s)),
    ),
    "angle: turned in the picture by degrees": (
        (0, 10, 20, 30, 40),
        lambda s: (replace(_STILL, roll=s), _CLEAR),
    ),
    "size: share of hands of 14 to 40 pixels": (
        (0, 0.25, 0.5, 0.75, 1),
        lambda s: (_STILL, replace(_CLEAR, coarse=s)),
    ),
    "variation: share of hands in gloves of any colour": (
        (0, 0.25, 0.5, 0.75, 1),
        lambda s: (_STILL, replace(_CLEAR, glove=s)),
    ),
}
"""The same for networks that look at pixels; where they see points, too, these are turned alike."""


@dataclass(frozen=True, slots=True)
class LabelScore:
    """Precision, recall and F1 (0..1) of one label, over `count` hands that show it."""

    label: str
    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class SourceScore:
    """Of one source: the number of hands, accuracy and expected calibration error (0..1) on them."""

    source: str
    count: int
    accuracy: float
    ece: float


@dataclass(frozen=True, slots=True)
class RocPoint:
    """At `threshold`: the share of gestures named, rightly or not, and of other hands that get a gesture."""

    threshold: float
    gestures_named: float
    false_gestures: float


@dataclass(frozen=True, slots=True)
class ConditionPoint:
    """Accuracy (0..1) under a condition at one strength."""

    condition: str
    strength: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer: which sample (its row, source and item), what it shows, what was said and how surely."""

    row: int
    source: str
    item: str
    shown: str
    said: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results on samples that had no part in training.

    An answer below `reject_threshold` counts as `none`. `confusion` (K, K) counts hands by what they show (row) and
    what is said (column), in the order of `labels`. `accuracy` is over all hands, `macro_f1` the mean over labels that
    occur. `false_gestures` is the share of the hands of `none` that get a gesture. `ece` is the expected calibration
    error, `ece_before` the one without temperature; `reliability` holds (confidence, accuracy, share of answers),
    `coverage` (least confidence, share of answers at least as sure, their accuracy), before any threshold.
    """

    labels: tuple[str, ...]
    hands: int
    reject_threshold: float
    accuracy: float
    macro_f1: float
    false_gestures: float | None
    ece: float
    ece_before: float | None
    confusion: tuple[tuple[int, ...], ...]
    per_label: tuple[LabelScore, ...]
    per_source: tuple[SourceScore, ...]
    reliability: tuple[tuple[float, float, float], ...]
    reliability_before: tuple[tuple[float, float, float], ...]
    roc: tuple[RocPoint, ...]
    mistakes: tuple[Mistake, ...]
    coverage: tuple[tuple[float, float, float], ...] = ()
    conditions: tuple[ConditionPoint, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)

    def save(self, path: Path) -> None:
        """Write the JSON form, whole or not at all. Raises LivefgError if that fails."""
        write_whole(path, (json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n").encode())


def evaluate(
    samples: Shown,
    probabilities: npt.NDArray[np.floating],
    labels: Sequence[str],
    reject_threshold: float = 0.0,
    before: npt.NDArray[np.floating] | None = None,
    nothing: str = NONE,
    task: Task = "gesture",
) -> Evaluation:
    """Compare probabilities (N, K) with what N samples show; `before` are those without temperature.

    `nothing` is the label for none of the others; answers are those that classifiers of the `task` give. A sample
    whose label is not among `labels` shows `nothing` to this classifier.
    """
    places = {label: number for number, label in enumerate(labels)}
    none = places.get(nothing)
    other = -1 if none is None else none
    shown = np.array([places.get(label, other) for label in samples.label.tolist()], np.int64)
    chances = np.asarray(probabilities, np.float64)
    said, confidence = _answers(chances, none, reject_threshold, task == "gesture")
    correct = said == shown
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    known = shown >= 0
    np.add.at(confusion, (shown[known], said[known]), 1)
    per_label = tuple(_score(confusion, number, label) for label, number in places.items())
    present = [score.f1 for score in per_label if score.count]
    return Evaluation(
        labels=tuple(labels),
        hands=len(samples.label),
        reject_threshold=reject_threshold,
        accuracy=float(correct.mean()) if len(samples.label) else 0.0,
        macro_f1=float(np.mean(present)) if present else 0.0,
        false_gestures=_false_gestures(shown, said, none),
        ece=expected_calibration_error(*_calibration(chances, shown)),
        ece_before=(
            expected_calibration_error(*_calibration(np.asarray(before, np.float64), shown))
            if before is not None
            else None
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        per_label=per_label,
        per_source=tuple(
            SourceScore(
                name,
                int(mine.sum()),
                float(correct[mine].mean()),
                expected_calibration_error(*_calibration(chances[mine], shown[mine])),
            )
            for name in sorted(set(samples.source.tolist()))
            for mine in [samples.source == name]
        ),
        reliability=tuple(reliability(*_calibration(chances, shown))),
        reliability_before=(
            tuple(reliability(*_calibration(np.asarray(before, np.float64), shown)))
            if before is not None
            else ()
        ),
        roc=_roc(chances, shown, none),
        mistakes=_mistakes(samples, correct, said, confidence, labels),
        coverage=tuple(risk_coverage(*_calibration(chances, shown))),
    )


def headline(evaluation: Evaluation) -> dict[str, Any]:
    """The few figures that a model's metadata and the manifest keep, rounded."""
    false = evaluation.false_gestures
    return {
        "hands": evaluation.hands,
        "accuracy": round(evaluation.accuracy, 4),
        "macro_f1": round(evaluation.macro_f1, 4),
        "ece": round(evaluation.ece, 4),
        "false_gestures": None if false is None else round(false, 4),
    }


def under_conditions(
    samples: Samples,
    classify: Classify,
    labels: Sequence[str],
    directions: Sequence[Direction] = (),
    seed: int = 0,
) -> tuple[ConditionPoint, ...]:
    """Accuracy on changed copies of the samples: each of `CONDITIONS` at growing strength.

    If there are pictures among the samples, it is each of `PIXEL_CONDITIONS`, on the samples that have one.
    """
    places = {label: number for number, label in enumerate(labels)}
    samples = samples.take(np.array([label in places for label in samples.label.tolist()], bool))
    shown = np.array([places[label] for label in samples.label.tolist()], np.int64)
    points = []

    def ask(condition: str, strength: float, how: Augmentation, pixels: PixelAugmentation | None) -> None:
        rng = np.random.default_rng(seed)
        batch = augment(samples.landmarks, samples.world, samples.right, shown, rng, how, labels, directions)
        if pixels:
            batch = with_crops(batch, samples, rng, pixels)
        right = classify(batch).argmax(axis=1) == batch.label
        points.append(ConditionPoint(condition, strength, float(right[batch.weight > 0].mean())))

    if samples.has_crop.any():
        for condition, (strengths, change_both) in PIXEL_CONDITIONS.items():
            for strength in strengths:
                ask(condition, strength, *change_both(strength))
        return tuple(points)
    for condition, (strengths, change) in CONDITIONS.items():
        for strength in strengths:
            ask(condition, strength, change(strength), None)
    return tuple(points)


def _answers(
    chances: npt.NDArray[np.float64], none: int | None, threshold: float, gestures: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    said = chances.argmax(axis=1)
    best = chances.max(axis=1)
    if none is not None:
        excluded = chances[:, none] if gestures else np.ones(len(chances))
        said = np.where(is_gesture(best, excluded, threshold), said, none)
    return said.astype(np.int64), best


def _calibration(
    chances: npt.NDArray[np.float64], shown: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    return chances.max(axis=1), chances.argmax(axis=1) == shown


def _score(confusion: npt.NDArray[np.int64], number: int, label: str) -> LabelScore:
    right = int(confusion[number, number])
    count, named = int(confusion[number].sum()), int(confusion[:, number].sum())
    precision, recall = right / max(named, 1), right / max(count, 1)
    return LabelScore(
        label, count, precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)
    )


def _false_gestures(
    shown: npt.NDArray[np.int64], said: npt.NDArray[np.int64], none: int | None
) -> float | None:
    if none is None or not (shown == none).any():
        return None
    return float((said[shown == none] != none).mean())


def _roc(
    chances: npt.NDArray[np.float64], shown: npt.NDArray[np.int64], none: int | None
) -> tuple[RocPoint, ...]:
    """Gesture against none as the threshold on the best gesture's probability rises from 0 to 1."""
    if none is None or not (shown == none).any() or (shown == none).all():
        return ()
    gestures = np.delete(chances, none, axis=1).max(axis=1)
    return tuple(
        RocPoint(
            float(threshold),
            float((gestures[shown != none] >= threshold).mean()),
            float((gestures[shown == none] >= threshold).mean()),
        )
        for threshold in np.linspace(0, 1, _ROC_POINTS)
    )


def _mistakes(
    samples: Shown,
    correct: npt.NDArray[np.bool_],
    said: npt.NDArray[np.int64],
    confidence: npt.NDArray[np.float64],
    labels: Sequence[str],
) -> tuple[Mistake, ...]:
    """The surest wrong answers first."""
    wrong = np.flatnonzero(~correct)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:_MISTAKES]
    return tuple(
        Mistake(
            int(row),
            str(samples.source[row]),
            str(samples.item[row]),
            str(samples.label[row]),
            labels[int(said[row])],
            float(confidence[row]),
        )
        for row in order
    )
