"""A sink in a thread of its own, so that drawing, encoding and disks are off the path of the frames."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any, Protocol, cast

from livefg.loop.slot import BoundedQueue
from livefg.results import Frame, FrameResult
from livefg.sinks.files import FileSink, Finishing

__all__ = ["Marking", "QueuedSink"]


class Marking(Protocol):
    """A sink that can say what of its work is safe on the disk."""

    def mark(self) -> Any:
        """Make safe what was written so far; says what another sink needs to go on there."""
        ...


class QueuedSink(Finishing):
    """Passes frames to `sink` in a thread of its own, through a queue of at most `capacity` frames.

    With `lossless` a full queue makes `write` wait (recorded sources); otherwise the frame is left out and
    counted in `dropped` (live). An error of the sink is raised by every `write` after it, and by `close`.
    """

    def __init__(self, sink: FileSink, *, lossless: bool, capacity: int = 8) -> None:
        self.dropped = 0
        self._sink = sink
        self._lossless = lossless
        self._queue: BoundedQueue[tuple[Frame, FrameResult] | Future[Any]] = BoundedQueue(capacity)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="livefg-sink", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many frames wait to be written."""
        return len(self._queue)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Queue a frame and its result; waits only where nothing may be lost."""
        if self._lossless:
            self._queue.put((frame, result))
        elif not self._queue.offer((frame, result)) and self._error is None:
            self.dropped += 1
        self._raise_error()

    def mark(self) -> Future[Any]:
        """What the sink's `mark` says once all that was queued so far is written. For sinks that are Marking.

        Where the sink fails before that, nothing is ever said.
        """
        said: Future[Any] = Future()
        self._queue.put(said)
        return said

    def close(self) -> None:
        """Wait until everything is written, then close the sink."""
        self._finish()
        if self._error is not None:
            self._sink.abandon()
        self._raise_error()
        self._sink.close()

    def abandon(self) -> None:
        """Wait until everything is written, then leave the file unfinished; an error is not raised again."""
        self._finish()
        self._sink.abandon()

    def _finish(self) -> None:
        self._queue.close()
        self._thread.join()

    def _work(self) -> None:
        try:
            while (item := self._queue.take()) is not None:
                if isinstance(item, Future):
                    item.set_result(cast("Marking", self._sink).mark())
                else:
                    self._sink.write(*item)
        except BaseException as error:  # raised again in the thread that writes
            self._error = error
            self._queue.close(discard=True)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error
