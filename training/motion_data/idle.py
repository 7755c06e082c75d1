"""What hands do without meaning anything: the negatives, which decide whether a detector can be lived with."""

from __future__ import annotations

import numpy as np

from training.motion_data.actor import RATE, Actor
from training.motion_data.hand import STATE

__all__ = ["IDLE", "enter", "leave"]

_STILL = [
    "open",
    "relaxed",
    "flat",
    "cupped",
    "point",
    "two",
    "victory",
    "three",
    "thumb",
    "horns",
    "holding",
]


def enter(actor: Actor) -> None:
    """A hand that was out of sight comes up (or in from the side) to where it is held."""
    rng = actor.rng
    goal = actor.away()
    side = rng.random() < 0.3
    actor.state[STATE["place"]] = goal + (
        [-rng.uniform(0.35, 0.6), rng.normal(0.1, 0.15), 0]
        if side
        else [rng.normal(0, 0.12), rng.uniform(0.35, 0.65), 0]
    )
    actor.state[6:13] = actor.fingers("relaxed")
    posture = str(rng.choice(_STILL))
    actor.move(
        float(rng.uniform(0.35, 1.1) / actor.habits.tempo),
        place=goal,
        fingers=actor.fingers(posture),
        bend=rng.normal(0, 0.2),
        fingers_early=rng.uniform(0, 0.5),
    )


def leave(actor: Actor) -> None:
    """The hand goes down, or aside, out of sight."""
    rng = actor.rng
    side = rng.random() < 0.25
    way = (
        [-rng.uniform(0.4, 0.7), rng.normal(0.1, 0.15), 0]
        if side
        else [rng.normal(0, 0.15), rng.uniform(0.45, 0.8), 0]
    )
    actor.move(
        float(rng.uniform(0.3, 1.0) / actor.habits.tempo),
        place=actor.state[STATE["place"]] + way,
        fingers=actor.fingers("relaxed"),
        bend=rng.normal(0, 0.2),
    )


def _stay(actor: Actor) -> None:
    actor.hold(actor.rng.uniform(0.5, 3.0))


def _wander(actor: Actor) -> None:
    """To another place, not in a hurry."""
    rng = actor.rng
    length = rng.uniform(0.04, 0.35)
    angle = rng.uniform(-np.pi, np.pi)
    way = np.array([length * np.cos(angle), length * np.sin(angle), rng.normal(0, 0.08)])
    pull = 0.5 * (np.array(actor.habits.home) - actor.state[STATE["place"]])
    seconds = float(np.linalg.norm(way)) / rng.uniform(0.10, 0.38)
    actor.move(
        max(0.3, seconds),
        place=actor.state[STATE["place"]] + way + pull,
        bend=rng.normal(0, 0.2),
        turn=np.array(actor.habits.turn) + rng.normal(0, 0.3, 3),
    )


def _slanting(actor: Actor) -> None:
    """A quick stroke half way between two directions, which is none of them."""
    rng = actor.rng
    angle = rng.choice([-3, -1, 1, 3]) * np.pi / 4 + rng.normal(0, 0.09)
    length = rng.uniform(0.12, 0.35)
    way = np.array([length * np.cos(angle), length * np.sin(angle), rng.normal(0, 0.05)])
    actor.move(
        length / rng.uniform(0.4, 1.2), place=actor.state[STATE["place"]] + way, bend=rng.normal(0, 0.15)
    )
    actor.hold(rng.uniform(0, 0.4))
    actor.move(actor.duration(0.4, 1.0), place=actor.away(), bend=rng.normal(0, 0.2))


