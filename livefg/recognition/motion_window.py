"""The last moments of a hand or head with their real times: what a motion network looks at.

The network resamples the window on its times by itself, so neither the frame rate nor dropped frames matter here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from livefg.results import FloatArray, Hand

__all__ = ["LONG_AGO", "WINDOW_SECONDS", "History", "as_batch", "own_landmarks"]

WINDOW_SECONDS = 1.6
"""How far back a motion network looks."""
LONG_AGO = -100.0
"""The time given to padding: so long before the window that it counts as unseen."""

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


class History:
    """The newest values of one track, `seconds` back, with their times.

    Of frames that come faster than about 50 a second every other one is left out; the newest is always there.
    """

    __slots__ = ("_rows", "_seconds")

    def __init__(self, seconds: float = WINDOW_SECONDS) -> None:
        self._seconds = seconds
        self._rows: deque[tuple[float, FloatArray]] = deque()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, time: float, value: FloatArray) -> None:
        """Take in the value at `time` (seconds); a time that does not come after the last one is left out."""
        rows = self._rows
        if rows and time <= rows[-1][0]:
            return
        if len(rows) >= 2 and time - rows[-2][0] < _CLOSE:
            rows.pop()
        rows.append((time, value))
        # One sample before the window's beginning is kept, to know what was there at the beginning.
        while len(rows) >= 2 and rows[1][0] <= time - self._seconds:
            rows.popleft()

    def window(self) -> tuple[npt.NDArray[np.float64], FloatArray]:
        """Times (T,) in seconds and values (T, ...) of what is remembered, oldest first."""
        times, values = zip(*self._rows, strict=True)
        return np.array(times), np.stack(values)


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
