"""What to ask for next, judged from what was recorded so far: turned, tilted, tipped, nearer, the other hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from livefg.collect.quality import palm_length
from livefg.collect.recording import Example

__all__ = ["Variety"]

# How much of each is enough, in degrees or as the logarithm of sizes.
_ENOUGH = {"turn": 50.0, "tilt": 40.0, "tip": 30.0, "distance": math.log(1.6)}
_REQUESTS = {
    "turn": "turn the hand a little to the left and to the right",
    "tilt": "tilt the hand to both sides",
    "tip": "tip the hand forwards and backwards",
    "other": "show it with the other hand",
    "": "go on moving: every view helps",
}
_NEARER, _FARTHER = "come nearer with the hand", "go further away with the hand"
_LARGE_PALM = 0.2  # of the picture's height
_WEARY = 0.1  # by how much a request loses to the others with each example that was taken under it


class Variety:
    """Suggests what the next examples should show, to get `count` (None: any number) of them that differ."""

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._asked: Counter[str] = Counter()
        self._kind = "turn"
        self._distance = _NEARER

    @property
    def request(self) -> str:
        """What to ask the person for now."""
        return self._distance if self._kind == "distance" else _REQUESTS[self._kind]

    def learn(self, examples: Sequence[Example], height: int) -> None:
        """Decide what to ask for after the last of `examples`; pictures are `height` pixels high."""
        covered = _coverage(examples)
        half = self._count is not None and len(examples) * 2 >= self._count
        if half and len({example.side for example in examples}) == 1:
            covered["other"] = 0.0
        self._asked[self._kind] += 1
        wanted = {kind: share + _WEARY * self._asked[kind] for kind, share in covered.items() if share < 1}
        self._kind = min(wanted, key=wanted.__getitem__, default="")
        palm = float(np.median([palm_length(example.landmarks) for example in examples]))
        self._distance = _FARTHER if palm > _LARGE_PALM * height else _NEARER


def _coverage(examples: Sequence[Example]) -> dict[str, float]:
    """How much of each kind of variety there is, 1 for enough."""
    views = np.array([_view(example) for example in examples])
    spans = {
        "turn": _span(views[:, 0]),
        "tilt": _span(views[:, 1]),
        "tip": _span(views[:, 2]),
        "distance": float(np.ptp(views[:, 3])),
    }
    return {kind: min(1.0, span / _ENOUGH[kind]) for kind, span in spans.items()}


def _view(example: Example) -> tuple[float, float, float, float]:
    """Where the palm faces (degrees around the upright axis), how the hand is tilted and tipped, log of its size.

    A left hand counts as its mirror image.
    """
    mirror = np.array([1.0 if example.right > 0.5 else -1.0, 1.0, 1.0])
    world = example.world * mirror
    normal = np.cross(world[5] - world[0], world[17] - world[0])
    line = world[9] - world[0]
    turn = math.degrees(math.atan2(normal[0], normal[2]))
    tilt = math.degrees(math.atan2(line[0], -line[1]))
    tip = math.degrees(math.asin(float(np.clip(line[2] / max(np.linalg.norm(line), 1e-9), -1, 1))))
    return turn, tilt, tip, math.log(max(palm_length(example.landmarks), 1e-6))


def _span(degrees: npt.NDArray[np.float64]) -> float:
    """Between the outermost of some directions, as seen from the middle of all."""
    angles = np.radians(degrees)
    middle = math.atan2(float(np.sin(angles).mean()), float(np.cos(angles).mean()))
    around = (angles - middle + math.pi) % (2 * math.pi) - math.pi
    return math.degrees(float(np.ptp(around)))
