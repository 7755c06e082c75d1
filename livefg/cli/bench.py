"""`livefg bench`: how fast this machine is, stage by stage, and beside MediaPipe."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from livefg.cli.options import economical, pipeline_options, pipeline_settings, tell

if TYPE_CHECKING:
    from livefg.bench import Comparison, Live, Measurement, NetworkUse, Spread
    from livefg.pipeline import PipelineSettings

__all__ = ["command", "live_lines"]

_LIVE_SECONDS = 8.0


@click.command()
@click.option("--source", default="demo", show_default=True, help="A recorded video, or demo.")
@click.option("--frames", type=click.IntRange(1), default=300, show_default=True, help="Frames to measure.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Measure four sizes of the picture and 0 to 4 faces and hands as well.",
)
@click.option(
    "--cameras",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Live: with one to so many cameras.",
)
@click.option(
    "--flat-out", is_flag=True, help="Only as fast as it goes: not paced like a camera, not from the start."
)
@click.option(
    "--compare",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Result of an earlier run with --json: say what changed beyond noise.",
)
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
    everything: bool,
    cameras: int,
    flat_out: bool,
    compare: Path | None,
    against: str | None,
    rounds: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure how fast this machine is.

    Prints the milliseconds of each stage and network, frames a second, memory, where each network runs, how old
    pictures are when they are shown live, and how long the first one takes. A comparison with MediaPipe follows one
    face unless --faces says otherwise, and prints how many times its frame rate livefg reaches.
    """
    from livefg.bench import changes, read_result, surroundings, with_somebody_enrolled

    if against and compare:
        raise click.UsageError(
            "--compare and --against exclude each other: a comparison by turns needs no earlier run."
        )
    if against and context.get_parameter_source("faces") is ParameterSource.DEFAULT:
        options["faces"] = 1
    settings = economical(pipeline_settings(options))
    earlier = read_result(compare) if compare else None
    around = surroundings()
    with with_somebody_enrolled(source, settings) as (settings, enrolled):
        if against:
            compared = _compare(source, settings, rounds, max(1, frames // rounds))
            found: dict[str, Any] = compared.to_dict()
            lines = _comparison_lines(compared)
        else:
            found, lines = _measured(source, settings, frames, everything, 0 if flat_out else cameras)
    found = {"enrolled": enrolled, **found}
    lines.append(f"people enrolled, so that faces are named: {enrolled}")
    if earlier:
        found["changes"] = changes(earlier, {**around, **found})
        lines += ["", *(found["changes"] or ["Nothing changed beyond noise."])]
    if as_json:
        click.echo(json.dumps({**around, **found}, ensure_ascii=False, indent=2))
    else:
        gpu = "".join(f", {name}" for name in around["gpu"])
        click.echo(f"{around['cpu']}, {around['cores']} cores{gpu}, load {around['load']}")
        click.echo("\n".join(lines))


def _measured(
    source: str, settings: PipelineSettings, frames: int, everything: bool, cameras: int
) -> tuple[dict[str, Any], list[str]]:
    from livefg.bench import measure_live, seconds_to_first_frame
    from livefg.threads import usual_threads

    workloads = []
    for measured in _workloads(source, settings, frames, everything):
        workloads.append(measured)
        tell(f"{measured.name}: {measured.fps} frames a second")
    lives = []
    for count in range(1, cameras + 1):
        lives.append(measure_live([source] * count, settings, _LIVE_SECONDS))
        tell(f"live, sources: {count}: {lives[-1].fps} frames a second")
    start = seconds_to_first_frame(settings.device_of("hands")) if cameras else []
    found = {
        "exact": bool(settings.exact),
        "lite": settings.lite,
        "device": settings.device,
        "hands_at_most": settings.hands,
        "faces_at_most": settings.faces,
        "threads": settings.workers or usual_threads(),
        "workloads": [measured.to_dict() for measured in workloads],
        "live": [live.to_dict() for live in lives],
        "first_frame_seconds": start,
    }
    lines = [line for measured in workloads for line in (*_measurement_lines(measured), "")]
    lines += live_lines(lives)
    if start:
        seconds = ", ".join(f"{one:.2f}" for one in start)
        lines.append(f"from the start of a process to its first annotated frame: {seconds} s")
    return found, lines


def _workloads(
    source: str, settings: PipelineSettings, frames: int, everything: bool
) -> Iterator[Measurement]:
    from dataclasses import replace

    from livefg.bench import MOST, SIZES, Scene, measure

    yield measure(source, settings, frames)
    if everything:
        for size in SIZES[1:]:
            yield measure(source, settings, frames, size)
        wide = replace(settings, hands=MOST, faces=MOST)
        for count in range(MOST + 1):
            yield measure(source, wide, frames, scene=Scene(count, count))
        for scene in (Scene(1, 0), Scene(MOST, 0), Scene(0, 1), Scene(0, 2), Scene(0, MOST)):
            yield measure(source, wide, frames, scene=scene)


def _compare(source: str, settings: PipelineSettings, rounds: int, frames_a_round: int) -> Comparison:
    from livefg.bench import compare
    from livefg.mediapipe_peer import MediaPipePeer

    tell("Comparing by turns; other work on this machine disturbs both alike.")
    with MediaPipePeer.from_environment(hands=settings.hands, faces=settings.faces) as peer:
        return compare(source, settings, peer, rounds, frames_a_round)


def _measurement_lines(found: Measurement) -> list[str]:
    overhead = "" if found.overhead is None else f", {100 * found.overhead:.1f} % of it outside the networks"
    return [
        f"{found.name}, {found.frames} frames, on average {found.faces:g} face{'s' * (found.faces != 1)} "
        f"and {found.hands:g} hand{'s' * (found.hands != 1)} seen",
        *_table(found.stages),
        "",
        *_network_table(found.networks),
        "",
        f"{found.fps} frames a second one by one, {found.stream_fps} with two in flight",
        f"{found.cpu_ms} ms of all cores together a frame{overhead}",
        f"first result {found.start_seconds} s after the start, {found.memory_mib} MiB of memory",
    ]


def _network_table(networks: Sequence[NetworkUse]) -> list[str]:
    width = max((len(network.name) for network in networks), default=0)
    head = f"{'network':<{width}}  device    runs a frame  ms a run  ms a frame  ms to load"
    return [
        *([head] if networks else []),
        *(
            f"{network.name:<{width}}  {network.device:8} {network.runs:13.2f} {network.run_ms:9.2f} "
            f"{network.frame_ms:11.2f} {network.warmup_ms:11.0f}"
            for network in networks
        ),
    ]


def live_lines(lives: Sequence[Live]) -> list[str]:
    """A table of what was measured live, a line for each number of cameras."""
    if not lives:
        return []
    return [
        "live, paced like cameras, drawn; the age of a picture is from its grab to the end of drawing",
        f"cameras  fps each   age p50   age p95      dropped {'CPU of ' + str(lives[0].cores):>9}    memory",
        *(
            f"{live.sources:7} {live.fps:9.1f} {live.age_p50_ms:6.1f} ms {live.age_p95_ms:6.1f} ms "
            f"{f'{live.dropped} of {live.captured}':>12} {live.cpu_percent:7.1f} % {live.memory_mib:5} MiB"
            for live in lives
        ),
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
