"""How many threads compute side by side: as many as this process may keep busy, and fast cores only."""

from __future__ import annotations

import math
import os
from pathlib import Path

import psutil

__all__ = ["usable_cores", "usual_threads", "waiting_threads"]

_MOST = 4
"""More cannot be kept busy: two hands, a face and a search are the work of a frame."""
_FAST_CORES = Path("/sys/devices/cpu_core/cpus")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usual_threads() -> int:
    """The worker threads of a pipeline that is not told otherwise: one a usable core, at most 4.

    Networks run on one thread each. Two that share the work of one run wait for each other, and on a machine of few
    cores cost more than they gain; several networks side by side do not.
    """
    return max(1, min(_MOST, usable_cores()))


def waiting_threads() -> int:
    """The worker threads of a pipeline whose networks run on an accelerator: what they do is wait for it, as a rule."""
    return 2 * _MOST


def usable_cores() -> int:
    """The cores that this process may use at the same time, at least 1.

    Respects what the system allows the process (taskset, a container's quota), and on hybrid processors counts the
    performance cores alone where Linux tells which they are: a frame is as late as its slowest part.
    """
    allowed = _allowed()
    fast = allowed & _listed(_FAST_CORES)
    count = len(fast or allowed) or psutil.cpu_count() or 1
    quota = _quota()
    return max(1, min(count, math.ceil(quota))) if quota else count


def _allowed() -> frozenset[int]:
    try:
        return frozenset(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have none
        return frozenset(range(os.cpu_count() or 1))


def _listed(path: Path) -> frozenset[int]:
    """The numbers in a list such as 0-3,8."""
    try:
        parts = [part.partition("-") for part in path.read_text(encoding="ascii").strip().split(",")]
        return frozenset(
            number for first, _, last in parts for number in range(int(first), int(last or first) + 1)
        )
    except (OSError, ValueError):
        return frozenset()


def _quota() -> float | None:
    """The cores that a container's quota amounts to, None without one."""
    try:
        most, period = _QUOTA.read_text(encoding="ascii").split()
        return None if most == "max" else int(most) / int(period)
    except (OSError, ValueError):
        return None
