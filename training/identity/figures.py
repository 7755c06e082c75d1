"""What is reported: verification, identification among strangers, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.gallery import UNKNOWN
from livefg.recognition.identity_classifier import Calibration, IdentityClassifier
from livefg.results import FloatArray
from training.identity.trials import pairs, sessions
from training.identity.views import Views

__all__ = ["Identification", "Verification", "identify", "verify"]

_BINS = 15


@dataclass(frozen=True, slots=True)
class Verification:
    """One picture against one: how well the cosine tells the same person from another.

    `auc` is the area under the ROC curve, `eer` the error rate where both kinds of error are equal, `accepted` the
    share of pairs of one person above the cosine that 1 in 1000 (`cosine`) pairs of two people reach.
    """

    same_pairs: int
    other_pairs: int
    auc: float
    eer: float
    accepted: float
    cosine: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Identification:
    """People and strangers against a gallery, each view by itself.

    `looks` at enrolled people, `stranger_looks` at others. `rank1`: the best name is the right one. `named`: the answer
    is the right name; `misnamed`: another name; both as shares of looks at enrolled people. `false_names`: the share
    of strangers who got a name, `worst_false_names` the same in the part of the people where it was highest.
    `false_names_at_95`: the same with the threshold at which 95 % are named rightly.
    `ece`: the expected calibration error of all answers, with as many strangers as enrolled people.
    """

    looks: int
    stranger_looks: int
    rank1: float
    named: float
    misnamed: float
    false_names: float
    worst_false_names: float
    false_names_at_95: float
    ece: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def verify(views: Views) -> Verification:
    """All pairs of pictures."""
    same, other = pairs(views)
    cuts = np.linspace(-1, 1, 4001)
    missed = np.searchsorted(np.sort(same), cuts) / len(same)
    passed = 1 - np.searchsorted(np.sort(other), cuts) / len(other)
    equal = int(np.argmin(np.abs(missed - passed)))
    cosine = float(np.quantile(other, 0.999))
    return Verification(
        same_pairs=len(same),
        other_pairs=len(other),
        auc=1.0 - float(np.searchsorted(np.sort(same), np.sort(other)).mean()) / len(same),
        eer=float((missed[equal] + passed[equal]) / 2),
        accepted=float((same > cosine).mean()),
        cosine=cosine,
    )


def identify(
    parts: Sequence[tuple[Views, Views, Calibration]],
    *,
    people: int,
    pictures: int,
    count: int = 100,
    seed: int = 1,
) -> Identification:
    """Sessions over parts of the people: each part has views to enrol, views to show, and a calibration that was
    fitted on other people.
    """
    best, right, named, wrong, confidence, correct = [], [], [], [], [], []
    stranger_best, part_false_names = [], []
    stranger_named: list[npt.NDArray[np.bool_]] = []
    for enrolled, shown, calibration in parts:
        before = len(stranger_named)
        for session in sessions(
            enrolled, shown, people=people, pictures=pictures, count=count // len(parts), seed=seed
        ):
            classifier = IdentityClassifier(session.gallery, calibration)
            found = classifier.probabilities(session.embeddings, session.qualities)
            labels = [classifier.label(row) for row in found]
            truth = np.array([classifier.labels[place] for place in session.truth])
            answers = np.array([label.name for label in labels])
            known = session.truth >= 0
            best.append(found[known, :-1].max(axis=1))
            right.append(found[known, :-1].argmax(axis=1) == session.truth[known])
            named.append(answers[known] == truth[known])
            wrong.append((answers[known] != truth[known]) & (answers[known] != UNKNOWN))
            stranger_best.append(found[~known, :-1].max(axis=1))
            stranger_named.append(answers[~known] != UNKNOWN)
            confidence.append(np.array([label.confidence for label in labels]))
            correct.append(np.stack([answers == truth, known], axis=1))
        part_false_names.append(float(np.concatenate(stranger_named[before:]).mean()))
    rank1, top, stranger_top = np.concatenate(right), np.concatenate(best), np.concatenate(stranger_best)
    cut = np.quantile(np.where(rank1, top, -1.0), 0.05)
    answered = np.concatenate(correct)
    return Identification(
        looks=len(rank1),
        stranger_looks=len(stranger_top),
        rank1=float(rank1.mean()),
        named=float(np.concatenate(named).mean()),
        misnamed=float(np.concatenate(wrong).mean()),
        false_names=float(np.concatenate(stranger_named).mean()),
        worst_false_names=max(part_false_names),
        false_names_at_95=float((stranger_top >= cut).mean()),
        ece=_calibration_error(np.concatenate(confidence), answered[:, 0], answered[:, 1]),
    )


def _calibration_error(
    confidence: FloatArray, correct: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]
) -> float:
    """Mean distance of confidence and share of right answers over bins; strangers weigh as much as known people."""
    weight = np.where(known, 0.5 / max(1, known.sum()), 0.5 / max(1, (~known).sum()))
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return float(
        sum(abs(float((weight * (correct - confidence))[place == number].sum())) for number in range(_BINS))
    )
