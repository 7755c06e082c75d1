"""`livefg collect LABEL --motion`: repetitions of a motion to a beat, cut out by themselves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from livefg.cli.options import tell
from livefg.cli.recorded_labels import RecordedLabel, list_labels
from livefg.cli.recording import recording_loop, show_recording
from livefg.errors import LivefgError

if TYPE_CHECKING:
    from livefg.collect.motions import MotionCollector
    from livefg.collect.takes import Take
    from livefg.loop import LiveLoop

__all__ = ["MotionRequest", "collect_motion", "list_motions", "remove_motion"]


@dataclass(frozen=True, slots=True)
class MotionRequest:
    """What to record and where from."""

    label: str
    person: str
    count: int
    countdown: float
    source: str
    mirrored: bool
    headless: bool
    device: str
    as_json: bool


def collect_motion(request: MotionRequest) -> None:
    """Record repetitions before a camera, and keep what was good. Raises LivefgError if nothing was."""
    from livefg.collect.files import hands_alone
    from livefg.collect.motions import MotionCollector
    from livefg.collect.panel import draw_beat
    from livefg.sinks.callback import CallbackSink

    collector = MotionCollector(request.label, request.person, request.count, request.countdown)
    settings = hands_alone(request.device, search_interval=0.1, motions=False)
    with recording_loop(request.source, settings, mirrored=request.mirrored, window=not request.headless) as (
        loop,
        mirror,
    ):
        loop.add_sink(CallbackSink(collector.see))
        with loop:
            if request.headless:
                _say(loop, collector)
            else:
                show_recording(
                    loop,
                    f"livefg collect - {request.label}",
                    mirror=mirror,
                    panel=lambda image: draw_beat(image, collector.progress),
                    finished=lambda: collector.progress.finished,
                )
    for number, cut in enumerate(collector.cuts, start=1):
        tell(f"{number}: {cut}")
    take = collector.take()
    if take is None:
        raise LivefgError(f"{request.label}: no repetition was recorded.")
    _keep(request, take, collector.progress.done)


def _keep(request: MotionRequest, take: Take, done: int) -> None:
    """Save a recording of so many repetitions and say where it is and what comes next."""
    from livefg.collect.takes import save_take

    path = save_take(take)
    if request.as_json:
        found = {
            "label": request.label,
            "person": request.person,
            "repetitions": done,
            "recording": str(path),
        }
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{request.label}: {done} of {request.count} repetitions in {path}")
    tell(
        "The same command again adds more; livefg train motions --extend learns what is recorded."
        if done < request.count
        else "livefg train motions --extend learns what is recorded."
    )


def list_motions(as_json: bool) -> None:
    """Each motion with its repetitions, recordings and people; files that cannot be read on stderr."""
    from livefg.collect.takes import motions_folder, recorded_motions

    recorded, faults = recorded_motions()
    for fault in faults:
        tell(f"Left out: {fault}")
    rows = []
    for label in sorted({label for _, take in recorded for label in take.labels}):
        mine = [take for _, take in recorded if label in take.labels]
        count = sum(span.label == label and not span.ignore for take in mine for span in take.spans)
        rows.append(RecordedLabel(label, count, len(mine), sorted({take.person for take in mine})))
    list_labels(
        rows,
        motions_folder(),
        counted="repetitions",
        part="recording",
        as_json=as_json,
        nothing="No motion is recorded; `livefg collect LABEL --motion` records one.",
    )


def remove_motion(label: str) -> None:
    """Remove the recordings of a motion, and what an interrupted run left of them.

    Raises LivefgError if there is none, or if one cannot be removed.
    """
    from livefg.collect import check_label
    from livefg.collect.takes import recorded_motions
    from livefg.private_files import remove_private

    wanted = check_label(label, "motion")
    recorded, _ = recorded_motions()
    mine = [path for path, take in recorded if wanted in take.labels]
    if not mine:
        known = ", ".join(sorted({one for _, take in recorded for one in take.labels})) or "nothing at all"
        raise LivefgError(f"There is no recording of the motion {wanted!r}; there is {known}.")
    for path in mine:
        try:
            remove_private(path)
        except OSError as error:
            raise LivefgError(
                f"The recording {path} cannot be removed ({(error.strerror or str(error)).lower()})."
            ) from error
    click.echo(f"{wanted}: {len(mine)} recording{'' if len(mine) == 1 else 's'} removed")


def _say(loop: LiveLoop, collector: MotionCollector) -> None:
    """Tell the beat on stderr."""
    said = ""
    for _ in loop.views():
        progress = collector.progress
        if progress.finished:
            return
        told = f"{progress.done} of {progress.count}: {progress.request}"
        if told != said:
            said = told
            tell(told)
