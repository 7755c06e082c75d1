"""Hands as perception would give them, shown to the camera in any way a test likes, and pictures around them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from livefg.results import Frame, FrameResult, Hand, Side

WIDTH, HEIGHT = 640, 480

# An open right hand, palm to the camera, fingers up: metres from the wrist, x to the right, y down, z away.
_JOINTS = {
    "thumb": [(0.025, -0.02), (0.045, -0.04), (0.06, -0.06), (0.07, -0.075)],
    "index": [(0.025, -0.09), (0.028, -0.125), (0.03, -0.15), (0.031, -0.17)],
    "middle": [(0.005, -0.095), (0.005, -0.135), (0.005, -0.16), (0.005, -0.18)],
    "ring": [(-0.015, -0.09), (-0.017, -0.125), (-0.018, -0.148), (-0.019, -0.167)],
    "little": [(-0.033, -0.08), (-0.038, -0.105), (-0.041, -0.122), (-0.043, -0.138)],
}
OPEN = np.array([(0, 0, 0), *((x, y, 0) for finger in _JOINTS.values() for x, y in finger)], np.float32)


def rotation(turn: float, tilt: float, tip: float) -> np.ndarray:
    """Around the upright axis, in the picture, and forwards, in degrees."""
    a, b, c = np.radians([turn, tilt, tip])
    upright = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    flat = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    forward = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    return flat @ upright @ forward


def hand(
    turn: float = 0,
    tilt: float = 0,
    tip: float = 0,
    palm: float = 70,
    wrist: tuple[float, float] = (320, 330),
    side: Side = "right",
    confidence: float = 0.99,
    track: int = 1,
) -> Hand:
    """A hand whose palm is so many pixels long when it is seen from the front."""
    world = OPEN @ rotation(turn, tilt, tip).T.astype(np.float32)
    if side == "left":
        world = world * np.array([-1, 1, 1], np.float32)
    points = world * np.float32(palm / 0.095)
    points[:, :2] += np.float32(wrist)
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Hand(track, side, box, confidence, points, raw_landmarks=points, world_landmarks=world)


@lru_cache
def picture(blur: float = 0.0) -> np.ndarray:
    """A picture of large and small things, or one in which the small ones cannot be seen."""
    noise = np.random.default_rng(3)
    large, small = (
        cv2.resize(
            noise.integers(0, 128, (HEIGHT // size, WIDTH // size, 3), np.uint8),
            (WIDTH, HEIGHT),
            interpolation=cv2.INTER_NEAREST,
        )
        for size in (40, 4)
    )
    image = cv2.add(large, small)
    return np.ascontiguousarray(cv2.GaussianBlur(image, (0, 0), blur) if blur else image)


def seen(
    index: int, *hands: Hand, seconds: float | None = None, blur: float = 0.0
) -> tuple[Frame, FrameResult]:
    """A frame, by default half a second after the one before, and what perception made of it."""
    time = index * 0.5 if seconds is None else seconds
    frame = Frame(picture(blur), index, time, "test")
    return frame, FrameResult("test", index, time, WIDTH, HEIGHT, hands=hands)
