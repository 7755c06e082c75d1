"""The last moments of a hand or head with their real times: what a motion network looks at.

The network resamples the window on its times by itself, so neither the frame rate nor dropped frames matter here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from livefg.results import FloatArray, Hand

__all__ = [
    "LONG_AGO",
    "LOOK_SECONDS",
    "WINDOW_SECONDS",
    "History",
    "as_batch",
    "is_due",
    "looks",
    "own_landmarks",
]

WINDOW_SECONDS = 1.6
"""How far back a motion network looks."""
LONG_AGO = -100.0
"""The time given to padding: so long before the window that it counts as unseen."""

LOOK_SECONDS = 0.039
"""A motion network is asked again after so long at the earliest."""

_CLOSE = 0.040


def own_landmarks(hand: Hand, mirrored: bool) -> FloatArray:
    """A hand's landmarks (21, 3) as in a picture that is not mirrored, where the person's left is to the right.

    The unsmoothed ones where there are any: smoothing would delay the motion.
    """
    points = hand.landmarks if hand.raw_landmarks is None else hand.raw_landmarks
    if not mirrored:
        return points
    turned = points.copy()
    turned[:, 0] *= -1
    return turned


def looks(times: Iterable[float]) -> list[int]:
    """The places among `times` (seconds, rising) at which a network is asked, the first among them.

    A camera of 30 frames a second has it asked in every second frame; the window holds all frames all the same.
    """
    places: list[int] = []
    last = -math.inf
    for place, time in enumerate(times):
        if is_due(time, last):
            places.append(place)
            last = time
    return places


def is_due(now: float, last: float) -> bool:
    """Whether a network that was asked at `last` (seconds) is to be asked at `now`."""
    return not 0 <= now - last < LOOK_SECONDS


class History:
    """The newest values of one track, `seconds` back, with their times.

    Of frames that come faster than about 50 a second every other one is left out; the newest is always there.
    """

    __slots__ = ("_begin", "_end", "_room", "_seconds", "_times", "_values")

    def __init__(self, seconds: float = WINDOW_SECONDS) -> None:
        self._seconds = seconds
        # Twice what it can ever hold, so that it moves to the front only now and then.
        self._room = 2 * math.ceil(2 * seconds / _CLOSE) + 8
        self._begin = self._end = 0
        self._times = np.zeros(self._room)
        self._values = np.zeros((self._room, 0), np.float32)

    def __len__(self) -> int:
        return self._end - self._begin

    def add(self, time: float, value: FloatArray) -> None:
        """Take in the value at `time` (seconds); a time that does not come after the last one is left out."""
        times, length = self._times, len(self)
        if length and time <= times[self._end - 1]:
            return
        if not length:
            self._values = np.zeros((self._room, *value.shape), np.float32)
        if length >= 2 and time - times[self._end - 2] < _CLOSE:
            self._end -= 1
        if self._end == self._room:
            self._move_to_the_front()
        self._times[self._end], self._values[self._end] = time, value
        self._end += 1
        # One sample before the window's beginning is kept, to know what was there at the beginning.
        while len(self) >= 2 and self._times[self._begin + 1] <= time - self._seconds:
            self._begin += 1

    def window(self) -> tuple[npt.NDArray[np.float64], FloatArray]:
        """Times (T,) in seconds and values (T, ...) of what is remembered, oldest first, until something is added."""
        return self._times[self._begin : self._end], self._values[self._begin : self._end]

    def _move_to_the_front(self) -> None:
        length = len(self)
        for rows in (self._times, self._values):
            rows[:length] = rows[self._begin : self._end].copy()
        self._begin, self._end = 0, length


def as_batch(
    windows: Sequence[tuple[npt.NDArray[np.float64], FloatArray]],
) -> tuple[FloatArray, FloatArray]:
    """Windows of different lengths side by side: values (N, T, ...) float32 and times (N, T) float32.

    Times are relative to each window's newest; shorter windows are filled up in front with `LONG_AGO`.
    """
    longest = max(len(times) for times, _ in windows)
    values = np.zeros((len(windows), longest, *windows[0][1].shape[1:]), np.float32)
    when = np.full((len(windows), longest), LONG_AGO, np.float32)
    for row, (times, seen) in enumerate(windows):
        values[row, longest - len(times) :] = seen
        when[row, longest - len(times) :] = times - times[-1]
    return values, when
