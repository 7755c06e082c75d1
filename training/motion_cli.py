"""The options of `livefg train motions` and `python -m training motions`; torch is imported when training starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.collect.takes import motions_folder
from livefg.errors import LivefgError
from livefg.paths import shipped_models_dir, user_cache_dir, user_models_dir
from training.extra import require_training_extra
from training.options import json_option, model_option, seed_option, work_option

if TYPE_CHECKING:
    from training.motion_networks import Subject
    from training.motions import TrainedMotion

__all__ = ["motions"]

_DEFAULT_NAME = "my_motions"
_SHIPPED = {"hand": "motion", "head": "head_motion"}


@click.command()
@click.option(
    "--data",
    default=motions_folder,
    show_default="what `livefg collect --motion` recorded",
    type=click.Path(path_type=Path),
    help="A recording or a folder of recordings; with --recipe the data folder, if there is one.",
)
@model_option(_DEFAULT_NAME)
@click.option("--extend", is_flag=True, help="Add the motions to those of --base.")
@click.option(
    "--base", default="motion", show_default=True, help="The classifier to extend, by name or path."
)
@click.option("--recipe", type=click.Choice(["default"]), help="Rebuild what ships with livefg.")
@click.option(
    "--subject",
    type=click.Choice(["hand", "head"]),
    help="With --recipe: rebuild only the motions of hands or of heads.",
)
@click.option(
    "--kind",
    type=click.Choice(["tcn", "gru"]),
    default="tcn",
    show_default=True,
    help="Convolutions over time, or a gated recurrent unit; --extend keeps that of --base.",
)
@click.option("--loss", type=click.Choice(["cross_entropy", "weston_watkins"]), help="What to make small.")
@click.option("--batches", type=click.IntRange(1), help="How many batches of 256 windows to learn from.")
@click.option("--people", type=click.IntRange(1), help="How many simulated people to learn from.")
@click.option(
    "--false-alarms",
    type=click.FloatRange(0),
    help="How many a minute people who mean nothing may cause.  [default: 0.2]",
)
@seed_option
@work_option("the report")
@json_option
def motions(data: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """Learn to tell motions apart from repetitions and simulated people, and write one model file."""
    require_training_extra()
    if options["subject"] and not options["recipe"]:
        raise click.UsageError("--subject says what of the recipe to rebuild: add --recipe default.")
    if options["recipe"]:
        if options["extend"]:
            raise click.UsageError("--recipe rebuilds what ships and extends nothing.")
        made = _shipped(data, out, options)
    else:
        made = [_own(data, out, options)]
    for trained, work in made:
        if as_json:
            click.echo(json.dumps(_summary(trained), ensure_ascii=False, indent=2))
        else:
            _tell(trained, work)


def _own(data: Path, out: Path | None, options: dict[str, Any]) -> tuple[TrainedMotion, Path]:
    from livefg.inference.manifest import find_model  # noqa: PLC0415
    from training.motion_recipes import changed_motions, own_motions, recordings_in  # noqa: PLC0415

    recorded = recordings_in(data)
    path = out or user_models_dir() / f"{_DEFAULT_NAME}.onnx"
    recipe = changed_motions(own_motions(options["extend"], options["kind"]), options)
    extend = find_model(options["base"]).path if options["extend"] else None
    return _trained(path, recipe, options, recorded, extend)


def _shipped(data: Path, out: Path | None, options: dict[str, Any]) -> list[tuple[TrainedMotion, Path]]:
    from training.motion_recipes import changed_motions, shipped_motions, taught  # noqa: PLC0415
    from training.motion_shipping import ship  # noqa: PLC0415

    subjects: list[Subject] = [options["subject"]] if options["subject"] else ["hand", "head"]
    if out and len(subjects) > 1:
        raise click.UsageError("--out names one file: say with --subject which of the two to rebuild.")
    if "hand" in subjects and not (data / "motion").is_dir():
        raise LivefgError(f"{data} is not the data folder: it has no folder motion; name it with --data.")
    made = []
    for subject in subjects:
        path = out or shipped_models_dir() / f"{_SHIPPED[subject]}.onnx"
        recipe = changed_motions(shipped_motions(subject, options["kind"]), options)
        recorded = taught(data) if subject == "hand" else ()
        made.append(_trained(path, recipe, options, recorded, None))
        if out is None:
            ship(made[-1][0], path.parent, "python -m training motions --recipe default")
    return made


def _trained(
    path: Path, recipe: Any, options: dict[str, Any], recorded: Any, extend: Path | None
) -> tuple[TrainedMotion, Path]:
    from training.motions import train_motions  # noqa: PLC0415
    from training.progress import TrainingProgress  # noqa: PLC0415
    from training.report import write_report  # noqa: PLC0415
    from training.report.motions import report_on_motions  # noqa: PLC0415

    work = options["work"] or user_cache_dir() / "training" / path.stem
    with TrainingProgress() as progress:
        trained = train_motions(path, recipe, progress, recorded=recorded, extend=extend)
        progress.step("drawing the report")
        write_report(report_on_motions(trained, recipe, recorded), work / "report")
    return trained, work


def _summary(trained: TrainedMotion) -> dict[str, Any]:
    return {
        "model": str(trained.path),
        "labels": list(trained.network.labels),
        "reject_threshold": trained.about.reject_threshold,
        "split": trained.about.split,
        "simulated": {
            name: {key: value for key, value in found.items() if key != "latencies"}
            for name, found in trained.conditions.items()
        },
        "recorded": trained.recorded,
    }


def _tell(trained: TrainedMotion, work: Path) -> None:
    for name, found in trained.conditions.items():
        click.echo(f"simulated people, {name}: {_told(found)}")
        click.echo(f"  who mean nothing: {found['idle']['false_alarms_a_minute']:.2f} false alarms a minute")
    if trained.recorded:
        click.echo(f"every third repetition, held back: {_told(trained.recorded)}")
    click.echo(f"wrote {trained.path} ({len(trained.network.labels)} labels); report in {work / 'report'}")


def _told(found: dict[str, Any]) -> str:
    if not found["motions"]:
        return "no motion was shown"
    rate = f"{found['detection_rate']:.0%} of {found['motions']} motions found"
    late = found["latency_median"]
    when = (
        "" if late is None else f", {abs(late):.2f} s {'before' if late < 0 else 'after'} their end (median)"
    )
    return f"{rate}{when}, {found['false_alarms_a_minute']:.2f} false alarms a minute"
