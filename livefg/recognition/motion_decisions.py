"""From the scores of motions, frame by frame, to events: one for each motion, none for its way back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from livefg.results import Event, EventKind

__all__ = ["GOES_ON", "OPPOSITES", "MotionSettings", "MotionWatch"]

OPPOSITES: Mapping[str, str] = {
    "swipe_left": "swipe_right",
    "swipe_right": "swipe_left",
    "swipe_up": "swipe_down",
    "swipe_down": "swipe_up",
}
"""The motion that the way back looks like."""
GOES_ON = frozenset({"wave", "circle_clockwise", "circle_counterclockwise", "come", "away", "nod", "shake"})
"""The motions that go to and fro, or round, and may falter meanwhile."""
_NONE = "none"
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """How sure and how lasting a motion must be. Times are in seconds, thresholds are probabilities 0..1.

    `smoothing` is the time constant of the average over scores. A motion starts when its average has been at `enter`
    (None: what the network's file asks for that motion) or above for `hold`, and in two looks at least, and ends when
    it falls below `leave`. After its end the same motion cannot start again for `cooldown`, its opposite not for
    `way_back`, and nothing else for `settle`. A motion that goes to and fro may falter: it cannot start again for three
    times the `cooldown`, and nothing else for twice `settle`. `only` names the motions to watch for (empty: all that
    the network knows); the others count as none.
    """

    enter: float | None = None
    leave: float = 0.25
    smoothing: float = 0.04
    hold: float = 0.06
    cooldown: float = 0.30
    way_back: float = 0.90
    settle: float = 0.20
    absence: float = 0.50
    only: tuple[str, ...] = ()

    def watched(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """The scores with those of motions that are not watched for given to `none`."""
        if not self.only:
            return scores
        kept = {name: value for name, value in scores.items() if name in self.only}
        return {_NONE: 1.0 - sum(kept.values()), **kept}

    def pause(self, before: str, after: str) -> float:
        """Seconds that must lie between the end of one motion and the start of the next on the same track."""
        if before == after:
            return self.cooldown * (3 if before in GOES_ON else 1)
        if OPPOSITES.get(before) == after:
            return self.way_back
        return self.settle * (2 if before in GOES_ON else 1)


@dataclass(slots=True)
class _Watched:
    """One track: averaged scores, what may start and since when, what is on, and which motions ended when."""

    scores: dict[str, float]
    time: float
    candidate: str | None = None
    since: float = 0.0
    active: str | None = None
    peak: float = 0.0
    ended: dict[str, float] = field(default_factory=dict)


class MotionWatch:
    """Follows the scores of all tracks of one kind (`motion` of hands, `head`): when does a motion start and end?"""

    def __init__(
        self, kind: EventKind, enter: Mapping[str, float], settings: MotionSettings | None = None
    ) -> None:
        """`enter` is a threshold 0..1 for every motion; it holds where the settings leave it open."""
        self._kind = kind
        self._settings = settings or MotionSettings()
        self._enter = enter
        self._tracks: dict[int, _Watched] = {}

    def reset(self) -> None:
        """Forget everything: what comes next has nothing to do with what was before."""
        self._tracks.clear()

    def see(self, track: int, scores: Mapping[str, float], now: float) -> list[Event]:
        """Take in the scores by label of a track at `now`, and give what starts or ends with it."""
        scores = self._settings.watched(scores)
        known = self._tracks.get(track)
        if known is None:
            self._tracks[track] = _Watched(dict(scores), now)
            return []
        interval = max(0.0, now - known.time)
        weight = 1.0 - math.exp(-interval / self._settings.smoothing) if self._settings.smoothing else 1.0
        known.scores = {
            name: (past := known.scores.get(name, 0.0)) + weight * (value - past)
            for name, value in scores.items()
        }
        known.time = now
        return self._ended(track, known, now) + self._started(track, known, now)

    def expire(self, now: float) -> list[Event]:
        """End what was going on in tracks that have been out of sight for too long."""
        events = []
        for track, known in list(self._tracks.items()):
            if now - known.time > self._settings.absence:
                del self._tracks[track]
                if known.active:
                    events.append(self._event(track, known, "end", now))
        return events

    def _ended(self, track: int, known: _Watched, now: float) -> list[Event]:
        if known.active is None:
            return []
        score = known.scores[known.active]
        known.peak = max(known.peak, score)
        if score >= self._settings.leave:
            return []
        event = self._event(track, known, "end", now)
        known.ended[known.active], known.active = now, None
        return [event]

    def _started(self, track: int, known: _Watched, now: float) -> list[Event]:
        best = max(known.scores, key=known.scores.__getitem__)
        if best == _NONE or known.scores[best] < self._threshold(best):
            known.candidate = None
            return []
        if known.candidate != best:
            known.candidate, known.since = best, now
            return []
        lasting = now - known.since >= self._settings.hold - _TINY
        if known.active or not lasting or not self._may_start(known, best, now):
            return []
        known.active, known.peak = best, known.scores[best]
        return [self._event(track, known, "start", now)]

    def _threshold(self, label: str) -> float:
        return self._enter[label] if self._settings.enter is None else self._settings.enter

    def _may_start(self, known: _Watched, label: str, now: float) -> bool:
        return all(now - ended >= self._settings.pause(other, label) for other, ended in known.ended.items())

    def _event(self, track: int, known: _Watched, phase: str, now: float) -> Event:
        assert known.active is not None
        return Event(self._kind, known.active, "start" if phase == "start" else "end", track, now, known.peak)
