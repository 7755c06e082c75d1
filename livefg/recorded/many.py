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
    process that dies takes its file with it, not the others.
    """
    Batch(settings, pipeline)  # what is wrong with the settings is told once, and here
    processes = min(processes, len(jobs))
    pipeline = replace(pipeline, workers=pipeline.workers or max(1, (os.cpu_count() or 1) // processes))
    waiting = list(jobs)
    while waiting:
        # A pool that lost a process is of no use any more: what it did not do goes to a new one.
        done: set[str] = set()
        for job, outcome, reports in _in_a_pool(waiting, settings, pipeline, processes, stopping, on_frames):
            done.add(job.source)
            yield outcome, reports
        if stopping.is_set() or not done:
            return
        waiting = [job for job in waiting if job.source not in done]


def _in_a_pool(
    jobs: Sequence[Job],
    settings: BatchSettings,
    pipeline: PipelineSettings,
    processes: int,
    stopping: threading.Event,
    on_frames: Callable[[int], None] | None,
) -> Iterator[tuple[Job, Outcome, tuple[NetworkReport, ...]]]:
    """The outcomes of jobs until all are done or a process dies; then that of the jobs that it may have been doing."""
    context = multiprocessing.get_context("spawn")
    stop, frames = context.Event(), context.Value("q", 0)
    pool = ProcessPoolExecutor(processes, context, _begin, (settings, pipeline, stop, frames))
    running: dict[Future[Any], Job] = {}
    waiting = list(jobs)
    try:
        while waiting or running:
            if stopping.is_set():
                stop.set()
                waiting.clear()
            # Not more than there are processes, so that it is known which files a dead one had.
            while waiting and len(running) < processes:
                job = waiting.pop(0)
                running[pool.submit(_run, job)] = job
            finished, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            if on_frames:
                on_frames(frames.value)
            for future in finished:
                job = running.pop(future)
                outcome, reports = future.result()
                yield job, outcome, reports
    except BrokenProcessPool:
        for lost in [job, *running.values()]:
            sentence = (
                f"{lost.source}: the process that worked on it died; the same command with --resume goes on."
            )
            yield lost, Outcome(lost.source, "failed", error=sentence), ()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


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
            with self._frames.get_lock():
                self._frames.value += 1


_worker: _Worker | None = None


def _begin(settings: BatchSettings, pipeline: PipelineSettings, stop: Any, frames: Any) -> None:
    """Make this process ready. Ctrl-C reaches it too, but it is the first process that says when to stop."""
    global _worker  # noqa: PLW0603 - a process of a pool has no other place
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="livefg-parent", daemon=True).start()
    _worker = _Worker(Batch(settings, pipeline, stopping=cast("threading.Event", stop)), frames)


def _end_with_parent() -> None:
    """A process whose first process was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(job: Job) -> tuple[Outcome, tuple[NetworkReport, ...]]:
    assert _worker is not None
    return _worker.run(job)
