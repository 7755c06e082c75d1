"""How fast a hand moves, in lengths of its palm: what is shown is held, what is on its way is not shown yet."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from livefg.results import FloatArray

__all__ = ["Pace", "Palm", "paces", "palm_of"]

Palm = tuple[float, float, float]
"""x and y of a palm's middle, and the palm's length, in pixels."""

_PALM = np.array([0, 5, 9, 13, 17])
_LAG = 0.15
"""Seconds: time constant of the average over velocities."""
_GAP = 0.5
"""Seconds without the hand after which nothing is known of its motion."""


def palm_of(points: FloatArray) -> Palm:
    """The palm of a hand's points (21, 2 or more) in pixels.

    Its length is from the wrist to the middle knuckle, or by the width of the knuckles where that is foreshortened.
    """
    palm = points[_PALM, :2].tolist()
    x, y = (sum(values) / len(palm) for values in zip(*palm, strict=True))
    return x, y, max(math.dist(palm[0], palm[2]), 1.5 * math.dist(palm[1], palm[4]))


class Pace:
    """The speed of one hand's palm from frame to frame, averaged so that points that shake do not count as motion."""

    __slots__ = ("_palm", "_time", "_velocity")

    def __init__(self) -> None:
        self._palm: Palm | None = None
        self._time = -math.inf
        self._velocity = (0.0, 0.0)

    def __call__(self, palm: Palm, now: float) -> float:
        """Take in where the palm is at `now` seconds; gives palm lengths a second (0 at first)."""
        interval = now - self._time
        if self._palm is None or interval > _GAP:
            self._velocity = (0.0, 0.0)
        elif interval > 0:
            weight = 1.0 - math.exp(-interval / _LAG)
            unit = interval * max(palm[2], 1e-6)
            across, down = self._velocity
            across += weight * ((palm[0] - self._palm[0]) / unit - across)
            down += weight * ((palm[1] - self._palm[1]) / unit - down)
            self._velocity = (across, down)
        self._palm, self._time = palm, now
        return math.hypot(*self._velocity)


def paces(times: npt.NDArray[np.float64], palms: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The same of a whole recording, where what comes later counts as much as what came before.

    `times` (N,) are seconds and rise, `palms` (N, 3) are as `palm_of` gives them. Gives palm lengths a second (N,).
    """
    first = np.searchsorted(times, times - _LAG)
    last = np.searchsorted(times, times + _LAG, side="right") - 1
    way = np.linalg.norm(palms[last, :2] - palms[first, :2], axis=1)
    return np.asarray(way / np.maximum(times[last] - times[first], 1e-3) / np.maximum(palms[:, 2], 1e-6))
