"""The report on a classifier of people that was just trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from livefg.errors import LivefgError
from livefg.results import ImageArray
from livefg.sources.images import read_image
from training.evaluation import Evaluation
from training.identity.gathering import ORDINARY
from training.report.content import DataSource, Report, Table, Thumbnail, Words
from training.report.hands import square
from training.report.markup import percent

if TYPE_CHECKING:
    from training.identity.training import FaceRecipe, TrainedFaces

__all__ = ["report_on_faces"]

_WORDS = Words(one="look", many="looks", answer="name", answers="names", nothing="unknown")
_MOST_PICTURED = 24


def report_on_faces(trained: TrainedFaces, recipe: FaceRecipe, folders: Mapping[str, Path | None]) -> Report:
    """What there is to show of a training on the pictures in some folders, by the name of the source."""
    return Report(
        title=f"People: {trained.path.stem}",
        evaluation=trained.evaluation,
        words=_WORDS,
        facts=_facts(trained, recipe),
        thumbnails=_thumbnails(trained.evaluation, folders),
        conditions_note="Each held-back picture is shown as it is and made worse in these ways.",
        data=_data(trained),
        tables=(_compared(trained),),
        notes=trained.notes,
        created=trained.about.created,
    )


def _compared(trained: TrainedFaces) -> Table:
    """The trained classifier beside the one that `livefg enroll` gives."""
    rows = []
    for name, found in (("trained", trained.evaluation), ("enrolled (prototypes)", trained.instant)):
        people = [score for score in found.per_label if score.label != _WORDS.nothing]
        shown = sum(score.count for score in people)
        named = sum(score.recall * score.count for score in people) / max(1, shown)
        rows.append(
            [
                name,
                f"{found.reject_threshold:.3f}",
                percent(named),
                "" if found.false_gestures is None else f"{found.false_gestures:.2%}",
                f"{found.ece:.3f}",
            ]
        )
    return Table(
        "Trained, or enrolled",
        ("Classifier", "Threshold", "Looks at people named rightly", "Looks at strangers named", "ECE"),
        rows,
        "On the same held-back pictures, each by itself; `livefg enroll --tree` makes the second of the same folders. "
        "Strangers count as often as there are pictures of them, made-up ones among them.",
    )


def _thumbnails(evaluation: Evaluation, folders: Mapping[str, Path | None]) -> tuple[Thumbnail, ...]:
    """Pictures of the surest mistakes; there are none of made-up strangers."""
    made: list[Thumbnail] = []
    for mistake in evaluation.mistakes:
        folder = folders.get(mistake.source)
        picture = _picture(folder / mistake.item) if folder else None
        if picture is not None and len(made) < _MOST_PICTURED:
            made.append(Thumbnail(mistake, picture))
    return tuple(made)


def _picture(path: Path) -> ImageArray | None:
    if not path.is_file():
        return None
    try:
        return square(read_image(path))
    except LivefgError:
        return None


def _data(trained: TrainedFaces) -> tuple[DataSource, ...]:
    pictures = trained.pictures
    views, strangers = pictures.views, pictures.strangers
    rejected = dict(Counter(reason for _, reason in pictures.rejected))
    made_up = int((trained.held.sources == "imagined strangers").sum())
    rows = [
        DataSource(
            "your pictures",
            "your own",
            int((views.conditions == ORDINARY).sum()),
            people=len(pictures.people),
            use="training, examination",
            rejected=rejected,
        )
    ]
    if len(strangers.files):
        count = len(strangers.files)
        people = len(set(strangers.people.tolist()))
        rows.append(DataSource("strangers", "your own", count, people=people, use="training, examination"))
    rows.append(DataSource("imagined strangers", "numbers only", made_up, use="training, examination"))
    return tuple(rows)


def _facts(trained: TrainedFaces, recipe: FaceRecipe) -> list[tuple[str, str]]:
    about, fit = trained.about, recipe.fit
    sizes = Counter(
        trained.pictures.views.people[trained.pictures.views.conditions == ORDINARY].tolist()
    ).values()
    return [
        ("File", f"{trained.path.name}, {trained.path.stat().st_size / 1e3:.0f} kB"),
        ("Sees", "the embedding of a face (128 numbers) and the quality of the view"),
        ("Pictures a person", f"{min(sizes)} to {max(sizes)}, {np.mean(list(sizes)):.1f} on average"),
        ("Loss", about.loss),
        (
            "Training",
            f"at most {fit.steps} steps of L-BFGS over everything, held at the prototypes by {fit.hold:g}, "
            f"seed {fit.seed}",
        ),
        ("Held back", about.split),
        ("Temperature", f"{about.temperature:.3f}, fitted on the held-back looks"),
        ("Threshold", f"{about.reject_threshold:.3f}: {about.reject_reason}"),
        (
            "Proof of the file",
            f"ONNX Runtime against torch: probabilities differ by at most {trained.gap:.1e}",
        ),
        ("Made with", f"torch {torch.__version__}"),
        ("Date", about.created.isoformat()),
    ]
