"""Results as JSON lines, one a frame, in the form that docs/jsonl.md describes."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from livefg.errors import LivefgError
from livefg.results import Frame, FrameResult
from livefg.sinks.files import Finishing, prepare, publish

__all__ = ["JsonlSink"]


class JsonlSink(Finishing):
    """Writes one line of JSON for each result, to a file or to a stream such as `sys.stdout`.

    Every line is handed to the system whole and at once, so a run that is killed leaves whole lines behind, unless
    `at_once` is false: then many are handed over together, which is quicker. A file has the name `<name>.partial`
    until `close`; a stream stays open. Leaving the context with an error leaves the file under its partial name.
    `go_on` adds to the lines that an earlier run left under that name.
    Raises LivefgError if the file cannot be written.
    """

    def __init__(self, target: Path | TextIO, *, at_once: bool = True, go_on: bool = False) -> None:
        self._at_once = at_once
        self._path = target if isinstance(target, Path) else None
        if isinstance(target, Path):
            partial = prepare(target)
            try:
                self._stream: TextIO = partial.open("a" if go_on else "w", encoding="utf-8", newline="\n")
            except OSError as error:
                raise LivefgError(f"{target} cannot be written: {error.strerror}.") from error
        else:
            self._stream = target
        self._closed = False

    def write(self, frame: Frame | None, result: FrameResult) -> None:  # noqa: ARG002 - a sink is given both
        """Write the line of one result."""
        try:
            self._stream.write(result.to_json() + "\n")
            if self._at_once:
                self._stream.flush()
        except BrokenPipeError:
            raise  # whoever read our output has gone; the command line ends quietly
        except OSError as error:
            raise LivefgError(f"{self._path or 'The output'} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Finish: the file gets its name."""
        if self._path is None or self._closed:
            return
        self.abandon()
        publish(self._path)

    def abandon(self) -> None:
        """Finish without giving the file its name, for a run that did not come to its end."""
        if self._path is not None and not self._closed:
            self._closed = True
            try:
                self._stream.close()
            except OSError as error:
                raise LivefgError(f"{self._path} cannot be written: {error.strerror}.") from error
