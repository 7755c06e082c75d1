"""The names of the files in which recordings are kept: they are for people, what counts is in the files."""

from __future__ import annotations

import re
import time
from itertools import count
from pathlib import Path

__all__ = ["RECORDING_SUFFIX", "free_file", "new_session"]

RECORDING_SUFFIX = ".npz"
_LONGEST_STEM = 40


def new_session(of: str = "") -> str:
    """A name for what is recorded from now on, such as `20260131-174502`, ending in what it is taken `of`."""
    now = time.strftime("%Y%m%d-%H%M%S")
    return f"{now}-{_as_file_name(of)}" if of else now


def free_file(folder: Path, label: str, session: str) -> Path:
    """A file `<label>-<session>.npz` in `folder` that is not there yet, with a number behind it if need be."""
    stem = f"{_as_file_name(label)}-{session}"
    names = (f"{stem}-{number}" if number > 1 else stem for number in count(1))
    return next(file for name in names if not (file := folder / f"{name}{RECORDING_SUFFIX}").exists())


def _as_file_name(text: str) -> str:
    return re.sub(r"[^\w-]+", "_", text)[:_LONGEST_STEM]
