"""The window in which somebody records examples: the live picture, with a panel that says how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livefg.loop import LiveLoop
    from livefg.results import ImageArray

__all__ = ["show_recording"]

_SHOWN_AT_END = 1.0


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
