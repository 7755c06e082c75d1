"""A simulated person's right hand: a state that is moved along, and a record of what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.motion_data.hand import STATE, Build
from training.motion_data.takes import Span

__all__ = ["POSTURES", "RATE", "Actor", "Habits", "minimum_jerk"]

RATE = 60
"""States a second."""
Array = npt.NDArray[np.float64]

# curl of four fingers, thumb folded, thumb opposed, fan
POSTURES: dict[str, tuple[float, ...]] = {
    "open": (0.02, 0.02, 0.02, 0.02, 0.0, 0.0, 1.0),
    "relaxed": (0.22, 0.26, 0.30, 0.34, 0.1, 0.1, 0.5),
    "flat": (0.02, 0.02, 0.03, 0.05, 0.15, 0.0, 0.2),
    "cupped": (0.35, 0.38, 0.40, 0.42, 0.2, 0.25, 0.4),
    "point": (0.02, 0.92, 0.95, 0.95, 0.75, 0.0, 0.3),
    "two": (0.02, 0.02, 0.95, 0.95, 0.9, 0.0, 0.5),
    "victory": (0.02, 0.02, 0.95, 0.95, 0.9, 0.0, 1.6),
    "three": (0.02, 0.02, 0.02, 0.95, 0.9, 0.0, 0.8),
    "thumb": (0.97, 0.98, 0.98, 0.97, 0.0, 0.0, 0.2),
    "fist": (0.97, 1.0, 1.0, 1.0, 1.0, 0.0, 0.1),
    "horns": (0.02, 0.95, 0.95, 0.04, 0.9, 0.0, 1.0),
    "ring": (0.60, 0.15, 0.10, 0.08, 0.1, 1.0, 0.8),
    "holding": (0.62, 0.64, 0.66, 0.68, 0.2, 0.45, 0.2),
}
_FINGERS = slice(6, 13)


@dataclass(frozen=True, slots=True)
class Habits:
    """What one person does alike each time: how fast and large they move, where they hold the hand, and which way."""

    tempo: float
    size: float
    home: tuple[float, float, float]
    turn: tuple[float, float, float]
    posture: str
    draws_back: float
    returns: float
    sloping: float
    sway: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Habits:
        """Somebody's habits."""
        return cls(
            tempo=float(np.exp(rng.normal(0, 0.22))),
            size=float(np.exp(rng.normal(0, 0.22))),
            home=(float(rng.normal(-0.05, 0.08)), float(rng.normal(0, 0.06)), 0.0),
            turn=(float(rng.normal(0, 0.3)), float(rng.normal(-0.1, 0.3)), _facing(rng)),
            posture=str(
                rng.choice(["open", "relaxed", "flat", "point", "two"], p=[0.35, 0.2, 0.2, 0.15, 0.1])
            ),
            draws_back=float(rng.beta(1.2, 1.8)),
            returns=float(rng.beta(2, 1.2)),
            sloping=float(rng.normal(0, 0.10)),
            sway=float(rng.uniform(0.3, 1.5)),
        )


class Actor:
    """Moves a hand through time.

    `state` (13,) is as `STATE` says, places relative to where the person usually holds the hand. Acts call `move`,
    `hold` and `play`, and `note` what they meant; `states` and `spans` are the record.
    """

    def __init__(self, rng: np.random.Generator, habits: Habits, build: Build) -> None:
        self.rng, self.habits, self.build = rng, habits, build
        self.state = np.zeros(13)
        self.state[STATE["place"]] = habits.home
        self.state[STATE["turn"]] = habits.turn
        self.state[_FINGERS] = self.fingers("relaxed")
        self.spans: list[Span] = []
        self._parts: list[Array] = []
        self._count = 0

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._count / RATE

    @property
    def states(self) -> Array:
        """All states so far (F, 13)."""
        return np.concatenate(self._parts)

    def fingers(self, posture: str) -> Array:
        """The fingers' part of a state (7,) in somebody's version of a posture."""
        wanted = np.array(POSTURES[posture])
        loose = self.rng.normal(0, 0.05, 7) * [1, 1, 1, 1, 1, 0.4, 2]
        return np.asarray(np.clip(wanted + loose, 0, [1, 1, 1, 1, 1, 1, 2]))

    def play(self, states: Array) -> None:
        """Go through states (n, 13)."""
        if len(states):
            self._parts.append(states)
            self._count += len(states)
            self.state = states[-1].copy()

    def hold(self, seconds: float) -> None:
        """Stay."""
        self.play(np.repeat(self.state[None], max(1, round(seconds * RATE)), axis=0))

    def move(self, seconds: float, *, bend: float = 0.0, fingers_early: float = 0.0, **wanted: Any) -> None:
        """Go to new values (by the names in `STATE`, or `fingers` (7,)) in a smooth stroke.

        `bend` curves the way in the picture by that part of its length; `fingers_early` 0..1 lets the fingers arrive
        before the hand.
        """
        target = self.state.copy()
        for name, value in wanted.items():
            target[_FINGERS if name == "fingers" else STATE[name]] = value
        count = max(2, round(seconds * RATE))
        skew = float(np.exp(self.rng.normal(0, 0.2)))
        progress = minimum_jerk(np.arange(1, count + 1) / count, skew)
        states = self.state + progress[:, None] * (target - self.state)
        if fingers_early:
            early = minimum_jerk(np.minimum(1, np.arange(1, count + 1) / count / (1 - fingers_early)), skew)
            states[:, _FINGERS] = self.state[_FINGERS] + early[:, None] * (target - self.state)[_FINGERS]
        way = (target - self.state)[:2]
        states[:, :2] += bend * np.sin(np.pi * progress)[:, None] * np.array([-way[1], way[0]])
        self.play(states)

    def swing(self, seconds: float, offsets: Array) -> None:
        """Add offsets (n, 13), faded in and out, to the state, n being as many as `seconds` take; the state stays."""
        count = max(4, round(seconds * RATE))
        at = np.linspace(0, 1, count)
        fade = np.minimum(1, np.minimum(at, 1 - at) * count / (0.12 * RATE))
        before = self.state.copy()
        rows = np.stack(
            [np.interp(at, np.linspace(0, 1, len(offsets)), column) for column in offsets.T], axis=1
        )
        self.play(before + rows * fade[:, None])
        self.state = before

    def note(self, label: str, start: float, ready: float | None = None, *, ignore: bool = False) -> None:
        """What was done from `start` until now meant `label`; it could be told from `ready` on."""
        self.spans.append(Span(label, start, self.now, self.now if ready is None else ready, ignore))

    def away(self) -> Array:
        """From where the hand is back to about where it belongs (3,)."""
        spread = self.rng.normal(0, [0.06, 0.05, 0.03])
        return np.asarray(np.array(self.habits.home) + spread)

    def duration(self, low: float, high: float) -> float:
        """Some seconds between two bounds, at this person's tempo."""
        return float(self.rng.uniform(low, high) / self.habits.tempo)


def _facing(rng: np.random.Generator) -> float:
    """Which way a palm looks, in radians: mostly to the camera, sometimes to a side, sometimes to its owner."""
    usual = rng.choice([0.0, 1.1, -1.1, np.pi], p=[0.6, 0.15, 0.1, 0.15])
    return float(usual + rng.normal(0, 0.35))


def minimum_jerk(at: Array, skew: float = 1.0) -> Array:
    """The way of a smooth stroke: 0..1 for times 0..1 (Flash and Hogan 1985); `skew` shifts its fastest moment."""
    warped = np.clip(at, 0, 1) ** skew
    return np.asarray(warped**3 * (10 - 15 * warped + 6 * warped**2))
