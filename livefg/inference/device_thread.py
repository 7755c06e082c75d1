"""One thread a device, which runs whatever is asked of its networks, several requests at a time.

Networks on a graphics card are tiny: what counts is how often they are called. While one run is under way, requests
from the threads of a pipeline, from several cameras or from several frames of a recording gather; those for the same
network then go together, and where several came lately, the first waits a moment for the others. Results are those of
single runs.

CUDA graphs must be recorded and replayed without any other work of the process on the card, and DirectML allows one run
at a time: one thread does that without a lock.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from livefg.inference.bindings import Array, Runs
from livefg.inference.devices import DeviceName

__all__ = ["DeviceThread", "thread_of"]

Answer = TypeVar("Answer")

_PATIENCE = 0.0003
"""Seconds that a request waits at most for those that usually come with it: less than a run takes."""
_LATELY = 8
"""Runs of a network over which it is remembered how many requests came together."""
_SERIAL: tuple[DeviceName, ...] = ("cuda", "tensorrt", "directml")


@dataclass(slots=True, eq=False)
class _Request:
    """Inputs for `runs`, which takes one of the batch `sizes`; or `call`, to be done by itself."""

    future: Future[Any] = field(default_factory=Future)
    call: Callable[[], Any] | None = None
    runs: Runs | None = None
    sizes: Sequence[int] = ()
    inputs: Sequence[Array] = ()

    def joins(self, first: _Request) -> bool:
        """Whether this can go into one batch with another request."""
        return (
            self.runs is first.runs
            and self.runs is not None
            and bool(self.sizes)
            and all(
                mine.shape[1:] == other.shape[1:] and mine.dtype == other.dtype
                for mine, other in zip(self.inputs, first.inputs, strict=True)
            )
        )


class DeviceThread:
    """Does requests in the order in which they came, those for the same network together; lives as the process does."""

    def __init__(self, name: str) -> None:
        self._condition = threading.Condition()
        self._requests: deque[_Request] = deque()
        self._lately: WeakKeyDictionary[Runs, deque[int]] = WeakKeyDictionary()
        self._thread = threading.Thread(target=self._work, name=f"livefg-{name}", daemon=True)
        self._thread.start()

    def run(self, runs: Runs, inputs: Sequence[Array], sizes: Sequence[int]) -> list[Array]:
        """The outputs for one request of at most the largest of `sizes`, the batches that `runs` is given, ascending.

        Without sizes it runs by itself. Raises what the run raises.
        """
        return cast("list[Array]", self._do(_Request(runs=runs, sizes=sizes, inputs=inputs)))

    def call(self, work: Callable[[], Answer]) -> Answer:
        """What `work` gives or raises, done by this thread."""
        return cast("Answer", self._do(_Request(call=work)))

    def _do(self, request: _Request) -> Any:
        if threading.current_thread() is self._thread:
            self._serve([request])
        else:
            with self._condition:
                self._requests.append(request)
                self._condition.notify()
        return request.future.result()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._requests:
                    self._condition.wait()
                self._await_company(self._requests[0])
                together = self._next()
            self._serve(together)
            self._remember(together)

    def _await_company(self, first: _Request) -> None:
        """Give the requests that usually come with the first a moment to arrive."""
        lately = self._lately.get(first.runs) if first.runs else None
        if lately and first.sizes:
            usual = min(max(lately), first.sizes[-1])
            self._condition.wait_for(lambda: self._count(first) >= usual, _PATIENCE)

    def _count(self, first: _Request) -> int:
        return sum(request.joins(first) for request in self._requests)

    def _remember(self, together: list[_Request]) -> None:
        """Note how many came: those that were served, and those that came meanwhile and could have been."""
        runs = together[0].runs
        if runs and together[0].sizes:
            with self._condition:
                came = len(together) + self._count(together[0])
                self._lately.setdefault(runs, deque(maxlen=_LATELY)).append(came)

    def _next(self) -> list[_Request]:
        """The oldest request and those that fit into a batch with it."""
        first = self._requests.popleft()
        together = [first]
        if first.sizes:
            room = first.sizes[-1] - len(first.inputs[0])
            for request in list(self._requests):
                if request.joins(first) and len(request.inputs[0]) <= room:
                    room -= len(request.inputs[0])
                    together.append(request)
                    self._requests.remove(request)
        return together

    @staticmethod
    def _serve(together: list[_Request]) -> None:
        first = together[0]
        try:
            if first.call:
                first.future.set_result(first.call())
                return
            assert first.runs is not None
            counts = [len(request.inputs[0]) for request in together]
            needed = sum(counts)
            size = next((size for size in first.sizes if size >= needed), needed)
            outputs = first.runs([request.inputs for request in together], size)
        except BaseException as error:  # it belongs to whoever asked
            for request in together:
                request.future.set_exception(error)
            return
        start = 0
        for request, count in zip(together, counts, strict=True):
            # A network whose batch is fixed gives outputs that need not be one row an input.
            mine = [output[start : start + count] for output in outputs] if first.sizes else outputs
            request.future.set_result(mine)
            start += count


def thread_of(device: DeviceName) -> DeviceThread | None:
    """The thread that does everything on a device; None where threads may run networks side by side."""
    return _thread(device) if device in _SERIAL else None


@functools.cache
def _thread(device: DeviceName) -> DeviceThread:
    return DeviceThread(device)
