"""`livefg process`: recorded videos and pictures to data files and annotated video."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livefg.cli.options import (
    INTERRUPTED,
    Command,
    economical,
    for_live,
    pipeline_options,
    pipeline_settings,
    quality_option,
    tell,
    tell_stages,
)

if TYPE_CHECKING:
    from livefg.batch import BatchSettings, Job, Outcome
    from livefg.cli.progress import Progress
    from livefg.inference.network import NetworkReport
    from livefg.loop import StopSignals
    from livefg.pipeline import PipelineSettings

    Done = tuple[Outcome, tuple[NetworkReport, ...]]

__all__ = ["command"]


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """Seconds from text such as 90, 1:30 or 1:02:03.5."""
    if value is None:
        return None
    try:
        parts = [float(part) for part in value.split(":")]
        if len(parts) > 3 or any(part < 0 for part in parts) or any(part >= 60 for part in parts[1:]):
            raise ValueError
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time such as 90, 1:30 or 1:02:03.5.") from None
    return math.fsum(part * 60.0**place for place, part in enumerate(reversed(parts)))


_OUTPUT_OPTIONS = (
    click.option(
        "--table", is_flag=True, help="Also <stem>.parquet and <stem>.csv: a row a face or hand a frame."
    ),
    click.option(
        "--subtitles", is_flag=True, help="Also <stem>.vtt and <stem>.srt: gestures while they last."
    ),
    click.option("--timeline", is_flag=True, help="Also <stem>.html and <stem>.png: who and what when."),
    click.option("--clips", is_flag=True, help="Also <stem>-clips/: a short video around all that happened."),
    click.option(
        "--blur",
        multiple=True,
        metavar="WHO",
        help="Make faces unrecognisable: all, unknown, or the name of a person; may be given several times.",
    ),
)
_CHOICE_OPTIONS = (
    click.option(
        "--from", "start", callback=_seconds, metavar="TIME", help="Begin here: seconds, 1:30 or 1:02:03."
    ),
    click.option("--to", "end", callback=_seconds, metavar="TIME", help="End here."),
    click.option(
        "--every", type=click.IntRange(1), default=1, metavar="N", help="Take each N-th frame only."
    ),
    click.option(
        "--fps",
        type=click.FloatRange(0, min_open=True),
        metavar="FPS",
        help="Take so many frames a second at most.",
    ),
    click.option(
        "--max-size",
        type=click.IntRange(32),
        metavar="PIXELS",
        help="Shrink pictures whose longer side is more.",
    ),
)


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results."
)
@click.option(
    "--video/--no-video", default=True, show_default=True, help="Write annotated video and pictures too."
)
@_options(*_OUTPUT_OPTIONS)
@click.option("--live", is_flag=True, help="See videos as `livefg live` does, without looking ahead.")
@_options(*_CHOICE_OPTIONS)
@click.option(
    "--jobs",
    "processes",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Work on N files at the same time.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who does the work: this machine, or a Ray cluster (needs the extra ray).",
)
@click.option(
    "--ray-address",
    metavar="ADDRESS",
    help="The cluster's address, such as auto or head:6379.  [default: RAY_ADDRESS, else this machine alone]",
)
@click.option("--resume", is_flag=True, help="Go on with what an earlier run did not finish.")
@click.option("--force", is_flag=True, help="Write over results that exist.")
@quality_option
@click.option(
    "--encoder",
    type=click.Choice(["software", "hardware"]),
    default="software",
    show_default=True,
    help="Of the annotated video: hardware takes that of a graphics processor where one works.",
)
@click.option("--source-mirrored", is_flag=True, help="The inputs are mirror images of the scene.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as one JSON object.")
@pipeline_options
def command(
    inputs: tuple[str, ...],
    processes: int,
    engine: str,
    ray_address: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Videos, pictures and folders to <stem>.jsonl and annotated <stem>.mp4.

    INPUT is a file, a folder, a pattern such as 'talks/**/*.mp4', or - for a list of them on standard input, one a
    line. Prints the name of each file it has finished. A file that fails is told at the end and does not keep the
    others from being done. docs/process.md describes the results.
    """
    from livefg.batch import Outcome, plan
    from livefg.cli.progress import progress
    from livefg.loop import StopSignals

    settings = _batch_settings(options)
    planned = plan(_listed(inputs), settings)
    outcomes = [Outcome(source, "failed", error=sentence) for source, sentence in planned.failures]
    for job in planned.finished:
        tell(f"{job.source}: an earlier run finished it.")
    pipeline = _pipeline_settings(options)
    reports: tuple[NetworkReport, ...] = ()
    with StopSignals() as signals:
        with progress() as bar:
            run = _runner(engine, ray_address, processes, len(planned.jobs))
            for outcome, ran_on in run(planned.jobs, settings, pipeline, signals, bar):
                outcomes.append(outcome)
                reports = ran_on or reports
                _tell(outcome, bar, print_files=not as_json)
        if as_json:
            click.echo(json.dumps(_summary(outcomes, reports), ensure_ascii=False, indent=2))
    _finish(outcomes, signals)


