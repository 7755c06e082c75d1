"""One ONNX network on one device, proved to run there before it is handed out."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np

from livefg.errors import LivefgError
from livefg.inference.bindings import Array, BoundRuns, PlainRuns
from livefg.inference.device_thread import thread_of
from livefg.inference.devices import DeviceName, accelerators, no_accelerator, obstacle, parse_device
from livefg.inference.forms import PLAIN, Form
from livefg.inference.manifest import ModelFile, find_model
from livefg.inference.options import BATCHES
from livefg.inference.placement import accelerated, is_faster
from livefg.inference.sessions import SessionOrder, UnavailableError, reason_of

__all__ = ["Network", "NetworkReport", "observed"]

Shape = tuple[int | str | None, ...]

_TIMED_RUNS = 5
_TIMED_SECONDS = 0.05
_GUESSED_SIDE = 320
_GUESSED_LENGTH = 32
_IMAGE_RANK = 4
_BOUND_MEMORY = "cuda"  # the memory of the only devices for which buffers are bound
# Devices that are processors like the CPU: they take batches as they come, and several runs at a time.
_AS_THEY_COME: tuple[DeviceName, ...] = ("cpu", "openvino")
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


@dataclass(frozen=True, slots=True)
class NetworkReport:
    """Where a network runs and how fast.

    `provider` is what the session itself named after its creation. Times are in milliseconds: `load_ms` to
    create the session, `warmup_ms` for the first runs, `median_ms` for one run afterwards with a batch of
    one. `why` says how the device was chosen, `form` what an accelerator was prepared with (`float16`, `CUDA graphs`,
    `fixed buffers`), and `failures` which of these it could not be, and why.
    """

    name: str
    device: DeviceName
    provider: str
    load_ms: float
    warmup_ms: float
    median_ms: float
    why: str
    form: str = ""
    failures: tuple[str, ...] = ()

    def __str__(self) -> str:
        provider = f"{self.provider}, {self.form}" if self.form else self.provider
        parts = f"{self.name}: {self.device} ({provider})", f"{self.median_ms:.1f} ms", self.why
        return "; ".join((", ".join(parts), *self.failures))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)


class Network:
    """An ONNX network, loaded, warmed up and timed; call it to run it, from several threads if need be.

    `name` and `path` say which network it is, `input_names`, `input_shapes` and `output_names` are in the
    graph's order (a size that varies is a name or None), `metadata` is what its maker wrote into the file,
    and `report` says where it runs.
    """

    def __init__(self, name: str, path: Path, session: Any, device: DeviceName, form: Form = PLAIN) -> None:
        self.name = name
        self.path = path
        inputs, outputs = session.get_inputs(), session.get_outputs()
        self.input_names: tuple[str, ...] = tuple(node.name for node in inputs)
        self.input_shapes: tuple[Shape, ...] = tuple(tuple(node.shape) for node in inputs)
        self.output_names: tuple[str, ...] = tuple(node.name for node in outputs)
        self.output_shapes: tuple[Shape, ...] = tuple(tuple(node.shape) for node in outputs)
        self.metadata: Mapping[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        self.report = NetworkReport(name, device, session.get_providers()[0], 0.0, 0.0, 0.0, "", str(form))
        self._types = tuple(_numpy_type(name, node.type) for node in inputs)
        self._runs = (
            BoundRuns(session, _BOUND_MEMORY, graphs=form.graph) if form.bound else PlainRuns(session)
        )
        self._thread = thread_of(device)
        varies = all(
            shape and not isinstance(shape[0], int) for shape in self.input_shapes + self.output_shapes
        )
        self.batches: tuple[int, ...] = BATCHES if varies and device not in _AS_THEY_COME else ()

    @classmethod
    def load(cls, which: str | Path | ModelFile, device: str = "auto", threads: int = 1) -> Self:
        """Load a shipped network by its name (checked against the manifest), or a user's own by name or path.

        `device` is one of `livefg.inference.DEVICES`; `auto` takes the fastest that gives the CPU's results,
        any other is taken or refused. `threads` is for one run on the CPU.

        A network that is in use already, of the same file for the same device, is given again: its memory is shared.

        Raises LivefgError if there is no such network, its file is missing, changed or unreadable, or the
        device cannot be had or gives other results than the CPU.
        """
        wanted = parse_device(device)
        model = which if isinstance(which, ModelFile) else find_model(which)
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
        network = cls._on_cpu(order, f"auto: {no_accelerator()}")
        for device in accelerators():
            try:
                rival = cls._accelerated(order, device, network)
            except UnavailableError as error:
                return network._because(f"auto: {device} failed ({error})")
            ours, theirs = network.report.median_ms, rival.report.median_ms
            if is_faster(rival, network):
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
        reference = cls._on_cpu(order, "as asked")
        if device == "cpu":
            return reference
        try:
            return cls._accelerated(order, device, reference)._because("as asked")
        except UnavailableError as error:
            raise LivefgError(
                f"The device {device} cannot be had for {order.name} ({error}); `livefg doctor` says more."
            ) from error

    @classmethod
    def _on_cpu(cls, order: SessionOrder, why: str) -> Self:
        started = time.perf_counter()
        network = cls(order.name, order.path, order.session("cpu"), "cpu")
        try:
            return network._warmed_up(started, time.perf_counter())._because(why)
        except Exception as error:
            raise LivefgError(
                f"The network {order.path} loads but cannot be run on a sample input ({reason_of(error)})."
            ) from error

    @classmethod
    def _accelerated(cls, order: SessionOrder, device: DeviceName, reference: Self) -> Self:
        """Open on `device` in its fastest form that gives the results of `reference`; raises UnavailableError."""
        started = time.perf_counter()
        network, _, failures = accelerated(
            partial(cls._open, order, device), reference, device, order.name, order.content
        )
        if isinstance(network._runs, BoundRuns):
            network._runs.seal()
        network = network._warmed_up(started, time.perf_counter())
        network.report = replace(network.report, failures=failures)
        return network

    @classmethod
    def _open(cls, order: SessionOrder, device: DeviceName, form: Form, folder: Path | None) -> Self:
        work, thread = partial(order.session, device, form, folder), thread_of(device)
        return cls(order.name, order.path, thread.call(work) if thread else work(), device, form)

    def _warmed_up(self, started: float, loaded: float) -> Self:
        """Run it a few times and note how long that took, and how long it had taken to load."""
        inputs = self.sample_inputs()
        self(*inputs)
        warm = time.perf_counter()
        times: list[float] = []
        while len(times) < _TIMED_RUNS and (not times or time.perf_counter() - warm < _TIMED_SECONDS):
            before = time.perf_counter()
            self(*inputs)
            times.append(time.perf_counter() - before)
        self.report = replace(
            self.report,
            load_ms=(loaded - started) * 1e3,
            warmup_ms=(warm - loaded) * 1e3,
            median_ms=statistics.median(times) * 1e3,
        )
        return self

    def _because(self, why: str) -> Self:
        self.report = replace(self.report, why=why)
        return self

    def __call__(self, *inputs: Array) -> list[Array]:
        """Run the network on `inputs` in the graph's order; gives the outputs in the graph's order.

        Shapes and types are those of the graph; the first dimension, where it varies, is the batch (>= 1).
        Raises LivefgError if an accelerator fails; wrong shapes or types raise what ONNX Runtime raises.
        """
        largest = self.batches[-1] if self.batches else 0
        if not self.batches or len(inputs[0]) <= largest:
            return self._run(inputs)
        parts = [
            self._run([array[start : start + largest] for array in inputs])
            for start in range(0, len(inputs[0]), largest)
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

    def _run(self, inputs: Sequence[Array]) -> list[Array]:
        if _observer is None:
            return self._run_session(inputs)
        begun, busy = time.perf_counter(), time.thread_time()
        outputs = self._run_session(inputs)
        _observer(self.name, time.perf_counter() - begun, time.thread_time() - busy)
        return outputs

    def _run_session(self, inputs: Sequence[Array]) -> list[Array]:
        try:
            if self._thread:
                return self._thread.run(self._runs, inputs, self.batches)
            count = len(inputs[0])
            size = next((size for size in self.batches if size >= count), count)
            outputs = self._runs([inputs], size)
        except Exception as error:
            if self.report.device == "cpu":
                raise
            place, cause = self.report.device, reason_of(error)
            raise LivefgError(
                f"The network {self.name} failed on {place} ({cause}); try --device cpu."
            ) from error
        return outputs if size == count else [output[:count] for output in outputs]


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


def _numpy_type(name: str, kind: str) -> type[np.generic]:
    if kind not in _TYPES:
        raise LivefgError(
            f"The network {name} takes inputs of the type {kind}, which livefg does not handle."
        )
    return _TYPES[kind]
