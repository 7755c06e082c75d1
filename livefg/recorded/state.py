"""What a pipeline remembers from frame to frame, as plain data: taken out, kept in a file, and put back.

A run that was killed goes on as if it had not been: tracks, filters, votes and open events continue where they were.
The stages need not know: what they hold is walked through. Numbers, texts, arrays, containers and objects of livefg's
own perception and recognition are memory; everything else (networks, threads, files, settings) is equipment, which a
new pipeline has already and keeps. Nothing is ever unpickled.
"""

from __future__ import annotations

import importlib
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["capture", "restore"]

_MEMORY = (
    "livefg.perception.",
    "livefg.recognition.",
    "livefg.pipeline",
    "livefg.results",
    "livefg.recorded.",
    "livefg.overlay.trail.",
)
_EQUIPMENT = frozenset(
    {
        "PipelineSettings",
        "IdentityClassifier",
        "FaceEmbedder",
        "GestureRecognizer",
        "PalmDetector",
        "FaceDetector",
    }
)
_EQUIPMENT_NODE = {"equipment": True}
_PLAIN = (bool, int, float, str)
Array = npt.NDArray[Any]


class _Equipment:
    """Stands for a value that is not memory."""


_KEEP = _Equipment()


def capture(root: object) -> tuple[Any, list[Array]]:
    """The memory of `root` and of all it holds: a value for JSON, and the arrays that it refers to by number.

    Raises TypeError if equipment lies in a container, where no new pipeline would have it.
    """
    arrays: list[Array] = []
    return _Capture(arrays).node(root, "it"), arrays


def restore(root: object, data: Any, arrays: list[Array]) -> None:
    """Put back what `capture` took from an object like `root`. Raises ValueError if the data do not fit."""
    _Restore(arrays).build(data, root)


class _Capture:
    def __init__(self, arrays: list[Array]) -> None:
        self._arrays = arrays
        self._known: dict[int, int] = {}
        self._kept: list[object] = []  # ids stay unique while the objects live

    def node(self, value: Any, where: str) -> Any:
        if value is None or isinstance(value, _PLAIN):
            return value
        if isinstance(value, np.ndarray):
            self._arrays.append(value)
            return {"array": len(self._arrays) - 1}
        if isinstance(value, np.generic):
            self._arrays.append(np.asarray(value))
            return {"scalar": len(self._arrays) - 1}
        if isinstance(value, dict | list | tuple | set | frozenset | deque):
            return self._container(value, where)
        return self._object(value, where)

    def _container(self, value: Any, where: str) -> Any:
        """A container of memory; one of equipment alone is equipment itself."""
        items = list(value.values() if isinstance(value, dict) else value)
        nodes = [self.node(item, where) for item in items]
        equipment = [item for item, node in zip(items, nodes, strict=True) if node == _EQUIPMENT_NODE]
        if equipment and len(equipment) == len(items):
            return _EQUIPMENT_NODE
        if equipment:
            raise TypeError(f"{where} holds a {type(equipment[0]).__name__}, which cannot be kept in a file")
        if isinstance(value, dict):
            keys = [self.node(key, where) for key in value]
            return {"dict": [list(pair) for pair in zip(keys, nodes, strict=True)]}
        if isinstance(value, tuple) and type(value) is not tuple:
            return {"named": _name_of(type(value)), "items": nodes}
        if isinstance(value, deque):
            return {"deque": nodes, "maxlen": value.maxlen}
        return {type(value).__name__: nodes}

    def _object(self, value: object, where: str) -> Any:
        if not _is_memory(type(value)):
            return _EQUIPMENT_NODE
        if id(value) in self._known:
            return {"same": self._known[id(value)]}
        number = self._known[id(value)] = len(self._known)
        self._kept.append(value)
        state = {name: self.node(item, f"{where}.{name}") for name, item in _attributes(value).items()}
        return {"object": _name_of(type(value)), "number": number, "state": state}


class _Restore:
    def __init__(self, arrays: list[Array]) -> None:
        self._arrays = arrays
        self._objects: dict[int, object] = {}

    def build(self, node: Any, current: object = None) -> Any:
        """The value that a node describes; an object of the right class is changed in place."""
        if not isinstance(node, dict):
            return node
        if "equipment" in node:
            return _KEEP
        if "array" in node:
            return self._arrays[node["array"]].copy()
        if "scalar" in node:
            return self._arrays[node["scalar"]][()]
        if "same" in node:
            return self._objects[node["same"]]
        if "dict" in node:
            return {self.build(key): self.build(value) for key, value in node["dict"]}
        if "named" in node:
            return _class_of(node["named"])(*(self.build(item) for item in node["items"]))
        if "deque" in node:
            return deque((self.build(item) for item in node["deque"]), node["maxlen"])
        for kind in (list, tuple, set, frozenset):
            if kind.__name__ in node:
                return kind(self.build(item) for item in node[kind.__name__])
        return self._object(node, current)

    def _object(self, node: Any, current: object) -> object:
        kind = _class_of(node["object"])
        value = current if type(current) is kind else kind.__new__(kind)
        self._objects[node["number"]] = value
        for name, item in node["state"].items():
            built = self.build(item, getattr(value, name, None))
            if built is not _KEEP:
                object.__setattr__(value, name, built)  # also for frozen dataclasses
        return value


def _is_memory(kind: type) -> bool:
    return f"{kind.__module__}.".startswith(_MEMORY) and kind.__name__ not in _EQUIPMENT


def _attributes(value: object) -> dict[str, Any]:
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    slots = {name: getattr(value, name) for name in names if name != "__dict__" and hasattr(value, name)}
    return {**slots, **getattr(value, "__dict__", {})}


def _name_of(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class_of(name: str) -> Any:
    module, _, qualified = name.partition(":")
    if not f"{module}.".startswith((*_MEMORY, "livefg.gallery.")):
        raise ValueError(f"{name} is not a class of which a pipeline has memory")
    found: Any = importlib.import_module(module)
    for part in qualified.split("."):
        found = getattr(found, part)
    if not isinstance(found, type):
        raise ValueError(f"{name} is not a class")
    return found
