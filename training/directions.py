"""Gestures that are what they are by where they point: a thumb up turned on its side is no thumb up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.samples import FloatArray, Samples

__all__ = ["Direction", "off_by", "point_where_named", "relabel_turned"]

_DOUBT = 10.0
"""Degrees between the last that still counts as the gesture and the first that surely is something else."""


@dataclass(frozen=True, slots=True)
class Direction:
    """`label` holds while the line from point `first` to point `last` has `angle`, else it is `otherwise`.

    `angle` is in degrees from straight up, clockwise on the picture; it may be off by `within` degrees.
    """

    label: str
    first: int
    last: int
    angle: float
    within: float
    otherwise: str


def off_by(landmarks: FloatArray, direction: Direction) -> npt.NDArray[np.float64]:
    """Degrees 0..180 between where hands (N, 21, 2 or 3) point and where the gesture points, for each hand."""
    line = landmarks[:, direction.last, :2] - landmarks[:, direction.first, :2]
    angle = np.degrees(np.arctan2(line[:, 0], -line[:, 1])) - direction.angle
    return np.asarray(np.abs((angle + 180) % 360 - 180))


def relabel_turned(
    landmarks: FloatArray,
    label: npt.NDArray[np.int64],
    labels: Sequence[str],
    directions: Sequence[Direction],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """What hands (N, 21, 2 or 3) are after they were turned: label numbers, and which of them are beyond doubt.

    `label` (N,) are numbers in `labels`; a hand between two names is in doubt.
    """
    changed, sure = label.copy(), np.ones(len(label), bool)
    for direction in directions:
        if direction.label not in labels or direction.otherwise not in labels:
            continue
        mine = label == labels.index(direction.label)
        angle = off_by(landmarks, direction)
        changed[mine & (angle > direction.within + _DOUBT)] = labels.index(direction.otherwise)
        sure &= ~(mine & (angle > direction.within) & (angle <= direction.within + _DOUBT))
    return changed, sure


def point_where_named(samples: Samples, directions: Sequence[Direction]) -> Samples:
    """The samples with labels that fit where they point; those between two names are left out."""
    names = sorted(
        {*samples.label.tolist(), *(one.otherwise for one in directions), *(one.label for one in directions)}
    )
    numbers = np.array([names.index(name) for name in samples.label.tolist()], np.int64)
    changed, sure = relabel_turned(samples.landmarks, numbers, names, directions)
    label = np.array([names[number] for number in changed.tolist()], np.str_)
    return replace(samples, label=label).take(sure)
