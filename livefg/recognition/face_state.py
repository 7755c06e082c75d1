"""What eyes and mouth do: open or closed, blinks and their rate, where the eyes look, a smile; as values and events.

Everything is measured against the person's own: eyes differ in how far they open, so the usual opening is learnt
while a face is followed. Events have hysteresis, a hold and a cool-down in seconds, whatever the frame rate.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from livefg.results import Event, Face, FaceState, FloatArray, FrameResult, Label, Phase

__all__ = ["GAZES", "FaceStateSettings", "FaceStates", "Switch", "gaze_scores"]

GAZES = ("centre", "left", "right", "up", "down")
"""Where eyes look, as the person would say it, relative to the head."""
_LOOKS = tuple((name, f"look_{name}") for name in GAZES[1:])

# Corners, and pairs of points on the upper and lower lid, of the eye on the picture's left and on its right.
_EYE_POINTS = 8
_EYES = np.array(
    [[33, 133, 159, 145, 158, 153, 160, 144], [362, 263, 386, 374, 385, 380, 387, 373]], np.intp
).ravel()
_USUAL_OPENING, _USUAL_LID = 0.28, 0.10
_OPENINGS, _LIDS = (0.15, 0.45), (0.0, 0.60)
_LEARNT_FAST, _LEARNT_SLOWLY = 0.7, 8.0
_SHUT = 0.3  # of the usual opening: what is left between the lids of shut eyes
_LID_SHUT = 0.8
_BLINK_ONSET = 0.25  # seconds in which eyes close, at most, when they blink
_GAZE_STEEPNESS = 12.0
_GAZE_LIMITS = {"left": 0.35, "right": 0.35, "up": 0.30, "down": 0.45}
_RATE_WINDOW, _RATE_FROM = 60.0, 10.0


class Switch(NamedTuple):
    """Something counts once it is at least `enter` for `hold` s, until below `leave`; not again for `cooldown` s."""

    enter: float
    leave: float
    hold: float
    cooldown: float


_EYES_CLOSED = Switch(0.70, 0.45, 0.50, 0.30)
_MOUTH_OPEN = Switch(0.30, 0.20, 0.20, 0.30)
_SMILE = Switch(0.50, 0.35, 0.30, 0.50)
_LOOK = Switch(0.60, 0.40, 0.30, 0.30)


@dataclass(frozen=True, slots=True)
class FaceStateSettings:
    """What counts as what. Values are 0..1, times in seconds; see docs/faces.md for how they were chosen.

    A blink is a closing of at least `blink_closed` that came fast and is undone by `blink_change` within
    `longest_blink`. Eyes that stay shut are `eyes_closed`. `smoothing` is the time constant for mouth, smile and gaze,
    `absence` how long a face may be out of sight and go on as if it had stayed.
    """

    blink_closed: float = 0.75
    blink_change: float = 0.25
    longest_blink: float = 0.40
    eyes_closed: Switch = _EYES_CLOSED
    mouth_open: Switch = _MOUTH_OPEN
    smile: Switch = _SMILE
    look: Switch = _LOOK
    smoothing: float = 0.10
    absence: float = 0.50


@dataclass(slots=True)
class _Held:
    """One switch of one face: since when its value is high, and whether and how high it is on."""

    since: float | None = None
    on: bool = False
    peak: float = 0.0
    ended: float = -math.inf


@dataclass(slots=True)
class _Watched:
    """One face over time."""

    begun: float
    seen: float
    opening: float = _USUAL_OPENING
    lid: float = _USUAL_LID
    learnt: bool = False
    smooth: dict[str, float] = field(default_factory=dict)
    gaze: dict[str, float] = field(default_factory=dict)
    closures: deque[tuple[float, float]] = field(default_factory=deque)
    closed_since: float | None = None
    closed_peak: float = 0.0
    blinks: deque[float] = field(default_factory=deque)
    held: dict[str, _Held] = field(default_factory=dict)


class FaceStates:
    """Adds its state to every face of a stream of results, and the events of eyes and mouth.

    With `tracked` false each result is taken by itself: usual eyes are assumed and there are no events.
    """

    def __init__(self, settings: FaceStateSettings | None = None, *, tracked: bool = True) -> None:
        self._settings = settings or FaceStateSettings()
        self._tracked = tracked
        self._watched: dict[int, _Watched] = {}

    def reset(self) -> None:
        """Forget everything: the next result has nothing to do with the last one."""
        self._watched.clear()

    def __call__(self, result: FrameResult) -> FrameResult:
        """The same result with states and events. Results must come in the order of their times."""
        now = result.time
        if not self._tracked:
            self._watched.clear()
        events: list[Event] = []
        faces = tuple(self._see(face, now, events) for face in result.faces)
        for track, watched in list(self._watched.items()):
            if now - watched.seen > self._settings.absence:
                del self._watched[track]
                events += [
                    Event("face", label, "end", track, now, held.peak)
                    for label, held in watched.held.items()
                    if held.on
                ]
        if not self._tracked:
            events.clear()
        return replace(result, faces=faces, events=(*result.events, *events))

    def _see(self, face: Face, now: float, events: list[Event]) -> Face:
        shapes, mesh = face.blendshapes, face.landmarks if face.raw_landmarks is None else face.raw_landmarks
        if shapes is None or mesh is None:
            return face
        watched = self._watched.get(face.track)
        if watched is None:
            watched = self._watched[face.track] = _Watched(now, now)
        interval, watched.seen = max(0.0, now - watched.seen), now
        closure = self._closure(watched, mesh, _both(shapes, "eyeBlink"), interval)
        values = self._smoothed(watched, shapes, interval)
        if not watched.gaze or closure < self._settings.eyes_closed.leave:
            # What the iris does behind closing lids is no gaze.
            watched.gaze = gaze_scores(values["across"], values["upward"])
        events += self._blink(face.track, watched, closure, now)
        events += self._switches(face.track, watched, closure, values, now)
        best = max(watched.gaze, key=watched.gaze.__getitem__)
        state = FaceState(
            eyes_open=1.0 - closure,
            mouth_open=values["mouth"],
            smile=values["smile"],
            gaze=Label(best, watched.gaze[best], watched.gaze),
            blinks_per_minute=_rate(watched, now),
        )
        return replace(face, state=state)

    def _closure(self, watched: _Watched, mesh: FloatArray, lid: float, interval: float) -> float:
        """How far the eyes are closed, 0..1, by the gap between the lids and by the blendshape together."""
        opening = eye_opening(mesh)
        if not watched.learnt and self._tracked:
            watched.opening, watched.lid, watched.learnt = opening, lid, True
        watched.opening = _clip(watched.opening, _OPENINGS)
        watched.lid = _clip(watched.lid, _LIDS)
        gap = 1.0 - (opening / watched.opening - _SHUT) / (1.0 - _SHUT)
        shape = (lid - watched.lid) / (_LID_SHUT - watched.lid)
        closure = (_clip(gap) + _clip(shape)) / 2
        wider, freer = opening > watched.opening, lid < watched.lid
        if self._tracked:
            watched.opening += _weight(interval, _LEARNT_FAST if wider else _LEARNT_SLOWLY) * (
                opening - watched.opening
            )
            watched.lid += _weight(interval, _LEARNT_FAST if freer else _LEARNT_SLOWLY) * (lid - watched.lid)
        return closure

    def _smoothed(self, watched: _Watched, shapes: Mapping[str, float], interval: float) -> dict[str, float]:
        across, upward = gaze_direction(shapes)
        values = {
            "mouth": shapes["jawOpen"],
            "smile": _both(shapes, "mouthSmile"),
            "across": across,
            "upward": upward,
        }
        weight = _weight(interval, self._settings.smoothing) if watched.smooth else 1.0
        watched.smooth = {
            name: (past := watched.smooth.get(name, value)) + weight * (value - past)
            for name, value in values.items()
        }
        return watched.smooth

    def _blink(self, track: int, watched: _Watched, closure: float, now: float) -> list[Event]:
        """A blink is known when it is over; its start carries the moment at which the eyes closed."""
        rules, before = self._settings, watched.closures
        while before and now - before[0][0] > _BLINK_ONSET:
            before.popleft()
        before.append((now, closure))
        if watched.closed_since is None:
            fast = min(value for _, value in before) <= closure - rules.blink_change
            if closure >= rules.blink_closed and fast:
                watched.closed_since, watched.closed_peak = now, closure
            return []
        watched.closed_peak = max(watched.closed_peak, closure)
        if closure > watched.closed_peak - rules.blink_change:
            return []
        since, watched.closed_since = watched.closed_since, None
        if now - since > rules.longest_blink:
            return []
        watched.blinks.append(now)
        both: tuple[tuple[Phase, float], ...] = (("start", since), ("end", now))
        return [Event("face", "blink", phase, track, time, watched.closed_peak) for phase, time in both]

    def _switches(
        self, track: int, watched: _Watched, closure: float, values: Mapping[str, float], now: float
    ) -> list[Event]:
        rules = self._settings
        measured = {
            "eyes_closed": (closure, rules.eyes_closed),
            "mouth_open": (values["mouth"], rules.mouth_open),
            "smile": (values["smile"], rules.smile),
            **{label: (watched.gaze[name], rules.look) for name, label in _LOOKS},
        }
        events = []
        for label, (value, rule) in measured.items():
            held = watched.held.get(label)
            if held is None:
                held = watched.held[label] = _Held()
            phase = _turn(held, value, rule, now)
            if phase:
                events.append(Event("face", label, phase, track, now, min(1.0, held.peak)))
        return sorted(events, key=lambda event: event.phase == "start")


def eye_opening(mesh: FloatArray) -> float:
    """How far the eyes are open by the mesh (468 or more, 2 or 3): height over width, about 0.3 for open eyes.

    The eye that is seen wider, which is the nearer one on a turned head, counts more.
    """
    points = mesh[_EYES, :2].tolist()
    total = weights = 0.0
    for eye in (points[:_EYE_POINTS], points[_EYE_POINTS:]):
        inner, outer, *lids = eye
        width = math.dist(inner, outer)
        height = sum(map(math.dist, lids[::2], lids[1::2])) / 3
        total += height * width
        weights += width * width
    return total / max(weights, 1e-9)


def gaze_direction(shapes: Mapping[str, float]) -> tuple[float, float]:
    """How far both eyes look to the person's own left and up, -1..1 each, from blendshapes by ARKit's names."""
    left = shapes["eyeLookOutLeft"] + shapes["eyeLookInRight"]
    right = shapes["eyeLookInLeft"] + shapes["eyeLookOutRight"]
    return (left - right) / 2, _both(shapes, "eyeLookUp") - _both(shapes, "eyeLookDown")


def gaze_scores(across: float, upward: float) -> dict[str, float]:
    """Probabilities of `GAZES`, a softmax over how far a direction is beyond its limit; see `gaze_direction`."""
    reached = {"left": across, "right": -across, "up": upward, "down": -upward}
    powers = {
        name: math.exp(_GAZE_STEEPNESS * (reached[name] - limit)) for name, limit in _GAZE_LIMITS.items()
    }
    total = 1.0 + sum(powers.values())
    return {"centre": 1.0 / total, **{name: power / total for name, power in powers.items()}}


def _turn(held: _Held, value: float, rule: Switch, now: float) -> Phase | None:
    """Turn a switch on or off as its value and the time demand."""
    if held.on:
        held.peak = max(held.peak, value)
        if value >= rule.leave:
            return None
        held.on, held.since, held.ended = False, None, now
        return "end"
    if value < rule.enter:
        held.since = None
        return None
    if held.since is None:
        held.since = now
    if now - held.since < rule.hold or now - held.ended < rule.cooldown:
        return None
    held.on, held.peak = True, value
    return "start"


def _rate(watched: _Watched, now: float) -> float | None:
    """Blinks a minute over the last minute; None until a face was watched for ten seconds."""
    while watched.blinks and now - watched.blinks[0] > _RATE_WINDOW:
        watched.blinks.popleft()
    watched_for = min(_RATE_WINDOW, now - watched.begun)
    return 60.0 * len(watched.blinks) / watched_for if watched_for >= _RATE_FROM else None


def _both(shapes: Mapping[str, float], name: str) -> float:
    return (shapes[f"{name}Left"] + shapes[f"{name}Right"]) / 2


def _weight(interval: float, constant: float) -> float:
    return 1.0 - math.exp(-interval / constant)


def _clip(value: float, limits: tuple[float, float] = (0.0, 1.0)) -> float:
    return min(limits[1], max(limits[0], value))
