"""How times spread, and whether two of them differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

__all__ = ["Spread"]

_BLOCKS = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """How a time spreads over `count` frames: mean and percentiles in milliseconds.

    `low` and `high` are the lowest and highest median of five parts of the run, one after the other: what of a
    difference to another run may be the machine's own restlessness.
    """

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    low: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """The spread of times in seconds, in the order in which they were taken; at least one."""
        p50, p95, p99 = np.percentile(seconds, [50, 95, 99]) * 1000
        parts = np.array_split(np.asarray(seconds), min(_BLOCKS, len(seconds)))
        medians = [float(np.median(part)) * 1000 for part in parts]
        return cls(
            len(seconds),
            round(float(np.mean(seconds)) * 1000, 3),
            round(float(p50), 3),
            round(float(p95), 3),
            round(float(p99), 3),
            round(min(medians), 3),
            round(max(medians), 3),
        )
