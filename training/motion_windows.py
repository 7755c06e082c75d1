"""From takes to windows to learn from: at which moments to look back, and what there is to be seen at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from livefg.recognition.motion_window import LONG_AGO, WINDOW_SECONDS
from training.motion_data.takes import FloatArray, Take
from training.motion_networks import Subject, hand_steps, head_steps

__all__ = ["AFTER", "BEFORE", "Windows", "moments", "raw_windows", "steps_at", "training_windows"]

BEFORE, AFTER = 0.02, 0.25
"""A motion is to be named from so many seconds before it is ready until so many after its end."""
_MOST_FRAMES = 110
_UNCLEAR_BEFORE, _UNCLEAR_AFTER = 0.25, 0.50
_RATES = (10.0, 12.5, 15.0, 15.0, 20.0, 24.0, 25.0, 30.0, 30.0, 30.0, 40.0)
NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Even steps (N, STEPS, channels), what they show (N,) as numbers of labels, and how much each counts (N,)."""

    steps: Tensor
    label: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.label)

    @staticmethod
    def none() -> Windows:
        """No windows."""
        return Windows(torch.zeros((0, 0, 0)), np.zeros(0, np.int64), np.zeros(0, np.float32))

    @staticmethod
    def concatenate(parts: Sequence[Windows]) -> Windows:
        """One after the other."""
        parts = [part for part in parts if len(part)] or [Windows.none()]
        return Windows(
            torch.cat([part.steps for part in parts]),
            np.concatenate([part.label for part in parts]),
            np.concatenate([part.weight for part in parts]),
        )


def raw_windows(take: Take, rows: npt.NDArray[np.integer]) -> tuple[FloatArray, FloatArray]:
    """What `History` holds at the frames `rows` of a take: values (N, T, ...) and times (N, T) of windows."""
    interval = float(np.median(np.diff(take.times))) if len(take.times) > 1 else 1.0
    length = min(_MOST_FRAMES, int(WINDOW_SECONDS / max(interval, 1e-3)) + 6)
    back = rows[:, None] + np.arange(1 - length, 1)
    inside = back >= 0
    back = np.maximum(back, 0)
    times = take.times[back] - take.times[rows][:, None]
    # One sample before the window's beginning stays, as in `History`.
    following = np.concatenate([times[:, 1:], np.zeros((len(rows), 1))], axis=1)
    times = np.where(inside & (following > -WINDOW_SECONDS), times, LONG_AGO)
    return take.values[back], times.astype(np.float32)


def steps_at(take: Take, rows: npt.NDArray[np.integer], subject: Subject = "hand") -> Tensor:
    """What a network sees at the frames `rows` of a take: even steps (N, STEPS, channels)."""
    values, times = (torch.from_numpy(array) for array in raw_windows(take, rows))
    with torch.no_grad():
        if subject == "head":
            return head_steps(values, times)
        return hand_steps(values, times, torch.full((len(rows),), float(take.right)))


def moments(take: Take) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.bool_]]:
    """What each frame of a take shows, and where that is clear.

    A motion is there from shortly before it is ready until shortly after its end; just before and just after that it
    is unclear whether it should be named.
    """
    label = np.full(len(take.times), NONE, dtype="<U40")
    clear = np.ones(len(take.times), bool)
    times = take.times
    for span in take.spans:
        near = (times >= min(span.ready - _UNCLEAR_BEFORE, span.end)) & (times <= span.end + _UNCLEAR_AFTER)
        clear &= ~near
        if span.ignore:
            clear &= ~((times >= span.start) & (times <= span.end + _UNCLEAR_AFTER))
    for span in take.spans:
        if not span.ignore:
            mine = (times >= span.ready - BEFORE) & (times <= span.end + AFTER)
            label[mine], clear[mine] = span.label, True
    return label, clear


def training_windows(
    takes: Sequence[Take],
    labels: Sequence[str],
    rng: np.random.Generator,
    subject: Subject = "hand",
    per_motion: int = 6,
    per_second: float = 2.0,
) -> Windows:
    """Windows of takes, each seen by a camera of some frame rate that loses some frames.

    `per_motion` windows show each motion; `per_second` show none, half of them close to a motion, where it is hard.
    """
    return Windows.concatenate(
        [part for take in takes for part in _windows_of(take, labels, rng, subject, per_motion, per_second)]
    )


def _windows_of(
    take: Take,
    labels: Sequence[str],
    rng: np.random.Generator,
    subject: Subject,
    per_motion: int,
    per_second: float,
) -> Iterator[Windows]:
    # The network sees left hands as right ones, for which its answer is the mirrored label.
    take = take if take.right else take.mirrored()
    filmed = take.sampled(float(rng.choice(_RATES)), rng, float(rng.choice([0, 0, 0.05, 0.1, 0.2])))
    if len(filmed.times) < 3:
        return
    shown, clear = moments(filmed)
    known = np.isin(shown, list(labels)) & clear
    chosen: list[int] = []
    for span in filmed.spans:
        mine = np.flatnonzero(
            known
            & (filmed.times >= span.ready - BEFORE)
            & (filmed.times <= span.end + AFTER)
            & (shown == span.label)
        )
        chosen += rng.choice(mine, min(per_motion, len(mine)), replace=False).tolist() if len(mine) else []
    nothing = known & (shown == NONE)
    near = np.zeros(len(shown), bool)
    for span in filmed.spans:
        near |= (filmed.times > span.start) & (filmed.times < span.end + 1.5)
    wanted = round(per_second * take.duration)
    for rows in (np.flatnonzero(nothing & near), np.flatnonzero(nothing)):
        chosen += rng.choice(rows, min(wanted // 2, len(rows)), replace=False).tolist() if len(rows) else []
    if chosen:
        rows = np.array(sorted(chosen))
        number = {label: place for place, label in enumerate(labels)}
        target = np.array([number[label] for label in shown[rows].tolist()], np.int64)
        yield Windows(steps_at(filmed, rows, subject), target, np.ones(len(rows), np.float32))
