"""What a figure means nothing without: machine, load, versions, commit, date."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from livefg import __version__
from livefg.inference.nvidia import nvidia_driver

__all__ = ["surroundings"]

_GIBIBYTE = 1 << 30
_PACKAGES = ("numpy", "onnxruntime-gpu", "onnxruntime", "opencv-python", "av")


def surroundings() -> dict[str, Any]:
    """The machine and what runs on it, as a value for JSON."""
    driver = nvidia_driver()
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "gpu": [gpu.name for gpu in driver.gpus] if driver else [],
        "load": round(psutil.getloadavg()[0], 2),
        "memory_gib": round(psutil.virtual_memory().total / _GIBIBYTE, 1),
        "python": platform.python_version(),
        "livefg": __version__,
        "commit": _commit(),
        "packages": _versions(),
    }


def _cpu_name() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the source tree that livefg runs from, with a + if it was changed; None elsewhere."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    try:
        head, changes = (
            subprocess.run(
                ["git", "-C", root, *ask], capture_output=True, text=True, check=True
            ).stdout.strip()
            for ask in (
                ("rev-parse", "--short=12", "HEAD"),
                ("status", "--porcelain", "--", "livefg", "models"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+" if changes else head


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
