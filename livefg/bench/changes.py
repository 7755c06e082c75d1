"""What changed between two results of `livefg bench --json`, beyond what the machine does by itself."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError

__all__ = ["changes", "read_result"]

_LEAST = 0.05
"""A difference of less than this share is never told."""
_LEAST_MS = 0.05
_LEAST_SCALAR = 0.10
"""Values of which there is one a run, so that their spread is not known, must differ by so much."""
_SETTINGS = ("exact", "lite", "device", "hands_at_most", "faces_at_most", "threads")
_SCALARS = {
    "fps": True,
    "stream_fps": True,
    "cpu_ms": False,
    "overhead": False,
    "start_seconds": False,
    "memory_mib": False,
    "cpu_percent": False,
    "age_p95_ms": False,
}
"""Whether more is better."""


def read_result(path: Path) -> dict[str, Any]:
    """What `livefg bench --json` wrote into a file. Raises LivefgError if it is none of these."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LivefgError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    except ValueError as error:
        raise LivefgError(f"{path} is not JSON ({error}).") from error
    if not isinstance(found, dict) or not isinstance(found.get("workloads"), list):
        raise LivefgError(f"{path} is not what `livefg bench --json` writes: it has no workloads.")
    return found


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """A sentence for each figure that changed beyond noise, from two results with `workloads` and `live`.

    Times count as changed where the medians of five parts of one run all lie above those of the other, and the medians
    are apart by 5 % at least; single values, such as memory, where they are apart by 10 %.
    """
    told = [
        f"The {name} differs: {before.get(key)} before, {now.get(key)} now."
        for key, name in (("cpu", "processor"), ("cores", "number of cores"), ("packages", "set of packages"))
        if before.get(key) != now.get(key)
    ]
    told += [
        f"Measured with other settings: {key.replace('_', ' ')} {_plain(before[key])} before, {_plain(now[key])} now."
        for key in _SETTINGS
        if key in before and key in now and before[key] != now[key]
    ]
    told += [
        f"The machine was busy {when}, with a load of {run['load']} on {run['cores']} cores: times say little."
        for when, run in (("before", before), ("now", now))
        if run.get("load", 0) > run.get("cores", math.inf)
    ]
    then = {workload["name"]: workload for workload in before["workloads"]}
    for workload in now["workloads"]:
        if workload["name"] in then:
            told += _compared(workload["name"], then[workload["name"]], workload)
    lives = {live["sources"]: live for live in before.get("live") or ()}
    for live in now.get("live") or ():
        if live["sources"] in lives:
            told += _scalars(f"live, sources: {live['sources']}", lives[live["sources"]], live)
    return told


def _compared(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for stage, spread in now["stages"].items():
        earlier = before["stages"].get(stage)
        if earlier is None:
            continue
        apart = spread["low"] > earlier["high"] or spread["high"] < earlier["low"]
        change = spread["p50"] - earlier["p50"]
        if apart and abs(change) > max(_LEAST_MS, _LEAST * earlier["p50"]):
            yield _sentence(name, stage, earlier["p50"], spread["p50"], "ms", change < 0)
    yield from _scalars(name, before, now)


def _scalars(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for key, more_is_better in _SCALARS.items():
        old, new = before.get(key), now.get(key)
        if old and new and abs(new - old) > _LEAST_SCALAR * abs(old):
            yield _sentence(name, key, old, new, "", (new > old) == more_is_better)


def _plain(value: object) -> object:
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _sentence(name: str, what: str, old: float, new: float, unit: str, better: bool) -> str:
    word = "better" if better else "worse"
    return (
        f"{name}: {what} {word}, {old:g} before, {new:g}{' ' * bool(unit)}{unit} now ({new / old:.2f} times)."
    )
