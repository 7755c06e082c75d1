"""What happens, as subtitles: WebVTT for the web, SRT for everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from livefg.errors import LivefgError
from livefg.overlay.chips import display_name
from livefg.results import Frame, FrameResult
from livefg.sinks.files import Finishing, partial_path, prepare, publish
from livefg.spans import HAPPENINGS, Span, SpanCollector

__all__ = ["SubtitleSink", "cues"]

_SHORTEST = 0.8
"""Seconds for which a line is shown at least, so that it can be read."""

_FLICKER = 0.15
"""Seconds by which the lines of a cue may be early or late, so that none is replaced at once."""


class Cue(NamedTuple):
    """Lines that are shown together from `start` to `end`, in seconds of the annotated video."""

    start: float
    end: float
    lines: tuple[str, ...]


class SubtitleSink(Finishing):
    """Writes `<stem>.vtt` and `<stem>.srt` when it is closed: gestures, motions and head movements while they last.

    `origin` is the media time in seconds at which the video that they belong to begins.
    """

    def __init__(self, stem: Path, origin: float = 0.0) -> None:
        """`stem` is the path of the files without their suffix."""
        self.paths = tuple(stem.with_name(stem.name + suffix) for suffix in (".vtt", ".srt"))
        self._origin = origin
        self._collector = SpanCollector()
        self._closed = False
        for path in self.paths:
            prepare(path)

    def write(self, frame: Frame | None, result: FrameResult) -> None:  # noqa: ARG002 - a sink is given both
        """Take in one result."""
        self._collector.add(result)

    def close(self) -> None:
        """Write both files."""
        if self._closed:
            return
        self._closed = True
        shown = cues(self._collector.of_kind(*HAPPENINGS), self._origin)
        for path, text in zip(self.paths, (_vtt(shown), _srt(shown)), strict=True):
            try:
                partial_path(path).write_text(text, "utf-8", newline="\n")
            except OSError as error:
                raise LivefgError(f"{path} cannot be written: {error.strerror}.") from error
            publish(path)

    def abandon(self) -> None:
        """Write nothing: the run did not come to its end."""
        self._closed = True


def cues(spans: Sequence[Span], origin: float = 0.0) -> list[Cue]:
    """The spans as cues that follow one another: where spans overlap, their lines are shown together.

    Players show overlapping cues of an SRT file in any order or not at all, so there are none.
    """
    timed = [
        (max(0.0, span.start - origin), max(span.end, span.start + _SHORTEST) - origin, span)
        for span in spans
    ]
    edges: list[float] = []
    for edge in sorted({round(edge, 3) for start, end, _ in timed for edge in (start, end)}):
        if not edges or edge - edges[-1] >= _FLICKER:
            edges.append(edge)
    found: list[Cue] = []
    for start, end in pairwise(edges):
        middle = (start + end) / 2
        lines = tuple(_line(span) for begin, until, span in timed if begin <= middle < until)
        if lines and found and found[-1].end == start and found[-1].lines == lines:
            found[-1] = found[-1]._replace(end=end)
        elif lines:
            found.append(Cue(start, end, lines))
    return found


def _line(span: Span) -> str:
    name = display_name(span.label or "")
    return f"{name} ({span.side} hand)" if span.side else name


def _vtt(shown: Sequence[Cue]) -> str:
    def escaped(line: str) -> str:
        return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    return "WEBVTT\n\n" + "\n".join(_blocks(shown, ".", escaped))


def _srt(shown: Sequence[Cue]) -> str:
    return "\n".join(_blocks(shown, ",", str))


def _blocks(shown: Sequence[Cue], point: str, escape: Callable[[str], str]) -> Iterator[str]:
    for number, cue in enumerate(shown, 1):
        times = f"{_clock(cue.start, point)} --> {_clock(cue.end, point)}"
        yield "\n".join([str(number), times, *map(escape, cue.lines), ""])


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return (
        f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"
    )