def _talk(actor: Actor) -> None:
    """Talking with the hands: beats of all directions and sizes, fingers that open and close by half."""
    rng = actor.rng
    lively = rng.uniform(0.5, 1.5)
    for _ in range(int(rng.integers(3, 10))):
        length = min(0.13, rng.gamma(2.0, 0.03) * lively)
        angle = rng.normal(np.pi / 2, 0.6) if rng.random() < 0.45 else rng.uniform(-np.pi, np.pi)
        way = np.array([length * np.cos(angle), length * np.sin(angle), rng.normal(0, 0.05)])
        pull = 0.35 * (np.array(actor.habits.home) - actor.state[STATE["place"]])
        half = actor.fingers(
            str(rng.choice(["relaxed", "cupped", "open", "point", "holding"], p=[0.4, 0.25, 0.2, 0.1, 0.05]))
        )
        actor.move(
            max(float(rng.uniform(0.16, 0.5)), float(np.linalg.norm((way + pull)[:2])) / 0.6),
            place=actor.state[STATE["place"]] + way + pull,
            bend=rng.normal(0, 0.4),
            turn=np.array(actor.habits.turn) + rng.normal(0, 0.35, 3),
            fingers=actor.state[6:13] + rng.uniform(0.2, 0.7) * (half - actor.state[6:13]),
        )
        if rng.random() < 0.4:
            back = actor.state[STATE["place"]] - way * rng.uniform(0.7, 1.1)
            actor.move(float(rng.uniform(0.16, 0.5)), place=back, bend=rng.normal(0, 0.4))
        if rng.random() < 0.35:
            actor.hold(rng.exponential(0.3))


def _explain(actor: Actor) -> None:
    """A wide sweep while explaining: as long as a swipe, but slower."""
    rng = actor.rng
    length = rng.uniform(0.18, 0.4)
    angle = rng.choice([0, np.pi]) + rng.normal(0, 0.4)
    way = np.array([length * np.cos(angle), length * np.sin(angle), rng.normal(0, 0.1)])
    actor.move(
        length / rng.uniform(0.15, 0.36),
        place=actor.state[STATE["place"]] + way,
        bend=rng.normal(0, 0.4),
        turn=np.array(actor.habits.turn) + rng.normal(0, 0.4, 3),
    )
    if rng.random() < 0.5:
        actor.hold(rng.uniform(0.1, 0.8))
    actor.move(actor.duration(0.6, 1.4), place=actor.away(), bend=rng.normal(0, 0.3))


def _touch(actor: Actor) -> None:
    """Up to the face, a touch or a scratch there, and back."""
    rng = actor.rng
    before = actor.state[STATE["place"]].copy()
    goal = before + np.array([rng.uniform(0.0, 0.3), -rng.uniform(0.1, 0.35), rng.normal(0.05, 0.05)])
    posture = str(rng.choice(["relaxed", "cupped", "point", "holding"]))
    actor.move(
        actor.duration(0.45, 1.0),
        place=goal,
        fingers=actor.fingers(posture),
        bend=rng.normal(0.1, 0.25),
        turn=rng.normal(0, 0.5, 3),
    )
    if rng.random() < 0.6:
        _scratch(actor)
    else:
        actor.hold(rng.uniform(0.2, 2.0))
    actor.move(
        actor.duration(0.45, 1.0),
        place=actor.away(),
        fingers=actor.fingers("relaxed"),
        bend=rng.normal(0.1, 0.25),
        turn=np.array(actor.habits.turn),
    )


def _stir(actor: Actor) -> None:
    """Fingers that go round or to and fro on a small spot, whichever way the hand points: stirring, writing."""
    rng = actor.rng
    posture = str(rng.choice(["point", "holding", "relaxed", "flat", "cupped"]))
    before = np.array(actor.habits.turn)
    actor.move(actor.duration(0.4, 0.9), fingers=actor.fingers(posture), turn=_any_turn(actor))
    seconds, rate = rng.uniform(0.8, 3.5), rng.uniform(1.0, 4.0)
    at = np.linspace(0, seconds, max(8, round(seconds * RATE)))
    offsets = np.zeros((len(at), 13))
    first, second = np.sin(2 * np.pi * rate * at), np.cos(2 * np.pi * rate * at)
    offsets[:, :2] = first[:, None] * rng.normal(0, 0.007, 2) + second[:, None] * rng.normal(0, 0.007, 2)
    offsets[:, 3:6] = first[:, None] * rng.normal(0, 0.10, 3) + second[:, None] * rng.normal(0, 0.10, 3)
    offsets[:, 6:10] = np.abs(rng.normal(0, 0.05)) * first[:, None]
    actor.swing(seconds, offsets)
    actor.move(actor.duration(0.4, 0.9), fingers=actor.fingers("relaxed"), turn=before)


