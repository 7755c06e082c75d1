"""Made-up hands that are easy to tell apart, for tests of training."""

from __future__ import annotations

import numpy as np
import torch

from training.samples import FloatArray, Samples

torch.set_num_threads(1)  # the tests' networks are too small to share out

# Where each finger starts on a palm of length one (x to the right, y down), and how long it is when stretched.
_BASES = ((-0.35, -0.25), (-0.25, -0.95), (0.0, -1.0), (0.22, -0.92), (0.4, -0.8))
_LENGTHS = (0.6, 0.8, 0.9, 0.8, 0.65)
_DIRECTIONS = ((-0.8, -0.6), (0.0, -1.0), (0.0, -1.0), (0.1, -1.0), (0.25, -0.97))

OPEN = (1.0, 1.0, 1.0, 1.0, 1.0)
FIST = (0.1, 0.1, 0.1, 0.1, 0.1)
ONE = (0.1, 1.0, 0.1, 0.1, 0.1)
HORNS = (0.1, 1.0, 0.1, 0.1, 1.0)


def hand(stretched: tuple[float, ...], size: float = 100.0) -> FloatArray:
    """A flat right hand, palm to the camera, fingers up: (21, 3) pixels, each finger stretched 0..1."""
    points = [(0.0, 0.0)]
    for base, length, direction, part in zip(_BASES, _LENGTHS, _DIRECTIONS, stretched, strict=True):
        for joint in range(4):
            reach = length * part * joint / 3
            # The thumb is to the picture's left where the palm of a left hand is seen, so mirror it.
            points.append((-(base[0] + direction[0] * reach), base[1] + direction[1] * reach))
    flat = np.array(points, np.float32) * size
    return np.concatenate([flat, np.zeros((21, 1), np.float32)], axis=1)


def many(gestures: dict[str, tuple[float, ...]], count: int = 30, people: int = 3, seed: int = 0) -> Samples:
    """`count` shaky copies of each gesture, shown in turn by so many people."""
    rng = np.random.default_rng(seed)
    tables = []
    for label, stretched in gestures.items():
        shape = hand(stretched)
        points = shape + rng.normal(0, 2.0, (count, 21, 3)).astype(np.float32) + 200
        tables.append(
            Samples.build(
                points,
                [label] * count,
                world=(points - points.mean(axis=1, keepdims=True)) / 1000,
                right=np.ones(count, np.float32),
                person=[f"person{number % people}" for number in range(count)],
                session=[f"session{number % people}" for number in range(count)],
                source="made_up",
                licence="CC0-1.0",
            )
        )
    return Samples.concatenate(tables)
