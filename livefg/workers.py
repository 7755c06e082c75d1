"""A small pool of threads that runs several chains of work side by side.

A chain is a generator: it yields a batch of jobs (callables), gets their results back in the same order, and may
yield again before it returns its answer. Nothing ever waits inside a worker, so chains on the same pool cannot
starve each other, and a chain that has three equal jobs while another has one keeps every thread busy.

Chains started on the same `lane` run one after the other, in the order they were started; chains on different
lanes run side by side, even for different frames.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

__all__ = ["Chain", "WorkerPool", "run_chain", "timed"]

Answer = TypeVar("Answer")
Job = Callable[[], Any]
Chain = Generator[Sequence[Job], list[Any], Answer]
"""A generator that yields batches of jobs, is sent the list of their results, and returns its answer."""


def run_chain(chain: Chain[Answer]) -> Answer:
    """Run a chain in the calling thread, job after job, and return its answer."""
    try:
        jobs = next(chain)
        while True:
            jobs = chain.send([job() for job in jobs])
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer


def timed(
    chain: Chain[Answer], name: str, seconds: dict[str, float]
) -> Generator[list[Callable[[], Any]], list[Any], Answer]:
    """The same chain, adding up the time that its own code and its jobs take under `name`."""

    def measure(job: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        try:
            return job()
        finally:
            spent.append(time.perf_counter() - begun)

    spent: list[float] = []
    results: list[Any] | None = None
    try:
        while True:
            begun = time.perf_counter()
            try:
                jobs = next(chain) if results is None else chain.send(results)
            finally:
                spent.append(time.perf_counter() - begun)
            results = yield [partial(measure, job) for job in jobs]
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer
    finally:
        seconds[name] = sum(spent)


class _Run:
    """A chain that has been started: where its results go and how many of its jobs are still out."""

    __slots__ = ("chain", "future", "lane", "pending", "results")

    def __init__(self, chain: Chain[Any], lane: str) -> None:
        self.chain = chain
        self.lane = lane
        self.future: Future[Any] = Future()
        self.results: list[Any] = []
        self.pending = 0


class WorkerPool:
    """`threads` daemon threads that run chains. Use as a context manager, or call `close` when done.

    `shared` is to be set where several threads start chains: then all work is left to the pool's own threads.
    """

    def __init__(self, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"a worker pool needs at least one thread, got {threads}")
        self._condition = threading.Condition()
        self._jobs: deque[tuple[_Run, int, Job]] = deque()
        self._resumable: deque[_Run] = deque()
        self._lanes: dict[str, deque[_Run]] = {}
        self.shared = False
        self._closed = False
        self._callers = 0  # threads that work on a chain of their own
        self._threads = [
            threading.Thread(target=self._work, name=f"livefg-worker-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, chain: Chain[Answer], lane: str, *, here: bool = False) -> Future[Answer]:
        """Start a chain once the earlier ones of its lane are done; its answer or error arrives in the future.

        With `here` the calling thread, which would only wait for it, works on this chain as long as it can: that spares
        the way to another thread and back, which costs as much as many a job. Not so where the pool is shared: more
        threads than cores, each in haste with its own, hold the oldest up (of three cameras the age of a picture, p95,
        was 140 instead of 108 ms).
        """
        here = here and not self.shared
        run = _Run(chain, lane)
        with self._condition:
            if self._closed:
                raise RuntimeError("the worker pool is closed")
            queue = self._lanes.setdefault(lane, deque())
            queue.append(run)
            free = len(queue) == 1
            if free and here:
                self._callers += 1
            elif free:
                self._resumable.append(run)
                self._condition.notify()
        if free and here:
            self._work_on(run)
        return run.future

    def close(self) -> None:
        """Stop the threads after the jobs they are in; chains that have not ended are cancelled.

        Waits for who works on a chain of its own, too: a chain cannot be ended while it runs.
        """
        with self._condition:
            if self._closed:
                return
            self._closed = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()
        with self._condition:
            self._condition.wait_for(lambda: not self._callers)
        for queue in self._lanes.values():
            for run in queue:
                run.chain.close()
                run.future.cancel()

    def _work_on(self, run: _Run) -> None:
        """Take a chain as far as the calling thread can, and do of its jobs what no other thread has begun."""
        try:
            self._go_on(run)
            while task := self._left_of(run):
                if self._do(*task):
                    self._go_on(run)
        finally:
            with self._condition:
                self._callers -= 1
                if self._closed:
                    self._condition.notify_all()

    def _left_of(self, run: _Run) -> tuple[_Run, int, Job] | None:
        """Take a job of this chain that no thread has begun."""
        with self._condition:
            task = next((task for task in self._jobs if task[0] is run), None)
            if task:
                self._jobs.remove(task)
            return task

    def _work(self) -> None:
        while True:
            with self._condition:
                while not (self._jobs or self._resumable or self._closed):
                    self._condition.wait()
                if self._closed:
                    return
                # Going on with a chain makes more jobs for everybody, so it comes before doing a job.
                run = self._resumable.popleft() if self._resumable else None
                task = None if run else self._jobs.popleft()
            if run:
                self._go_on(run)
            elif task and self._do(*task):
                self._go_on(task[0])

    def _go_on(self, run: _Run) -> None:
        """Take a chain as far as this thread can: until others have its jobs, or to its end.

        Of each batch it does the first job itself. To wake another thread for it would cost more than some jobs.
        """
        while (job := self._resume(run)) and self._do(run, 0, job):
            pass

    def _resume(self, run: _Run) -> Job | None:
        """Send the results in; queue all of the next batch but the first job, which is returned, or finish."""
        try:
            jobs = run.chain.send(run.results) if run.results else next(run.chain)
            while not jobs:
                jobs = run.chain.send([])
        except StopIteration as stop:
            self._finish(run)
            run.future.set_result(stop.value)
        except BaseException as error:  # it belongs to whoever waits for the chain
            self._finish(run)
            run.future.set_exception(error)
        else:
            run.results = [None] * len(jobs)
            run.pending = len(jobs)
            if len(jobs) > 1:
                with self._condition:
                    self._jobs.extend((run, place, job) for place, job in enumerate(jobs) if place)
                    self._condition.notify(len(jobs) - 1)
            return None if self._closed else jobs[0]
        return None

    def _do(self, run: _Run, place: int, job: Job) -> bool:
        """Do a job; returns whether it was the last of its batch and the chain can go on."""
        try:
            result = job()
        except BaseException as error:  # it belongs to whoever waits for the chain
            result = _Failure(error)
        run.results[place] = result
        # Where it is the last one, no other thread has anything to do with this chain now.
        if run.pending > 1:
            with self._condition:
                run.pending -= 1
                if run.pending:
                    return False
        failure = next((item for item in run.results if isinstance(item, _Failure)), None)
        if failure is None:
            return True
        run.chain.close()
        self._finish(run)
        run.future.set_exception(failure.error)
        return False

    def _finish(self, run: _Run) -> None:
        """Let the next chain of the lane begin."""
        with self._condition:
            queue = self._lanes[run.lane]
            queue.popleft()
            if queue:
                self._resumable.append(queue[0])
                self._condition.notify()


class _Failure:
    """Marks the place of a job that raised."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error
