"""Recording beside a live loop: a collector that sees what the loop sees, until it has enough or is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from livefg.collect.collector import Collector, Progress
from livefg.collect.panel import draw_progress
from livefg.collect.recording import Recording, check_label
from livefg.collect.store import RecordingStore
from livefg.errors import LivefgError
from livefg.overlay.panel import draw_entry
from livefg.results import ImageArray
from livefg.settings import CollectSettings
from livefg.sinks.callback import CallbackSink
from livefg.sinks.entry import TextEntry

if TYPE_CHECKING:
    from livefg.loop import LiveLoop
    from livefg.sinks.window import WindowSink

__all__ = ["CollectKey", "CollectSession", "told"]


class CollectSession:
    """One recording. Use as a context manager: however it ends, what was taken is kept."""

    def __init__(self, loop: LiveLoop, collector: Collector, store: RecordingStore) -> None:
        """Raises LivefgError if the store cannot be read."""
        self.saved: Recording | None = None
        """What was kept, once the session is closed; None if there was nothing."""
        self._others = store.counts()
        self._loop = loop
        self._collector = collector
        self._store = store
        self._sink = CallbackSink(collector.see)
        self._open = True
        loop.add_sink(self._sink)

    def __enter__(self) -> CollectSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._collector.progress

    def draw(self, image: ImageArray) -> None:
        """Draw how far it is, in place on a picture (height, width, 3) uint8 RGB."""
        draw_progress(image, self.progress, self._others, time.monotonic())

    def close(self) -> None:
        """Stop, and keep what was taken; a second call does nothing. Raises LivefgError if it cannot be kept."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_sink(self._sink)
        recording = self._collector.recording
        if recording.examples:
            self._store.save(recording)
            self.saved = recording


class CollectKey:
    """What the key for it does in a live window: ask for the gesture's name, record it, stop.

    `turn` is to be called again and again. `notice` takes a sentence for the person before the camera.
    """

    def __init__(
        self,
        loop: LiveLoop,
        window: WindowSink,
        settings: CollectSettings,
        notice: Callable[[str], None],
        store: RecordingStore | None = None,
    ) -> None:
        self._loop = loop
        self._window = window
        self._settings = settings
        self._notice = notice
        self._store = store or RecordingStore()
        self._session: CollectSession | None = None
        self._entry: TextEntry | None = None

    @property
    def active(self) -> bool:
        """Whether a name is asked for or something is recorded."""
        return self._entry is not None or self._session is not None

    def press(self) -> None:
        """Ask for a name, or stop what is being recorded."""
        if self._session:
            self.close()
            return
        self._entry = self._window.entry = entry = TextEntry()
        self._window.panel = lambda image: draw_entry(image, "Name of the gesture", entry.text)

    def turn(self) -> None:
        """Begin when a name was given, and end when there is enough."""
        entry = self._entry
        if entry and entry.state != "open":
            self._entry = self._window.entry = self._window.panel = None
            if entry.state == "entered":
                self._begin(entry.text)
        if self._session and self._session.progress.finished:
            self.close()

    def close(self) -> None:
        """Stop recording and keep what was taken; without a recording, nothing happens."""
        if self._session is None:
            return
        session, self._session = self._session, None
        self._window.panel = None
        try:
            session.close()
        except LivefgError as error:
            self._notice(str(error))
        else:
            self._notice(told(session.progress.label, session.saved))

    def _begin(self, text: str) -> None:
        settings = self._settings
        try:
            # A blank cannot be told from the end of a name in many places where names of gestures are written.
            label = "_".join(check_label(text).split())
            collector = Collector(label, settings.person, count=settings.count, countdown=settings.countdown)
            self._session = CollectSession(self._loop, collector, self._store)
        except LivefgError as error:
            self._notice(str(error))
        else:
            self._window.panel = self._session.draw


def told(label: str, recording: Recording | None) -> str:
    """What was recorded, in a sentence."""
    if recording is None:
        return f"{label}: nothing was recorded."
    count = len(recording.examples)
    return f"{label}: {count} example{'' if count == 1 else 's'} recorded."
