"""Ending on Ctrl-C and SIGTERM: the first one asks, the second one insists."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["StopSignals"]


class StopSignals:
    """While in this context, SIGINT and SIGTERM set `event` and call `on_stop`, and the program goes on.

    A second signal raises KeyboardInterrupt, for the case that something does not end. `received` is the
    number of the signal that came, None while none did. In a thread that is not the main one, where Python
    takes no signals, it only holds the event.
    """

    def __init__(self, on_stop: Callable[[], None] | None = None) -> None:
        self.event = threading.Event()
        self.received: int | None = None
        self._on_stop = on_stop
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.event.is_set():
            raise KeyboardInterrupt
        self.received = number
        self.event.set()
        if self._on_stop:
            self._on_stop()
