"""From where a hand is seen, and what must hold in the picture for a label to be true.

A view turns the hand from one of three starting positions of a right hand (a left hand is its mirror image): `palm`,
fingers up and palm to the camera; `thumb`, thumb up and knuckles to the camera; `down`, thumb down and knuckles to
the camera. Then it twists about the vertical (positive: a right palm turns to the person's left, at 180 the back of
the hand is seen), pitches (positive: the top leans to the viewer) and rolls in the picture (positive:
counterclockwise). All in degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from livefg.results import Side
from training.synthetic.mesh import FloatArray

__all__ = ["VIEWS", "View", "ViewRange", "label_holds", "sampled_view"]

Range = tuple[float, float]
Position = Literal["palm", "thumb", "down"]

_POSITIONS: dict[Position, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "palm": ((0, 1, 0), (0, 0, 1)),
    "thumb": ((0, 0, 1), (1, 0, 0)),
    "down": ((0, 0, 1), (-1, 0, 0)),
}


@dataclass(frozen=True, slots=True)
class ViewRange:
    """A range of views, drawn `share` times as often as one with share 1; uniform within each range."""

    position: Position
    twist: Range
    pitch: Range = (-40, 40)
    roll: Range = (-30, 30)
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class View:
    """One view in degrees, as the module says."""

    position: Position
    twist: float
    pitch: float
    roll: float

    def axes(self, side: Side) -> tuple[FloatArray, FloatArray]:
        """Unit vectors (3,) in the camera's frame: along the fingers, and out of the palm."""
        turn = _about_z(self.roll) @ _about_x(self.pitch) @ _about_y(self.twist)
        mirror = np.array([1.0 if side == "right" else -1.0, 1.0, 1.0])
        fingers, palm = (turn @ np.array(axis) * mirror for axis in _POSITIONS[self.position])
        return fingers, palm


def _upright(*, back: float = 0.3, roll: float = 35) -> tuple[ViewRange, ...]:
    """Fingers up: the palm, a steeply tilted palm, and the back of the hand this often against the palm."""
    return (
        ViewRange("palm", (-50, 55), (-35, 35), (-roll, roll)),
        ViewRange("palm", (-60, 65), (-58, 58), (-roll, roll), share=0.35),
        ViewRange("palm", (140, 215), (-35, 35), (-roll, roll), share=back),
    )


_ANY_WAY = (
    ViewRange("palm", (-70, 110), (-60, 60), (-60, 60), share=2),
    ViewRange("palm", (110, 230), (-60, 60), (-60, 60), share=1.4),
    ViewRange("palm", (-70, 230), (-60, 60), (60, 300), share=1.2),
    ViewRange("thumb", (-60, 110), (-50, 50), (-50, 50), share=1.2),
)

VIEWS: dict[str, tuple[ViewRange, ...]] = {
    "none": _ANY_WAY,
    "closed_fist": (
        *_upright(back=0.5, roll=60),
        ViewRange("palm", (-70, 230), (-30, 30), (-40, 40), share=0.4),
        ViewRange("palm", (-40, 60), (30, 85), (-40, 40), share=0.8),
        ViewRange("thumb", (-30, 100), (-30, 30), (-35, 35), share=0.5),
    ),
    "open_palm": _upright(roll=50),
    "pointing_up": (
        ViewRange("palm", (-45, 45), (-40, 40), (-28, 28)),
        ViewRange("palm", (145, 215), (-40, 40), (-28, 28), share=0.4),
    ),
    "mute": (ViewRange("palm", (65, 125), (-25, 25), (-25, 25)),),
    "thumb_up": (
        ViewRange("thumb", (-35, 100), (-28, 28), (-28, 28)),
        ViewRange("thumb", (-90, -35), (-20, 20), (-25, 25), share=0.2),
    ),
    "thumb_down": (
        ViewRange("down", (-45, 100), (-28, 28), (-28, 28)),
        ViewRange("down", (-90, -45), (-20, 20), (-25, 25), share=0.2),
    ),
    "victory": _upright(back=0.25),
    "two_up": _upright(back=0.25),
    "i_love_you": _upright(back=0.35),
    "rock": _upright(back=0.4),
    "call": (
        *_upright(back=0.7, roll=90),
        ViewRange("thumb", (-20, 100), (-30, 30), (-40, 40), share=0.5),
    ),
    "little_finger": _upright(back=0.3),
    "ok": (
        ViewRange("palm", (-35, 80), (-35, 35), (-35, 35)),
        ViewRange("palm", (-40, 80), (-55, 55), (-35, 35), share=0.3),
        ViewRange("palm", (140, 210), (-30, 30), (-35, 35), share=0.15),
    ),
    "three": _upright(back=0.25),
    "three2": _upright(back=0.25, roll=30),
    "middle_finger": _upright(back=0.6),
    "crossed_fingers": _upright(back=0.3),
    "vulcan": _upright(back=0.2),
    "four": _upright(back=0.3),
    "three_gun": (
        ViewRange("thumb", (40, 115), (-25, 25), (-40, 35)),
        ViewRange("thumb", (-115, -55), (-25, 25), (-35, 40), share=0.6),
    ),
    "l_shape": _upright(back=0.4, roll=40),
    "gun": (
        ViewRange("thumb", (40, 115), (-25, 25), (-40, 35)),
        ViewRange("thumb", (-115, -55), (-25, 25), (-35, 40), share=0.6),
    ),
    "pinch": (
        ViewRange("palm", (-35, 95), (-45, 45), (-60, 60)),
        ViewRange("palm", (95, 190), (-30, 30), (-45, 45), share=0.2),
        ViewRange("thumb", (20, 110), (-30, 30), (-40, 40), share=0.4),
    ),
    "thumb_aside": (
        ViewRange("palm", (-30, 40), (-30, 30), (-25, 25)),
        ViewRange("palm", (150, 215), (-30, 30), (-25, 25)),
        ViewRange("thumb", (-40, 100), (-20, 20), (70, 110), share=0.5),
    ),
    "pointing_aside": (
        ViewRange("palm", (-40, 215), (-40, 40), (62, 120)),
        ViewRange("palm", (-40, 215), (-40, 40), (-120, -62)),
    ),
    "pointing_down": (ViewRange("palm", (-60, 230), (-40, 40), (130, 230)),),
}
"""The views of each class, and those that poses of `none` ask for by name."""


