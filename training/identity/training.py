"""How a classifier of people is made, from folders of pictures to the file; it reads from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.gallery import UNKNOWN, Gallery
from livefg.recognition.identity_classifier import Calibration, IdentityClassifier
from livefg.results import FloatArray
from training.calibration import fit_temperature, softmax
from training.evaluation import ConditionPoint, Evaluation, evaluate
from training.identity.export import AboutIdentities, export_identities
from training.identity.gathering import ORDINARY, FacePictures, gather_pictures
from training.identity.head import FitSettings, Looks, fit_head, imagined_strangers, logits_of
from training.identity.views import Views

__all__ = [
    "FaceRecipe",
    "Held",
    "Teller",
    "TrainedFaces",
    "choose_threshold",
    "examine",
    "looks_at",
    "temperature_of",
    "train_faces",
]

IMAGINED = "imagined strangers"
PEOPLE, STRANGERS = "your pictures", "strangers"
_FEWEST_STRANGERS = 200
# A few held-back pictures cannot prove more than the hundreds of people of the calibration did.
_LOWEST_TEMPERATURE, _HIGHEST_TEMPERATURE = 1.0, 3.0
_LOWEST_THRESHOLD, _HIGHEST_THRESHOLD = 0.9, 0.995
_CONDITIONS = {
    "size: as it is, then 48 and 24 pixels wide": (ORDINARY, "48 px wide", "24 px wide"),
    "sharpness: as it is, then blurred, then moved": (ORDINARY, "blurred", "moved"),
    "light: as it is, then a fifth of it": (ORDINARY, "dark"),
}


@dataclass(frozen=True, slots=True)
class FaceRecipe:
    """Everything beside the pictures that decides the result.

    `folds` is in how many parts each person's pictures are held back in turn, `imagined` how many strangers are made
    up, `false_rate` the share of strangers who may get a name.
    """

    fit: FitSettings = field(default_factory=FitSettings)
    folds: int = 5
    imagined: int = 1000
    false_rate: float = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """What was shown, for an evaluation: the names (n,), where the looks come from, and the files."""

    label: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    item: npt.NDArray[np.str_]


class Teller(Protocol):
    """Is told how the work goes on."""

    def step(self, sentence: str) -> None:
        """A new step begins."""
        ...

    def gathering(self, source: str, done: int, total: int) -> None:
        """So many pictures have been looked at."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What heads make of looks that they did not learn from: `logits` (n, people + 1), and what the prototype softmax
    makes of them, `instant` (n, people + 1) probabilities. `labels`, `sources` and `items` (n,) say what was shown,
    `conditions` (n,) how.
    """

    looks: Looks
    logits: FloatArray
    instant: FloatArray
    sources: npt.NDArray[np.str_]
    items: npt.NDArray[np.str_]
    conditions: npt.NDArray[np.str_]

    def take(self, rows: npt.NDArray[np.bool_]) -> Held:
        """Some of them."""
        return Held(
            self.looks.take(rows),
            *(getattr(self, name)[rows] for name in ("logits", "instant", "sources", "items", "conditions")),
        )


@dataclass(frozen=True, slots=True, eq=False)
class TrainedFaces:
    """A classifier that was written to `path`, how it did on pictures it had not seen, and what it was made from.

    `instant` is how the prototype softmax did on the same pictures.
    """

    path: Path
    about: AboutIdentities
    evaluation: Evaluation
    instant: Evaluation
    pictures: FacePictures
    held: Held
    gap: float
    notes: tuple[str, ...]


def train_faces(
    data: Path,
    path: Path,
    recipe: FaceRecipe,
    tell: Teller,
    *,
    strangers: Path | None = None,
    folder: Path | None = None,
) -> TrainedFaces:
    """Train on a folder with a folder for each person, and write the classifier to `path`, for its owner only.

    `strangers` is a folder with pictures of people who are to stay unknown. `folder` takes `evaluation.json` and the
    report. Raises LivefgError, in one sentence, for what a user can put right.
    """
    # 1. The pictures, each also small, blurred, moved and dark.
    tell.step("looking at the pictures")
    pictures = gather_pictures(data, strangers, tell.gathering)
    calibration = Calibration.load()
    labels = (*pictures.people, UNKNOWN)

    # 2. An examination: heads that never saw the held-back pictures, asked about them and about strangers.
    tell.step(f"examining with {recipe.folds} parts held back in turn")
    held = examine(pictures, recipe, calibration)

    # 3. Confidence that can be believed, and when to say unknown.
    ordinary = held.take(held.conditions == ORDINARY)
    temperature = temperature_of(ordinary)
    chances = softmax(ordinary.logits, temperature)
    unknown = ordinary.looks.target == len(pictures.people)
    threshold, reason = choose_threshold(chances[unknown], recipe.false_rate)

    # 4. The head that counts learns from all pictures.
    tell.step(
        f"learning {len(pictures.people)} people from {len(set(pictures.views.files.tolist()))} pictures"
    )
    everything = np.ones(len(pictures.views.files), bool)
    gallery = pictures.gallery(everything)
    head = fit_head(gallery, looks_at(pictures, everything, gallery, recipe), calibration, recipe.fit)

    # 5. One file that explains itself, or none.
    evaluation = _evaluate(ordinary, chances, labels, threshold, softmax(ordinary.logits))
    evaluation = replace(evaluation, conditions=_conditions(held, temperature, labels))
    about = AboutIdentities(
        labels=labels,
        temperature=temperature,
        reject_threshold=threshold,
        reject_reason=reason,
        loss=_loss_in_words(recipe.fit),
        training_data=f"pictures of its owner's: {_counts(pictures)}",
        split=f"{recipe.folds} parts of each person's pictures held back in turn, and strangers likewise",
        metrics={
            "pictures": evaluation.hands,
            "accuracy": round(evaluation.accuracy, 4),
            "ece": round(evaluation.ece, 4),
            "false_names": evaluation.false_gestures and round(evaluation.false_gestures, 5),
        },
    )
    gap = export_identities(head, about, path)
    trained = TrainedFaces(
        path,
        about,
        evaluation,
        _evaluate(ordinary, ordinary.instant, labels, calibration.threshold),
        pictures,
        held,
        gap,
        tuple(_notes(pictures, strangers)),
    )
    if folder:
        from training.report.faces import report_on_faces  # noqa: PLC0415 - it draws: only for who keeps it
        from training.report.write import write_report  # noqa: PLC0415

        tell.step("drawing the report")
        evaluation.save(folder / "evaluation.json")
        folders = {PEOPLE: data, STRANGERS: strangers}
        write_report(report_on_faces(trained, recipe, folders), folder / "report")
    return trained


def examine(pictures: FacePictures, recipe: FaceRecipe, calibration: Calibration) -> Held:
    """Train heads without some of each person's pictures and some strangers, and ask them about those.

    A person's only picture is never held back. Raises LivefgError if nobody has two.
    """
    views, strangers = pictures.views, pictures.strangers
    fold_of, stranger_fold = _folds(pictures, recipe)
    if not (fold_of >= 0).any():
        raise LivefgError(
            "Nobody has two usable pictures, so there is nothing to examine a classifier with; `livefg enroll --tree` "
            "works with one picture a person."
        )
    parts = []
    for fold in range(recipe.folds):
        asked = fold_of == fold
        gallery = pictures.gallery(~asked)
        head = fit_head(
            gallery,
            looks_at(pictures, ~asked, gallery, recipe, stranger_fold != fold),
            calibration,
            recipe.fit,
        )
        away = strangers.where(stranger_fold == fold)
        imagined = imagined_strangers(gallery, recipe.imagined // recipe.folds, recipe.fit.seed + 1000 + fold)
        looks = _all(gallery, views.where(asked), away, imagined)
        instant = IdentityClassifier(gallery, calibration).probabilities(looks.embeddings, looks.qualities)
        named, others = int(asked.sum()), len(away.files)
        parts.append(
            Held(
                looks,
                logits_of(head, looks),
                instant,
                np.repeat([PEOPLE, STRANGERS, IMAGINED], [named, others, len(imagined)]),
                np.concatenate([views.files[asked], away.files, np.full(len(imagined), "")]),
                np.concatenate([views.conditions[asked], np.full(others + len(imagined), ORDINARY)]),
            )
        )
    looks = parts[0].looks
    for part in parts[1:]:
        looks = looks.and_also(part.looks)
    names = ("logits", "instant", "sources", "items", "conditions")
    return Held(looks, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def choose_threshold(strangers: npt.NDArray[np.floating], false_rate: float) -> tuple[float, str]:
    """The threshold with which at most `false_rate` of looks at strangers get a name, and how it was chosen.

    `strangers` are probabilities (n, people + 1), the last one for a stranger.
    """
    best = np.asarray(strangers[:, :-1].max(axis=1), np.float64)
    named = np.sort(np.where(best > strangers[:, -1], best, 0.0))[::-1]
    needed = float(np.nextafter(named[int(false_rate * len(named))], 1.0))
    threshold = float(np.clip(needed, _LOWEST_THRESHOLD, _HIGHEST_THRESHOLD))
    reached = float((named >= threshold).mean())
    return threshold, (
        f"at most {false_rate:.1%} of {len(named)} held-back looks at strangers get a name ({reached:.2%} do), but at "
        f"least {_LOWEST_THRESHOLD:g} and at most {_HIGHEST_THRESHOLD:g}"
    )


def _folds(pictures: FacePictures, recipe: FaceRecipe) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The part to which each row of the people's views, and each stranger's, belongs; -1 is never held back."""
    noise = np.random.default_rng(recipe.fit.seed)
    views, strangers = pictures.views, pictures.strangers
    folds = np.full(len(views.files), -1, np.int64)
    begin = 0
    for name in pictures.people:
        files = noise.permutation(np.unique(views.files[views.people == name]))
        for place, file in enumerate(files if len(files) > 1 else ()):
            folds[views.files == file] = (begin + place) % recipe.folds
        begin += len(files)
    known = np.unique(strangers.people)
    part = dict(zip(known.tolist(), (noise.permutation(len(known)) % recipe.folds).tolist(), strict=True))
    return folds, np.array([part[name] for name in strangers.people.tolist()], np.int64)


