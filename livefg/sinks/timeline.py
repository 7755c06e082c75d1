"""Who was there and what was done when, at a glance: one picture, and one page that plays the video at a click."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from livefg.errors import LivefgError
from livefg.overlay.chips import display_name
from livefg.results import Frame, FrameResult
from livefg.sinks.files import Finishing, partial_path, prepare, publish
from livefg.sinks.timeline_page import page
from livefg.spans import Span, SpanCollector

__all__ = ["Lane", "Timeline", "TimelineSink", "lanes", "require_matplotlib"]

_GROUPS = {
    "person": "People",
    "gesture": "Gestures",
    "motion": "Motions",
    "head": "Head",
    "face": "Face",
    "rule": "Rules",
}
_MOST_LANES = 60


class Lane(NamedTuple):
    """One row: all spans of one person, gesture or movement, in the order of their beginnings."""

    group: str
    name: str
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """For how long altogether."""
        return sum(span.end - span.start for span in self.spans)


class Timeline(NamedTuple):
    """What a time line shows. Times are media times in seconds; `video` is the name of the video to play, if any,
    which begins at `origin`.
    """

    title: str
    begin: float
    end: float
    lanes: tuple[Lane, ...]
    frames: int
    video: str | None = None
    origin: float = 0.0
    note: str = ""


class TimelineSink(Finishing):
    """Writes `<stem>.html` and `<stem>.png` when it is closed.

    The page needs nothing but itself; it plays `video` (a name relative to it) where that is there. Raises LivefgError
    if matplotlib is not installed or a file cannot be written.
    """

    def __init__(
        self, stem: Path, title: str, *, video: str | None = None, origin: float = 0.0, note: str = ""
    ) -> None:
        """`stem` is the path of the files without their suffix, `note` a sentence on how the data were made."""
        require_matplotlib()
        self.paths = tuple(stem.with_name(stem.name + suffix) for suffix in (".html", ".png"))
        self._about = title, video, origin, note
        self._collector = SpanCollector()
        self._period = 0.0
        self._last: float | None = None
        self._closed = False
        for path in self.paths:
            prepare(path)

    def write(self, frame: Frame | None, result: FrameResult) -> None:  # noqa: ARG002 - a sink is given both
        """Take in one result."""
        if self._last is not None:
            self._period = result.time - self._last
        self._last = result.time
        self._collector.add(result)

    def close(self) -> None:
        """Write both files."""
        if self._closed:
            return
        self._closed = True
        from livefg.sinks.timeline_picture import save_picture  # noqa: PLC0415 - needs an optional extra

        title, video, origin, note = self._about
        timeline = Timeline(
            title=title,
            begin=self._collector.begin or 0.0,
            end=self._collector.end + self._period,
            lanes=lanes(self._collector.spans),
            frames=self._collector.frames,
            video=video,
            origin=origin,
            note=note,
        )
        html, png = self.paths
        try:
            partial_path(html).write_text(page(timeline), "utf-8", newline="\n")
            save_picture(timeline, partial_path(png))
        except OSError as error:
            raise LivefgError(f"{html} and {png.name} cannot be written: {error.strerror}.") from error
        for path in self.paths:
            publish(path)

    def abandon(self) -> None:
        """Write nothing: the run did not come to its end."""
        self._closed = True


def lanes(spans: Iterable[Span]) -> tuple[Lane, ...]:
    """The rows of a time line: people, gestures, motions, head movements; in each group the longest first.

    A face that nobody named has a row of its own. Of very many rows those with the least are left out.
    """
    grouped: dict[tuple[str, str], list[Span]] = {}
    for span in spans:
        grouped.setdefault((_GROUPS[span.kind], _lane_name(span)), []).append(span)
    found = [
        Lane(group, name, tuple(sorted(members, key=lambda span: span.start)))
        for (group, name), members in grouped.items()
    ]
    order = list(_GROUPS.values())
    kept = sorted(found, key=lambda lane: -lane.seconds)[:_MOST_LANES]
    return tuple(sorted(kept, key=lambda lane: (order.index(lane.group), -lane.seconds, lane.name)))


def require_matplotlib() -> None:
    """Raise LivefgError, naming the cure, if matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401, PLC0415 - an optional extra
    except ImportError:
        raise LivefgError(
            "Time lines need matplotlib, which is not installed; run `pip install 'livefg[timeline]'`."
        ) from None


def _lane_name(span: Span) -> str:
    if span.kind == "person" and span.label in {None, "unknown"}:
        return f"Face {span.track}" if span.label is None else f"Unknown {span.track}"
    return (span.label or "") if span.kind == "person" else display_name(span.label or "")
