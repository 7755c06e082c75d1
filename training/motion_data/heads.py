"""Simulated heads: yaw, pitch and roll of people who nod, shake and tilt, and mostly just look about and talk."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from training.motion_data.actor import RATE, minimum_jerk
from training.motion_data.sessions import LICENCE, SOURCE, filtered
from training.motion_data.takes import Span, Take

__all__ = ["HEAD_MOTIONS", "simulated_head"]

Array = npt.NDArray[np.float64]
_YAW, _PITCH, _ROLL = range(3)


@dataclass(slots=True)
class _Head:
    """A head that is moved along: the pose now in degrees, and the record."""

    rng: np.random.Generator
    tempo: float
    size: float
    pose: Array = field(default_factory=lambda: np.zeros(3))
    parts: list[Array] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    count: int = 0

    @property
    def now(self) -> float:
        return self.count / RATE

    def play(self, rows: Array) -> None:
        self.parts.append(rows)
        self.count += len(rows)

    def hold(self, seconds: float) -> None:
        self.play(np.repeat(self.pose[None], max(1, round(seconds * RATE)), axis=0))

    def move(self, seconds: float, target: Array) -> None:
        count = max(2, round(seconds * RATE))
        way = minimum_jerk(np.arange(1, count + 1) / count, float(np.exp(self.rng.normal(0, 0.2))))
        self.play(self.pose + way[:, None] * (target - self.pose))
        self.pose = target.copy()

    def swing(self, axis: int, rate: float, cycles: float, size: float, fading: float) -> None:
        """To and fro about one axis, a little about the others, getting smaller by the part `fading` 0..1."""
        count = max(4, round(cycles / rate * RATE))
        at = np.arange(1, count + 1) / RATE
        share = at * rate / cycles
        edge = np.minimum(1, np.minimum(share, 1 - share) * cycles * 4)
        beat = np.sin(2 * np.pi * rate * at) * size * (1 - fading * share) * edge
        rows = np.repeat(self.pose[None], count, axis=0)
        rows[:, axis] += beat
        for other in {_YAW, _PITCH, _ROLL} - {axis}:
            rows[:, other] += beat * self.rng.normal(0, 0.10)
        self.play(rows)


def _nod(head: _Head) -> None:
    rng = head.rng
    rate, cycles = float(np.clip(rng.uniform(1.1, 2.8) * head.tempo, 0.9, 3.5)), rng.uniform(1.5, 4)
    start = head.now
    size = head.size * rng.uniform(4, 13) * (-1 if rng.random() < 0.75 else 1)
    head.swing(_PITCH, rate, cycles, size, rng.uniform(0, 0.5))
    head.spans.append(Span("nod", start, head.now, min(head.now, start + 1.4 / rate)))


def _shake(head: _Head) -> None:
    rng = head.rng
    rate, cycles = float(np.clip(rng.uniform(0.9, 2.5) * head.tempo, 0.8, 3.2)), rng.uniform(1.5, 4)
    start = head.now
    size = head.size * rng.uniform(6, 22) * rng.choice([-1, 1])
    head.swing(_YAW, rate, cycles, size, rng.uniform(0, 0.4))
    head.spans.append(Span("shake", start, head.now, min(head.now, start + 1.4 / rate)))


def _tilt(head: _Head) -> None:
    """The head goes to one side, stays a moment and comes back."""
    rng = head.rng
    before = head.pose.copy()
    target = before + rng.normal(0, 3, 3) * [1, 1, 0]
    target[_ROLL] += rng.choice([-1, 1]) * rng.uniform(14, 32)
    start = head.now
    head.move(rng.uniform(0.25, 0.7) / head.tempo, target)
    head.spans.append(Span("tilt", start, head.now, head.now))
    head.hold(rng.uniform(0.4, 1.5))
    head.move(rng.uniform(0.3, 0.9) / head.tempo, before)


HEAD_MOTIONS: dict[str, Callable[[_Head], None]] = {"nod": _nod, "shake": _shake, "tilt": _tilt}
"""The motions of heads that are known, by label."""


def _stay(head: _Head) -> None:
    head.hold(head.rng.uniform(0.4, 2.5))


def _look(head: _Head) -> None:
    """Somewhere else, in one or several turns."""
    rng = head.rng
    for _ in range(int(rng.integers(1, 4))):
        target = np.array([rng.normal(0, 18), rng.normal(-4, 10), rng.normal(0, 4)])
        head.move(rng.uniform(0.2, 0.9) / head.tempo, target)
        head.hold(rng.exponential(0.7) + 0.15)


def _glance(head: _Head) -> None:
    """Down to the keyboard or aside, and back: once, which is neither a nod nor a shake."""
    rng = head.rng
    before = head.pose.copy()
    axis = _PITCH if rng.random() < 0.6 else _YAW
    target = before + rng.normal(0, 2, 3)
    target[axis] += -rng.uniform(5, 25) if axis == _PITCH else rng.choice([-1, 1]) * rng.uniform(8, 35)
    head.move(rng.uniform(0.2, 0.7) / head.tempo, target)
    head.hold(rng.uniform(0.02, 1.5))
    head.move(rng.uniform(0.2, 0.7) / head.tempo, before)
    head.hold(rng.uniform(0.1, 0.8))


def _talk(head: _Head) -> None:
    """The small irregular movements of somebody who talks."""
    rng = head.rng
    for _ in range(int(rng.integers(4, 14))):
        target = head.pose * rng.uniform(0.5, 0.95) + rng.normal(0, 1, 3) * [3.0, 2.6, 2.0] * head.size
        head.move(rng.uniform(0.15, 0.55), target)
        if rng.random() < 0.3:
            head.hold(rng.exponential(0.25))


def _lean(head: _Head) -> None:
    """Slowly to one side, as when one thinks or reads."""
    rng = head.rng
    head.move(rng.uniform(1.1, 2.5), np.array([rng.normal(0, 6), rng.normal(-5, 6), rng.normal(0, 10)]))
    head.hold(rng.uniform(0.5, 2))


def _centre(head: _Head) -> None:
    head.move(head.rng.uniform(0.3, 1.0), head.rng.normal(0, 3, 3))


_IDLE: dict[Callable[[_Head], None], float] = {
    _stay: 1.2,
    _look: 2.0,
    _glance: 1.8,
    _talk: 2.5,
    _lean: 0.7,
    _centre: 1.0,
}


def simulated_head(person: int, session: int, seconds: float = 60.0, share: float = 0.4) -> Take:
    """A head before a camera for about `seconds`; a `share` of its acts are motions. All follows from the numbers."""
    own = np.random.default_rng([zlib.crc32(b"livefg head person"), person])
    tempo, size = np.exp(own.normal(0, 0.2, 2)).tolist()
    rng = np.random.default_rng([zlib.crc32(b"livefg head session"), person, session])
    head = _Head(rng, tempo, size)
    idle, weights = list(_IDLE), np.array(list(_IDLE.values()))
    motions = list(HEAD_MOTIONS.values())
    while head.now < seconds:
        if rng.random() < share:
            if rng.random() < 0.6:
                head.hold(rng.uniform(0.1, 0.8))
            motions[int(rng.integers(len(motions)))](head)
            if rng.random() < 0.7:
                head.hold(rng.uniform(0.1, 1.0))
        else:
            idle[int(rng.choice(len(idle), p=weights / weights.sum()))](head)
    poses = np.concatenate(head.parts)
    count = len(poses)
    sway = filtered(filtered(rng.normal(0, 0.05, (count, 3)), 0.97), 0.85) * rng.uniform(0.3, 1.5)
    error = float(np.exp(rng.uniform(np.log(0.03), np.log(0.8))))
    noise = rng.normal(0, error, (count, 3)) + filtered(rng.normal(0, 1, (count, 3)), 0.92) * error
    # The mesh sees less of a turn than there is, and pitch has an offset of its own.
    seen = poses * rng.uniform(0.7, 1.05) + sway + noise + [0, rng.normal(-8, 6), rng.normal(0, 3)]
    return Take(
        times=np.arange(count) / RATE,
        values=seen.astype(np.float32),
        spans=tuple(head.spans),
        person=f"{SOURCE}-head-{person}",
        session=f"{SOURCE}-head-{person}-{session}",
        source=SOURCE,
        licence=LICENCE,
    )
