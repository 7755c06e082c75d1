"""Smoothing that looks both ways: no lag, and less noise than a filter that knows only the past."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from livefg.results import FloatArray

__all__ = ["REACH", "Piece", "smooth_points", "smooth_scores", "smoothing_pieces"]

REACH = 0.25
"""Seconds to either side that count."""

# Widths in seconds of the window for a thing at rest and for one that moves, and the speeds (sizes of the thing a
# second) between which one goes over to the other. At rest the average of a wide window is best; in motion a parabola
# through a narrow one, which neither lags nor cuts corners.
_REST, _MOVING = 0.10, 0.045
_SLOW, _FAST = 0.15, 0.9
_SCORES_WIDTH = 0.08
"""Seconds: width of the bell by which scores are averaged, where nothing else is said."""
_PIECE = 4096


def smooth_points(times: npt.NDArray[np.float64], points: FloatArray, now: float, size: float) -> FloatArray:
    """The points (p, d) at `now` from those (n, p, d) seen at `times` (n,), for a thing of `size` in their unit.

    `now` is one of the times, which are in seconds and rise. Each point goes by its own speed.
    """
    weights = _weights(tuple(np.round(times - now, 4).tolist()))
    still, moving, velocity, bend = (weights @ points.reshape(len(times), -1)).reshape(4, *points.shape[1:])
    # Where a thing turns round it stands still for a moment, though it is far from being at rest.
    speed = np.linalg.norm(velocity[:, :2], axis=1) + _REST * np.linalg.norm(bend[:, :2], axis=1)
    share = np.clip((speed / max(size, 1e-6) - _SLOW) / (_FAST - _SLOW), 0.0, 1.0)[:, None]
    return np.asarray(still + share * (moving - still), np.float32)


class Piece(NamedTuple):
    """The places from `first` up to `end` of a long film, with those around them that are needed to smooth them: from
    `begin` up to `until`.
    """

    first: int
    end: int
    begin: int
    until: int


def smooth_scores(
    times: npt.NDArray[np.float64],
    scores: FloatArray,
    like: npt.NDArray[np.float64] | None = None,
    width: float = _SCORES_WIDTH,
) -> FloatArray:
    """Scores (n, labels) at `times` (n,), each averaged with its neighbours in time by a bell of `width` seconds.

    A piece of a longer film is smoothed `like` the whole, whose times those are: see `smoothing_pieces`.
    """
    if len(times) < 2:
        return scores
    reach = _reach(times if like is None else like, width)
    total = scores.astype(np.float64)
    weights = np.ones(len(times))
    for shift in range(1, min(reach, len(times) - 1) + 1):
        weight = np.exp(-0.5 * ((times[shift:] - times[:-shift]) / width) ** 2)
        total[shift:] += weight[:, None] * scores[:-shift]
        total[:-shift] += weight[:, None] * scores[shift:]
        weights[shift:] += weight
        weights[:-shift] += weight
    return np.asarray(total / weights[:, None], np.float32)


def smoothing_pieces(times: npt.NDArray[np.float64], width: float = _SCORES_WIDTH) -> Iterator[Piece]:
    """The pieces in which scores at `times` (n,) can be smoothed by a bell of `width` seconds."""
    reach = _reach(times, width)
    for first in range(0, len(times), _PIECE):
        end = min(first + _PIECE, len(times))
        yield Piece(first, end, max(0, first - reach), min(len(times), end + reach))


def _reach(times: npt.NDArray[np.float64], width: float) -> int:
    """How many neighbours to either side count."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    return int(np.ceil(3 * width / max(step, 1e-3)))


@lru_cache(maxsize=256)
def _weights(offsets: tuple[float, ...]) -> FloatArray:
    """What to multiply the values at `offsets` seconds with (4, n): to get the value of a thing at rest, that of one
    that moves, its speed, and how the speed changes.
    """
    at = np.array(offsets)
    wide, narrow = np.exp(-0.5 * (at / _REST) ** 2), np.exp(-0.5 * (at / _MOVING) ** 2)
    # At the ends of a track, where all values lie on one side, the average of a window would lag: there it is a line.
    one_sided = abs(float(wide @ at)) > 0.25 * _REST * float(wide.sum())
    curve = _fit(at, wide, 2)
    return np.stack(
        [
            _fit(at, wide, 1)[0] if one_sided else wide / wide.sum(),
            _fit(at, narrow, 2)[0],
            _fit(at, narrow, 1)[1],
            2 * curve[2],
        ]
    ).astype(np.float32)


def _fit(
    offsets: npt.NDArray[np.float64], near: npt.NDArray[np.float64], degree: int
) -> npt.NDArray[np.float64]:
    """Weights (degree + 1, n) for the coefficients of the polynomial that fits best, the constant first.

    Where there are too few values, the higher coefficients are 0.
    """
    scale = max(float(np.abs(offsets).max()), 1e-9)
    used = min(degree, len(offsets) - 1)
    powers = (offsets / scale)[:, None] ** np.arange(used + 1)
    weighted = near[:, None] * powers
    rows = np.linalg.solve(powers.T @ weighted + 1e-9 * np.eye(used + 1), weighted.T)
    rows /= scale ** np.arange(used + 1)[:, None]
    return np.concatenate([rows, np.zeros((degree - used, len(offsets)))])
