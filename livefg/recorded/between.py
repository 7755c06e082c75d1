"""Frames between two that were looked at: what hardly moves is put between its two sights, and what moves is looked
at there, too.

Most of a film's frames show a face or hand nearly where it was. Fifteen looks a second and the straight line between
them are then as exact as a look at every frame, for half the work. Where a hand moves, the frames between are looked
at as well, but aside: they wait for their neighbours alone, whereas to follow a hand each frame waits for the one
before. Where a hand moves fast, it is followed in every frame.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, TypeVar

import numpy as np

from livefg.pipeline import Looks, Pipeline
from livefg.recognition.face_state import FaceStates
from livefg.recorded.midway import midway, size_of
from livefg.results import Face, FloatArray, Frame, FrameResult, Hand

__all__ = ["SparingLook"]

_LOOK_INTERVAL = 1 / 15
_SLOWEST = 1 / 23
"""Seconds between two frames above which none is left out: too much would happen meanwhile."""
_ROUNDING = 1e-3
_STEADY_HAND, _STEADY_FACE = 0.05, 0.05
"""How far the points of a hand or face move on average between two looks, in parts of its size, when it is steady."""
_STEADY_SHAPES = 0.12
"""How much a blendshape that blinks or speaks may change meanwhile."""
_QUICK_SHAPES = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen")
_SLOW_HANDS, _SLOW_FACES = 0.8, 3.0
"""Sizes a second above which the pipeline sees every frame: what is followed in longer steps is cut out less well."""
_ELSEWHERE = 0.5
"""Parts of its size by which a hand or face may lie off the line between its sights."""
_AHEAD = 4
"""Results that wait for looks between them to be done meanwhile."""
_IN_FLIGHT = 4
"""Frames that the pipeline works on side by side. Of many it is asked for hands or for faces alone, and a hand is
followed from one frame to the next: with fewer of them a core would have nothing to do meanwhile."""

Seen = TypeVar("Seen", bound=Face | Hand)


class SparingLook:
    """Sees every frame of a film through `pipeline`, with no more looks than it takes.

    With `sparing` false, or where settings say `exact` or the perception is MediaPipe's, every frame is looked at. Use
    it for films that are decided upon in hindsight.
    """

    def __init__(self, pipeline: Pipeline, *, sparing: bool = True) -> None:
        settings = pipeline.settings
        self._pipeline = pipeline
        self._sparing = sparing and not settings.exact and settings.backend == "livefg"
        # What eyes and mouth do is told by all frames, not by those alone that the pipeline saw.
        self._states = FaceStates() if self._sparing and settings.blendshapes else None

    def reset(self) -> None:
        """Forget everything: the next frame has nothing to do with the last one."""
        self._pipeline.reset()
        if self._states:
            self._states.reset()

    def stream(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        """Each frame with what is seen in it, in order."""
        if not self._sparing:
            yield from self._pipeline.stream(frames)
            return
        hands: _Lane[Hand] = _Lane("hands", _SLOW_HANDS, _STEADY_HAND)
        faces: _Lane[Face] = _Lane("faces", _SLOW_FACES, _STEADY_FACE)

        def without(frame: Frame) -> list[str]:
            return [lane.name for lane in (hands, faces) if lane.can_wait(frame.time)]

        waiting: deque[_Waiting] = deque()
        for frame, result in self._pipeline.stream(frames, without, _IN_FLIGHT):
            waiting.append(_Waiting(frame, result))
            hands.take(frame.time, result.hands, waiting)
            faces.take(frame.time, result.faces, waiting)
            self._begin_looks(waiting)
            while len(waiting) > _AHEAD and not waiting[0].missing:
                yield self._finished(waiting.popleft())
        hands.end(waiting)
        faces.end(waiting)
        self._begin_looks(waiting)
        for one in waiting:
            yield self._finished(one)

    def _begin_looks(self, waiting: Iterable[_Waiting]) -> None:
        for one in waiting:
            if not one.missing and one.looks is None:
                hands = [pair.guess for pair in one.hands or () if pair.moved]
                faces = [pair.guess for pair in one.faces or () if pair.moved]
                if hands or faces:
                    one.looks = self._pipeline.look_again(one.frame, hands, faces)

    def _finished(self, waiting: _Waiting) -> tuple[Frame, FrameResult]:
        result = waiting.settled()
        if self._states:
            others = tuple(event for event in result.events if event.kind != "face")
            result = self._states(replace(result, events=others))
        return waiting.frame, result


@dataclass(slots=True, eq=False)
class _Waiting:
    """A frame on its way: what the pipeline saw in it and, where it did not look, what its neighbours tell.

    `hands` and `faces` are None where the frame was looked at; `missing` names those of them that are not known yet.
    """

    frame: Frame
    result: FrameResult
    missing: set[str] = field(default_factory=set)
    hands: list[_Pair[Hand]] | None = None
    faces: list[_Pair[Face]] | None = None
    looks: Future[Looks] | None = None

    def settled(self) -> FrameResult:
        """The result, once all looks are done."""
        if self.hands is None and self.faces is None:
            return self.result
        hands, faces = self.looks.result() if self.looks else ([], [])
        return replace(
            self.result,
            hands=self.result.hands if self.hands is None else _settled(self.hands, hands),
            faces=self.result.faces if self.faces is None else _settled(self.faces, faces),
        )


class _Lane(Generic[Seen]):
    """When hands, or faces, are looked at, and what is known of the frames in which they are not."""

    def __init__(self, name: Literal["hands", "faces"], slow: float, steady: float) -> None:
        self.name = name
        self._slow = slow
        self._steady = steady
        self._left_out: set[float] = set()
        self._asked = self._looked = -math.inf
        self._is_slow = False
        self._before: tuple[float, tuple[Seen, ...]] = (-math.inf, ())

    def can_wait(self, now: float) -> bool:
        """Whether the frame at `now` (seconds), the next in order, can be left out."""
        interval, self._asked = now - self._asked, now
        soon = now - self._looked + interval <= max(_LOOK_INTERVAL, 2 * interval) + _ROUNDING
        if self._is_slow and interval <= _SLOWEST and soon:
            self._left_out.add(now)
            return True
        self._looked = now
        return False

    def take(self, now: float, seen: tuple[Seen, ...], waiting: deque[_Waiting]) -> None:
        """Take in what the pipeline saw at `now`, the time of the last of `waiting`."""
        if now in self._left_out:
            waiting[-1].missing.add(self.name)
            return
        before, earlier = self._before
        self._before = now, seen
        self._is_slow = now > before and bool(seen) and _speed(earlier, seen, now - before) <= self._slow
        if not self._left_out:
            return
        for one in waiting:
            if one.frame.time in self._left_out and one.frame.time < now:
                self._left_out.discard(one.frame.time)
                share = (one.frame.time - before) / (now - before)
                setattr(one, self.name, _paired(earlier, seen, share, self._steady))
                one.missing.discard(self.name)

    def end(self, waiting: deque[_Waiting]) -> None:
        """There are no more frames: what was seen last is looked for in those that were left out."""
        self.take(math.inf, (), waiting)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair(Generic[Seen]):
    """One face or hand in a frame that was left out: where it should be by its neighbours, whether it moves too much
    for that to be enough, and whether both neighbours show it.
    """

    guess: Seen
    moved: bool
    between: bool


def _paired(
    before: tuple[Seen, ...], after: tuple[Seen, ...], share: float, steady: float
) -> list[_Pair[Seen]]:
    """What was seen in the frames before and after, by its track."""
    earlier, later = {one.track: one for one in before}, {one.track: one for one in after}
    pairs = []
    for track in sorted({*earlier, *later}):
        first, second = earlier.get(track), later.get(track)
        if first and second:
            pairs.append(_Pair(midway(first, second, share), _moves(first, second, steady), between=True))
        elif (only := first or second) and only.raw_landmarks is not None:
            pairs.append(_Pair(only, moved=True, between=False))
    return pairs


def _moves(before: Face | Hand, after: Face | Hand, steady: float) -> bool:
    """Whether the straight line between two sights is too rough."""
    if before.raw_landmarks is None or after.raw_landmarks is None:
        return False
    if _distance(before.raw_landmarks, after.raw_landmarks) > steady * size_of(before.box):
        return True
    if isinstance(before, Face) and isinstance(after, Face) and before.blendshapes and after.blendshapes:
        first, second = before.blendshapes, after.blendshapes
        return any(abs(second[name] - first[name]) > _STEADY_SHAPES for name in _QUICK_SHAPES)
    return False


def _distance(first: FloatArray | None, second: FloatArray | None) -> float:
    """How far points lie apart on average, in pixels; infinite where one of them is not known."""
    if first is None or second is None:
        return math.inf
    offsets = first[:, :2] - second[:, :2]
    return float(np.sqrt((offsets * offsets).sum(axis=1)).mean())


def _speed(before: tuple[Seen, ...], after: tuple[Seen, ...], seconds: float) -> float:
    """Sizes a second at which the fastest of them moves; infinite if not the same ones were seen."""
    known = {one.track: one for one in before}
    if known.keys() != {one.track for one in after}:
        return math.inf
    return max(
        (
            _distance(known[one.track].raw_landmarks, one.raw_landmarks) / size_of(one.box) / seconds
            for one in after
        ),
        default=0.0,
    )


def _settled(pairs: list[_Pair[Seen]], looks: list[Seen | None]) -> tuple[Seen, ...]:
    """What there is, oldest track first: what was seen, else what lies between."""
    found = iter(looks)
    settled: list[Seen] = []
    for pair in pairs:
        seen = next(found) if pair.moved else pair.guess
        if seen is not None and not (pair.moved and _is_elsewhere(seen, pair.guess)):
            settled.append(seen)
        elif pair.between:
            settled.append(replace(pair.guess, filled=True))
    return tuple(settled)


def _is_elsewhere(seen: Face | Hand, guess: Face | Hand) -> bool:
    """Whether a look found something else than it was for: the other hand, as a rule."""
    return _distance(seen.raw_landmarks, guess.raw_landmarks) > _ELSEWHERE * size_of(guess.box)
