"""Files of the user's own that appear whole or not at all, and that nobody else may read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["make_private_folder", "remove_private", "write_private"]


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner may look into, also where it was there before. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all. Raises OSError, with nothing left behind."""
    beside = _beside(path)
    # What an interrupted run left there may have other permissions, or be a link.
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def remove_private(path: Path) -> None:
    """Leave nothing: neither the file nor what an interrupted run left beside it. Raises OSError."""
    for file in (path, _beside(path)):
        file.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _flush_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where the system lets one do so."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