def _batch_settings(options: dict[str, Any]) -> BatchSettings:
    from livefg.batch import BatchSettings
    from livefg.recorded.blur import Blur
    from livefg.sources.selected import Choice
    from livefg.tables import require_pyarrow

    start, end = options["start"] or 0.0, options["end"]
    if end is not None and end <= start:
        raise click.BadParameter("the end must come after the beginning.", param_hint="--to")
    if options["blur"] and not (options["video"] or options["clips"]):
        raise click.BadParameter(
            "there is no picture to blur faces in; leave out --no-video.", param_hint="--blur"
        )
    if options["table"]:
        require_pyarrow()
    if options["timeline"]:
        from livefg.sinks.timeline import require_matplotlib

        require_matplotlib()
    same = ("video", "force", "quality", "encoder", "live", "resume")
    flags = (*same, "table", "subtitles", "timeline", "clips")
    return BatchSettings(
        out=options["out"],
        mirrored=options["source_mirrored"],
        choice=Choice(
            options["every"], options["fps"], start, math.inf if end is None else end, options["max_size"]
        ),
        blur=Blur.of(options["blur"]),
        **{name: options[name] for name in flags},
    )


def _pipeline_settings(options: dict[str, Any]) -> PipelineSettings:
    # Ten searches a second for what is missing are enough: searching in every frame costs a tenth more time and finds
    # hands a few hundredths of a second earlier.
    settings = pipeline_settings(options)
    return economical(settings) if options["live"] else for_live(settings)


def _listed(inputs: tuple[str, ...]) -> list[str]:
    """The inputs, with the lines of standard input in the place of `-`."""
    listed: list[str] = []
    for name in inputs:
        lines = sys.stdin.read().splitlines() if name == "-" else [name]
        listed += [line for line in lines if line.strip()]
    return listed


def _one_by_one(
    jobs: Sequence[Job],
    settings: BatchSettings,
    pipeline: PipelineSettings,
    signals: StopSignals,
    bar: Progress,
) -> Iterator[Done]:
    """Do the jobs one after the other, with the same networks, until all are done or the user stops."""
    from livefg.batch import Batch

    with Batch(settings, pipeline, stopping=signals.event) as batch:
        if jobs:
            tell_stages(batch.pipeline_for(jobs[0].kind).reports)
        shares, before = _shares(jobs), 0.0
        for number, (job, share) in enumerate(zip(jobs, shares, strict=True), 1):
            if signals.event.is_set():
                return
            bar.next_input(number, len(jobs), before, share)
            before += share
            yield batch.run(job, on_start=bar.start, on_result=bar.advance), batch.reports


def _runner(engine: str, ray_address: str | None, processes: int, jobs: int) -> Callable[..., Iterator[Done]]:
    """What does the jobs."""
    if engine == "ray" and jobs:
        return partial(_on_ray, ray_address)
    return _one_by_one if processes == 1 or jobs < 2 else partial(_side_by_side, processes)


