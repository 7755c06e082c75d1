"""Files that appear whole: written beside their place under another name, then renamed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol, Self

from livefg.errors import LivefgError
from livefg.sinks.base import Sink

__all__ = ["FileSink", "Finishing", "partial_path", "prepare", "publish"]


class FileSink(Sink, Protocol):
    """A sink whose result is a file that must be whole: `close` gives it its name."""

    def abandon(self) -> None:
        """Finish the file, but leave it under its partial name: the run did not come to its end."""
        ...


class Finishing(ABC):
    """A context manager that closes what came to its end, and abandons what an error ended."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    @abstractmethod
    def close(self) -> None:
        """Finish; a second call does nothing."""

    @abstractmethod
    def abandon(self) -> None:
        """Give back what is held and leave what was made under its partial name."""


def partial_path(path: Path) -> Path:
    """Where a file is while it is being written: `<name>.partial` beside it."""
    return path.with_name(path.name + ".partial")


def prepare(path: Path) -> Path:
    """Make the folder of `path` and return the name to write to. Raises LivefgError if that cannot be."""
    if path.is_dir():
        raise LivefgError(f"{path} is a folder, so no file of that name can be written.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LivefgError(f"The folder {path.parent} cannot be made: {error.strerror}.") from error
    return partial_path(path)


def publish(path: Path) -> None:
    """Give the finished file its name, in place of an older one. Raises LivefgError if that is refused."""
    try:
        partial_path(path).replace(path)
    except OSError as error:
        raise LivefgError(f"{path} cannot be written: {error.strerror}.") from error
