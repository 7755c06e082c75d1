"""`livefg live` with several sources: one process, the same networks and worker threads for all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from livefg.cli.live import RELOAD_SECONDS, Companion, Notices, Watch, event_line
from livefg.cli.options import tell, tell_stages

if TYPE_CHECKING:
    from livefg.loop import Together, View
    from livefg.sources import Source

__all__ = ["watch_together"]


def watch_together(request: Watch) -> None:
    """Run a live loop for each source until all have ended, the user ends them, or their time is up."""
    from livefg.loop import LiveLoop, StopSignals, Together
    from livefg.pipeline import Pipeline
    from livefg.sources import open_source

    notices = Notices()
    settings = replace(request.settings, reload_interval=RELOAD_SECONDS)
    with ExitStack() as stack:
        first = stack.enter_context(Pipeline(settings, notices))
        tell_stages(first.reports)
        sources: list[Source] = []
        loops: list[LiveLoop] = []
        for name in (request.source, *request.others):
            source = stack.enter_context(
                open_source(name, live=True, on_notice=notices, **request.source_options)
            )
            # Each source has its own memory of who is where; networks and threads are shared.
            pipeline = first if not loops else stack.enter_context(Pipeline(settings, notices, beside=first))
            sources.append(source)
            loops.append(LiveLoop(source, pipeline))
            for note in source.info.notes:
                tell(note)
        together = stack.enter_context(Together(loops))
        stack.enter_context(StopSignals(together.stop))
        stack.enter_context(Companion(together.stop, together.line, request))
        if request.headless:
            _printed(request, together, sources)
        else:
            _in_windows(request, together, sources)
        tell(together.line())


def _printed(request: Watch, together: Together, sources: list[Source]) -> None:
    """Print every result, or what begins and ends with the name of its source before it."""
    from livefg.sinks.jsonl import JsonlSink

    lines = JsonlSink(sys.stdout)
    starts: dict[int, float] = {}
    for seen in together.views():
        if seen is None or not seen[1].fresh:
            continue
        place, view = seen
        if request.as_json:
            lines.write(view.frame, view.result)
        else:
            start = starts.setdefault(place, view.result.time)
            for event in view.result.events:
                click.echo(f"{sources[place].info.name:12} {event_line(event, view.result, start)}")
        if request.on_view:
            request.on_view(view)


def _in_windows(request: Watch, together: Together, sources: list[Source]) -> None:
    """Show each source in a window of its own; closing one, q or Esc in any ends them all."""
    from livefg.sinks.window import Key, WindowSink

    with ExitStack() as stack:
        windows = []
        for place, source in enumerate(sources):
            window = stack.enter_context(WindowSink(f"livefg {place + 1} - {source.info.name}"))
            camera = source.info.kind == "camera"
            window.mirror = camera and not source.info.mirrored if request.mirror is None else request.mirror
            windows.append(window)
        on_view: Callable[[View], object] = request.on_view or (lambda _: None)
        for seen in together.views():
            if seen is not None:
                windows[seen[0]].write(seen[1].frame, seen[1].result)
                on_view(seen[1])
            keys = [window.poll() for window in windows]
            if Key.QUIT in keys:
                return
            for window in windows:
                if Key.MIRROR in keys:
                    window.mirror = not window.mirror
                if Key.LANDMARKS in keys:
                    window.overlay = replace(window.overlay, landmarks=not window.overlay.landmarks)
                if Key.HELP in keys:
                    window.show_help = not window.show_help
