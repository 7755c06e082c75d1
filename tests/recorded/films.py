"""Results as the networks would give them, for tests: hands and faces along paths, with the noise of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from livefg.results import Box, Face, FrameResult, Hand, Label, Side

FPS = 30.0
OK_SCORES = {"ok": 0.9, "none": 0.1}
SHAPE = np.random.default_rng(3).uniform(-50, 50, (21, 3)).astype(np.float32)


def hand(
    x: float, scores: Mapping[str, float], *, track: int = 1, side: Side = "left", noise: int = 0
) -> Hand:
    """A hand of about 100 pixels around (x, 200)."""
    landmarks = SHAPE + np.array([x, 200, 0], np.float32)
    if noise:
        landmarks = landmarks + np.random.default_rng(noise).normal(0, 1.5, landmarks.shape).astype(
            np.float32
        )
    name = max(scores, key=scores.__getitem__)
    box = (x - 50.0, 150.0, x + 50.0, 250.0)
    label = Label(name, scores[name], scores)
    return Hand(track, side, box, 0.9, landmarks, 0.9, raw_landmarks=landmarks, gesture=label)


def face(x: float, name: str | None = None, *, track: int = 1, size: float = 100.0) -> Face:
    """A face without a mesh around (x, 100)."""
    box: Box = (x - size / 2, 100 - size / 2, x + size / 2, 100 + size / 2)
    identity = Label(name, 0.9, {name: 0.9}) if name else None
    return Face(track, box, 0.95, points=np.zeros((5, 2), np.float32), identity=identity)


def film(
    frames: int,
    hands: Callable[[int], Sequence[Hand]] = lambda index: (),
    faces: Callable[[int], Sequence[Face]] = lambda index: (),
) -> list[FrameResult]:
    """A result for each frame, 30 a second."""
    empty = FrameResult("film", 0, 0.0, 640, 480)
    return [
        replace(empty, frame=index, time=index / FPS, hands=tuple(hands(index)), faces=tuple(faces(index)))
        for index in range(frames)
    ]


def highest(scores: Mapping[str, float]) -> Label:
    """The answer of a classifier without a threshold."""
    name = max(scores, key=scores.__getitem__)
    return Label(name, scores[name], scores)
