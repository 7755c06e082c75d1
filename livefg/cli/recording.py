"""What somebody records examples with: a loop over a camera, and its picture in a window that says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from livefg.cli.options import tell

if TYPE_CHECKING:
    from livefg.loop import LiveLoop
    from livefg.pipeline import PipelineSettings
    from livefg.results import ImageArray

__all__ = ["recording_loop", "show_recording"]

_SHOWN_AT_END = 1.0


@contextmanager
def recording_loop(
    camera: str, settings: PipelineSettings, *, mirrored: bool, window: bool
) -> Iterator[tuple[LiveLoop, bool]]:
    """A loop over a camera, stream or file, to be entered when all is ready, and whether to show it mirrored.

    Ctrl-C ends it. Raises LivefgError if the camera cannot be had, or a `window` is wanted and there is no display.
    """
    from livefg.loop import LiveLoop, StopSignals
    from livefg.pipeline import Pipeline
    from livefg.sources import open_source

    if window:
        from livefg.sinks.display import check_display

        check_display()
    with ExitStack() as stack:
        source = stack.enter_context(open_source(camera, live=True, mirrored=mirrored, on_notice=tell))
        for note in source.info.notes:
            tell(note)
        loop = LiveLoop(source, stack.enter_context(Pipeline(settings)))
        stack.enter_context(StopSignals(loop.stop))
        yield loop, source.info.kind == "camera" and not source.info.mirrored


def show_recording(
    loop: LiveLoop,
    title: str,
    *,
    mirror: bool,
    panel: Callable[[ImageArray], None],
    finished: Callable[[], bool],
) -> None:
    """Show a loop until a second after `finished` says so, the loop ends, or the window is left.

    `panel` draws in place on the picture that is shown, (height, width, 3) uint8 RGB.
    """
    from livefg.overlay import Overlay
    from livefg.sinks.window import Key, WindowSink

    end: float | None = None
    with WindowSink(title, overlay=Overlay(chips=False)) as window:
        window.mirror = mirror
        window.panel = panel
        for view in loop.views(wait=0.02):
            if view is not None:
                window.write(view.frame, view.to_draw)
            key = window.poll()
            if key is Key.QUIT:
                return
            if key is Key.MIRROR:
                window.mirror = not window.mirror
            if end is None and finished():
                end = time.monotonic() + _SHOWN_AT_END
            if end is not None and time.monotonic() >= end:
                return
