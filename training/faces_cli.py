"""The options of `livefg train faces`; torch is imported when training starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.paths import user_cache_dir, user_models_dir
from training.extra import require_training_extra
from training.options import data_option, json_option, model_option, seed_option, work_option

if TYPE_CHECKING:
    from training.evaluation import Evaluation
    from training.identity.training import TrainedFaces

__all__ = ["faces"]

_DEFAULT_NAME = "my_faces"


@click.command()
@data_option("Folder of folders: each is a person of its name.")
@click.option(
    "--strangers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of pictures of people who are to stay unknown; those in one folder below it are one person.",
)
@model_option(_DEFAULT_NAME)
@click.option(
    "--loss",
    type=click.Choice(["cross_entropy", "weston_watkins"]),
    default="cross_entropy",
    show_default=True,
    help="What to make small.",
)
@click.option("--margin", type=float, default=1.0, show_default=True, help="The margin of weston_watkins.")
@click.option(
    "--false-rate",
    type=click.FloatRange(0, 1),
    default=0.001,
    show_default=True,
    help="The share of looks at strangers that may get a name.",
)
@seed_option
@work_option("evaluation.json and the report")
@json_option
def faces(
    data: Path,
    strangers: Path | None,
    out: Path | None,
    work: Path | None,
    false_rate: float,
    as_json: bool,
    **options: Any,
) -> None:
    """Learn to tell people apart from several pictures of each, and write one model file.

    With few pictures `livefg enroll --tree` does as well; see docs/identity.md.
    """
    require_training_extra()
    from training.identity.head import FitSettings  # noqa: PLC0415
    from training.identity.training import FaceRecipe, train_faces  # noqa: PLC0415
    from training.progress import TrainingProgress  # noqa: PLC0415

    path = out or user_models_dir() / f"{_DEFAULT_NAME}.onnx"
    work = work or user_cache_dir() / "training" / path.stem
    recipe = FaceRecipe(fit=FitSettings(**options), false_rate=false_rate)
    with TrainingProgress() as progress:
        trained = train_faces(data, path, recipe, progress, strangers=strangers, folder=work)
    if as_json:
        click.echo(json.dumps(_summary(trained), ensure_ascii=False, indent=2))
    else:
        _tell(trained, work)


def _summary(trained: TrainedFaces) -> dict[str, Any]:
    evaluation, about = trained.evaluation, trained.about
    return {
        "model": str(trained.path),
        "labels": list(about.labels),
        "looks": evaluation.hands,
        "rejected": [{"source": file, "reason": reason} for file, reason in trained.pictures.rejected],
        "named": _named(evaluation),
        "named_if_enrolled": _named(trained.instant),
        "ece": evaluation.ece,
        "false_names": evaluation.false_gestures,
        "false_names_if_enrolled": trained.instant.false_gestures,
        "reject_threshold": about.reject_threshold,
        "split": about.split,
        "notes": list(trained.notes),
    }


def _named(evaluation: Evaluation) -> float:
    """The share of looks at people that get the right name."""
    people = [score for score in evaluation.per_label if score.label != "unknown"]
    return sum(score.recall * score.count for score in people) / max(1, sum(score.count for score in people))


def _tell(trained: TrainedFaces, work: Path) -> None:
    """What was left out and noticed on stderr, the rest on stdout."""
    for file, reason in trained.pictures.rejected:
        click.echo(f"Left out: {file}: {reason}", err=True)
    for note in trained.notes:
        click.echo(f"note: {note}", err=True)
    evaluation = trained.evaluation
    width = max(len(label) for label in evaluation.labels)
    click.echo(f"{'':{width}}  looks  named rightly")
    for score in evaluation.per_label:
        if score.count:
            click.echo(f"{score.label:{width}}  {score.count:5}  {score.recall:13.1%}")
    false = evaluation.false_gestures
    click.echo(
        f"strangers who get a name: {0.0 if false is None else false:.2%}; confidence off by {evaluation.ece:.3f}"
    )
    click.echo(
        f"people named rightly: {_named(evaluation):.1%}; enrolled instead of trained: {_named(trained.instant):.1%}"
    )
    click.echo(f"held back {trained.about.split}")
    click.echo(f"wrote {trained.path} ({len(trained.about.labels) - 1} people); details in {work}")
