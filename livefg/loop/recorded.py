"""The recorded path: the same pipeline over every frame; decoding, inference and writing side by side.

```
decode thread ─► bounded queue ─► pipeline, in the caller's thread ─► sinks, each with a queue and a thread
```

Whoever is faster waits; nothing is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from livefg.loop.slot import BoundedQueue
from livefg.results import Frame, FrameResult

if TYPE_CHECKING:
    from livefg.sinks.base import Sink
    from livefg.sources.base import Source

__all__ = ["decode_ahead", "run_recorded"]

_QUEUE_FRAMES = 4


class FrameStreamer(Protocol):
    """What the recorded path needs of a pipeline."""

    def process(self, frame: Frame) -> FrameResult:
        """What is seen in one frame."""
        ...

    def reset(self) -> None:
        """Forget what was seen before."""
        ...

    def stream(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        """Each frame with what is seen in it, in order."""
        ...


def decode_ahead(
    source: Iterable[Frame], stopping: threading.Event, capacity: int = _QUEUE_FRAMES
) -> Generator[Frame, None, None]:
    """The frames of a source, read by a thread that stays up to `capacity` frames ahead.

    Ends early, at the next frame, once `stopping` is set. An error of the source is raised after the last
    frame that it gave.
    """
    queue: BoundedQueue[Frame] = BoundedQueue(capacity)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            for frame in source:
                if not queue.put(frame):
                    return
        except BaseException as error:  # raised again in the caller's thread
            errors.append(error)
        finally:
            queue.close()

    thread = threading.Thread(target=read, name="livefg-decode", daemon=True)
    thread.start()
    try:
        while not stopping.is_set() and (frame := queue.take()) is not None:
            yield frame
    finally:
        queue.close(discard=True)
        thread.join()
    if errors and not stopping.is_set():
        raise errors[0]


def run_recorded(
    source: Source,
    pipeline: FrameStreamer,
    sinks: Sequence[Sink] = (),
    *,
    on_result: Callable[[FrameResult], None] | None = None,
    stopping: threading.Event | None = None,
    separate: bool = False,
) -> int:
    """Take every frame of a recorded source through the pipeline and give each result to every sink.

    With `separate` every frame is judged by itself, as the pictures of a folder are. Returns the number of
    frames. Ends at the next frame once `stopping` is set. An error of the source is raised after all frames
    that it gave have been written. The sinks are neither opened nor closed here; to let one write while the
    next frame is looked at, wrap it in `livefg.sinks.QueuedSink`.
    """
    count = 0
    with closing(decode_ahead(source, stopping or threading.Event())) as frames:
        for frame, result in _each_by_itself(pipeline, frames) if separate else pipeline.stream(frames):
            for sink in sinks:
                sink.write(frame, result)
            if on_result:
                on_result(result)
            count += 1
    return count


def _each_by_itself(pipeline: FrameStreamer, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
    for frame in frames:
        pipeline.reset()
        yield frame, pipeline.process(frame)
