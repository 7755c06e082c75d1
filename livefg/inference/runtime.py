"""The one door to ONNX Runtime: loaded on first use, quiet, and without usage reports to its maker."""

from __future__ import annotations

import functools
import importlib
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from livefg.errors import LivefgError

__all__ = ["ERRORS", "FATAL_ONLY", "captured_stderr", "runtime"]

ERRORS, FATAL_ONLY = 3, 4
"""Levels of ONNX Runtime's log. What fails raises an exception as well, so the fatal is enough as a rule."""

_CURE = (
    "install the Microsoft Visual C++ Redistributable (x64), or install ONNX Runtime again with: "
    "pip install --force-reinstall onnxruntime-gpu"
    if sys.platform == "win32"
    else "install it again with: pip install --force-reinstall onnxruntime"
)
_lock = threading.RLock()


def runtime() -> Any:
    """The `onnxruntime` module, loaded on the first call; safe to call from several threads.

    Raises LivefgError if it cannot be loaded. `livefg` has set ORT_DISABLE_TELEMETRY before this can run:
    without it, ONNX Runtime 1.29 and later keep a record on disk and send it to their maker over the network.
    """
    with _lock:
        return _load()


@functools.cache
def _load() -> Any:
    with warnings.catch_warnings(), captured_stderr() as lines:
        # An unusual Windows or macOS version, or a graphics card that ONNX Runtime cannot read about, is told
        # at import, before its log level can be set; neither matters here.
        warnings.simplefilter("ignore")
        try:
            module = importlib.import_module("onnxruntime")
        except (ImportError, OSError) as error:
            raise LivefgError(f"ONNX Runtime cannot be loaded ({error}); {_CURE}.") from error
    for line in lines:
        if "onnxruntime" not in line:
            print(line, file=sys.stderr)  # noqa: T201 - another library's words, passed on
    module.set_default_logger_severity(FATAL_ONLY)
    module.disable_telemetry_events()
    return module


@contextmanager
def captured_stderr() -> Iterator[list[str]]:
    """Collect what native code writes to standard error inside the block; the list holds the lines after it.

    Other threads' words are caught too, so the block should be short. Does nothing in a process without a
    standard error.
    """
    lines: list[str] = []
    try:
        original = os.dup(2)
    except OSError:
        yield lines
        return
    with _lock, tempfile.TemporaryFile() as sink:
        try:
            os.dup2(sink.fileno(), 2)
            yield lines
        finally:
            os.dup2(original, 2)
            os.close(original)
            sink.seek(0)
            lines += sink.read().decode("utf-8", "replace").splitlines()
