"""The One-Euro filter: still when the hand is still, quick when it moves.

Casiez, Roussel and Vogel, "1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive
Systems", CHI 2012.
"""

from __future__ import annotations

import math

import numpy as np

from livefg.results import FloatArray

__all__ = ["OneEuroFilter"]


class OneEuroFilter:
    """Smooths an array over time, each value by itself.

    `min_cutoff` (Hz) is the cut-off at rest: lower is smoother. `beta` (Hz per size and second) raises it with
    speed, measured in sizes of the object a second, so that a hand near the camera and one far away are treated
    alike. `derivative_cutoff` (Hz) smooths the speed itself. Times are in seconds: the result does not depend on
    the frame rate's being constant.
    """

    __slots__ = ("_beta", "_derivative_cutoff", "_min_cutoff", "_speed", "_time", "_value")

    def __init__(self, min_cutoff: float, beta: float, derivative_cutoff: float = 1.0) -> None:
        self._min_cutoff = min_cutoff
        self._beta = beta
        self._derivative_cutoff = derivative_cutoff
        self._value: FloatArray | None = None
        self._speed: FloatArray | None = None
        self._time = 0.0

    def __call__(self, value: FloatArray, time: float, size: float) -> FloatArray:
        """The smoothed value at `time` (seconds) for an object of `size` (in the value's own unit)."""
        if self._value is None or self._speed is None:
            self._value, self._speed, self._time = value, np.zeros_like(value), time
            return value
        interval = time - self._time
        if interval <= 0:
            return self._value
        way = value - self._value
        keep = _weight(self._derivative_cutoff, interval)
        self._speed = self._speed * np.float32(1 - keep) + way * np.float32(
            keep / (interval * max(size, 1e-6))
        )
        turn = 2 * math.pi * interval
        rate = np.abs(self._speed) * np.float32(turn * self._beta) + np.float32(turn * self._min_cutoff)
        self._value = self._value + rate / (rate + np.float32(1)) * way
        self._time = time
        return self._value


def _weight(cutoff: float, interval: float) -> float:
    rate = 2 * math.pi * cutoff * interval
    return rate / (rate + 1)
