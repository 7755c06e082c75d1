"""One ONNX network on one device, proved to run there before it is handed out."""

from __future__ import annotations

import hashlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.inference.devices import DeviceName, accelerators, no_accelerator, obstacle, parse_device
from livefg.inference.manifest import find_model
from livefg.inference.sessions import SessionOrder, UnavailableError, reason_of

__all__ = ["Network", "NetworkReport", "observed"]

Array = npt.NDArray[Any]
Shape = tuple[int | str | None, ...]

BATCHES = (1, 2, 4, 8)
"""Batch sizes that an accelerator gets to see: each new shape costs it a search or a compilation."""
_TIMED_RUNS = 5
_TIMED_SECONDS = 0.05
_GUESSED_SIDE = 320
_GUESSED_LENGTH = 32
_IMAGE_RANK = 4
_TOLERANCE = 0.02
_TYPES: dict[str, type[np.generic]] = {
    "tensor(bool)": np.bool_,
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
}
_in_use: WeakValueDictionary[tuple[Path, bytes, int, DeviceName], Network] = WeakValueDictionary()
_observer: Callable[[str, float, float], None] | None = None
# DirectML allows one run at a time, over all its sessions.
_directml = threading.Lock()


@dataclass(frozen=True, slots=True)
class NetworkReport:
    """Where a network runs and how fast.

    `provider` is what the session itself named after its creation. Times are in milliseconds: `load_ms` to
    create the session, `warmup_ms` for the first runs, `median_ms` for one run afterwards with a batch of
    one. `why` says how the device was chosen.
    """

    name: str
    device: DeviceName
    provider: str
    load_ms: float
    warmup_ms: float
    median_ms: float
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.device} ({self.provider}), {self.median_ms:.1f} ms, {self.why}"

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)


