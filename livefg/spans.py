"""What lasted from when to when: results gathered into spans, for subtitles, time lines and cut-outs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from livefg.results import Event, Face, FrameResult, Side

__all__ = ["HAPPENINGS", "Span", "SpanCollector", "SpanKind"]

SpanKind = Literal["person", "gesture", "motion", "head", "rule", "face"]

HAPPENINGS: tuple[SpanKind, ...] = ("gesture", "motion", "head", "rule")
"""The kinds of span that are worth a subtitle or a cut-out: neither people nor what their faces do."""

_GAP = 1.0
"""Seconds for which a face may be out of sight without ending its span."""


@dataclass(slots=True)
class Span:
    """Someone who was there, or something that was held or done, from `start` to `end` in seconds.

    `label` is the gesture, motion, head movement, rule, or what a face does; for a person the name, `unknown`, or None
    where nobody was asked to tell. `side` is that of the hand. `confidence` 0..1 is the highest for what was done, the
    mean for a person.
    """

    kind: SpanKind
    label: str | None
    track: int
    start: float
    end: float
    confidence: float
    side: Side | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; times to the millisecond."""
        return {
            "kind": self.kind,
            "label": self.label,
            "track": self.track,
            "side": self.side,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "confidence": round(self.confidence, 4),
        }


@dataclass(slots=True)
class _Presence:
    """A face that is being seen, with the sum of the confidences that make its mean."""

    span: Span
    total: float
    frames: int


@dataclass(slots=True)
class SpanCollector:
    """Gathers the spans of results that come in the order of their times. What has not ended lasts to the last one.

    A person's span ends when the face is away for a second or gets another name; events make all other spans.
    """

    spans: list[Span] = field(default_factory=list)
    begin: float | None = None
    end: float = 0.0
    frames: int = 0
    _held: dict[tuple[str, str, int], Span] = field(default_factory=dict, repr=False)
    _present: dict[int, _Presence] = field(default_factory=dict, repr=False)
    _sides: dict[int, Side] = field(default_factory=dict, repr=False)

    def add(self, result: FrameResult) -> None:
        """Take in one result."""
        self.begin = result.time if self.begin is None else self.begin
        self.end = result.time
        self.frames += 1
        for hand in result.hands:
            self._sides[hand.track] = hand.side
        for face in result.faces:
            self._see(face, result.time)
        for span in self._held.values():
            if span.kind != "rule":  # most rules tell of a moment, which does not end
                span.end = result.time
        self._take(result.events)

    def of_kind(self, *kinds: SpanKind) -> list[Span]:
        """The spans of these kinds in the order of their beginnings."""
        return sorted((span for span in self.spans if span.kind in kinds), key=lambda span: span.start)

    def _see(self, face: Face, now: float) -> None:
        name = face.identity.name if face.identity else None
        confidence = face.identity.confidence if face.identity else face.confidence
        present = self._present.get(face.track)
        if present is None or present.span.label != name or now - present.span.end > _GAP:
            span = Span("person", name, face.track, now, now, confidence)
            self.spans.append(span)
            self._present[face.track] = _Presence(span, confidence, 1)
            return
        present.total += confidence
        present.frames += 1
        present.span.end = now
        present.span.confidence = present.total / present.frames

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if (event.kind, event.label) == ("face", "face"):
                continue  # who is there when is told by the faces themselves
            key = (event.kind, event.label, event.track)
            if event.phase == "start":
                side = self._sides.get(event.track) if event.kind in {"gesture", "motion"} else None
                span = Span(
                    event.kind, event.label, event.track, event.time, event.time, event.confidence, side
                )
                self.spans.append(span)
                self._held[key] = span
            elif key in self._held:
                span = self._held.pop(key)
                span.end = event.time
                span.confidence = max(span.confidence, event.confidence)
