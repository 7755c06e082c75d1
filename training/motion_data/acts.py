"""What hands do: motions that are meant, each with its true beginning and end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from training.motion_data.actor import RATE, Actor
from training.motion_data.hand import STATE

__all__ = ["MOTIONS", "Act"]

Act = Callable[[Actor], None]

_WAYS = {
    "swipe_left": (1.0, 0.0),
    "swipe_right": (-1.0, 0.0),
    "swipe_up": (0.0, -1.0),
    "swipe_down": (0.0, 1.0),
}


def _swipe(label: str) -> Act:
    def act(actor: Actor) -> None:
        rng, habits = actor.rng, actor.habits
        angle = rng.normal(habits.sloping, 0.14)
        x, y = _WAYS[label]
        way = np.array([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), 0.0])
        way[2] = rng.normal(0, 0.15)
        # From the elbow, or now and then from the shoulder, with the whole arm.
        whole_arm = rng.random() < 0.25
        length = habits.size * (rng.uniform(0.55, 0.95) if whole_arm else rng.uniform(0.20, 0.55))
        length = max(0.19, length * (0.85 if y else 1.0))
        # Slower than 0.6 m/s it is a sweep that somebody makes while explaining.
        seconds = length / max(0.7, habits.tempo * rng.uniform(0.6, 1.7) * (1.4 if whole_arm else 1.0))
        seconds = float(np.clip(seconds, 0.16, 0.85))
        if rng.random() < 0.15:
            _come_up(actor, habits.posture)
        else:
            _get_ready(actor, habits.posture)
        if rng.random() < habits.draws_back:
            # Not in a hurry: drawing back as quickly as striking would be a stroke of its own.
            way_back = length * rng.uniform(0.25, 0.7)
            seconds_back = max(0.25, way_back / rng.uniform(0.15, 0.5))
            actor.move(
                seconds_back, place=actor.state[STATE["place"]] - way * way_back, bend=rng.normal(0, 0.15)
            )
            if rng.random() < 0.6:
                actor.hold(rng.uniform(0.03, 0.25))
        turn = actor.state[STATE["turn"]] + rng.normal(0, 0.25, 3)
        start = actor.now
        actor.move(
            seconds,
            place=actor.state[STATE["place"]] + way * length,
            turn=turn + np.array([0.5 * x * rng.normal(0.5, 0.5), 0.4 * y * rng.normal(0.5, 0.5), 0]),
            bend=rng.normal(0, 0.12),
        )
        actor.note(label, start)
        _after_stroke(actor, way, length)

    return act


def _come_up(actor: Actor, posture: str) -> None:
    """From where the arm hangs straight to where the motion begins, all of it one flow."""
    rng = actor.rng
    down = np.array(actor.habits.home) + np.array([rng.normal(-0.05, 0.06), rng.uniform(0.25, 0.5), 0.0])
    actor.move(actor.duration(0.6, 1.1), place=down, fingers=actor.fingers("relaxed"))
    actor.hold(rng.uniform(0.3, 1.2))
    actor.move(
        actor.duration(0.45, 0.9),
        place=actor.away(),
        fingers=actor.fingers(posture),
        turn=np.array(actor.habits.turn) + rng.normal(0, 0.2, 3),
        bend=rng.normal(0, 0.25),
    )
    if rng.random() < 0.5:
        actor.hold(rng.uniform(0.02, 0.15))


def _get_ready(actor: Actor, posture: str) -> None:
    """Often the hand takes its shape and waits a moment; sometimes it goes at once."""
    rng = actor.rng
    if rng.random() < 0.75:
        actor.move(
            actor.duration(0.25, 0.7),
            fingers=actor.fingers(posture),
            turn=np.array(actor.habits.turn) + rng.normal(0, 0.15, 3),
        )
    if rng.random() < 0.6:
        actor.hold(rng.uniform(0.05, 0.8))


def _after_stroke(actor: Actor, way: np.ndarray, length: float) -> None:
    """What follows a stroke: a pause, the way back, going down, or nothing."""
    rng = actor.rng
    if rng.random() < 0.75:
        actor.hold(rng.uniform(0.02, 0.6))
    if rng.random() < actor.habits.returns:
        back = actor.state[STATE["place"]] - way * length * rng.uniform(0.6, 1.1) + rng.normal(0, 0.03, 3)
        # Nobody can tell a way back as quick as a swipe, long after it, from another swipe; so those are not made.
        actor.move(actor.duration(0.3, 1.0), place=back, bend=rng.normal(0, 0.2))
    elif rng.random() < 0.5:
        actor.move(
            actor.duration(0.5, 1.2),
            place=actor.away(),
            fingers=actor.fingers("relaxed"),
            bend=rng.normal(0, 0.2),
        )


def _wave(actor: Actor) -> None:
    rng, habits = actor.rng, actor.habits
    _get_ready(actor, str(rng.choice(["open", "flat", "relaxed"], p=[0.7, 0.15, 0.15])))
    rate = float(np.clip(rng.uniform(1.3, 3.0) * habits.tempo, 1.1, 4.0))
    cycles = rng.uniform(1.6, 5.0)
    from_elbow = rng.random() < 0.75
    wide = habits.size * (rng.uniform(0.03, 0.13) if from_elbow else rng.uniform(0.004, 0.03))
    roll = rng.uniform(0.1, 0.5) if from_elbow else rng.uniform(0.25, 0.6)
    seconds = cycles / rate
    at = np.linspace(0, seconds, max(8, round(seconds * RATE)))
    phase = 2 * np.pi * rate * (at + 0.03 * np.sin(at * 5)) * rng.choice([-1, 1])
    offsets = np.zeros((len(at), 13))
    offsets[:, 0] = wide * np.sin(phase)
    offsets[:, 1] = abs(wide) * rng.uniform(0, 0.35) * np.cos(2 * phase)
    offsets[:, 3] = roll * np.sin(phase + rng.normal(0, 0.3))
    offsets[:, 5] = rng.normal(0, 0.15) * np.sin(phase)
    start = actor.now
    actor.swing(seconds, offsets)
    actor.note("wave", start, min(actor.now, start + 1.5 / rate))
    _settle(actor)


def _settle(actor: Actor) -> None:
    rng = actor.rng
    if rng.random() < 0.5:
        actor.hold(rng.uniform(0.05, 0.8))
    if rng.random() < 0.5:
        actor.move(
            actor.duration(0.5, 1.2),
            place=actor.away(),
            fingers=actor.fingers("relaxed"),
            bend=rng.normal(0, 0.2),
        )


def _circle(label: str) -> Act:
    def act(actor: Actor) -> None:
        rng, habits = actor.rng, actor.habits
        posture = str(rng.choice(["point", habits.posture], p=[0.6, 0.4]))
        if rng.random() < 0.2:
            _come_up(actor, posture)
        else:
            _get_ready(actor, posture)
        # With the forearm, small with the finger and the wrist, or wide with the whole arm.
        low, high = [(0.045, 0.17), (0.02, 0.05), (0.17, 0.36)][int(rng.choice(3, p=[0.5, 0.25, 0.25]))]
        radius = habits.size * rng.uniform(low, high)
        period = float(np.clip(actor.duration(0.5, 1.4) * (1.25 if low > 0.1 else 1.0), 0.4, 2.0))
        turns = float(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15])) + rng.uniform(-0.08, 0.2)
        # Clockwise for the person is the other way round for a camera that faces them.
        sign = -1.0 if label == "circle_clockwise" else 1.0
        begin = rng.normal(-np.pi / 2, 0.9) if rng.random() < 0.8 else rng.uniform(-np.pi, np.pi)
        seconds = turns * period
        count = max(12, round(seconds * RATE))
        linear = np.arange(1, count + 1) / count
        ease = 0.7 * linear + 0.3 * (linear - np.sin(2 * np.pi * linear) / (2 * np.pi))
        angle = begin + sign * 2 * np.pi * turns * ease
        squash, tilt = rng.uniform(0.65, 1.35), rng.normal(0, 0.3)
        wander = np.linspace(0, 1, count)[:, None] * rng.normal(0, 0.25 * radius, 2)
        flat = radius * np.stack([np.cos(angle), squash * np.sin(angle)], axis=1)
        first = radius * np.array([np.cos(begin), squash * np.sin(begin)])
        spin = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        states = np.repeat(actor.state[None], count, axis=0)
        states[:, :2] += (flat - first) @ spin + wander
        follow = rng.uniform(0, 0.25)
        states[:, 3] += follow * np.cos(angle) - follow * np.cos(begin)
        start = actor.now
        actor.play(states)
        whole = float(np.interp(min(1.0, 0.95 / turns), ease, linear)) * seconds
        actor.note(label, start, start + whole)
        _settle(actor)

    return act


def _change(label: str) -> Act:
    """Pinch, spread, grab, release: the fingers go from one posture to another while the hand nearly stays."""
    befores, after = {
        "pinch": (["open", "relaxed", "flat"], ["ring", "ring"]),
        "spread": (["ring"], ["open", "relaxed"]),
        "grab": (["open", "flat", "relaxed"], ["fist"]),
        "release": (["fist"], ["open", "open", "flat"]),
    }[label]

    def act(actor: Actor) -> None:
        rng = actor.rng
        before = actor.fingers(str(rng.choice(befores)))
        if label == "pinch":
            before[0] = rng.uniform(0.0, 0.25)
            before[4:6] = rng.uniform(0, 0.15, 2)
        begun = actor.now
        actor.move(actor.duration(0.35, 0.9), fingers=before)
        if label in {"spread", "release"}:
            # Closing the fingers beforehand is the opposite motion to whoever sees it.
            closing = "pinch" if label == "spread" else "grab"
            actor.note(closing, begun, ignore=True)
        actor.hold(rng.uniform(0.3, 1.2))
        wanted = actor.fingers(str(rng.choice(after)))
        if label == "pinch" and rng.random() < 0.4:
            wanted[1:4] = rng.uniform(0.3, 0.9)
        start = actor.now
        drift = actor.state[STATE["place"]] + rng.normal(0, 0.015, 3)
        actor.move(float(np.clip(actor.duration(0.13, 0.45), 0.1, 0.6)), fingers=wanted, place=drift)
        actor.note(label, start)
        actor.hold(rng.uniform(0.35, 1.0))

    return act


def _tap(actor: Actor) -> None:
    rng = actor.rng
    actor.move(
        actor.duration(0.3, 0.7), fingers=actor.fingers(str(rng.choice(["point", "relaxed"], p=[0.8, 0.2])))
    )
    actor.hold(rng.uniform(0.15, 0.8))
    seconds = float(np.clip(actor.duration(0.18, 0.40), 0.15, 0.5))
    offsets = np.zeros((max(6, round(seconds * RATE)), 13))
    pulse = np.sin(np.pi * np.linspace(0, 1, len(offsets)) ** rng.uniform(0.8, 1.2)) ** 2
    with_finger, with_hand = rng.uniform(0.2, 0.45), rng.uniform(0.1, 0.35)
    if rng.random() < 0.5:
        with_hand *= 0.2
    offsets[:, 6] = with_finger * pulse
    offsets[:, 4] = with_hand * pulse
    offsets[:, 1] = rng.uniform(0.0, 0.03) * pulse
    offsets[:, 2] = -rng.uniform(0.0, 0.06) * pulse
    start = actor.now
    actor.swing(seconds, offsets)
    actor.note("tap", start)
    actor.hold(rng.uniform(0.1, 0.7))


def _come(actor: Actor) -> None:
    """Beckoning: the index finger, or all fingers, bend and stretch again and again with the hand upright."""
    rng = actor.rng
    before = np.array(actor.habits.turn)
    turn = np.array(
        [rng.normal(0, 0.3), rng.normal(-0.1, 0.3), rng.choice([0, np.pi], p=[0.3, 0.7]) + rng.normal(0, 0.4)]
    )
    alone = rng.random() < 0.5
    actor.move(actor.duration(0.4, 0.9), fingers=actor.fingers("point" if alone else "flat"), turn=turn)
    actor.hold(rng.uniform(0.1, 0.5))
    rate, cycles = float(np.clip(rng.uniform(1.0, 2.6) * actor.habits.tempo, 0.8, 3.2)), rng.uniform(1.9, 5)
    at = np.linspace(0, cycles / rate, max(8, round(cycles / rate * RATE)))
    beat = (1 - np.cos(2 * np.pi * rate * at)) / 2
    offsets = np.zeros((len(at), 13))
    offsets[:, 6 if alone else slice(6, 10)] = (
        (rng.uniform(0.4, 0.85) * beat)[:, None] if not alone else rng.uniform(0.35, 0.85) * beat
    )
    offsets[:, 4] = rng.uniform(0, 0.3) * beat
    offsets[:, 1] = rng.uniform(0, 0.02) * beat
    start = actor.now
    actor.swing(cycles / rate, offsets)
    actor.note("come", start, min(actor.now, start + 1.8 / rate))
    actor.hold(rng.uniform(0.1, 0.5))
    actor.move(actor.duration(0.4, 0.9), fingers=actor.fingers("relaxed"), turn=before)


def _away(actor: Actor) -> None:
    """Shooing: a hand that hangs down from the wrist, or lies flat, is flicked outwards again and again."""
    rng = actor.rng
    before = np.array(actor.habits.turn)
    turn = np.array(
        [
            np.pi + rng.normal(0, 0.35),
            rng.normal(0, 0.3),
            rng.choice([0, np.pi], p=[0.25, 0.75]) + rng.normal(0, 0.4),
        ]
    )
    actor.move(
        actor.duration(0.5, 1.0),
        fingers=actor.fingers(str(rng.choice(["flat", "relaxed", "cupped"]))),
        turn=turn,
    )
    actor.hold(rng.uniform(0.05, 0.5))
    rate, cycles = float(np.clip(rng.uniform(1.3, 3.5) * actor.habits.tempo, 1.0, 4.0)), rng.uniform(1.9, 6)
    at = np.linspace(0, cycles / rate, max(8, round(cycles / rate * RATE)))
    beat = np.sin(2 * np.pi * rate * at)
    offsets = np.zeros((len(at), 13))
    offsets[:, 4] = rng.uniform(0.25, 0.65) * beat
    offsets[:, 6:10] = (-rng.uniform(0, 0.12) * beat)[:, None]
    offsets[:, 1] = rng.normal(0, 0.012) * beat
    start = actor.now
    actor.swing(cycles / rate, offsets)
    actor.note("away", start, min(actor.now, start + 1.6 / rate))
    actor.hold(rng.uniform(0.1, 0.5))
    actor.move(actor.duration(0.5, 1.0), fingers=actor.fingers("relaxed"), turn=before)


MOTIONS: dict[str, Act] = {
    **{label: _swipe(label) for label in _WAYS},
    "wave": _wave,
    "circle_clockwise": _circle("circle_clockwise"),
    "circle_counterclockwise": _circle("circle_counterclockwise"),
    **{label: _change(label) for label in ("pinch", "spread", "grab", "release")},
    "tap": _tap,
    "come": _come,
    "away": _away,
}
"""The motions that are known, by label; each act ends with the hand somewhere near."""