def _hold_oddly(actor: Actor) -> None:
    """A hand held and moved about with its fingers to a side or down."""
    rng = actor.rng
    before = np.array(actor.habits.turn)
    actor.move(
        actor.duration(0.4, 1.0), turn=_any_turn(actor), fingers=actor.fingers(str(rng.choice(_STILL)))
    )
    for _ in range(int(rng.integers(1, 5))):
        goal = actor.state[STATE["place"]] + rng.normal(0, 0.05, 3)
        actor.move(
            actor.duration(0.25, 0.8), place=goal, turn=actor.state[STATE["turn"]] + rng.normal(0, 0.25, 3)
        )
        actor.hold(rng.exponential(0.3))
    actor.move(actor.duration(0.4, 1.0), turn=before, place=actor.away())


def _any_turn(actor: Actor) -> np.ndarray:
    rng = actor.rng
    return np.array(
        [rng.uniform(-np.pi, np.pi), rng.normal(0, 0.5), rng.choice([0, np.pi]) + rng.normal(0, 0.6)]
    )


def _scratch(actor: Actor) -> None:
    """Small and quick to and fro."""
    rng = actor.rng
    seconds, rate = rng.uniform(0.4, 2.0), rng.uniform(3.5, 7.0)
    at = np.linspace(0, seconds, max(8, round(seconds * RATE)))
    offsets = np.zeros((len(at), 13))
    angle = rng.uniform(0, np.pi)
    wide = rng.uniform(0.002, 0.014)
    beat = np.sin(2 * np.pi * rate * at + 0.5 * np.sin(at * 3))
    offsets[:, 0], offsets[:, 1] = wide * np.cos(angle) * beat, wide * np.sin(angle) * beat
    offsets[:, 6:10] = rng.uniform(0, 0.15) * beat[:, None]
    actor.swing(seconds, offsets)


def _fidget(actor: Actor) -> None:
    """Fingers that play."""
    rng = actor.rng
    for _ in range(int(rng.integers(2, 8))):
        wanted = actor.state[6:13].copy()
        wanted[:4] = np.clip(wanted[:4] + rng.normal(0, 0.18, 4), 0, 0.8)
        wanted[4:6] = np.clip(wanted[4:6] + rng.normal(0, 0.12, 2), 0, 0.5)
        actor.move(
            float(rng.uniform(0.12, 0.5)),
            fingers=wanted,
            place=actor.state[STATE["place"]] + rng.normal(0, 0.008, 3),
        )


def _show(actor: Actor) -> None:
    """Another posture, shown and held: it moves fingers and means no motion (a fist would be a grab)."""
    rng = actor.rng
    actor.move(
        actor.duration(0.25, 0.8),
        fingers=actor.fingers(str(rng.choice(_STILL))),
        turn=np.array(actor.habits.turn) + rng.normal(0, 0.2, 3),
    )
    actor.hold(rng.uniform(0.3, 1.8))


def _turn(actor: Actor) -> None:
    """The wrist turns and turns back."""
    rng = actor.rng
    before = actor.state[STATE["turn"]].copy()
    actor.move(actor.duration(0.25, 0.8), turn=before + rng.normal(0, 0.7, 3))
    actor.hold(rng.uniform(0, 0.6))
    actor.move(actor.duration(0.25, 0.8), turn=before)


def _near(actor: Actor) -> None:
    """Towards the camera, as to touch the screen or the mouse, and back."""
    rng = actor.rng
    before = actor.state[STATE["place"]].copy()
    actor.move(
        actor.duration(0.35, 1.0),
        place=before + np.array([rng.normal(0, 0.06), rng.normal(0.03, 0.06), -rng.uniform(0.08, 0.2)]),
    )
    actor.hold(rng.uniform(0.1, 1.0))
    actor.move(actor.duration(0.35, 1.0), place=before + rng.normal(0, 0.03, 3))


