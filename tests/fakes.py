"""Stand-ins at the edges: a source that gives what a test hands it, a pipeline without networks, a clock by hand."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self

import numpy as np

from livefg.results import Event, Face, Frame, FrameResult, Hand, ImageArray, Label

PATIENCE_SECONDS = 20.0  # how long a test waits for another thread before it fails


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for another thread or process to get there.

    What counts is the time slept here: a machine that stands still for a while, or is short of time, takes none of it.
    """
    pause = 0.001
    while not condition():
        assert seconds > 0, "what was waited for did not come"
        time.sleep(pause)
        seconds -= pause
        pause = min(0.05, pause * 1.05)


def make_frame(
    index: int, seconds: float | None = None, size: tuple[int, int] = (64, 48), source: str = "fake"
) -> Frame:
    """A frame of one grey, which tells its index; `size` is width, height."""
    width, height = size
    image = np.full((height, width, 3), index * 7 % 256, np.uint8)
    return Frame(image, index, index / 30 if seconds is None else seconds, source)


def make_result(frame: Frame, *events: Event, gesture: str = "victory") -> FrameResult:
    """A face and a hand in the middle of the frame."""
    box = (frame.width * 0.25, frame.height * 0.25, frame.width * 0.75, frame.height * 0.75)
    landmarks = np.zeros((21, 3), np.float32) + np.float32(frame.width / 2)
    return FrameResult(
        source=frame.source,
        frame=frame.index,
        time=frame.time,
        width=frame.width,
        height=frame.height,
        faces=(Face(1, box, 0.9),),
        hands=(Hand(2, "left", box, 0.8, landmarks, gesture=Label(gesture, 0.95, {gesture: 0.95})),),
        events=events,
        seconds={"hands": 0.002, "faces": 0.003},
    )


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


class FakeSource:
    """A live source whose frames a test gives one by one; it ends with `end`, and breaks with `fail`."""

    def __init__(self, kind: str = "camera", **info: Any) -> None:
        self.info: Any = SimpleNamespace(
            kind=kind, live=True, name="fake", notes=(), path=None, fps=30.0, **info
        )
        self.status = None
        self.closed = threading.Event()
        self.given = 0
        self._frames: queue.Queue[Frame | BaseException | None] = queue.Queue()

    def give(
        self,
        count: int = 1,
        *,
        clock: HandClock | None = None,
        interval: float = 1 / 30,
        image: ImageArray | None = None,
    ) -> None:
        """Deliver frames, `interval` seconds of the clock apart, which show `image`."""
        for _ in range(count):
            if clock:
                clock.move(interval)
            frame = make_frame(self.given, clock() if clock else None)
            self._frames.put(frame if image is None else replace(frame, image=image))
            self.given += 1

    def skip(self, count: int) -> None:
        """Leave out numbers, as a camera does whose frames nobody asked for in time."""
        self.given += count

    def end(self) -> None:
        self._frames.put(None)

    def fail(self, error: BaseException) -> None:
        self._frames.put(error)

    def __iter__(self) -> Iterator[Frame]:
        while (item := self._frames.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    def close(self) -> None:
        self.closed.set()
        self._frames.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ListSource(FakeSource):
    """A recorded source: the frames are there from the start."""

    def __init__(self, frames: Iterable[Frame], error: BaseException | None = None) -> None:
        super().__init__(kind="video")
        self.info.live = False
        self._all = list(frames)
        self._error = error

    def __iter__(self) -> Iterator[Frame]:
        yield from self._all
        if self._error:
            raise self._error


class FakePipeline:
    """Answers at once, or, with `hold`, only as often as `release` allows. Keeps the indices that it saw."""

    def __init__(self, hold: bool = False) -> None:
        self.seen: list[int] = []
        self.events: dict[int, tuple[Event, ...]] = {}
        self.error: BaseException | None = None
        self.resets = 0
        self._held = hold
        self._turns = threading.Semaphore(0)

    def release(self, turns: int = 1) -> None:
        """Let so many frames through."""
        self._turns.release(turns)

    def process(self, frame: Frame) -> FrameResult:
        self.seen.append(frame.index)
        if self._held:
            assert self._turns.acquire(timeout=PATIENCE_SECONDS)
        if self.error:
            raise self.error
        return make_result(frame, *self.events.get(frame.index, ()))

    def stream(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        for frame in frames:
            yield frame, self.process(frame)

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.release(1000)


class ListSink:
    """Keeps what is written to it; with `hold`, each write waits until `release`."""

    def __init__(self, hold: bool = False) -> None:
        self.written: list[int] = []
        self.ended = ""
        self.error: BaseException | None = None
        self._held = hold
        self._turns = threading.Semaphore(0)

    def release(self, turns: int = 1) -> None:
        self._turns.release(turns)

    def write(self, frame: Frame, result: FrameResult) -> None:
        if self._held:
            assert self._turns.acquire(timeout=PATIENCE_SECONDS)
        if self.error:
            raise self.error
        assert frame.index == result.frame
        self.written.append(frame.index)

    def close(self) -> None:
        self.ended += "closed"

    def abandon(self) -> None:
        self.ended += "abandoned"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
