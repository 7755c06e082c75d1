"""The file of a film: one stream of pictures, and the sound of the film that it was made from."""

from __future__ import annotations

import errno
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import av
import av.error

from livefg.errors import LivefgError
from livefg.sinks.encoding import HARDWARE, Coding, film_behind
from livefg.sinks.files import partial_path
from livefg.sinks.sound import Sound

if TYPE_CHECKING:
    from livefg.sources.base import SourceInfo

__all__ = ["FileErrors", "FilmFile", "check_suffix", "encoder_notes"]

_FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


class FilmFile:
    """Takes packets and writes them to `<path>.partial`, with the sound of `source` in sync.

    The film shows `source` from `begin` to `end`, media times in seconds. `stream` has an encoder of the `coding`, for
    those who have none of their own. Readable from its start. `notes` say what became of the sound.
    """

    def __init__(
        self,
        path: Path,
        coding: Coding,
        source: SourceInfo | None,
        begin: float = 0.0,
        end: float = math.inf,
    ) -> None:
        self.notes: list[str] = []
        self._length = None if math.isinf(end) else end - begin
        file_format = _FORMATS[path.suffix.lower()]
        options = {"movflags": "+faststart"} if file_format in {"mp4", "mov"} else {}
        self._output = av.open(str(partial_path(path)), "w", format=file_format, options=options)
        self.stream = coding.stream(self._output)
        self._sound: Sound | None = None
        file = film_behind(source)
        if source and file and source.has_audio:
            copy_all = file_format == "matroska"
            self._sound = Sound(file, self._output, -source.start_time - begin, copy_all, cut=begin > 0)
            self.notes += self._sound.notes
        self._output.start_encoding()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, packet: av.Packet[Any]) -> None:
        """Write a packet of the pictures, whose times and duration must be set."""
        packet.stream = self.stream
        self._output.mux(packet)

    def sound_until(self, seconds: float) -> None:
        """Write the sound up to a time of the film."""
        if self._sound:
            self._sound.write_until(seconds)

    def finish(self, whole: bool) -> None:
        """Write what is left of the sound: to the end of the film if it is `whole`."""
        if self._sound:
            if whole:
                self._sound.write_until(self._length)
            self._sound.finish()

    def close(self) -> None:
        """Finish the file, which keeps its partial name."""
        if self._sound:
            self._sound.close()
        self._output.close()


def check_suffix(path: Path) -> None:
    """Raise LivefgError unless the name is one of a video that can be written."""
    if path.suffix.lower() not in _FORMATS:
        raise LivefgError(
            f"{path.name}: a video is written as {', '.join(_FORMATS)}, not {path.suffix or 'that'}."
        )


def encoder_notes(coding: Coding, wanted: Sequence[str]) -> list[str]:
    """A sentence if another encoder is used than the first that was `wanted`, or one of a graphics processor."""
    if wanted[0] in HARDWARE and coding.codec in HARDWARE:
        return [f"The graphics processor encodes the pictures ({coding.codec})."]
    if wanted[0] in HARDWARE:
        return [f"No graphics processor here encodes video, so {coding.codec} is used."]
    if coding.codec == wanted[0]:
        return []
    return [f"The encoder {wanted[0]} does not work here, so {coding.codec} is used."]


class FileErrors:
    """Turns what the system refuses into one sentence that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError | av.error.FFmpegError):
            reason = (
                "the disk is full" if getattr(error, "errno", None) == errno.ENOSPC else str(error.strerror)
            )
            raise LivefgError(f"{self._path} cannot be written: {reason}.") from error