def _once(actor: Actor) -> None:
    """One to and fro, which is no wave yet, or a part of a circle, which is none."""
    rng = actor.rng
    before = actor.state[STATE["place"]].copy()
    radius = rng.uniform(0.03, 0.12)
    if rng.random() < 0.5:
        goal = before + np.array([rng.choice([-1, 1]) * min(0.13, 1.3 * radius), rng.normal(0, 0.02), 0])
        actor.move(actor.duration(0.25, 0.5), place=goal)
        actor.move(actor.duration(0.25, 0.5), place=before)
        actor.hold(rng.uniform(0.3, 0.8))
        return
    share, begin, sign = rng.uniform(0.2, 0.6), rng.uniform(-np.pi, np.pi), rng.choice([-1, 1])
    count = max(8, round(actor.duration(0.6, 1.4) * share * RATE))
    angle = begin + sign * 2 * np.pi * share * np.linspace(0, 1, count)
    states = np.repeat(actor.state[None], count, axis=0)
    states[:, 0] += radius * (np.cos(angle) - np.cos(begin))
    states[:, 1] += radius * (np.sin(angle) - np.sin(begin))
    actor.play(states)
    actor.hold(rng.uniform(0.2, 0.8))


def _hang(actor: Actor) -> None:
    """The arm is let down beside the body and, after a while, comes up again, all of it perhaps in view."""
    rng = actor.rng
    down = np.array(actor.habits.home) + np.array(
        [rng.normal(-0.05, 0.06), rng.uniform(0.3, 0.55), rng.normal(0, 0.05)]
    )
    turn = np.array([np.pi + rng.normal(0, 0.4), 0, rng.choice([-1.2, 0.3]) + rng.normal(0, 0.3)])
    actor.move(
        float(rng.uniform(0.4, 1.1) / actor.habits.tempo),
        place=down,
        turn=turn,
        fingers=actor.fingers("relaxed"),
        bend=rng.normal(0, 0.2),
    )
    if rng.random() < 0.4:
        _swing_arm(actor)
    else:
        actor.hold(rng.uniform(0.3, 2.5))
    actor.move(
        float(rng.uniform(0.45, 1.2) / actor.habits.tempo),
        place=actor.away(),
        turn=np.array(actor.habits.turn) + rng.normal(0, 0.2, 3),
        fingers=actor.fingers(str(rng.choice(_STILL))),
        bend=rng.normal(0, 0.2),
    )


def _swing_arm(actor: Actor) -> None:
    """The arm of somebody who walks or shifts their weight."""
    rng = actor.rng
    seconds, rate = rng.uniform(0.8, 3.0), rng.uniform(0.6, 2.0)
    at = np.linspace(0, seconds, max(8, round(seconds * RATE)))
    beat = np.sin(2 * np.pi * rate * at + 0.4 * np.sin(at * 2))
    offsets = np.zeros((len(at), 13))
    offsets[:, :3] = beat[:, None] * rng.normal(0, [0.02, 0.012, 0.05])
    offsets[:, 3:6] = beat[:, None] * rng.normal(0, 0.12, 3)
    actor.swing(seconds, offsets)


def _pause_gesture(actor: Actor) -> None:
    """A stroke begun and given up, or a hand that stops short: half a swipe at half the speed."""
    rng = actor.rng
    angle = rng.choice(4) * np.pi / 2 + rng.normal(0, 0.2)
    length = rng.uniform(0.04, 0.11)
    before = actor.state[STATE["place"]].copy()
    actor.move(
        rng.uniform(0.2, 0.5), place=before + np.array([length * np.cos(angle), length * np.sin(angle), 0])
    )
    actor.hold(rng.uniform(0.1, 0.6))
    actor.move(actor.duration(0.35, 0.8), place=before)


def _go(actor: Actor) -> None:
    """Out of sight, and back after a while."""
    leave(actor)
    actor.hold(actor.rng.uniform(0.3, 1.5))
    enter(actor)
    if actor.rng.random() < 0.6:
        actor.hold(actor.rng.uniform(0.1, 0.8))


IDLE = {
    _stay: 1.0,
    _wander: 1.5,
    _slanting: 0.6,
    _talk: 2.2,
    _explain: 0.8,
    _touch: 1.2,
    _scratch: 0.5,
    _fidget: 0.8,
    _show: 1.0,
    _turn: 0.5,
    _near: 0.5,
    _once: 0.9,
    _go: 1.5,
    _hang: 1.2,
    _pause_gesture: 0.7,
    _stir: 0.8,
    _hold_oddly: 1.0,
}
"""What a hand does between motions, and how often."""
