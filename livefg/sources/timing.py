"""Media time: a strictly increasing time for every frame of a recording, whatever its time stamps are."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Cadence", "MediaClock", "cadence"]

_JUMP = 0.5
"""Seconds back that mean that a recording's clock was set anew, not that two frames changed places."""
_GAP = 1.75
"""Periods between two frames that mean that there should be another between them."""
_MOST_FPS = 1000.0


class Cadence(NamedTuple):
    """How frames follow each other: mean frames a second, and whether the intervals vary."""

    fps: float | None
    variable: bool


def cadence(times: Sequence[float], declared: Fraction | None) -> Cadence:
    """Judge the frame rate from the first time stamps (seconds, any order) and the rate a file declares.

    The declared rate is kept, exactly, where the time stamps bear it out: some containers declare their
    clock's resolution, or a rate that the frames do not keep.
    """
    ordered = sorted(times)
    steps = [later - earlier for earlier, later in pairwise(ordered) if later > earlier]
    rate = float(declared) if declared and 0 < declared <= _MOST_FPS else None
    if len(steps) < 3:
        return Cadence(rate, variable=False)
    steps.sort()
    # A container's clock may round to 1 ms or 10 ms: only a spread well beyond that is a varying rate.
    low, high = steps[len(steps) // 20], steps[-1 - len(steps) // 20]
    variable = high - low > max(0.35 * statistics.median(steps), 0.004)
    measured = len(steps) / sum(steps)
    kept = rate is not None and 0.9 < rate / measured < 1.1
    return Cadence(rate if kept else measured, variable)


class MediaClock:
    """Turns time stamps into media time in seconds: 0 at `origin`, strictly increasing.

    A frame without a usable time stamp comes one `period` after the one before; two that changed places keep
    their order of decoding; a clock that was set back continues where it was. `absent` and `moved` count such
    frames; `missing` counts those that a steady rate would have put into the gaps.
    """

    def __init__(self, origin: Fraction, period: float) -> None:
        self.absent = 0
        self.moved = 0
        self.missing = 0
        self._origin = origin
        self.period = period
        self.last = 0.0
        self._begun = False
        self._last_pts: Fraction | float = float("-inf")
        self._last_dts: Fraction | float = float("-inf")
        self._bad_pts = self._bad_dts = 0

    def stamp(self, pts: Fraction | None, dts: Fraction | None) -> float:
        """Media time in seconds of the frame with these presentation and decoding time stamps (seconds)."""
        chosen = self._better(pts, dts)
        time = None if chosen is None else float(chosen - self._origin)
        if not self._begun:
            self._begun = True
            if time is None or time < 0:
                self._origin += Fraction(time or 0)
                time = 0.0
        elif time is None:
            time = self.last + self.period
            self.absent += 1
        elif time <= self.last:
            self.moved += 1
            if time < self.last - _JUMP:
                self._origin += Fraction(time - self.last - self.period)
                time = self.last + self.period
            else:
                time = self.last + min(self.period / 4, 0.001)
        elif time - self.last > _GAP * self.period:
            self.missing += round((time - self.last) / self.period) - 1
        self.last = time
        return time

    def _better(self, pts: Fraction | None, dts: Fraction | None) -> Fraction | None:
        """The stamp that went backwards less often so far (as FFmpeg's best-effort time stamp)."""
        if dts is not None:
            self._bad_dts += dts <= self._last_dts
            self._last_dts = dts
        if pts is not None:
            self._bad_pts += pts <= self._last_pts
            self._last_pts = pts
        if pts is not None and (dts is None or self._bad_pts <= self._bad_dts):
            return pts
        return dts if dts is not None else pts
