"""`livefg demo`: the main job on the clip that comes with livefg."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.cli.options import (
    INTERRUPTED,
    economical,
    pipeline_options,
    pipeline_settings,
    quality_option,
    tell,
    tell_stages,
)
from livefg.errors import LivefgError

if TYPE_CHECKING:
    from livefg.batch import Outcome
    from livefg.inference.network import NetworkReport
    from livefg.loop import View
    from livefg.loop.summary import Summary
    from livefg.pipeline import PipelineSettings

__all__ = ["command"]

_DEFAULT_FOLDER = Path("livefg-demo")


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Write the annotated video and its data here, and open no window.  [default: {_DEFAULT_FOLDER}]",
)
@click.option("--headless", is_flag=True, help="Open no window even if there is a display.")
@quality_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as one JSON object; opens no window."
)
@pipeline_options
def command(out: Path | None, headless: bool, quality: str, as_json: bool, **options: Any) -> None:
    """Show what livefg does on the clip that comes with it.

    With a display it opens a window, and q ends it; without one it writes the annotated video and its data,
    and prints what it saw.
    """
    settings = pipeline_settings(options)
    if not (headless or as_json or out):
        from livefg.sinks.display import is_display_available

        if is_display_available():
            _in_a_window(settings)
            return
        tell("There is no display here, so the annotated video is written to a folder.")
    outcome, reports = _to_files(out or _DEFAULT_FOLDER, quality, settings)
    if as_json:
        devices = [report.to_dict() for report in reports]
        click.echo(json.dumps({**outcome.to_dict(), "devices": devices}, ensure_ascii=False, indent=2))
        return
    times = (outcome.media_seconds or 0.0) / outcome.seconds
    _tell_seen(outcome.summary)
    _row("speed", f"{outcome.fps:.1f} frames/s with video, {times:.1f} x real time")
    for number, report in enumerate(reports):
        _row("" if number else "devices", f"{report.name} on {report.device}, {report.median_ms:.1f} ms")
    for number, path in enumerate(reversed(outcome.files)):
        _row("" if number else "files", str(path))


def _to_files(
    out: Path, quality: Any, settings: PipelineSettings
) -> tuple[Outcome, tuple[NetworkReport, ...]]:
    from livefg.batch import Batch, BatchSettings, plan
    from livefg.cli.progress import progress
    from livefg.loop import StopSignals

    batch_settings = BatchSettings(out, force=True, quality=quality)
    planned = plan(["demo"], batch_settings)
    if planned.failures:
        raise LivefgError(planned.failures[0][1])
    with StopSignals() as signals, Batch(batch_settings, settings, stopping=signals.event) as batch:
        reports = batch.pipeline_for("video").reports
        tell_stages(reports)
        with progress() as bar:
            outcome = batch.run(planned.jobs[0], on_start=bar.start, on_result=bar.advance)
    if outcome.error:
        raise LivefgError(outcome.error)
    if outcome.status == "stopped":
        sys.exit(INTERRUPTED)
    return outcome, reports


def _in_a_window(settings: PipelineSettings) -> None:
    from livefg.cli.live import Watch, watch
    from livefg.loop.summary import Summary

    summary = Summary()

    def count(view: View) -> None:
        if view.fresh:
            summary.add(view.result)

    watch(Watch(source="demo", settings=economical(settings), on_view=count))
    _tell_seen(summary)


def _tell_seen(summary: Summary) -> None:
    """What was seen, on stdout."""
    _row("faces", f"up to {summary.most_faces} at once, in {summary.with_faces} of {summary.frames} frames")
    _row("hands", f"up to {summary.most_hands} at once, in {summary.with_hands} of {summary.frames} frames")
    begin = summary.begin or 0.0
    for number, held in enumerate(summary.held):
        who = f"{held.side} hand" if held.side else ""
        start, end = held.start - begin, held.end - begin
        span = f"{start:5.2f} to {end:5.2f} s"
        _row("" if number else "gestures", f"{span}  {held.label:14} {who:10}  {held.confidence:4.0%}")


def _row(head: str, text: str) -> None:
    click.echo(f"{head:10}{text}")
