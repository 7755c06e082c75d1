"""What every sink is."""

from __future__ import annotations

from typing import Protocol, Self

from livefg.results import Frame, FrameResult

__all__ = ["Sink"]


class Sink(Protocol):
    """Takes results one after another: a file, a function, a window. A context manager, which closes it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Take in one frame and what was seen in it. Raises LivefgError where the user can put a failure right."""
        ...

    def close(self) -> None:
        """Finish; a second call does nothing."""
        ...
