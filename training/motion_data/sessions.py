"""Sessions of simulated people before a camera: acts one after the other, seen by a landmark network that errs."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from training.motion_data.actor import RATE, Actor, Habits
from training.motion_data.acts import MOTIONS
from training.motion_data.hand import Build, as_landmarks, hand_points
from training.motion_data.idle import IDLE, enter
from training.motion_data.takes import FloatArray, Span, Take

__all__ = ["LICENCE", "SOURCE", "filtered", "simulated_take"]

SOURCE = "simulated"
LICENCE = "Apache-2.0"
_PALM = [0, 5, 9, 13, 17]
Array = npt.NDArray[np.float64]


def simulated_take(
    person: int,
    session: int,
    seconds: float = 60.0,
    motions: Sequence[str] = tuple(MOTIONS),
    share: float = 0.45,
    kind: type[Actor] = Actor,
) -> Take:
    """A right hand before a camera for about `seconds`; a `share` of its acts are motions, the others mean nothing.

    All of it follows from the numbers of `person` and `session`; one person has the same build and habits each time.
    `kind` says who acts, if it is not just anybody.
    """
    own = np.random.default_rng([zlib.crc32(b"livefg motion person"), person])
    build, habits = Build.drawn(own), Habits.drawn(own)
    rng = np.random.default_rng([zlib.crc32(b"livefg motion session"), person, session])
    actor = kind(rng, habits, build)
    enter(actor)
    idle, weights = list(IDLE), np.array(list(IDLE.values()))
    # Strokes have the most in common with what means nothing, so they are shown most.
    often = np.array([2.0 if label.startswith("swipe") else 1.0 for label in motions])
    while actor.now < seconds:
        if motions and rng.random() < share:
            MOTIONS[str(rng.choice(list(motions), p=often / often.sum()))](actor)
        else:
            idle[int(rng.choice(len(idle), p=weights / weights.sum()))](actor)
    landmarks, seen = _filmed(actor, rng)
    return Take(
        times=np.flatnonzero(seen) / RATE,
        values=landmarks[seen],
        spans=tuple(_in_view(span, seen) for span in actor.spans),
        person=f"{SOURCE}-{person}",
        session=f"{SOURCE}-{person}-{session}",
        source=SOURCE,
        licence=LICENCE,
        duration=actor.now,
    )


def _in_view(span: Span, seen: npt.NDArray[np.bool_]) -> Span:
    """The span, to be ignored where the hand was out of view too often to tell."""
    part = seen[int(span.start * RATE) : int((span.end + 0.1) * RATE) + 1]
    return span if part.mean() >= 0.8 else replace(span, ignore=True)


def _filmed(actor: Actor, rng: np.random.Generator) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Landmarks (F, 21, 3) in pixels, and in which frames (F,) the hand was found."""
    states = actor.states + _sway(len(actor.states), rng, actor.habits.sway)
    width, height = [(640, 480), (1280, 720), (640, 480), (1920, 1080)][int(rng.integers(4))]
    focal = width / 2 / np.tan(np.radians(rng.uniform(55, 80)) / 2)
    distance = float(np.exp(rng.uniform(np.log(0.45), np.log(2.2))))
    # Who is near the camera moves less, so that the hand stays in the picture.
    reach = float(np.clip(distance * width / focal / 1.1, 0.8, 1.0))
    states[:, :3] *= reach
    states[:, 0] += rng.normal(-0.12, 0.08) * reach * distance
    states[:, 1] += rng.normal(0.05, 0.06) * reach * distance
    states[:, 2] += distance
    landmarks = as_landmarks(hand_points(states, actor.build), focal, width, height)
    size = _sizes(landmarks)
    seen = _found(landmarks, size, width, height, rng)
    turned = _twisted(landmarks, rng)
    return turned + _errors(len(landmarks), rng) * size[:, None, None], seen


