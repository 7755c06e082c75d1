"""Several files at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from typing import Any, cast

from livefg.batch import Batch, Outcome
from livefg.inference.network import NetworkReport
from livefg.jobs import BatchSettings, Job
from livefg.pipeline import PipelineSettings
from livefg.results import FrameResult
from livefg.sources import SourceInfo
from livefg.threads import usable_cores, usual_threads

__all__ = ["run_many"]

_POLL_SECONDS = 0.3


def run_many(
    jobs: Sequence[Job],
    settings: BatchSettings,
    pipeline: PipelineSettings,
    processes: int,
    *,
    stopping: threading.Event,
    on_frames: Callable[[int], None] | None = None,
) -> Iterator[tuple[Outcome, tuple[NetworkReport, ...]]]:
    """Do jobs in `processes` processes; gives each outcome, and where its networks ran, as it comes.

    The machine's cores are shared out among the processes. Once `stopping` is set, the jobs under way stop at the next
    frame and the others are not begun. `on_frames` is told now and then how many frames all of them have done. A
    process that dies takes its file with it and no other; a new process goes on in its place.
    """
    Batch(settings, pipeline)  # what is wrong with the settings is told once, and here
    processes = min(processes, len(jobs))
    workers = min(usual_threads(), max(1, usable_cores() // processes))
    pipeline = replace(pipeline, workers=pipeline.workers or workers)
    waiting = list(jobs)
    places = [_Place(settings, pipeline) for _ in range(processes)]
    running: dict[Future[Any], tuple[Job, _Place]] = {}
    free = list(places)
    try:
        while waiting or running:
            if stopping.is_set():
                waiting.clear()
                for place in places:
                    place.stop()
            while waiting and free:
                job, place = waiting.pop(0), free.pop(0)
                running[place.submit(job)] = job, place
            finished, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            if on_frames:
                on_frames(sum(place.frames for place in places))
            for future in finished:
                job, place = running.pop(future)
                free.append(place)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    place.renew()
                    sentence = (
                        f"{job.source}: the process that worked on it died;"
                        " the same command with --resume goes on."
                    )
                    yield Outcome(job.source, "failed", error=sentence), ()
    finally:
        for place in places:
            place.stop()
        for place in places:
            place.close()


class _Place:
    """Where one job at a time is done: a process, and what this process and that one tell each other.

    A pool of one process each, not one pool of all: a pool that loses a process ends the others too, and may notice
    a death only when another process has done its job. Nor do they share a lock that a killed process could hold.
    """

    def __init__(self, settings: BatchSettings, pipeline: PipelineSettings) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._settings = settings
        self._pipeline = pipeline
        self._before = 0
        self._begin()

    def _begin(self) -> None:
        self._stopping, self._frames = self._context.RawValue("b", 0), self._context.RawValue("q", 0)
        told = (self._settings, self._pipeline, self._stopping, self._frames)
        self._pool = ProcessPoolExecutor(1, self._context, _begin, told)

    @property
    def frames(self) -> int:
        """How many frames have been done here."""
        return int(self._before + self._frames.value)

    def submit(self, job: Job) -> Future[tuple[Outcome, tuple[NetworkReport, ...]]]:
        """Begin a job; the future raises BrokenProcessPool if its process dies."""
        try:
            return self._pool.submit(_run, job)
        except BrokenProcessPool:  # it died between two jobs
            self.renew()
            return self._pool.submit(_run, job)

    def stop(self) -> None:
        """Let the job under way stop at its next frame."""
        self._stopping.value = 1

    def renew(self) -> None:
        """A new process instead of one that died."""
        self._before = self.frames
        self._pool.shutdown()
        self._begin()

    def close(self) -> None:
        """End the process, once it has stopped."""
        self._pool.shutdown(cancel_futures=True)


class _Stopping:
    """What the first process has told this one, read as an event."""

    def __init__(self, told: Any) -> None:
        self._told = told

    def is_set(self) -> bool:
        """Whether the job under way is to stop."""
        return bool(self._told.value)


class _Worker:
    """What a process of the pool has between two jobs."""

    def __init__(self, batch: Batch, frames: Any) -> None:
        self._batch = batch
        self._frames = frames
        self._counts = True

    def run(self, job: Job) -> tuple[Outcome, tuple[NetworkReport, ...]]:
        return self._batch.run(job, on_start=self._start, on_result=self._count), self._batch.reports

    def _start(self, info: SourceInfo, doing: str = "", done: int = 0) -> None:  # noqa: ARG002 - see OnStart
        self._counts = doing != "writing"  # every frame once, though it comes by twice

    def _count(self, _: FrameResult) -> None:
        if self._counts:
            self._frames.value += 1


_worker: _Worker | None = None


def _begin(settings: BatchSettings, pipeline: PipelineSettings, stopping: Any, frames: Any) -> None:
    """Make this process ready. Ctrl-C reaches it too, but it is the first process that says when to stop."""
    global _worker  # noqa: PLW0603 - a process of a pool has no other place
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="livefg-parent", daemon=True).start()
    _worker = _Worker(
        Batch(settings, pipeline, stopping=cast("threading.Event", _Stopping(stopping))), frames
    )


def _end_with_parent() -> None:
    """A process whose first process was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(job: Job) -> tuple[Outcome, tuple[NetworkReport, ...]]:
    assert _worker is not None
    return _worker.run(job)
