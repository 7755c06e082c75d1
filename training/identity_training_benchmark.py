"""Measure when a trained classifier of people beats the prototypes, by how many pictures of each person there are.

    python -m training.identity_training_benchmark --data ../shared/data/faces

Prints a table, and writes the figures to `docs/benchmarks/identity_training.json`.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt
import torch

from livefg.recognition.identity_classifier import Calibration, IdentityClassifier
from training.calibration import expected_calibration_error, softmax
from training.files import write_whole
from training.identity.cache import gather, views_options
from training.identity.conditions import CONDITIONS
from training.identity.gathering import ORDINARY, VARIANTS, FacePictures
from training.identity.head import FitSettings, HeadLoss, Looks, fit_head, logits_of
from training.identity.training import FaceRecipe, choose_threshold, examine, looks_at, temperature_of
from training.identity.views import Views
from training.options import out_option

__all__ = ["command"]

_VARIED = ("lfw", "actors", "press")
_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]] = {
    "news photographs": (_VARIED, (ORDINARY,), (1, 3, 5, 9)),
    "the same, made worse": (_VARIED, tuple(name for name in CONDITIONS if name != ORDINARY), (1, 3, 5, 9)),
    "film stills": (("films",), (ORDINARY,), (1, 3, 5, 10)),
}
"""Sets of pictures, the conditions in which people are shown, and how many pictures of each are learned from."""
_WAYS: dict[str, tuple[HeadLoss, bool]] = {
    "trained, cross-entropy": ("cross_entropy", True),
    "trained, Weston-Watkins": ("weston_watkins", True),
    "trained, no pictures of strangers": ("cross_entropy", False),
}
_PEOPLE = 10
_SHOWN_EACH = 8
_MOST_STRANGERS = 600
_SAME_FILE = 0.98


class _Trial(NamedTuple):
    """Pictures to learn from, those of strangers among them, and looks that follow."""

    pictures: FacePictures
    shown: Looks


@click.command()
@views_options
@click.option("--sessions", default=4, show_default=True, help="How often people are chosen anew.")
@out_option("docs/benchmarks/identity_training.json")
def command(data: Path, views: Path | None, sessions: int, out: Path) -> None:
    """Compare trained classifiers with prototypes on the pictures in DATA."""
    torch.set_num_threads(1)
    seen = gather(data, views)
    seen = seen.where(seen.found)
    calibration = Calibration.load()
    rows = []
    for kind, (sets, conditions, shots) in _KINDS.items():
        for pictures in shots:
            trials = list(_trials(seen, sets, conditions, pictures, sessions))
            for way in ("prototypes", *_WAYS):
                found = _figures([_answers(trial, way, calibration) for trial in trials])
                rows.append({"shown": kind, "pictures_each": pictures, "classifier": way, **found})
                click.echo(" | ".join(_cell(value) for value in rows[-1].values()))
    report = {
        "what": "people named by prototypes and by trained classifiers, ten people and strangers, each look by itself",
        "command": "python -m training.identity_training_benchmark --data DIR",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        "sessions": sessions,
        "rows": rows,
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    click.echo(out, err=True)


def _trials(
    seen: Views, sets: Sequence[str], conditions: Sequence[str], pictures: int, count: int
) -> Iterator[_Trial]:
    """People chosen at random, so many pictures of each to learn from, and others of them and of strangers to show.

    Half of the strangers of the news photographs are there to learn from, the other half, and whoever was not chosen,
    are shown.
    """
    mine, ordinary = np.isin(seen.sets, sets), seen.conditions == ORDINARY
    names, counts = np.unique(seen.people[mine & ordinary], return_counts=True)
    enough = names[counts > pictures]
    away = np.unique(seen.people[seen.sets == "strangers"])
    away = np.random.default_rng(0).permutation(away)
    known = away[::2]
    for session in range(count):
        noise = np.random.default_rng([session, pictures])
        chosen = np.sort(noise.choice(enough, min(_PEOPLE, len(enough)), replace=False))
        learned = np.zeros(len(seen.people), bool)
        shown: list[int] = []
        for name in chosen:
            rows = noise.permutation(np.flatnonzero(mine & ordinary & (seen.people == name)))
            taken, others = rows[:pictures], rows[pictures:]
            same = (seen.embeddings[others] @ seen.embeddings[taken].T).max(axis=1, initial=-1) > _SAME_FILE
            person = mine & (seen.people == name)
            learned |= (
                person
                & np.isin(seen.files, seen.files[taken])
                & np.isin(seen.conditions, (ORDINARY, *VARIANTS))
            )
            asked = (
                person & np.isin(seen.files, seen.files[others[~same]]) & np.isin(seen.conditions, conditions)
            )
            shown += noise.permutation(np.flatnonzero(asked))[:_SHOWN_EACH].tolist()
        pool = ~np.isin(seen.people, [*chosen, *known]) & np.isin(seen.conditions, conditions)
        strange = noise.permutation(np.flatnonzero(pool))[:_MOST_STRANGERS]
        rows = np.array([*shown, *strange], np.intp)
        teaching = ordinary & np.isin(seen.people, np.setdiff1d(known, chosen)) & (seen.sets == "strangers")
        pictures_of = FacePictures(seen.where(learned), seen.where(teaching), ())
        place = {name: number for number, name in enumerate(pictures_of.people)}
        target = np.array([place.get(name, len(place)) for name in seen.people[rows].tolist()], np.int64)
        yield _Trial(
            pictures_of,
            Looks(seen.embeddings[rows], seen.qualities[rows], target),
        )


class _Answers(NamedTuple):
    """Probabilities (n, people + 1), the targets (n,), and the threshold."""

    chances: npt.NDArray[np.float64]
    target: npt.NDArray[np.int64]
    threshold: float


def _answers(trial: _Trial, way: str, calibration: Calibration) -> _Answers:
    pictures, shown = trial
    everything = np.ones(len(pictures.views.files), bool)
    gallery = pictures.gallery(everything)
    if way == "prototypes":
        chances = IdentityClassifier(gallery, calibration).probabilities(shown.embeddings, shown.qualities)
        return _Answers(chances.astype(np.float64), shown.target, calibration.threshold)
    loss, strangers = _WAYS[way]
    if not strangers:
        nobody = pictures.strangers.where(np.zeros(len(pictures.strangers.files), bool))
        pictures = FacePictures(pictures.views, nobody, ())
    recipe = FaceRecipe(FitSettings(loss=loss))
    temperature, threshold = 1.0, calibration.threshold
    if len(set(pictures.views.files.tolist())) > len(
        gallery
    ):  # one picture each leaves nothing to examine with
        held = examine(pictures, recipe, calibration)
        held = held.take(held.conditions == ORDINARY)
        temperature = temperature_of(held)
        unknown = held.looks.target == len(gallery)
        threshold, _ = choose_threshold(softmax(held.logits[unknown], temperature), recipe.false_rate)
    head = fit_head(gallery, looks_at(pictures, everything, gallery, recipe), calibration, recipe.fit)
    return _Answers(softmax(logits_of(head, shown), temperature), shown.target, threshold)


def _figures(answers: Sequence[_Answers]) -> dict[str, float]:
    """Shares over all looks, and the share named where 1 in 1000 strangers is."""
    best = np.concatenate([one.chances[:, :-1].max(axis=1) for one in answers])
    known = np.concatenate([one.target < one.chances.shape[1] - 1 for one in answers])
    right = known & np.concatenate([one.chances[:, :-1].argmax(axis=1) == one.target for one in answers])
    over = np.concatenate([one.chances[:, :-1].max(axis=1) >= one.threshold for one in answers])
    confidence = np.concatenate([one.chances.max(axis=1) for one in answers])
    correct = np.concatenate([one.chances.argmax(axis=1) == one.target for one in answers])
    weight = np.where(known, 0.5 / max(1, known.sum()), 0.5 / max(1, (~known).sum()))
    strict = np.quantile(best[~known], 0.999)
    return {
        "looks": int(known.sum()),
        "stranger_looks": int((~known).sum()),
        "rank1": float(right[known].mean()),
        "named": float((right & over)[known].mean()),
        "misnamed": float((~right & over)[known].mean()),
        "false_names": float(over[~known].mean()),
        "named_at_1_in_1000": float((right & (best > strict))[known].mean()),
        "ece": expected_calibration_error(confidence, correct, weight=weight),
    }


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    command()
