"""Recording what a live loop sees, without ever holding it up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import chain, count
from pathlib import Path
from typing import Self

from livefg.errors import LivefgError
from livefg.loop import LiveLoop
from livefg.overlay import Overlay
from livefg.sinks.files import FileSink, partial_path
from livefg.sinks.jsonl import JsonlSink
from livefg.sinks.queued import QueuedSink
from livefg.sinks.video import Quality, VideoSink
from livefg.sources import SourceInfo
from livefg.sources.base import log_notice

__all__ = ["Recorder", "timed_path"]

_QUEUE_FRAMES = 30
"""About a second of pictures: what a busy disk or encoder may lag behind before frames are left out."""


def timed_path(folder: Path, suffix: str) -> Path:
    """A name of this moment that is free in `folder`, such as `livefg-20260131-174502.mp4`."""
    stem = f"livefg-{time.strftime('%Y%m%d-%H%M%S')}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    paths = (folder / f"{name}{suffix}" for name in names)
    return next(path for path in paths if not path.exists() and not partial_path(path).exists())


class Recorder:
    """Starts and stops recordings of a loop. Use as a context manager: leaving it waits until every file is whole.

    `on_notice` is told, from any thread, which file is finished, what is missing in it, and what went wrong.
    """

    def __init__(
        self,
        loop: LiveLoop,
        source: SourceInfo,
        quality: Quality = "medium",
        on_notice: Callable[[str], None] = log_notice,
    ) -> None:
        self._loop = loop
        self._source = source
        self._quality = quality
        self._on_notice = on_notice
        self._running: dict[Path, QueuedSink] = {}
        self._finishing: list[threading.Thread] = []
        self._errors: list[Exception] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for path in list(self._running):
            self.stop(path)
        for thread in self._finishing:
            thread.join()
        if self._errors and kind is None:  # otherwise the error that ended the loop is the one to tell
            raise self._errors[0]

    @property
    def recording(self) -> bool:
        """Whether anything is being recorded."""
        return bool(self._running)

    def start(self, path: Path) -> None:
        """Record to a video, or to JSON lines if the name ends in .jsonl, from the next frame on.

        Raises LivefgError if no such file can be written.
        """
        if path in self._running:
            raise LivefgError(f"{path} is being recorded already.")
        sink: FileSink
        if path.suffix.lower() == ".jsonl":
            sink = JsonlSink(path)
        else:
            sink = VideoSink(path, overlay=Overlay(), source=self._source, quality=self._quality)
        queued = QueuedSink(sink, lossless=False, capacity=_QUEUE_FRAMES)
        self._running[path] = queued
        self._loop.add_sink(queued)

    def stop(self, path: Path) -> None:
        """End a recording; a thread finishes its file, so that nobody waits for the encoder and the disk."""
        queued = self._running.pop(path)
        self._loop.remove_sink(queued)
        thread = threading.Thread(
            target=self._finish, args=(path, queued), name="livefg-recorder", daemon=True
        )
        self._finishing.append(thread)
        thread.start()

    def _finish(self, path: Path, queued: QueuedSink) -> None:
        try:
            queued.close()
        except Exception as error:  # raised again on leaving the context
            self._errors.append(error)
            return
        self._on_notice(f"Recorded {path}.")
        if queued.dropped:
            self._on_notice(f"{path} lacks {queued.dropped} frames: writing could not keep up.")
