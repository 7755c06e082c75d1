"""Results to a function of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from livefg.results import Frame, FrameResult

__all__ = ["CallbackSink"]


class CallbackSink:
    """Calls `function(frame, result)` for each result, in the thread that writes."""

    def __init__(self, function: Callable[[Frame, FrameResult], None]) -> None:
        self._function = function

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Call the function."""
        self._function(frame, result)

    def close(self) -> None:
        """Nothing is held."""