def looks_at(
    pictures: FacePictures,
    rows: npt.NDArray[np.bool_],
    gallery: Gallery,
    recipe: FaceRecipe,
    strangers: npt.NDArray[np.bool_] | None = None,
) -> Looks:
    """What a head learns from: some of the people's views, some strangers, and strangers that are made up."""
    away = pictures.strangers if strangers is None else pictures.strangers.where(strangers)
    imagined = imagined_strangers(gallery, recipe.imagined, recipe.fit.seed)
    return _all(gallery, pictures.views.where(rows), away, imagined)


def _all(gallery: Gallery, views: Views, strangers: Views, imagined: FloatArray) -> Looks:
    place = {name: number for number, name in enumerate(gallery.names)}
    unknown = len(gallery)
    shown = [place[name] for name in views.people.tolist()]
    return Looks(
        np.concatenate([views.embeddings, strangers.embeddings, imagined]),
        # Nothing can be said of how good a view of nobody is: as good as those of the people.
        np.concatenate(
            [views.qualities, strangers.qualities, np.resize(views.qualities, len(imagined))]
        ).astype(np.float32),
        np.array([*shown, *[unknown] * (len(strangers.files) + len(imagined))], np.int64),
    )


def temperature_of(held: Held) -> float:
    """The temperature that fits, people and strangers counting alike."""
    unknown = held.looks.target == held.logits.shape[1] - 1
    weight = np.where(unknown, 0.5 / max(1, unknown.sum()), 0.5 / max(1, (~unknown).sum()))
    found = fit_temperature(held.logits, held.looks.target, weight)
    return float(np.clip(found, _LOWEST_TEMPERATURE, _HIGHEST_TEMPERATURE))


