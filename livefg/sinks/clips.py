"""Cut-outs: a short video around everything that happened, with its sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from livefg.results import Frame, FrameResult
from livefg.sinks.encoding import CODECS, Quality
from livefg.sinks.files import Finishing
from livefg.sinks.film_parts import PartedVideoSink
from livefg.spans import Span

if TYPE_CHECKING:
    from livefg.sources.base import SourceInfo

__all__ = ["ClipSink", "Cut", "cuts"]

_MARGIN = 1.0
"""Seconds that a cut-out shows before and after what happened."""


class Cut(NamedTuple):
    """A cut-out from `begin` to `end`, in seconds of media time, around something that began at `start`."""

    begin: float
    end: float
    start: float
    name: str

    def file_name(self, number: int) -> str:
        """Such as `003-00m12s-victory.mp4`."""
        minutes, seconds = divmod(int(self.start), 60)
        return f"{number:03d}-{minutes:02d}m{seconds:02d}s-{self.name}.mp4"


def cuts(spans: Sequence[Span], begin: float, end: float) -> list[Cut]:
    """A cut-out around each span in a film from `begin` to `end`, in the order of their beginnings.

    Spans of one label whose cut-outs would overlap (both hands, the same sign again) share one.
    """
    found: list[Cut] = []
    latest: dict[str, int] = {}
    for span in sorted(spans, key=lambda span: span.start):
        name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in span.label or "")
        first, last = max(begin, span.start - _MARGIN), min(end, span.end + _MARGIN)
        place = latest.get(name)
        if place is not None and first <= found[place].end:
            found[place] = found[place]._replace(end=max(found[place].end, last))
        else:
            latest[name] = len(found)
            found.append(Cut(first, last, span.start, name))
    return found


class _OpenCut(NamedTuple):
    """A cut-out that is being written, from the picture at `begin` seconds on."""

    number: int
    cut: Cut
    begin: float
    path: Path
    sink: PartedVideoSink


class ClipSink(Finishing):
    """Writes one video for each cut-out below `folder`, from pictures as they come, in the order of their times.

    Every file appears whole when its last picture is written; `paths` are those that did. Until then their parts lie
    in folders below `parts`. `mark` and `done` are those of PartedVideoSink, for all cut-outs together.
    """

    def __init__(
        self,
        folder: Path,
        parts: Path,
        wanted: Sequence[Cut],
        *,
        source: SourceInfo,
        quality: Quality = "medium",
        codecs: Sequence[str] = CODECS,
        done: dict[str, Any] | None = None,
    ) -> None:
        self.paths: list[Path] = []
        self._folder, self._parts = folder, parts
        self._source = source
        self._quality: Quality = quality
        self._codecs = codecs
        self._open: list[_OpenCut] = []
        self._begun = 0
        self._waiting = deque(wanted)
        if done:
            self.paths = [folder / name for name in done["finished"]]
            self._begun = done["begun"]
            self._waiting = deque(wanted[self._begun :])
            for number, begin, film in done["open"]:
                self._open.append(self._opened(number, wanted[number - 1], begin, film))

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write a picture into the cut-outs that it belongs to."""
        self._finish([entry for entry in self._open if frame.time > entry.cut.end])
        while self._waiting and frame.time >= self._waiting[0].begin:
            self._begun += 1
            # The cut-out begins with this picture, so that no player shows black before it.
            self._open.append(self._opened(self._begun, self._waiting.popleft(), frame.time))
        for entry in self._open:
            entry.sink.write(frame, result)

    def mark(self) -> dict[str, Any]:
        """End a part of every cut-out that is being written; says, for JSON, what is done of which."""
        return {
            "finished": [path.name for path in self.paths],
            "begun": self._begun,
            "open": [[entry.number, entry.begin, entry.sink.mark()] for entry in self._open],
        }

    def close(self) -> None:
        """Finish the cut-outs that are being written."""
        self._finish(list(self._open))

    def abandon(self) -> None:
        """Leave the cut-outs that are being written under their partial names."""
        while self._open:
            self._open.pop().sink.abandon()

    def _opened(self, number: int, cut: Cut, begin: float, done: dict[str, Any] | None = None) -> _OpenCut:
        path = self._folder / cut.file_name(number)
        sink = PartedVideoSink(
            path,
            self._parts / f"{number:03d}",
            source=self._source,
            quality=self._quality,
            codecs=self._codecs,
            begin=begin,
            end=cut.end,
            done=done,
        )
        return _OpenCut(number, cut, begin, path, sink)

    def _finish(self, entries: Sequence[_OpenCut]) -> None:
        for entry in entries:
            self._open.remove(entry)
            entry.sink.close()
            self.paths.append(entry.path)