def _on_ray(
    address: str | None,
    jobs: Sequence[Job],
    settings: BatchSettings,
    pipeline: PipelineSettings,
    signals: StopSignals,
    bar: Progress,
) -> Iterator[Done]:
    """Do the jobs on a Ray cluster."""
    from livefg.recorded.cluster import run_on_ray

    done = run_on_ray(jobs, settings, pipeline, address=address, stopping=signals.event, on_frames=bar.count)
    yield from _counted(done, jobs, bar)


def _side_by_side(
    processes: int,
    jobs: Sequence[Job],
    settings: BatchSettings,
    pipeline: PipelineSettings,
    signals: StopSignals,
    bar: Progress,
) -> Iterator[Done]:
    """Do the jobs in several processes."""
    from livefg.recorded.many import run_many

    done = run_many(jobs, settings, pipeline, processes, stopping=signals.event, on_frames=bar.count)
    yield from _counted(done, jobs, bar)


def _counted(outcomes: Iterator[Done], jobs: Sequence[Job], bar: Progress) -> Iterator[Done]:
    """The same outcomes, with the bar told how much of all the work each of them was."""
    shares: dict[str, float] = {}
    for job, share in zip(jobs, _shares(jobs), strict=True):
        name = Path(job.source).name
        shares[name] = shares.get(name, 0.0) + share
    for outcome, reports in outcomes:
        bar.finished(shares.pop(Path(outcome.source).name, 0.0))
        yield outcome, reports


def _shares(jobs: Sequence[Job]) -> list[float]:
    """Which parts of all the work jobs are, judged by the sizes of their files."""
    sizes = [float(_bytes_of(Path(job.source))) for job in jobs]
    known = [size for size in sizes if size]
    usual = sum(known) / len(known) if known else 1.0
    sizes = [size or usual for size in sizes]
    return [size / sum(sizes) for size in sizes]


def _bytes_of(path: Path) -> int:
    """The size of a file, or of the pictures in a folder; 0 if it is not known."""
    from livefg.sources.images import pictures_below

    try:
        if path.is_dir():
            return sum(picture.stat().st_size for picture in pictures_below(path))
        return path.stat().st_size
    except OSError:
        return 0


def _tell(outcome: Outcome, bar: Progress, print_files: bool) -> None:
    """Say what became of an input."""
    for note in outcome.notes:
        bar.tell(f"{outcome.source}: {note}")
    if outcome.status == "done":
        bar.tell(f"{outcome.source}: {_speed(outcome)}")
    for path in outcome.files if print_files else ():
        bar.result(str(path))


def _speed(outcome: Outcome) -> str:
    frames = outcome.summary.frames
    words = (
        f"{frames} frame{'' if frames == 1 else 's'} in {outcome.seconds:.1f} s, {outcome.fps:.1f} frames/s"
    )
    if outcome.media_seconds is not None and outcome.seconds:
        words += f", {outcome.media_seconds / outcome.seconds:.1f} x real time"
    return words


def _summary(outcomes: list[Outcome], reports: tuple[NetworkReport, ...]) -> dict[str, Any]:
    return {
        "inputs": [outcome.to_dict() for outcome in outcomes],
        "done": sum(outcome.status == "done" for outcome in outcomes),
        "failed": sum(outcome.status == "failed" for outcome in outcomes),
        "devices": [report.to_dict() for report in reports],
    }


def _finish(outcomes: list[Outcome], signals: StopSignals) -> None:
    """Tell what failed, and leave with the right status."""
    failures = [outcome for outcome in outcomes if outcome.error]
    for failure in failures:
        tell(f"livefg: {failure.error}")
    if signals.event.is_set():
        for outcome in outcomes:
            if outcome.status == "stopped":
                tell(f"Stopped in {outcome.source}; the same command with --resume goes on from there.")
        sys.exit(INTERRUPTED)
    if failures:
        sys.exit(1)
