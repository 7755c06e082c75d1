"""Trainings that go on side by side, one a core: an examination need not wait for the network that counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from livefg.threads import usable_cores
from training.fit import Epoch, Fitted
from training.threads import one_thread

__all__ = ["SideBySide"]


class Course(Protocol):
    """Is told how trainings go on."""

    def epoch(self, epoch: Epoch, total: int) -> None:
        """Another epoch has ended; its number counts over all trainings, of which there are `total` epochs."""
        ...


class _StoppedError(Exception):
    """Another training failed or was interrupted, so this one need not go on."""


class SideBySide:
    """Runs trainings in threads, as many at a time as there are cores, and tells of them as of one course.

    Left by an exception it ends those that are under way after their epoch, and forgets the others.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._pool = ThreadPoolExecutor(usable_cores(), "training")
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._done = self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind:
            self._stopped.set()
        self._pool.shutdown(cancel_futures=kind is not None)

    def train(self, epochs: int, training: Callable[..., Fitted]) -> Future[Fitted]:
        """Begin a training of at most so many `epochs`: a `fit` that wants nothing more but its `on_epoch`."""
        with self._lock:
            self._total += epochs
        return self._pool.submit(self._run, training)

    def _run(self, training: Callable[..., Fitted]) -> Fitted:
        with one_thread():
            return training(on_epoch=self._tell)

    def _tell(self, epoch: Epoch, total: int) -> None:  # noqa: ARG002 - the course has its own total
        if self._stopped.is_set():
            raise _StoppedError
        with self._lock:
            self._done += 1
            self._course.epoch(replace(epoch, number=self._done - 1), self._total)
