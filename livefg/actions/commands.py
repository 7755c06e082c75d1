"""Running a command: an argument list, never a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence

from livefg.actions.base import ActionFailedError, Happening, filled
from livefg.errors import LivefgError

__all__ = ["RunCommand"]

_MOST_RUNNING = 8


class RunCommand:
    """Starts a program with arguments, in which `{label}` and the like are replaced; no shell sees them.

    The event is also in the environment variable LIVEFG_EVENT, as JSON. A program that runs longer than `timeout`
    seconds is ended. Raises LivefgError if there is no such program.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        where: str,
        timeout: float = 10.0,
        on_failure: Callable[[str], None] = print,
    ) -> None:
        self._arguments = tuple(arguments)
        if shutil.which(self._arguments[0]) is None:
            raise LivefgError(f"The program {self._arguments[0]!r} of {where} was not found.")
        self._timeout = timeout
        self._on_failure = on_failure
        self._waiting: list[threading.Thread] = []

    def describe(self, happening: Happening) -> str:
        """The command with its arguments."""
        return "run " + " ".join(self._filled(happening))

    def run(self, happening: Happening) -> None:
        """Start the program; its end is awaited in a thread."""
        self._waiting = [thread for thread in self._waiting if thread.is_alive()]
        if len(self._waiting) >= _MOST_RUNNING:
            raise ActionFailedError(f"{_MOST_RUNNING} of its programs are still running")
        try:
            process = subprocess.Popen(
                self._filled(happening),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "LIVEFG_EVENT": happening.to_json()},
            )
        except OSError as error:
            raise ActionFailedError((error.strerror or str(error)).lower()) from error
        thread = threading.Thread(target=self._wait, args=(process,), name="livefg-command", daemon=True)
        thread.start()
        self._waiting.append(thread)

    def close(self) -> None:
        """Wait until the programs that were started have ended or were ended."""
        for thread in self._waiting:
            thread.join()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        try:
            status = process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self._on_failure(f"it took longer than {self._timeout:g} s and was ended")
            return
        if status:
            self._on_failure(f"it ended with status {status}")

    def _filled(self, happening: Happening) -> list[str]:
        program, *rest = self._arguments
        return [program, *(filled(argument, happening) for argument in rest)]
