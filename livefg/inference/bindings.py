"""How a session is run: with arrays as they come, or through buffers on the device that stay where they are."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from livefg.inference.runtime import runtime

__all__ = ["Array", "BoundRuns", "PlainRuns", "Runs", "batched"]

Array = npt.NDArray[Any]
Inputs = Sequence[Array]
Key = tuple[tuple[tuple[int, ...], str], ...]

_MOST_BUFFERS = 8
"""Shapes for which buffers are kept; a network that takes pictures of any size may see more."""
_NO_GRAPH = "-1"
_GRAPH = "gpu_graph_id"


class Runs(Protocol):
    """Runs a session on several requests at once."""

    def __call__(self, parts: Sequence[Inputs], size: int) -> list[Array]:
        """The outputs for all `parts`, one after the other along the first axis, in a batch of `size`.

        Rows beyond those of the parts mean nothing. The arrays that come back are the caller's own.
        """
        ...


def batched(parts: Sequence[Inputs], size: int) -> list[Array]:
    """The inputs of all parts, one after the other, with zeros up to a batch of `size`."""
    columns = [list(column) for column in zip(*parts, strict=True)]
    missing = size - sum(len(array) for array in columns[0])
    if missing > 0:
        for column in columns:
            column.append(np.zeros((missing, *column[0].shape[1:]), column[0].dtype))
    return [column[0] if len(column) == 1 else np.concatenate(column) for column in columns]


class PlainRuns:
    """Hands arrays over as they are; several threads may call it at the same time."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._names = [node.name for node in session.get_inputs()]

    def __call__(self, parts: Sequence[Inputs], size: int) -> list[Array]:
        """See `Runs`."""
        outputs: list[Array] = self._session.run(
            None, dict(zip(self._names, batched(parts, size), strict=True))
        )
        return outputs


class BoundRuns:
    """Runs a session through buffers in the memory of `place` (`cuda`, `cpu`) that are made once for each shape.

    Inputs are gathered in page-locked memory where that is to be had. With `graphs` each shape that is seen before
    `seal` is recorded as a CUDA graph and replayed from then on: its addresses never change. Runs from several threads
    take turns.
    """

    def __init__(self, session: Any, place: str, *, graphs: bool = False) -> None:
        self._session = session
        self._place = place
        self._graphs = graphs
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: OrderedDict[Key, _Buffers] = OrderedDict()

    def seal(self) -> None:
        """Record no more graphs: other networks may allocate memory from now on, which a recording does not bear."""
        self._graphs = False

    def __call__(self, parts: Sequence[Inputs], size: int) -> list[Array]:
        """See `Runs`."""
        with self._lock:
            return self._buffers(parts, size).run(parts)

    def _buffers(self, parts: Sequence[Inputs], size: int) -> _Buffers:
        key = tuple(((size, *array.shape[1:]), array.dtype.str) for array in parts[0])
        buffers = self._kept.get(key)
        if buffers is None:
            graph = str(next(self._numbers)) if self._graphs else _NO_GRAPH
            buffers = _Buffers(self._session, self._place, graph, batched(parts, size))
            # What was recorded stays with the session, so its buffers stay, too.
            loose = [known for known, kept in self._kept.items() if kept.graph == _NO_GRAPH]
            if len(loose) >= _MOST_BUFFERS:
                del self._kept[loose[0]]
            self._kept[key] = buffers
        self._kept.move_to_end(key)
        return buffers


class _Buffers:
    """What one shape of inputs needs: where they are gathered, and the places of inputs and outputs on the device."""

    def __init__(self, session: Any, place: str, graph: str, example: list[Array]) -> None:
        self.graph = graph
        self._session = session
        self._on_host = place == "cpu"
        self._options = runtime().RunOptions()
        self._options.add_run_config_entry(_GRAPH, _NO_GRAPH)
        names = [node.name for node in session.get_inputs()]
        value = runtime().OrtValue.ortvalue_from_shape_and_type
        # Outputs of all sizes are known after one ordinary run.
        outputs = session.run(None, dict(zip(names, example, strict=True)), self._options)
        self._inputs = [value(array.shape, array.dtype.type, place, 0) for array in example]
        self._outputs = [value(array.shape, array.dtype.type, place, 0) for array in outputs]
        self._gathered = [
            given.numpy() if self._on_host else _page_locked(array)
            for given, array in zip(self._inputs, example, strict=True)
        ]
        self._binding = session.io_binding()
        for name, given in zip(names, self._inputs, strict=True):
            self._binding.bind_ortvalue_input(name, given)
        for node, result in zip(session.get_outputs(), self._outputs, strict=True):
            self._binding.bind_ortvalue_output(node.name, result)
        if graph != _NO_GRAPH:
            self._options = runtime().RunOptions()
            self._options.add_run_config_entry(_GRAPH, graph)

    def run(self, parts: Sequence[Inputs]) -> list[Array]:
        for place, (gathered, given) in enumerate(zip(self._gathered, self._inputs, strict=True)):
            row = 0
            for part in parts:
                gathered[row : row + len(part[place])] = part[place]
                row += len(part[place])
            if not self._on_host:
                given.update_inplace(gathered)
        self._session.run_with_iobinding(self._binding, self._options)
        self._binding.synchronize_outputs()
        outputs = (result.numpy() for result in self._outputs)
        return [output.copy() if self._on_host else output for output in outputs]


def _page_locked(like: Array) -> Array:
    """Zeros of the same shape in pages of their own, which the system does not move if CUDA's library grants that."""
    pages = mmap.mmap(-1, max(1, like.nbytes))
    array: Array = np.frombuffer(pages, like.dtype, like.size).reshape(like.shape)
    library = _cuda_runtime()
    if library is not None:
        address = ctypes.c_void_p(array.ctypes.data)
        if library.cudaHostRegister(address, ctypes.c_size_t(len(pages)), 0) == 0:
            weakref.finalize(array, library.cudaHostUnregister, address).atexit = False
        else:
            # It stays ordinary memory, which only copies more slowly; the next call must not report this error.
            library.cudaGetLastError()
    return array


def _cuda_runtime() -> ctypes.CDLL | None:
    """CUDA's runtime library, which ONNX Runtime has loaded under a name that tells its version."""
    version = str(getattr(runtime(), "cuda_version", "") or "").partition(".")[0]
    name = f"cudart64_{version}.dll" if sys.platform == "win32" else f"libcudart.so.{version}"
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None
