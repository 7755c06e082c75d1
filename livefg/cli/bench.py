"""`livefg bench`: how fast this machine is, stage by stage, and beside MediaPipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from livefg.cli.options import economical, pipeline_options, pipeline_settings, tell

if TYPE_CHECKING:
    from livefg.bench import Comparison, Measurement, Spread
    from livefg.pipeline import PipelineSettings

__all__ = ["command"]


@click.command()
@click.option("--source", default="demo", show_default=True, help="A recorded video, or demo.")
@click.option("--frames", type=click.IntRange(1), default=300, show_default=True, help="Frames to measure.")
@click.option(
    "--against",
    type=click.Choice(["mediapipe"]),
    help="Compare by turns with MediaPipe, which LIVEFG_MEDIAPIPE_PYTHON and LIVEFG_MEDIAPIPE_MODELS name.",
)
@click.option(
    "--rounds", type=click.IntRange(1), default=6, show_default=True, help="Rounds of a comparison."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@pipeline_options
@click.pass_context
def command(
    context: click.Context,
    /,
    source: str,
    frames: int,
    against: str | None,
    rounds: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure how fast this machine is.

    Prints the milliseconds of each stage, frames a second, memory, and where each network runs. A comparison
    with MediaPipe follows one face unless --faces says otherwise, and prints how many times its frame rate
    livefg reaches.
    """
    from livefg.bench import measure, surroundings

    if against and context.get_parameter_source("faces") is ParameterSource.DEFAULT:
        options["faces"] = 1
    settings = economical(pipeline_settings(options))
    around = surroundings()
    if against:
        compared = _compare(source, settings, rounds, max(1, frames // rounds))
        found: dict[str, Any] = compared.to_dict()
        lines = _comparison_lines(compared)
    else:
        measured = measure(source, settings, frames)
        found = measured.to_dict()
        lines = _measurement_lines(measured)
    if as_json:
        click.echo(json.dumps({**around, **found}, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{around['cpu']}, {around['cores']} cores, load {around['load']}")
        click.echo("\n".join(lines))


def _compare(source: str, settings: PipelineSettings, rounds: int, frames_a_round: int) -> Comparison:
    from livefg.bench import compare
    from livefg.mediapipe_peer import MediaPipePeer

    tell("Comparing by turns; other work on this machine disturbs both alike.")
    with MediaPipePeer.from_environment(hands=settings.hands, faces=settings.faces) as peer:
        return compare(source, settings, peer, rounds, frames_a_round)


def _measurement_lines(found: Measurement) -> list[str]:
    return [
        f"{found.source}, {found.width}x{found.height}, {found.stages['total'].count} frames",
        *_table(found.stages),
        f"{found.fps} frames a second one by one, {found.stream_fps} with two in flight; "
        f"{found.cpu_ms} ms of all cores together a frame",
        f"first result {found.start_seconds} s after the start; {found.memory_mib} MiB of memory",
        *found.networks,
    ]


def _comparison_lines(found: Comparison) -> list[str]:
    lines = [
        f"{found.source}, {found.width}x{found.height}, {found.rounds} rounds of {found.frames_a_round} frames",
        *_table({contestant.name: contestant.every for contestant in found.contestants}),
    ]
    full = {contestant.name: contestant.full for contestant in found.contestants if contestant.full}
    if full:
        lines += ["of these, frames with every hand and face in sight:", *_table(full)]
    lines += [f"{one.name}: {one.cpu_ms} ms of all cores together a frame" for one in found.contestants]
    lines += [
        f"{name}: {ratio['all']} times MediaPipe's frame rate ({ratio['lowest']} to {ratio['highest']} by round)"
        for name, ratio in found.ratios.items()
    ]
    return lines


def _table(rows: Mapping[str, Spread]) -> list[str]:
    width = max(len(name) for name in rows)
    head = f"{'ms a frame':<{width}}  {'mean':>7} {'p50':>7} {'p95':>7} {'p99':>7} {'frames':>7}"
    return [
        head,
        *(
            f"{name:<{width}}  {row.mean:7.2f} {row.p50:7.2f} {row.p95:7.2f} {row.p99:7.2f} {row.count:7d}"
            for name, row in rows.items()
        ),
    ]
