"""A virtual screen for tests of windows, keys and the mouse."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["virtual_screen"]


@contextmanager
def virtual_screen(size: str, *tools: str) -> Iterator[str]:
    """Run a screen of a `size` such as 800x600, and give its DISPLAY.

    Skips the test where there is no Xvfb, one of the programs `tools` is missing, or the screen does not start.
    """
    missing = [tool for tool in ("Xvfb", *tools) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
