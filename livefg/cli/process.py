"""`livefg process`: recorded videos and pictures to data files and annotated video."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.cli.options import (
    INTERRUPTED,
    pipeline_options,
    pipeline_settings,
    quality_option,
    tell,
    tell_stages,
)

if TYPE_CHECKING:
    from livefg.batch import Batch, Job, Outcome
    from livefg.loop import StopSignals

__all__ = ["command"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results."
)
@click.option(
    "--video/--no-video", default=True, show_default=True, help="Write annotated video and pictures too."
)
@click.option("--force", is_flag=True, help="Write over results that exist.")
@quality_option
@click.option("--source-mirrored", is_flag=True, help="The inputs are mirror images of the scene.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as one JSON object.")
@pipeline_options
def command(inputs: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Videos, pictures and folders to <stem>.jsonl and annotated <stem>.mp4.

    Prints the name of each file it has finished. A file that fails is told at the end and does not keep the
    others from being done. docs/jsonl.md describes the lines.
    """
    from livefg.batch import Batch, BatchSettings, plan
    from livefg.loop import StopSignals

    settings = BatchSettings(
        options["out"], options["video"], options["force"], options["source_mirrored"], options["quality"]
    )
    jobs, outcomes = plan(inputs, settings)
    with (
        StopSignals() as signals,
        Batch(settings, pipeline_settings(options), stopping=signals.event) as batch,
    ):
        outcomes += _run(batch, jobs, signals, print_files=not as_json)
        if as_json:
            click.echo(json.dumps(_summary(outcomes, batch), ensure_ascii=False, indent=2))
    _finish(outcomes, signals)


def _run(batch: Batch, jobs: list[Job], signals: StopSignals, print_files: bool) -> list[Outcome]:
    """Do the jobs until all are done or the user stops."""
    from livefg.cli.progress import progress

    outcomes = []
    if jobs:
        tell_stages(batch.pipeline_for(jobs[0].kind).reports)
    with progress() as bar:
        for job in jobs:
            if signals.event.is_set():
                break
            outcome = batch.run(job, on_start=bar.start, on_result=bar.advance)
            outcomes.append(outcome)
            for note in outcome.notes:
                bar.tell(f"{outcome.source}: {note}")
            if outcome.status == "done":
                bar.tell(f"{outcome.source}: {_speed(outcome)}")
            if print_files:
                for path in outcome.files:
                    bar.result(str(path))
    return outcomes


def _speed(outcome: Outcome) -> str:
    frames = outcome.summary.frames
    words = (
        f"{frames} frame{'' if frames == 1 else 's'} in {outcome.seconds:.1f} s, {outcome.fps:.1f} frames/s"
    )
    if outcome.media_seconds is not None and outcome.seconds:
        words += f", {outcome.media_seconds / outcome.seconds:.1f} x real time"
    return words


def _summary(outcomes: list[Outcome], batch: Batch) -> dict[str, Any]:
    return {
        "inputs": [outcome.to_dict() for outcome in outcomes],
        "done": sum(outcome.status == "done" for outcome in outcomes),
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "devices": [report.to_dict() for report in batch.reports],
    }


def _finish(outcomes: list[Outcome], signals: StopSignals) -> None:
    """Tell what failed, and leave with the right status."""
    failures = [outcome for outcome in outcomes if outcome.error]
    for failure in failures:
        tell(f"livefg: {failure.error}")
    if signals.event.is_set():
        for outcome in outcomes:
            if outcome.status == "stopped":
                tell(
                    f"Stopped after {outcome.summary.frames} frames of {outcome.source}; "
                    "what was done has names that end in .partial."
                )
        sys.exit(INTERRUPTED)
    if failures:
        sys.exit(1)
