"""A live loop in a window: the keys, the head-up display, snapshots and recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from livefg.errors import LivefgError
from livefg.loop import LiveLoop, View
from livefg.overlay import Hud
from livefg.sinks.pictures import save_picture
from livefg.sinks.recorder import Recorder, timed_path
from livefg.sinks.window import Key, WindowSink

if TYPE_CHECKING:
    from livefg.inference.network import NetworkReport
    from livefg.sources import Source

__all__ = ["Viewer", "WindowTool", "stage_devices"]

_HUD_SECONDS = 0.25  # figures that change more often cannot be read
_NOTICE_SECONDS = 4.0
_STAGES = {
    "palm": "hands",
    "hand": "hands",
    "face": "faces",
    "blendshapes": "faces",
    "expression": "faces",
    "gesture": "gestures",
}


class WindowTool(Protocol):
    """What a key starts that goes on over many frames, and asks or tells something in the window meanwhile."""

    @property
    def active(self) -> bool:
        """Whether it has begun and is not done."""
        ...

    def press(self) -> None:
        """The key was pressed."""
        ...

    def turn(self) -> None:
        """Called again and again in the window's thread; must not wait."""
        ...

    def close(self) -> None:
        """The window goes away: stop, and keep what was to be kept."""
        ...


def stage_devices(reports: Sequence[NetworkReport]) -> tuple[str, ...]:
    """A short text a stage, such as `hands cuda`, from where its networks run."""
    devices: dict[str, list[str]] = {}
    for report in reports:
        stage = _STAGES.get(report.name.split("_")[0], report.name)
        known = devices.setdefault(stage, [])
        if report.device not in known:
            known.append(report.device)
    return tuple(f"{stage} {'+'.join(names)}" for stage, names in devices.items())


class Viewer:
    """Shows a running loop in `window` and does what its keys ask.

    `devices` gives what is told of them in the head-up display, `folder` takes snapshots and recordings, `tools`
    do what keys of their own ask, one at a time. `notice` may be called from any thread to put a sentence on the
    screen for some seconds.
    """

    def __init__(
        self,
        loop: LiveLoop,
        source: Source,
        window: WindowSink,
        recorder: Recorder,
        *,
        devices: Callable[[], Sequence[str]] = tuple,
        folder: Path = Path(),
        tools: Mapping[Key, WindowTool] | None = None,
    ) -> None:
        self._loop = loop
        self._source = source
        self._window = window
        self._recorder = recorder
        self._devices = devices
        self._folder = folder
        self._tools = dict(tools or {})
        self._last: View | None = None
        self._show_hud = True
        self._hud_at = 0.0
        self._notice = ""
        self._notice_until = 0.0
        self._recording: Path | None = None
        self._changed = False

    def run(self, on_view: Callable[[View], None] | None = None) -> None:
        """Show the loop until it ends, q or Esc is pressed, or the window is closed."""
        try:
            self._run(on_view)
        finally:
            for tool in self._tools.values():
                tool.close()

    def _run(self, on_view: Callable[[View], None] | None) -> None:
        for view in self._loop.views(wait=0.02):
            if view is not None:
                self._last = view
                self._show(view)
                if on_view:
                    on_view(view)
            elif self._changed or self._hud_is_due():
                self._show_again()
            key = self._window.poll()
            if key is Key.QUIT:
                return
            if key is not None:
                self._act(key)
            for tool in self._tools.values():
                tool.turn()

    def notice(self, sentence: str) -> None:
        """Put a sentence on the screen for some seconds."""
        self._notice = sentence
        self._notice_until = time.monotonic() + _NOTICE_SECONDS
        self._changed = True

    def _show(self, view: View) -> None:
        if self._changed or self._hud_is_due():
            self._window.hud = self._hud() if self._show_hud else None
            self._hud_at = time.monotonic()
            self._changed = False
        self._window.write(view.frame, view.to_draw)

    def _show_again(self) -> None:
        """The same picture with other figures; its events are on their way out already."""
        if self._last:
            self._show(replace(self._last, result=replace(self._last.result, events=())))

    def _hud_is_due(self) -> bool:
        return time.monotonic() - self._hud_at >= _HUD_SECONDS

    def _hud(self) -> Hud:
        statistics = self._loop.statistics()
        notice = self._notice if time.monotonic() < self._notice_until else self._source.status or ""
        return Hud(
            fps=statistics.fps,
            age_p50_ms=statistics.age_p50_ms,
            age_p95_ms=statistics.age_p95_ms,
            drops=statistics.dropped,
            devices=self._devices(),
            recording=self._recorder.recording,
            paused=self._loop.paused,
            notice=notice,
        )

    def _act(self, key: Key) -> None:
        window = self._window
        if key is Key.PAUSE:
            self._loop.pause(not self._loop.paused)
        elif key is Key.MIRROR:
            window.mirror = not window.mirror
        elif key is Key.HUD:
            self._show_hud = not self._show_hud
        elif key is Key.LANDMARKS:
            window.overlay = replace(window.overlay, landmarks=not window.overlay.landmarks)
        elif key is Key.HELP:
            window.show_help = not window.show_help
        elif key is Key.SNAPSHOT:
            self._snapshot()
        elif key is Key.RECORD:
            self._record()
        elif key in self._tools:
            self._press(key)
        self._changed = True

    def _press(self, key: Key) -> None:
        """Let the key's tool act, unless another has the window."""
        if any(tool.active for other, tool in self._tools.items() if other is not key):
            self.notice("One thing at a time: end what is going on first.")
        else:
            self._tools[key].press()

    def _snapshot(self) -> None:
        """Save the picture as it is shown, without figures and help."""
        if self._last is None:
            return
        path = timed_path(self._folder, ".png")
        picture = self._window.overlay.compose(
            self._last.frame, self._last.to_draw, mirror=self._window.mirror
        )
        try:
            save_picture(picture, path)
        except LivefgError as error:
            self.notice(str(error))
        else:
            self.notice(f"Saved {path}")

    def _record(self) -> None:
        """Start a recording, or finish the one that `_record` started."""
        try:
            if self._recording:
                path, self._recording = self._recording, None
                self._recorder.stop(path)
            else:
                path = timed_path(self._folder, ".mp4")
                self._recorder.start(path)
                self._recording = path
                self.notice(f"Recording {path}")
        except LivefgError as error:
            self.notice(str(error))
