"""What runs over recordings tell those who wait for them."""

from __future__ import annotations

from typing import Protocol

from livefg.sources import SourceInfo

__all__ = ["OnStart", "Stopped"]


class OnStart(Protocol):
    """Is told when a pass over an input begins."""

    def __call__(self, info: SourceInfo, doing: str = "", done: int = 0) -> None:
        """`doing` is "looking" or "writing", or nothing where there is one pass; `done` frames were done earlier."""
        ...


class Stopped(Exception):  # noqa: N818 - not an error: the user ended the run
    """Leaves the sinks without finishing their files."""