def sampled_view(name: str, random: np.random.Generator) -> View:
    """A view out of `VIEWS[name]`."""
    ranges = VIEWS[name]
    shares = np.array([one.share for one in ranges])
    chosen = ranges[random.choice(len(ranges), p=shares / shares.sum())]
    twist, pitch, roll = (float(random.uniform(*span)) for span in (chosen.twist, chosen.pitch, chosen.roll))
    return View(chosen.position, twist, pitch, roll)


# Angle from straight up (degrees) that a direction between two joints must have in the picture, and the least
# length it must have there, in palm lengths.
_RULES: dict[str, tuple[tuple[int, int, Range, float], ...]] = {
    "thumb_up": ((2, 4, (0, 40), 0.35),),
    "thumb_down": ((2, 4, (140, 180), 0.35),),
    "pointing_up": ((5, 8, (0, 40), 0.45),),
    "mute": ((5, 8, (0, 40), 0.45),),
    "three_gun": ((5, 8, (45, 140), 0.35), (2, 4, (0, 75), 0.2)),
    "gun": ((5, 8, (45, 140), 0.35), (2, 4, (0, 75), 0.2)),
    "l_shape": ((5, 8, (0, 55), 0.45), (2, 4, (0, 180), 0.25)),
    "three": ((9, 12, (0, 60), 0.4),),
    "three2": ((9, 12, (0, 50), 0.4),),
    "middle_finger": ((9, 12, (0, 75), 0.45),),
    "crossed_fingers": ((9, 12, (0, 65), 0.4),),
    "vulcan": ((9, 12, (0, 60), 0.4),),
    "open_palm": ((9, 12, (0, 70), 0.35),),
    "four": ((9, 12, (0, 60), 0.4),),
    "victory": ((5, 8, (0, 65), 0.4), (9, 12, (0, 65), 0.4)),
    "two_up": ((5, 8, (0, 60), 0.4), (9, 12, (0, 60), 0.4)),
    "rock": ((5, 8, (0, 65), 0.4), (17, 20, (0, 75), 0.3)),
    "i_love_you": ((5, 8, (0, 65), 0.4), (17, 20, (0, 75), 0.3)),
    "little_finger": ((17, 20, (0, 60), 0.3),),
    "ok": ((13, 16, (0, 75), 0.35),),
    "call": ((17, 20, (0, 180), 0.3), (2, 4, (0, 180), 0.25)),
    "thumb_aside": ((2, 4, (74, 106), 0.35),),
    "pointing_aside": ((5, 8, (60, 125), 0.4),),
    "pointing_down": ((5, 8, (125, 180), 0.4),),
}


def label_holds(name: str, joints: FloatArray, palm: float) -> bool:
    """Whether what is named (a class or a key of `VIEWS`) can be seen as such.

    `joints` (21, 2) are in the picture, y down; `palm` is the length in pixels that the way from wrist to middle
    knuckle would have if it were seen without foreshortening.
    """
    for start, end, (least, most), length in _RULES.get(name, ()):
        x, y = joints[end] - joints[start]
        angle = abs(np.degrees(np.arctan2(x, -y)))
        if not least <= angle <= most or np.hypot(x, y) < length * palm:
            return False
    return True


def _about_x(degrees: float) -> FloatArray:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


def _about_y(degrees: float) -> FloatArray:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


def _about_z(degrees: float) -> FloatArray:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
