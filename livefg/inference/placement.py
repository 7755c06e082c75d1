"""Which device and form a network gets: measured, and only if the results are those of the CPU."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from livefg.errors import LivefgError
from livefg.inference.bindings import Array
from livefg.inference.compiled import KEEPING, CompiledCache, log_notice
from livefg.inference.devices import DeviceName
from livefg.inference.forms import PLAIN, Form, forms_of, halved
from livefg.inference.nvidia import nvidia_driver
from livefg.inference.sessions import UnavailableError, reason_of
from livefg.threads import usual_threads

__all__ = ["accelerated", "agree", "is_faster"]

_TOLERANCE = 0.005
"""Of the largest value of an output. In float16 the shipped networks stay within 0.0035, landmarks within 0.001."""
_SMALLEST = 1e-3
"""What counts as largest at least: of an output that is nearly nothing everywhere, the error is no matter."""
_GAIN = 0.9
"""A change must bring at least a tenth: less is within what measuring the same twice differs by."""
_MEASURED_BATCHES = (1, 2, 4)
_ROUNDS, _SECONDS = 7, 0.3


class Runnable(Protocol):
    """A network as far as placing it goes."""

    @property
    def batches(self) -> Sequence[int]:
        """The batch sizes that its device gets to see; none where it takes what comes."""
        ...

    def __call__(self, *inputs: Array) -> list[Array]:
        """Run it."""
        ...

    def sample_inputs(self, batch: int = 1) -> list[Array]:
        """Inputs to try it with."""
        ...


Candidate = TypeVar("Candidate", bound=Runnable)
Open = Callable[[Form, Any], Candidate]


def accelerated(
    open_in: Open[Candidate], reference: Runnable, device: DeviceName, name: str, content: bytes
) -> tuple[Candidate, Form, tuple[str, ...]]:
    """A network on `device` in its fastest form that gives the results of `reference`: with the form, and what failed.

    `open_in(form, folder)` opens it. What was found out before, and compiled, is taken from the user's cache folder.
    Raises UnavailableError if there is no form in which the device runs it correctly.
    """
    if device not in KEEPING:
        return _proved(open_in, reference, PLAIN, None), PLAIN, ()
    cache = CompiledCache(device, name, content)
    if cache.form:
        try:
            network = _proved(open_in, reference, cache.form, cache)
            cache.renew()
            return network, cache.form, ()
        except UnavailableError as error:
            cache.discard(str(error))
    if device == "tensorrt":
        gpus = nvidia_driver()
        place = gpus.gpus[0].name if gpus and gpus.gpus else "this machine"
        log_notice(f"Building the TensorRT engine of {name} for {place}, once; this takes a minute or two.")
    failures: list[str] = []
    best, form = _first_that_works(open_in, reference, device, cache, failures)
    half = halved(device, form)
    if half:
        try:
            rival = _proved(open_in, reference, half, cache)
            if is_faster(rival, best):
                best, form = rival, half
        except UnavailableError as error:
            failures.append(f"no {half}: {error}")
    cache.keep(form)
    return best, form, tuple(failures)


def _first_that_works(
    open_in: Open[Candidate],
    reference: Runnable,
    device: DeviceName,
    cache: CompiledCache,
    failures: list[str],
) -> tuple[Candidate, Form]:
    forms = forms_of(device)
    for form in forms[:-1]:
        try:
            return _proved(open_in, reference, form, cache), form
        except UnavailableError as error:
            failures.append(f"no {form}: {error}")
    try:
        return _proved(open_in, reference, forms[-1], cache), forms[-1]
    except UnavailableError:
        cache.abandon()
        raise


def _proved(
    open_in: Open[Candidate], reference: Runnable, form: Form, cache: CompiledCache | None
) -> Candidate:
    """The network in a form, once every batch size has given the reference's results."""
    network = open_in(form, cache.prepare() if cache else None)
    try:
        _compare(network, reference)
    except LivefgError as error:
        raise UnavailableError(reason_of(error.__cause__ or error)) from error
    return network


def _compare(network: Runnable, reference: Runnable) -> None:
    """Raises UnavailableError where a batch gives other results."""
    inputs = reference.sample_inputs()
    expected = reference(*inputs)
    # The largest comes first: a compiler that widens its range of shapes then has it at once.
    for batch in (*reversed(network.batches),) or (1,):
        several = [np.repeat(array, batch, axis=0) for array in inputs] if batch > 1 else inputs
        # Other inputs come before, so that buffers which are not written anew are found out.
        network(*(np.zeros_like(array) for array in several))
        outputs = network(*several)
        for row in range(batch):
            if not agree([output[row : row + 1] if batch > 1 else output for output in outputs], expected):
                raise UnavailableError("it gives other results than the CPU")


def agree(ours: Sequence[Array], reference: Sequence[Array]) -> bool:
    """Whether two runs gave the same outputs, within what a lower precision explains."""
    return all(
        a.shape == b.shape
        and bool(np.abs(a - b).max(initial=0) <= _TOLERANCE * max(_SMALLEST, np.abs(b).max(initial=0)))
        for a, b in zip(ours, reference, strict=True)
    )


def _size(array: Array) -> float:
    return float(np.abs(array).max(initial=0))


def is_faster(rival: Runnable, present: Runnable) -> bool:
    """Whether changing over brings a tenth at least, measured by turns with the batches that occur.

    Times are from arrays to arrays, with all copying. Where batches are not gathered, pictures are run side by side by
    as many threads as a pipeline has.
    """
    spent: dict[Runnable, list[list[float]]] = {rival: [], present: []}
    inputs = {batch: rival.sample_inputs(batch) for batch in _MEASURED_BATCHES if _takes(rival, batch)}
    begun = time.perf_counter()
    while len(spent[rival]) < _ROUNDS and (not spent[rival] or time.perf_counter() - begun < _SECONDS):
        for network, rounds in spent.items():
            rounds.append([_seconds(network, batch, arrays) for batch, arrays in inputs.items()])
    costs = [
        sum(statistics.median(times) for times in zip(*rounds, strict=True)) for rounds in spent.values()
    ]
    return bool(costs[0] < _GAIN * costs[1])


def _takes(network: Runnable, batch: int) -> bool:
    return batch == 1 or batch in network.batches


def _seconds(network: Runnable, batch: int, inputs: list[Array]) -> float:
    begun = time.perf_counter()
    network(*inputs)
    seconds = time.perf_counter() - begun
    return seconds if network.batches else seconds / min(batch, usual_threads())
