"""`livefg collect LABEL --motion`: repetitions of a motion to a beat, cut out by themselves."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from livefg.cli.options import tell
from livefg.cli.recording_window import show_recording
from livefg.errors import LivefgError

if TYPE_CHECKING:
    from livefg.collect.motions import MotionCollector
    from livefg.loop import LiveLoop

__all__ = ["MotionRequest", "collect_motion"]


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


def collect_motion(request: MotionRequest) -> None:
    """Record repetitions before a camera, and keep what was good. Raises LivefgError if nothing was."""
    from livefg.collect.files import hands_alone
    from livefg.collect.motions import MotionCollector
    from livefg.collect.takes import save_take
    from livefg.loop import LiveLoop, StopSignals
    from livefg.pipeline import Pipeline
    from livefg.sinks.callback import CallbackSink
    from livefg.sources import open_source

    if not request.headless:
        from livefg.collect.panel import draw_beat
        from livefg.sinks.display import check_display

        check_display()
    collector = MotionCollector(request.label, request.person, request.count, request.countdown)
    with ExitStack() as stack:
        source = stack.enter_context(
            open_source(request.source, live=True, mirrored=request.mirrored, on_notice=tell)
        )
        for note in source.info.notes:
            tell(note)
        settings = hands_alone(request.device, search_interval=0.1, motions=False)
        loop = LiveLoop(source, stack.enter_context(Pipeline(settings)))
        stack.enter_context(StopSignals(loop.stop))
        loop.add_sink(CallbackSink(collector.see))
        stack.enter_context(loop)
        if request.headless:
            _say(loop, collector)
        else:
            mirror = source.info.kind == "camera" and not source.info.mirrored
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
    path = save_take(take)
    click.echo(f"{request.label}: {collector.progress.done} of {request.count} repetitions in {path}")


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
