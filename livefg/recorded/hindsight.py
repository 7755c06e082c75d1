"""A recording understood from both directions of time: landmarks smoothed without lag, short gaps filled, and whole
tracks decided upon.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from livefg.perception.faces import alignment_points
from livefg.perception.geometry import box_iou, box_of
from livefg.perception.hand_regions import hand_box
from livefg.perception.head_pose import head_pose
from livefg.recognition.rules import Rule, RuleWatch
from livefg.recorded.decisions import Decisions
from livefg.recorded.lasting import Lasting
from livefg.recorded.midway import midway, size_of
from livefg.recorded.smoothing import REACH, smooth_points
from livefg.results import Event, Face, FloatArray, FrameResult, Hand, Phase

__all__ = ["LONGEST_GAP", "in_hindsight"]

LONGEST_GAP = 0.35
"""Seconds for which a face or hand may be out of sight and yet be put between its neighbours."""
_TAKEN = 0.3
"""Overlap with something else that was seen there, from which on a gap is not filled."""
_FARTHEST = 1.5
"""Sizes that a thing may have moved in a gap."""

Seen = TypeVar("Seen", bound=Face | Hand)


def in_hindsight(
    results: Iterable[FrameResult],
    decisions: Decisions,
    *,
    mirrored: bool = False,
    rules: Sequence[Rule] = (),
) -> Iterator[FrameResult]:
    """The results of a recording, in order, as they are with all that was seen before and after.

    `results` have raw landmarks and are those that `decisions` were made of. Not more than a second of them is held.
    `rules` make events of those that were decided.
    """
    watch = RuleWatch(rules)
    events = _Events(decisions)
    window = _Window()
    for result in results:
        for ready in window.add(result):
            yield watch(events.add_to(_finished(ready, window, decisions, mirrored), last=False))
    for ready in window.rest():
        last = ready is window.results[-1]
        yield watch(events.add_to(_finished(ready, window, decisions, mirrored), last=last))


class _Window:
    """The results around one moment: enough to fill a gap and then to smooth across it."""

    _BEFORE, _AFTER = REACH, REACH + LONGEST_GAP

    def __init__(self) -> None:
        self.results: deque[FrameResult] = deque()
        self._next = 0
        self._last_seen: dict[tuple[type, int], tuple[int, float]] = {}

    def add(self, result: FrameResult) -> Iterator[FrameResult]:
        """Take in the next result; gives those that have all they need of their future."""
        self.results.append(result)
        self._fill(result)
        while self.results[self._next].time < result.time - self._AFTER:
            yield self.results[self._next]
            self._advance()

    def rest(self) -> Iterator[FrameResult]:
        """The results that are left when there are no more."""
        while self._next < len(self.results):
            yield self.results[self._next]
            self._advance()

    def _advance(self) -> None:
        now = self.results[self._next].time
        self._next += 1
        while self.results[0].time < now - self._BEFORE:
            self.results.popleft()
            self._next -= 1

    def _fill(self, result: FrameResult) -> None:
        """Put what is back in `result` after a moment out of sight into the frames between."""
        everything: tuple[Face | Hand, ...] = (*result.faces, *result.hands)
        for seen in everything:
            key = (type(seen), seen.track)
            frame, time = self._last_seen.get(key, (result.frame, result.time))
            self._last_seen[key] = (result.frame, result.time)
            if result.time - time > LONGEST_GAP:
                continue
            places = [
                place for place, other in enumerate(self.results) if frame <= other.frame < result.frame
            ]
            if len(places) < 2:
                continue
            before = _find(self.results[places[0]], seen)
            if before is None or not _is_near(before, seen):
                continue
            for place in places[1:]:
                between = self.results[place]
                share = (between.time - time) / (result.time - time)
                self.results[place] = _with(between, replace(midway(before, seen, share), filled=True))


def _finished(result: FrameResult, window: _Window, decisions: Decisions, mirrored: bool) -> FrameResult:
    """A result with smoothed landmarks and with the answers for the whole track."""
    near = [other for other in window.results if abs(other.time - result.time) <= REACH]
    return replace(
        result,
        faces=tuple(_finished_face(face, result, near, decisions, mirrored) for face in result.faces),
        hands=tuple(_finished_hand(hand, result, near, decisions) for hand in result.hands),
    )


def _finished_face(
    face: Face, result: FrameResult, near: list[FrameResult], decisions: Decisions, mirrored: bool
) -> Face:
    face = replace(
        face,
        identity=decisions.identity(face.track, result.time),
        expression=decisions.expression(face.track, result.time),
    )
    if face.raw_landmarks is None:
        return face
    landmarks = _smoothed(face, result.time, near)
    return replace(
        face,
        landmarks=landmarks,
        box=box_of(landmarks),
        points=alignment_points(landmarks),
        pose=head_pose(landmarks, result.width, result.height, mirrored),
    )


def _finished_hand(hand: Hand, result: FrameResult, near: list[FrameResult], decisions: Decisions) -> Hand:
    known = decisions.hands[hand.track]
    landmarks = _smoothed(hand, result.time, near)
    return replace(
        hand,
        side=known.side,
        side_confidence=known.side_confidence,
        landmarks=landmarks,
        box=hand_box(landmarks),
        gesture=decisions.gesture(hand.track, result.frame),
    )


def _smoothed(seen: Seen, now: float, near: list[FrameResult]) -> FloatArray:
    others = [(other.time, _find(other, seen)) for other in near]
    known = [
        (time, other.raw_landmarks) for time, other in others if other and other.raw_landmarks is not None
    ]
    times = np.array([time for time, _ in known])
    return smooth_points(times, np.stack([points for _, points in known]), now, size_of(seen.box))


def _find(result: FrameResult, seen: Seen) -> Seen | None:
    """The same face or hand in another result."""
    among: tuple[Any, ...] = result.faces if isinstance(seen, Face) else result.hands
    return next((other for other in among if other.track == seen.track), None)


def _with(result: FrameResult, filled: Face | Hand) -> FrameResult:
    """The result with one more face or hand, unless something else was seen at its place."""
    if isinstance(filled, Face):
        if _is_taken(filled, result.faces):
            return result
        return replace(result, faces=tuple(sorted((*result.faces, filled), key=lambda face: face.track)))
    if _is_taken(filled, result.hands):
        return result
    return replace(result, hands=tuple(sorted((*result.hands, filled), key=lambda hand: hand.track)))


def _is_taken(filled: Face | Hand, others: Iterable[Face | Hand]) -> bool:
    return any(other.track == filled.track or box_iou(filled.box, other.box) > _TAKEN for other in others)


def _is_near(before: Face | Hand, after: Face | Hand) -> bool:
    if (before.raw_landmarks is None) != (after.raw_landmarks is None):
        return False
    middles = [np.array([box[0] + box[2], box[1] + box[3]]) / 2 for box in (before.box, after.box)]
    return float(np.linalg.norm(middles[1] - middles[0])) <= _FARTHEST * size_of(before.box)


class _Events:
    """Puts what was decided to begin and to end at the frames where it did."""

    def __init__(self, decisions: Decisions) -> None:
        self._starts = deque(decisions.lasting)
        self._running: list[Lasting] = []

    def add_to(self, result: FrameResult, *, last: bool) -> FrameResult:
        """The result with the events of its frame: ends first. With the last one everything ends."""
        over = [item for item in self._running if last or item.last < result.frame]
        self._running = [item for item in self._running if item not in over]
        events = [self._event(item, "end", result.time) for item in over]
        while self._starts and self._starts[0].first <= result.frame:
            item = self._starts.popleft()
            events.append(self._event(item, "start", result.time))
            self._running.append(item)
        return replace(result, events=(*result.events, *events))

    @staticmethod
    def _event(item: Lasting, phase: Phase, time: float) -> Event:
        return Event(item.kind, item.label, phase, item.track, time, item.confidence)
