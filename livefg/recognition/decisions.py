"""From scores a frame to decisions over time: smoothing, hysteresis, a hold and a cool-down, events.

A score that flickers across a threshold must not make a burst of events, and a hand on its way from one posture to
the next passes through others. So an answer begins only when its smoothed score is high for a while in which the hand
is held, ends only when it is clearly low, and cannot begin again at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from livefg.recognition.pace import Pace, Palm, palm_of
from livefg.results import Event, EventKind, Face, FrameResult, Hand, Label, Phase

__all__ = ["Decider", "DecisionSettings"]

Answer = Callable[[Mapping[str, float]], Label]

_NOTHING = frozenset({"none", "unknown"})
_FORGOTTEN = 1e-3


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """How sure and how lasting an answer must be. Times are in seconds, thresholds are probabilities 0..1.

    `smoothing` is the time constant of the average over scores (0: none). An event starts when a score has been at
    least `enter`, and the answer, for `hold` while the hand moved by less than `pace` palm lengths a second; it ends
    when the score falls below `leave`, however the hand moves. The same label cannot start again on that track for
    `cooldown`. A track that is out of sight for less than `absence` goes on as if it had stayed.
    """

    smoothing: float = 0.10
    enter: float = 0.60
    leave: float = 0.40
    hold: float = 0.30
    pace: float = 0.5
    cooldown: float = 0.30
    absence: float = 0.50


class Decider:
    """Smooths the gestures of a stream of results and adds their events, and those of faces that come and go."""

    def __init__(self, settings: DecisionSettings | None = None, answer: Answer | None = None) -> None:
        """`answer` turns smoothed gesture scores into a label; by default the highest score names it."""
        self._settings = settings or DecisionSettings()
        self._answer = answer or _highest
        self._gestures = _Watch("gesture", self._settings, self._answer)
        self._faces = _Watch("face", replace(self._settings, smoothing=0.0, absence=1.0), _highest)

    def reset(self) -> None:
        """Forget everything: the next result has nothing to do with the last one."""
        self._gestures.reset()
        self._faces.reset()

    def __call__(self, result: FrameResult) -> FrameResult:
        """The same result with smoothed gestures and with events. Results must come in the order of their times."""
        now = result.time
        hands = tuple(self._smoothed(hand, now) for hand in result.hands)
        for face in result.faces:
            self._faces.see(face.track, _presence(face), now)
        events = (*result.events, *self._gestures.decide(now), *self._faces.decide(now))
        return replace(result, hands=hands, events=events)

    def _smoothed(self, hand: Hand, now: float) -> Hand:
        if hand.gesture is None:
            return hand
        palm = palm_of(hand.landmarks)
        return replace(hand, gesture=self._gestures.see(hand.track, hand.gesture.scores, now, palm))


@dataclass(slots=True)
class _Watched:
    """What is known of one track: its smoothed scores, the answer that may begin, and the one that holds."""

    scores: dict[str, float]
    time: float
    answer: str = ""
    pace: Pace = field(default_factory=Pace)
    moves: bool = False
    candidate: str | None = None
    since: float = 0.0
    active: str | None = None
    peak: float = 0.0
    ended: dict[str, float] = field(default_factory=dict)


class _Watch:
    """Follows the scores of all tracks of one kind and says when an answer starts and ends."""

    def __init__(self, kind: EventKind, settings: DecisionSettings, answer: Answer) -> None:
        self._kind = kind
        self._settings = settings
        self._answer = answer
        self._tracks: dict[int, _Watched] = {}

    def reset(self) -> None:
        self._tracks.clear()

    def see(self, track: int, scores: Mapping[str, float], now: float, palm: Palm | None = None) -> Label:
        """Take in the scores of a track at `now`, and where its palm is; gives the answer by its smoothed scores.

        A label that was not there before counts as 0 until now, and one that is gone as 0 from now on.
        """
        known = self._tracks.get(track)
        if known is None:
            known = self._tracks[track] = _Watched(dict(scores), now)
        else:
            known.scores = self._smoothed(known, scores, now)
            known.time = now
        answer = self._answer(known.scores)
        known.answer = answer.name
        known.moves = palm is not None and known.pace(palm, now) > self._settings.pace
        return answer

    def _smoothed(self, known: _Watched, scores: Mapping[str, float], now: float) -> dict[str, float]:
        interval = max(0.0, now - known.time)
        weight = 1.0 - math.exp(-interval / self._settings.smoothing) if self._settings.smoothing else 1.0
        if known.scores.keys() == scores.keys():
            before = known.scores
            return {name: (past := before[name]) + weight * (score - past) for name, score in scores.items()}
        return {
            name: (past := known.scores.get(name, 0.0)) + weight * (scores.get(name, 0.0) - past)
            for name in dict.fromkeys((*scores, *known.scores))
            if name in scores or known.scores[name] > _FORGOTTEN or name == known.active
        }

    def decide(self, now: float) -> list[Event]:
        """The events of this moment: ends first, so that one answer ends before the next starts."""
        ends, starts = [], []
        for track, known in list(self._tracks.items()):
            if now - known.time > self._settings.absence:
                del self._tracks[track]
                if known.active:
                    ends.append(self._event(track, known, "end", now))
                continue
            if known.time < now:
                continue
            if known.active and self._has_ended(known, now):
                ends.append(self._event(track, known, "end", now))
                known.ended[known.active] = now
                known.active = None
            if known.active:
                known.peak = max(known.peak, known.scores[known.active])
            elif self._may_start(known, now):
                known.active, known.peak = known.candidate, known.scores[known.candidate or ""]
                starts.append(self._event(track, known, "start", now))
        return ends + starts

    def _has_ended(self, known: _Watched, now: float) -> bool:
        assert known.active is not None
        best = self._follow_candidate(known, now)
        replaced = best not in {None, known.active} and now - known.since >= self._settings.hold
        return known.scores[known.active] < self._settings.leave or replaced

    def _may_start(self, known: _Watched, now: float) -> bool:
        best = self._follow_candidate(known, now)
        if best is None or now - known.since < self._settings.hold:
            return False
        return now - known.ended.get(best, -math.inf) >= self._settings.cooldown

    def _follow_candidate(self, known: _Watched, now: float) -> str | None:
        """The answer that is sure enough now of a hand that is held, with `since` when it became so."""
        best = known.answer
        sure = best not in _NOTHING and known.scores[best] >= self._settings.enter
        candidate = best if sure and not known.moves else None
        if candidate != known.candidate:
            known.candidate, known.since = candidate, now
        return candidate

    def _event(self, track: int, known: _Watched, phase: Phase, now: float) -> Event:
        assert known.active is not None
        return Event(self._kind, known.active, phase, track, now, known.peak)


def _presence(face: Face) -> Mapping[str, float]:
    return {"face": face.confidence}


def _highest(scores: Mapping[str, float]) -> Label:
    name = max(scores, key=scores.__getitem__)
    return Label(name, scores[name], scores)