class Network:
    """An ONNX network, loaded, warmed up and timed; call it to run it, from several threads if need be.

    `name` and `path` say which network it is, `input_names`, `input_shapes` and `output_names` are in the
    graph's order (a size that varies is a name or None), `metadata` is what its maker wrote into the file,
    and `report` says where it runs.
    """

    def __init__(self, name: str, path: Path, session: Any, device: DeviceName) -> None:
        self.name = name
        self.path = path
        inputs, outputs = session.get_inputs(), session.get_outputs()
        self.input_names: tuple[str, ...] = tuple(node.name for node in inputs)
        self.input_shapes: tuple[Shape, ...] = tuple(tuple(node.shape) for node in inputs)
        self.output_names: tuple[str, ...] = tuple(node.name for node in outputs)
        self.output_shapes: tuple[Shape, ...] = tuple(tuple(node.shape) for node in outputs)
        self.metadata: Mapping[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        self.report = NetworkReport(name, device, session.get_providers()[0], 0.0, 0.0, 0.0, "")
        self._types = tuple(_numpy_type(name, node.type) for node in inputs)
        self._session = session
        self._lock = _directml if device == "directml" else nullcontext()
        varies = all(
            shape and not isinstance(shape[0], int) for shape in self.input_shapes + self.output_shapes
        )
        self._batches = BATCHES if varies and device != "cpu" else ()

    @classmethod
    def load(cls, name_or_path: str | Path, device: str = "auto", threads: int = 1) -> Self:
        """Load a shipped network by its name (checked against the manifest), or a user's own by name or path.

        `device` is one of `livefg.inference.DEVICES`; `auto` takes the fastest that gives the CPU's results,
        any other is taken or refused. `threads` is for one run on the CPU.

        A network that is in use already, of the same file for the same device, is given again: its memory is shared.

        Raises LivefgError if there is no such network, its file is missing, changed or unreadable, or the
        device cannot be had.
        """
        wanted = parse_device(device)
        model = find_model(name_or_path)
        order = SessionOrder(model.name, model.path, model.read(), threads)
        key = (order.path, hashlib.sha256(order.content).digest(), threads, wanted)
        known = _in_use.get(key)
        if isinstance(known, cls):
            return known
        network = cls._choose(order) if wanted == "auto" else cls._insist(order, wanted)
        _in_use[key] = network
        return network

    @classmethod
    def _choose(cls, order: SessionOrder) -> Self:
        """Open on the fastest device whose results are those of the CPU."""
        network, reference = cls._open(order, "cpu", f"auto: {no_accelerator()}")
        for device in accelerators():
            try:
                rival, outputs = cls._open(order, device, "auto")
            except UnavailableError as error:
                return network._because(f"auto: {device} failed ({error})")
            if not _agree(outputs, reference):
                return network._because(f"auto: {device} gives other results than the CPU")
            ours, theirs = network.report.median_ms, rival.report.median_ms
            if theirs < ours:
                return rival._because(f"auto: {ours:.1f} ms on the CPU")
            return network._because(f"auto: {theirs:.1f} ms on {device}")
        return network

    @classmethod
    def _insist(cls, order: SessionOrder, device: DeviceName) -> Self:
        """Open on `device`, or say in a LivefgError what is missing and how to get it."""
        hindrance = obstacle(device)
        if hindrance:
            raise LivefgError(
                f"The device {device} cannot be had: {hindrance.reason}; to cure it: {hindrance.cure}."
            )
        try:
            return cls._open(order, device, "as asked")[0]
        except UnavailableError as error:
            raise LivefgError(
                f"The device {device} cannot be had for {order.name} ({error}); `livefg doctor` says more."
            ) from error

    @classmethod
    def _open(cls, order: SessionOrder, device: DeviceName, why: str) -> tuple[Self, list[Array]]:
        """Open on `device`, warm up and time: the network and its outputs for the sample inputs."""
        started = time.perf_counter()
        network = cls(order.name, order.path, order.session(device), device)
        load_ms = (time.perf_counter() - started) * 1e3
        try:
            warmup_ms, median_ms, outputs = network._warm_up()
        except Exception as error:
            reason = reason_of(error.__cause__ or error)
            if device != "cpu":
                raise UnavailableError(reason) from error
            raise LivefgError(
                f"The network {order.path} loads but cannot be run on a sample input ({reason})."
            ) from error
        network.report = replace(
            network.report, load_ms=load_ms, warmup_ms=warmup_ms, median_ms=median_ms, why=why
        )
        return network, outputs

    def _because(self, why: str) -> Self:
        self.report = replace(self.report, why=why)
        return self

    def __call__(self, *inputs: Array) -> list[Array]:
        """Run the network on `inputs` in the graph's order; gives the outputs in the graph's order.

        Shapes and types are those of the graph; the first dimension, where it varies, is the batch (>= 1).
        Raises LivefgError if an accelerator fails; wrong shapes or types raise what ONNX Runtime raises.
        """
        if not self._batches:
            return self._run(inputs)
        count, largest = len(inputs[0]), self._batches[-1]
        if count <= largest:
            return self._run_padded(inputs, count)
        parts = [
            self._run_padded(
                [array[start : start + largest] for array in inputs], min(largest, count - start)
            )
            for start in range(0, count, largest)
        ]
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    def sample_inputs(self, batch: int = 1) -> list[Array]:
        """Inputs of the right shapes and types with the same noise each time: 0..255 in bytes, else 0..1."""
        noise = np.random.default_rng(0)
        samples: list[Array] = []
        for shape, kind in zip(self.input_shapes, self._types, strict=True):
            image = kind is np.uint8 and len(shape) == _IMAGE_RANK
            guess = _GUESSED_SIDE if image else _GUESSED_LENGTH
            size = [
                extent if isinstance(extent, int) else batch if axis == 0 else guess
                for axis, extent in enumerate(shape)
            ]
            if kind is np.uint8:
                samples.append(noise.integers(0, 256, size, np.uint8))
            else:
                samples.append(noise.random(size, np.float32).astype(kind))
        return samples

    def _run_padded(self, inputs: tuple[Array, ...] | list[Array], count: int) -> list[Array]:
        size = next(batch for batch in self._batches if batch >= count)
        if size != count:
            inputs = [
                np.concatenate([array, np.zeros((size - count, *array.shape[1:]), array.dtype)])
                for array in inputs
            ]
        return [output[:count] for output in self._run(inputs)]

    def _run(self, inputs: tuple[Array, ...] | list[Array]) -> list[Array]:
        if _observer is None:
            return self._run_session(inputs)
        begun, busy = time.perf_counter(), time.thread_time()
        outputs = self._run_session(inputs)
        _observer(self.name, time.perf_counter() - begun, time.thread_time() - busy)
        return outputs

    def _run_session(self, inputs: tuple[Array, ...] | list[Array]) -> list[Array]:
        with self._lock:
            try:
                outputs: list[Array] = self._session.run(
                    None, dict(zip(self.input_names, inputs, strict=True))
                )
            except Exception as error:
                if self.report.device == "cpu":
                    raise
                place, cause = self.report.device, reason_of(error)
                raise LivefgError(
                    f"The network {self.name} failed on {place} ({cause}); try --device cpu."
                ) from error
        return outputs

    def _warm_up(self) -> tuple[float, float, list[Array]]:
        """Run every batch size once and the smallest a few times: milliseconds of both, and its outputs."""
        started = time.perf_counter()
        inputs = self.sample_inputs()
        outputs = self(*inputs)
        # The largest comes next: a compiler that widens its range of shapes then has it at once.
        for batch in self._batches[:0:-1]:
            self(*self.sample_inputs(batch))
        warm = time.perf_counter()
        times: list[float] = []
        while len(times) < _TIMED_RUNS and (not times or time.perf_counter() - warm < _TIMED_SECONDS):
            before = time.perf_counter()
            self(*inputs)
            times.append(time.perf_counter() - before)
        return (warm - started) * 1e3, statistics.median(times) * 1e3, outputs


@contextmanager
def observed(tell: Callable[[str, float, float], None]) -> Iterator[None]:
    """Have `tell` called after every run of any network, in the thread that ran it, to measure where time goes.

    It gets the network's name, the seconds that the run took, and those of them in which this thread's core was busy.
    """
    global _observer  # noqa: PLW0603 - one observer for the whole process, since networks do not know each other
    before, _observer = _observer, tell
    try:
        yield
    finally:
        _observer = before


def _agree(ours: list[Array], reference: list[Array]) -> bool:
    """Whether two devices gave the same outputs, within what a lower precision explains."""
    return all(
        a.shape == b.shape
        and np.allclose(a, b, rtol=_TOLERANCE, atol=_TOLERANCE * max(1e-6, float(np.abs(b).max(initial=0))))
        for a, b in zip(ours, reference, strict=True)
    )


def _numpy_type(name: str, kind: str) -> type[np.generic]:
    if kind not in _TYPES:
        raise LivefgError(
            f"The network {name} takes inputs of the type {kind}, which livefg does not handle."
        )
    return _TYPES[kind]
