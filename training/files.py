"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

from livefg.errors import LivefgError
from livefg.sinks.files import prepare, publish

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it. Raises LivefgError if it cannot be written."""
    beside = prepare(path)
    try:
        beside.write_bytes(content)
    except OSError as error:
        raise LivefgError(f"{path} cannot be written ({(error.strerror or str(error)).lower()}).") from error
    publish(path)
