"""What livefg's own perception finds in rendered pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from livefg.perception.handedness import apparent_right
from livefg.results import Frame, FrameResult, Hand, ImageArray
from training.synthetic.mesh import FloatArray
from training.synthetic.scene import decoded

__all__ = ["FOUND_WITHIN", "Perception", "perceived"]

FOUND_WITHIN = 0.5
"""A hand counts as found if the median distance of its landmarks from the true joints is below this many palms."""
_FRAME_SECONDS = 1 / 30


class Perception(Protocol):
    """What is needed of `livefg.pipeline.Pipeline`."""

    def reset(self) -> None:
        """Forget what was seen."""
        ...

    def process(self, frame: Frame) -> FrameResult:
        """What is seen in a frame."""
        ...


def perceived(
    pictures: dict[str, npt.NDArray[Any]],
    perception: Perception,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, npt.NDArray[Any]]:
    """Run perception over a shard's pictures, each judged by itself; `tick` is called after each.

    Every second pair of samples is looked at as in a video: the hand is found in one frame and followed to the
    next, which shows the same. Returns `found` (n,) bool, `landmarks` (n, 21, 3) pixels, `world` (n, 21, 3) metres,
    `right` (n,) probability that it looks like a right hand, `error` (n,) median distance from the true joints in
    palms, `followed` (n,) bool; where nothing was found, landmarks are zero and the error infinite.
    """
    ends = pictures["ends"]
    count = len(ends)
    columns: dict[str, npt.NDArray[Any]] = {
        "found": np.zeros(count, bool),
        "landmarks": np.zeros((count, 21, 3), np.float32),
        "world": np.zeros((count, 21, 3), np.float32),
        "right": np.full(count, 0.5, np.float32),
        "error": np.full(count, np.inf, np.float32),
        "followed": np.arange(count) % 4 >= 2,
    }
    for row, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        image = decoded(pictures["jpeg"][start:end].tobytes())
        hand = _nearest(_hands(image, perception, columns["followed"][row]), pictures["joints"][row])
        if hand is not None:
            error = _distance(hand, pictures["joints"][row]) / pictures["palm"][row]
            columns["error"][row] = error
            columns["found"][row] = error < FOUND_WITHIN
            columns["landmarks"][row] = hand.landmarks
            columns["world"][row] = hand.world_landmarks
            columns["right"][row] = apparent_right(hand, mirrored=False)
        tick()
    return columns


def _hands(image: ImageArray, perception: Perception, follow: bool) -> tuple[Hand, ...]:
    perception.reset()
    hands = perception.process(Frame(image, 0, 0.0, "rendered")).hands
    if follow and hands:
        hands = perception.process(Frame(image, 1, _FRAME_SECONDS, "rendered")).hands
    return hands


def _nearest(hands: tuple[Hand, ...], joints: FloatArray) -> Hand | None:
    return min(hands, key=lambda hand: _distance(hand, joints), default=None)


def _distance(hand: Hand, joints: FloatArray) -> float:
    return float(np.median(np.linalg.norm(hand.landmarks[:, :2] - joints, axis=1)))
