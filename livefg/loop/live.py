"""The live loop: capture, perception and display side by side, and never an old frame to show more of them.

```
capture thread ─► slot of one ─► perception thread ─► slot of one ─► whoever shows it, in their own thread
                  newest wins                          newest wins, events add up
```

Nothing queues, so what is on display is at most one turn of perception and one of the display behind the
camera, however slow either is. What cannot keep up drops frames, and the drops are counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

from livefg.loop.slot import Slot
from livefg.loop.statistics import Meter, Statistics
from livefg.loop.still_there import still_there
from livefg.results import Frame, FrameResult

if TYPE_CHECKING:
    from livefg.sinks.base import Sink
    from livefg.sources.base import Source

__all__ = ["FrameProcessor", "LiveLoop", "View"]

_GRACE_SECONDS = (
    0.25  # a source that gives a frame within this ends by itself; a stuck one is closed under it
)
_JOIN_SECONDS = 5.0
_PAUSE_POLL_SECONDS = 0.05


class FrameProcessor(Protocol):
    """What the loops need of a pipeline."""

    def process(self, frame: Frame) -> FrameResult:
        """What is seen in `frame`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What to show now: a picture and the newest result.

    The result is that of the picture, except where perception is too slow to keep the picture moving: then
    the newest picture comes with the newest result there is, and `seen` is the picture of that result. `fresh` is
    False where the result was shown before.
    """

    frame: Frame
    result: FrameResult
    fresh: bool = True
    seen: Frame | None = None

    @property
    def to_draw(self) -> FrameResult:
        """The result without the faces and hands that the picture does not show any more."""
        return still_there(self.result, self.seen.image, self.frame.image) if self.seen else self.result


class LiveLoop:
    """Runs a source through a pipeline, live. Use as a context manager and iterate over it:

    ```python
    with open_source("0") as source, Pipeline() as pipeline, LiveLoop(source, pipeline) as loop:
        for view in loop:
            print(view.result.to_json())
    ```

    `source` must be live; a recording becomes one in `livefg.sources.Paced`. `patience` is how many seconds
    the picture may stand still before newer pictures are shown with the last result. `clock` is the clock of
    the frames' times, in seconds.

    An error in any thread ends the loop; it is raised once, from the iteration, or from leaving the context
    if the iteration had ended before.
    """

    def __init__(
        self,
        source: Source,
        pipeline: FrameProcessor,
        *,
        patience: float = 0.15,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._pipeline = pipeline
        self._patience = patience
        self._clock = clock
        self._waits = source.info.kind not in {"camera", "stream"}
        self._frames: Slot[Frame] = Slot()
        self._views: Slot[View] = Slot(merge=_keep_events)
        self._newest: Frame | None = None
        self._meter = Meter(clock())
        self._sinks: tuple[Sink, ...] = ()
        self._sinks_lock = threading.Lock()
        self._record_dropped = 0
        self._stopping = threading.Event()
        self._paused = threading.Event()
        self._error: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"livefg-{name}", daemon=True)
            for name, work in (("capture", self._capture), ("perception", self._perceive))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is None:
            self._raise_error()

    def __iter__(self) -> Iterator[View]:
        """The newest view each time, until the source ends or `stop` is called."""
        for view in self.views():
            if view is not None:
                yield view

    def views(self, wait: float = 0.05) -> Iterator[View | None]:
        """The newest view each time, or None after `wait` seconds without one: time to look at the keyboard.

        The age of a frame counts from its grab to the moment the next view is asked for, when it has been
        shown.
        """
        last: View | None = None
        fresh_at = self._clock()
        while not self._views.finished and not self._stopping.is_set():
            view = self._views.take(wait)
            if view is not None:
                view = self._on_newer_picture(view, last)
            elif last is not None and self._clock() - fresh_at >= self._patience:
                view = self._same_result_on_newer_picture(last)
            yield view
            if view is not None:
                last = view
                if view.fresh:
                    fresh_at = self._clock()
                    self._meter.shown(fresh_at, fresh_at - view.result.time)
        self._raise_error()

    def stop(self) -> None:
        """End the loop soon; may be called from any thread and from a signal handler."""
        self._stopping.set()
        self._frames.close()
        self._views.close()

    def close(self) -> None:
        """Stop, and wait for the threads; the source is closed under a capture thread that is stuck in it."""
        self.stop()
        capture, perception = self._threads
        if capture.ident is None:
            return
        capture.join(_GRACE_SECONDS)
        if capture.is_alive():
            self._source.close()
            capture.join(_JOIN_SECONDS)
        perception.join(_JOIN_SECONDS)

    @property
    def paused(self) -> bool:
        """Whether the loop stands still."""
        return self._paused.is_set()

    def pause(self, paused: bool = True) -> None:
        """Stand still or go on. A camera's frames are let go meanwhile; a recording waits."""
        (self._paused.set if paused else self._paused.clear)()

    def add_sink(self, sink: Sink) -> None:
        """Give every result from now on to `sink` too, in the perception thread: `write` must not wait."""
        with self._sinks_lock:
            self._sinks = (*self._sinks, sink)

    def remove_sink(self, sink: Sink) -> None:
        """Give no more results to `sink`; after this returns, none is being written, and it may be closed."""
        with self._sinks_lock:
            if sink in self._sinks:
                self._sinks = tuple(other for other in self._sinks if other is not sink)
                self._record_dropped += _dropped(sink)

    def statistics(self) -> Statistics:
        """How the loop is doing now."""
        record_dropped = self._record_dropped + sum(_dropped(sink) for sink in self._sinks)
        return self._meter.snapshot(self._clock(), self._frames.dropped, record_dropped)

    def _on_newer_picture(self, view: View, last: View | None) -> View:
        """The view itself, or on the newest picture where its own is older than one shown already."""
        newest = self._newest
        if last is None or newest is None or view.frame.index > last.frame.index:
            return view
        return replace(view, frame=newest, seen=view.frame)

    def _same_result_on_newer_picture(self, last: View) -> View | None:
        newest = self._newest
        if newest is None or newest.index <= last.frame.index:
            return None
        result = replace(last.result, events=())
        return replace(last, frame=newest, result=result, fresh=False, seen=last.seen or last.frame)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run a thread's work; an error becomes the loop's one error, and the loop ends."""
        try:
            work()
        except BaseException as error:  # raised again in the consumer's thread
            if not self._stopping.is_set() and self._error is None:
                self._error = error
            self._stopping.set()
        finally:
            self._frames.close()

    def _capture(self) -> None:
        expected: int | None = None
        for frame in self._source:
            missed = 0 if expected is None else max(0, frame.index - expected)
            expected = frame.index + 1
            while self._waits and self._paused.is_set() and not self._stopping.wait(_PAUSE_POLL_SECONDS):
                pass
            if self._stopping.is_set():
                return
            if self._paused.is_set():
                continue
            self._newest = frame
            self._meter.captured(self._clock(), missed)
            self._frames.put(frame)

    def _perceive(self) -> None:
        try:
            while (frame := self._frames.take()) is not None and not self._stopping.is_set():
                start = self._clock()
                result = self._pipeline.process(frame)
                now = self._clock()
                self._meter.processed(now, now - start, result.seconds)
                self._views.put(View(frame, result))
                with self._sinks_lock:
                    for sink in self._sinks:
                        sink.write(frame, result)
        finally:
            self._views.close()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error


def _keep_events(old: View, new: View) -> View:
    """The new view with the events of the old one, which nobody saw, before its own."""
    if not old.result.events:
        return new
    return replace(new, result=replace(new.result, events=old.result.events + new.result.events))


def _dropped(sink: Sink) -> int:
    """How many frames a sink with a queue had no room for."""
    return int(getattr(sink, "dropped", 0))
