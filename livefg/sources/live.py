"""Keeping a camera or stream alive: newest picture first, trouble noticed and told, reopened until closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from livefg.errors import LivefgError
from livefg.results import Frame, ImageArray
from livefg.sources.base import Notice, SourceInfo, StrictClock
from livefg.sources.health import BackOff, Patience, PictureWatch

__all__ = ["Connection", "ConnectionLost", "LiveSource", "Shot"]

_CLOSE_SECONDS = 0.5
"""How long `close` waits for the reading thread; a driver that hangs is left to itself after that."""


class ConnectionLost(Exception):  # noqa: N818 - it is an event, not a defect
    """No more pictures will come over this connection; the message says why, in a few words."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture (RGB uint8) and the monotonic time in seconds at which it was grabbed."""

    image: ImageArray
    time: float


class Connection(Protocol):
    """An open camera or stream. Only one thread uses it at a time."""

    @property
    def info(self) -> SourceInfo:
        """What was agreed on at opening."""
        ...

    def read(self) -> Shot:
        """Wait for the next picture; raises ConnectionLost."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class LiveSource:
    """A source of live pictures that heals itself.

    `connect` opens the camera or stream and raises LivefgError if it cannot; the first time that error is the
    caller's. A thread reads pictures as they come and keeps the newest, so that a slow reader never sees an
    old one. Freezing, black pictures, unplugging and what else ends the flow are told through `on_notice`
    (from that thread or the reader's) and followed by attempts to reopen at doubling intervals until `close`.
    """

    def __init__(self, connect: Callable[[], Connection], *, patience: Patience, on_notice: Notice) -> None:
        self._connect = connect
        self._patience = patience
        self._on_notice = on_notice
        self._status: str | None = None
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._newest: Frame | None = None
        self._last_sign = time.monotonic()
        self._well_since = self._last_sign
        self._defect: BaseException | None = None
        connection = connect()
        self._info = connection.info
        self._thread = threading.Thread(
            target=self._run, args=(connection,), name=f"livefg {self._info.name}", daemon=True
        )
        self._thread.start()

    @property
    def info(self) -> SourceInfo:
        """What the camera or stream agreed to when it was last opened."""
        return self._info

    @property
    def status(self) -> str | None:
        """What is wrong at this moment in a few words; None while all is well."""
        return self._status

    def __iter__(self) -> Iterator[Frame]:
        seen = -1
        while not self._closed.is_set():
            frame = self._wait_beyond(seen)
            if frame is None:
                self._watch_for_silence()
            elif not self._closed.is_set():
                seen = frame.index
                yield frame
        if self._defect is not None:
            raise self._defect

    def close(self) -> None:
        """End the iteration and the reading thread; returns promptly even if a driver hangs."""
        if self._closed.is_set():
            return
        self._closed.set()
        with self._changed:
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait_beyond(self, index: int) -> Frame | None:
        """The newest frame if it comes after the given one; waits for it, but not for ever."""

        def ended() -> bool:
            return self._closed.is_set() or (self._newest is not None and self._newest.index > index)

        with self._changed:
            return self._newest if self._changed.wait_for(ended, timeout=self._patience.silence / 4) else None

    def _watch_for_silence(self) -> None:
        """A driver may hang inside a read: only somebody else can notice that."""
        silent = time.monotonic() - self._last_sign
        if self._status is None and silent > self._patience.silence:
            self._trouble(f"has given no picture for {silent:.0f} s")

    def _run(self, connection: Connection) -> None:
        """The reading thread; a defect in it is raised where the frames are read."""
        try:
            self._keep_alive(connection)
        except BaseException as defect:
            self._defect = defect
            self.close()

    def _keep_alive(self, connection: Connection) -> None:
        """Read until something is wrong, reopen, and so on until closed."""
        clock = StrictClock()
        back_off = BackOff(self._patience.retry, self._patience.retry_most)
        watch = PictureWatch(self._patience)
        index = 0
        current: Connection | None = connection
        while current is not None:
            try:
                while not self._closed.is_set():
                    shot = current.read()
                    self._offer(shot, index, clock)
                    index += 1
                    reason = watch.check(shot.image, shot.time)
                    if reason is not None:
                        raise ConnectionLost(reason)
                    if watch.trouble is None:
                        self._well(shot.time, back_off)
            except ConnectionLost as lost:
                self._trouble(str(lost))
            finally:
                current.close()
            current = self._reopen(back_off)

    def _offer(self, shot: Shot, index: int, clock: StrictClock) -> None:
        now = clock.stamp(shot.time)
        self._last_sign = time.monotonic()
        with self._changed:
            self._newest = Frame(shot.image, index, now, self._info.name, mirrored=self._info.mirrored)
            self._changed.notify_all()

    def _reopen(self, back_off: BackOff) -> Connection | None:
        """Try until it works; None once the source is closed."""
        while not self._closed.wait(back_off.wait()):
            try:
                connection = self._connect()
            except LivefgError as error:
                self._status = str(error)
                continue
            self._info = connection.info
            self._last_sign = time.monotonic()
            return connection
        return None

    def _trouble(self, what: str) -> None:
        if self._closed.is_set():
            return
        if self._status is None:
            self._on_notice(f"{self._info.name} {what}; trying to reopen it.")
        self._status = what

    def _well(self, now: float, back_off: BackOff) -> None:
        if self._status is not None:
            self._status = None
            self._well_since = now
            self._on_notice(f"{self._info.name} is back.")
        elif now - self._well_since > self._patience.silence:
            # Not at the first picture: a loose plug would have it reopened twice a second.
            back_off.reset()
