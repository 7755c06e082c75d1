"""What a run saw, added up result by result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from livefg.results import Event, FrameResult

__all__ = ["Held", "Summary"]


@dataclass(slots=True)
class Held:
    """Something that was held or done for a while: from `start` to `end` (seconds), at best with `confidence`."""

    kind: str
    label: str
    side: str | None
    start: float
    end: float
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "kind": self.kind,
            "label": self.label,
            "side": self.side,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "confidence": round(self.confidence, 4),
        }


@dataclass(slots=True)
class Summary:
    """Counts over the results that were given to `add`, which must come in the order of their times.

    `begin` is the time of the first result in seconds, None before it.
    `held` lists gestures, motions and head movements in the order in which they began, from their events;
    faces that come and go are left out of it. What has not ended reaches to the last frame, but for rules.
    """

    frames: int = 0
    begin: float | None = None
    with_faces: int = 0
    with_hands: int = 0
    most_faces: int = 0
    most_hands: int = 0
    gestures: dict[str, int] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    _open: dict[tuple[str, str, int], Held] = field(default_factory=dict, repr=False)

    def add(self, result: FrameResult) -> None:
        """Count one result."""
        self.frames += 1
        self.begin = result.time if self.begin is None else self.begin
        self.with_faces += bool(result.faces)
        self.with_hands += bool(result.hands)
        self.most_faces = max(self.most_faces, len(result.faces))
        self.most_hands = max(self.most_hands, len(result.hands))
        for hand in result.hands:
            if hand.gesture and hand.gesture.name != "none":
                self.gestures[hand.gesture.name] = self.gestures.get(hand.gesture.name, 0) + 1
        for held in self._open.values():
            if held.kind != "rule":  # most rules tell of a moment, which does not end
                held.end = result.time
        for event in result.events:
            if event.kind != "face":
                self._take(event, result)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: counts of frames, and what was held."""
        return {
            "frames": self.frames,
            "frames_with_faces": self.with_faces,
            "frames_with_hands": self.with_hands,
            "most_faces": self.most_faces,
            "most_hands": self.most_hands,
            "gesture_frames": dict(sorted(self.gestures.items())),
            "held": [held.to_dict() for held in self.held],
        }

    def _take(self, event: Event, result: FrameResult) -> None:
        key = (event.kind, event.label, event.track)
        if event.phase == "start":
            side = next((hand.side for hand in result.hands if hand.track == event.track), None)
            held = Held(event.kind, event.label, side, event.time, result.time, event.confidence)
            self.held.append(held)
            self._open[key] = held
        elif key in self._open:
            held = self._open.pop(key)
            held.end = event.time
            held.confidence = max(held.confidence, event.confidence)
