"""A recording played at its own speed, as if it were a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from types import TracebackType
from typing import Self

from livefg.results import Frame
from livefg.sources.base import Picture, Recorded, SourceInfo, StrictClock

__all__ = ["Paced"]

_GIVE_UP = 1.0
"""Seconds of lateness beyond which the schedule is moved instead of being caught up with."""
_MOST_SKIPPED = 4


class Paced:
    """Plays a recording by the clock: a live source for demonstrations, measurements and tests.

    Each frame comes when it is due, with the monotonic time of that moment. To a reader that is late by more
    than a frame, the frames missed meanwhile are not shown (nor converted), as with a camera; their numbers
    are missing in `Frame.index`. With `loop` the recording begins anew at its end and indices and times go
    on.
    """

    def __init__(self, recorded: Recorded, *, loop: bool = False) -> None:
        self._recorded = recorded
        self._loop = loop
        self._closed = threading.Event()

    @property
    def info(self) -> SourceInfo:
        """What the recording says, marked as live."""
        return replace(self._recorded.info, live=True)

    @property
    def status(self) -> None:
        """Always None: a recording does not fail and come back."""
        return

    def __iter__(self) -> Iterator[Frame]:
        clock = StrictClock()
        period = 1 / (self._recorded.info.fps or 1.0)
        with closing(self._laps(period)) as schedule:
            skipped = 0
            late_by = 0.0
            for due, picture in schedule:
                wait = due + late_by - time.monotonic()
                if self._closed.wait(max(0.0, wait)):
                    return
                if wait < -_GIVE_UP:
                    late_by -= wait
                elif wait < -period and skipped < _MOST_SKIPPED:
                    skipped += 1
                    continue
                skipped = 0
                image = picture.image()
                now = clock.stamp(time.monotonic())
                yield Frame(image, picture.number, now, picture.source, mirrored=self.info.mirrored)

    def _laps(self, period: float) -> Generator[tuple[float, Picture], None, None]:
        """Every picture with the monotonic time at which it is due, lap after lap, numbered throughout."""
        due = time.monotonic()
        number = 0
        while True:
            begin: float | None = None
            with closing(self._recorded.pictures()) as pictures:
                for picture in pictures:
                    if begin is None:
                        begin = due - picture.time
                    due = begin + picture.time
                    yield due, picture._replace(number=number)
                    number += 1
            if not self._loop or begin is None:
                return
            due += period

    def close(self) -> None:
        """End the iteration at once, also while it waits."""
        self._closed.set()
        self._recorded.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
