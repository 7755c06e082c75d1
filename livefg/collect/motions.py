"""Repetitions of one motion before a camera: a beat says when, and what was done is cut out by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from livefg.collect.file_names import new_session
from livefg.collect.recording import check_label
from livefg.collect.takes import Span, Take
from livefg.recognition.motion_window import own_landmarks
from livefg.results import FloatArray, Frame, FrameResult, Hand

__all__ = ["Beat", "Cut", "MotionCollector", "MotionProgress", "cut_motion"]

Beat = Literal["wait", "now", "rest"]

_NOW, _REST = 1.8, 1.7
_PALM = [0, 5, 9, 13, 17]
_TIPS = [4, 8, 12, 16, 20]
_LEAST_SPEED = 2.0
"""Hand sizes (of which the palm is about two) a second that count as moving on purpose."""
_SHORTEST, _LONGEST = 0.12, 3.0
_PAUSE = 0.25
"""A rest of so many seconds parts the motion from the way back."""
_SEEN_SHARE = 0.75

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cut:
    """What came of one beat: the motion's `start` and `end` in seconds, or what was wrong (`fault`)."""

    start: float
    end: float
    fault: str = ""

    def __str__(self) -> str:
        return self.fault or f"{self.end - self.start:.1f} s"


@dataclass(frozen=True, slots=True)
class MotionProgress:
    """How far it is: `done` of `count` repetitions, what to do now, for how many more seconds, and the last cut."""

    label: str
    done: int
    count: int
    beat: Beat
    seconds: float
    last: Cut | None

    @property
    def finished(self) -> bool:
        """Whether there are as many repetitions as were wanted."""
        return self.done >= self.count

    @property
    def request(self) -> str:
        """What the person may do now, in a few words."""
        if self.finished:
            return "done"
        told = {"wait": f"get ready: {math.ceil(self.seconds)}", "now": "NOW", "rest": "and back"}[self.beat]
        return f"{told}   (last: {self.last})" if self.last and self.beat != "now" else told


class MotionCollector:
    """Watches a hand repeat a motion to a beat. Feed it results in the order of their times.

    `count` repetitions of `label` are wanted; the first beat comes after `countdown` seconds. Raises LivefgError if
    the label or the name of the `person` cannot be one.
    """

    def __init__(self, label: str, person: str, count: int = 10, countdown: float = 3.0) -> None:
        self._label, self._person = check_label(label, "motion"), check_label(person, "person")
        self._count = count
        self._countdown = countdown
        self._begun: float | None = None
        self._now = 0.0
        self._beats = 0
        self._rows: list[tuple[float, FloatArray, bool, int]] = []
        self.cuts: list[Cut] = []
        """What came of each beat so far."""

    @property
    def progress(self) -> MotionProgress:
        """How far it is."""
        beat, seconds = self._beat(self._now)
        last = self.cuts[-1] if self.cuts else None
        return MotionProgress(self._label, self._done, self._count, beat, seconds, last)

    def see(self, frame: Frame, result: FrameResult) -> None:
        """Take in what was seen in the next frame."""
        self._now = result.time
        if self._begun is None:
            self._begun = result.time + self._countdown
        if self._done >= self._count:
            return
        hand = max(result.hands, key=_height, default=None)
        if hand is not None:
            points = own_landmarks(hand, frame.mirrored).astype(np.float32)
            self._rows.append((result.time, points, hand.side == "right", hand.track))
        while result.time >= self._begun + (self._beats + 1) * (_NOW + _REST):
            self._cut(self._begun + self._beats * (_NOW + _REST))
            self._beats += 1

    def take(self) -> Take | None:
        """All that was seen, with a span for each repetition; None if there was none."""
        if not self._done:
            return None
        times, values, right, _ = zip(*self._rows, strict=True)
        spans = tuple(
            Span(self._label, cut.start, cut.end, cut.end, ignore=bool(cut.fault)) for cut in self.cuts
        )
        session = new_session()
        return Take(
            np.array(times),
            np.stack(values),
            spans,
            right=sum(right) * 2 >= len(right),
            person=self._person,
            session=session,
            source="own",
        )

    @property
    def _done(self) -> int:
        return sum(not cut.fault for cut in self.cuts)

    def _beat(self, now: float) -> tuple[Beat, float]:
        since = now - (self._begun if self._begun is not None else now + self._countdown)
        if since < 0:
            return "wait", -since
        within = since % (_NOW + _REST)
        return ("now", _NOW - within) if within < _NOW else ("rest", _NOW + _REST - within)

    def _cut(self, start: float) -> None:
        """Look at the beat that began at `start`."""
        end = start + _NOW + _REST - 0.2
        rows = [row for row in self._rows if start - 0.3 <= row[0] < end]
        self.cuts.append(cut_motion(rows, start, end))


def cut_motion(rows: list[tuple[float, FloatArray, bool, int]], start: float, end: float) -> Cut:
    """Where the motion is in one beat: `rows` of time, landmarks (21, 3), side and track.

    The first movement that is at least half as strong as the strongest counts; a rest parts it from the way back.
    """
    times = np.array([row[0] for row in rows])
    interval = float(np.median(np.diff(times))) if len(times) > 2 else math.inf
    if len(times) < 4 or (times[-1] - times[0]) < _SEEN_SHARE * (end - start) or interval > 0.15:
        return Cut(start, end, "the hand was not seen")
    if len({row[3] for row in rows}) > 1:
        return Cut(start, end, "two hands were seen")
    speed = _speed(times, np.stack([row[1] for row in rows]))
    if float(speed.max()) < _LEAST_SPEED:
        return Cut(start, end, "nothing moved")
    moving = speed > max(0.25 * float(speed.max()), 0.5 * _LEAST_SPEED)
    first, last = _first_movement(times, speed, moving)
    if last == len(times) - 1:
        return Cut(start, end, "it went on too long")
    length = float(times[last] - times[first])
    if not _SHORTEST <= length <= _LONGEST:
        return Cut(start, end, "it was too short" if length < _SHORTEST else "it went on too long")
    return Cut(float(times[first]), float(times[last]))


def _speed(times: Times, points: FloatArray) -> Times:
    """How fast the hand moves and the fingers bend, in hand sizes a second, smoothed over a tenth of a second."""
    palm = points[:, _PALM]
    centre = palm.mean(axis=1)
    size = float(np.median(np.sqrt(np.square(palm - centre[:, None]).sum(axis=2).mean(axis=1))))
    tips = points[:, _TIPS] - centre[:, None]
    moved = np.linalg.norm(np.gradient(centre[:, :2], times, axis=0), axis=1)
    bent = np.linalg.norm(np.gradient(tips[..., :2], times, axis=0), axis=2).mean(axis=1)
    width = max(1, round(0.1 / float(np.median(np.diff(times)))))
    speed = (moved + bent) / max(size, 1e-6)
    return np.asarray(np.convolve(speed, np.ones(width) / width, mode="same"))


def _first_movement(times: Times, speed: Times, moving: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """First and last frame of the first stretch of movement, pauses shorter than `_PAUSE` included, that is strong."""
    stretches: list[tuple[int, int]] = []
    for place in np.flatnonzero(moving).tolist():
        if stretches and times[place] - times[stretches[-1][1]] <= _PAUSE:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    strongest = float(speed.max())
    return next(
        (first, last) for first, last in stretches if float(speed[first : last + 1].max()) >= 0.5 * strongest
    )


def _height(hand: Hand) -> float:
    """How far up in the picture a hand is held: the one that is held highest is meant."""
    return -float(hand.landmarks[:, 1].mean())