def _evaluate(
    held: Held,
    chances: npt.NDArray[np.floating],
    labels: tuple[str, ...],
    threshold: float,
    before: npt.NDArray[np.floating] | None = None,
) -> Evaluation:
    shown = _Shown(np.array(labels)[held.looks.target], held.sources, held.items)
    return evaluate(shown, chances, labels, threshold, before, nothing=UNKNOWN, task="identity")


def _conditions(held: Held, temperature: float, labels: tuple[str, ...]) -> tuple[ConditionPoint, ...]:
    """For how many of the people's pictures the right name is the likeliest answer in each variant."""
    points = []
    for condition, variants in _CONDITIONS.items():
        for strength, variant in enumerate(variants):
            part = held.take((held.conditions == variant) & (held.sources == PEOPLE))
            if len(part.looks):
                found = _evaluate(part, softmax(part.logits, temperature), labels, 0.0)
                points.append(ConditionPoint(condition, strength, found.accuracy))
    return tuple(points)


def _counts(pictures: FacePictures) -> str:
    files = len(set(pictures.views.files.tolist()))
    strangers = len(pictures.strangers.files)
    return (
        f"{files} of {len(pictures.people)} people, {strangers} of strangers; strangers made up from numbers"
    )


def _notes(pictures: FacePictures, strangers: Path | None) -> list[str]:
    notes = []
    ordinary = pictures.views.where(pictures.views.conditions == ORDINARY)
    names, counts = np.unique(ordinary.people, return_counts=True)
    single = [str(name) for name, count in zip(names, counts, strict=True) if count == 1]
    if single:
        notes.append(
            f"Of {', '.join(single)} there is one picture only, with which nothing could be examined."
        )
    if len(pictures.strangers.files) < _FEWEST_STRANGERS:
        what = "few" if strangers else "no"
        notes.append(
            f"There were {what} pictures of strangers: how often strangers get a name is an estimate from made-up "
            "ones; --strangers takes a folder of people who are to stay unknown."
        )
    return notes


def _loss_in_words(settings: FitSettings) -> str:
    detail = f", margin {settings.margin:g}" if settings.loss == "weston_watkins" else ""
    return f"{settings.loss}{detail}"