def _sway(count: int, rng: np.random.Generator, strength: float) -> Array:
    """What a hand does without its owner's knowing: slow wandering of place and turn, restless fingers."""
    spread = np.array([0.008, 0.008, 0.008, 0.05, 0.05, 0.05, *[0.02] * 4, 0.01, 0.01, 0.05]) * strength
    keep = np.exp(-1 / RATE / 0.5)
    kicks = rng.normal(0, 1, (count, 13)) * np.sqrt(1 - keep**2)
    return np.asarray(filtered(filtered(kicks, keep), np.exp(-1 / RATE / 0.1)) * spread)


def filtered(values: Array, keep: float) -> Array:
    """First-order low-pass along time, by summing the last few time constants."""
    length = min(len(values), int(4 / (1 - keep)))
    kernel = keep ** np.arange(length)
    size = 1 << (len(values) + length - 1).bit_length()
    spectrum = np.fft.rfft(values, size, axis=0) * np.fft.rfft(kernel, size)[:, None]
    smooth = np.fft.irfft(spectrum, size, axis=0)[: len(values)]
    return np.asarray(smooth * (np.sqrt(1 - keep**2) if keep < 0.9 else 1.0))


def _twisted(landmarks: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The same with the hand now and then seen a few degrees off: the region that the network looks at was turned."""
    count = len(landmarks)
    strength = np.radians(np.exp(rng.uniform(np.log(0.2), np.log(3.0))))
    angle = filtered(rng.normal(0, 1, (count, 1)), float(np.exp(-1 / RATE / 0.08)))[:, 0] * strength
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    centre = landmarks[:, _PALM, :2].mean(axis=1, keepdims=True)
    x, y = np.moveaxis(landmarks[..., :2] - centre, 2, 0)
    turned = landmarks.copy()
    turned[..., 0], turned[..., 1] = centre[..., 0] + x * cos - y * sin, centre[..., 1] + x * sin + y * cos
    return turned


def _sizes(landmarks: FloatArray) -> FloatArray:
    palm = landmarks[:, _PALM]
    spread = np.square(palm - palm.mean(axis=1, keepdims=True)).sum(axis=2).mean(axis=1)
    return np.asarray(np.sqrt(spread), np.float32)


def _errors(count: int, rng: np.random.Generator) -> FloatArray:
    """What the landmark network adds, in parts of the palm's size, as measured on clips of real hands.

    White noise of 0.5 to 2.4 % in the picture and half as much again in depth, and slower errors of the same order.
    """
    strength = float(np.exp(rng.uniform(np.log(0.005), np.log(0.025))))
    white = rng.normal(0, strength, (count, 21, 3))
    slow = filtered(rng.normal(0, 1, (count, 63)), float(np.exp(-1 / RATE / 0.2))).reshape(count, 21, 3)
    slow *= strength * 1.5
    whole = filtered(rng.normal(0, 1, (count, 3)), float(np.exp(-1 / RATE / 0.05)))[:, None] * strength
    return np.asarray((white + slow + whole) * [1, 1, 1.5], np.float32)


def _found(
    landmarks: FloatArray, size: FloatArray, width: int, height: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Whether the tracker has the hand: not out of the picture, and not always while it flies."""
    inside = (
        (landmarks[..., 0] > -0.02 * width)
        & (landmarks[..., 0] < 1.02 * width)
        & (landmarks[..., 1] > -0.02 * height)
        & (landmarks[..., 1] < 1.02 * height)
    )
    present = inside.mean(axis=1) >= 0.6
    centre = landmarks[:, _PALM, :2].mean(axis=1)
    speed = np.linalg.norm(np.diff(centre, axis=0, prepend=centre[:1]), axis=1) * RATE / size
    # A third of the cameras is in poor light: quick hands blur and get lost for some frames.
    limit = rng.uniform(20, 35) if rng.random() < 0.35 else 60.0
    risk = 0.12 * np.clip(speed / limit - 0.7, 0, 1) + 0.0004
    lost = rng.random(len(speed)) < risk
    for start in np.flatnonzero(lost).tolist():
        present[start : start + int(rng.integers(1, 9))] = False
    return np.asarray(present)
