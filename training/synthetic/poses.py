"""What each gesture looks like: joint angles in degrees, and how much they vary from hand to hand.

A finger is (mcp flexion, abduction, pip flexion, dip flexion); a thumb (flexion, abduction, twist, mcp, ip). The
folded thumbs were solved on the rig so that the pad rests on a finger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.synthetic.mesh import FloatArray
from training.synthetic.rig import HandShape, Holding, limited

__all__ = ["CLASSES", "POSES", "Pose", "between", "curled", "sampled_angles", "sampled_shape"]

Finger = tuple[float, float, float, float]
Thumb = tuple[float, float, float, float, float]
Four = tuple[Finger, Finger, Finger, Finger]

_STRAIGHT: Four = ((2, -3, 4, 2), (2, 1, 4, 2), (2, 4, 4, 2), (2, 6, 4, 2))
_SPREAD: Four = ((0, 9, 3, 2), (0, 1, 3, 2), (0, -8, 3, 2), (0, -16, 3, 2))
_CURLED: Four = ((80, 0, 100, 72), (84, 0, 102, 74), (84, 0, 102, 74), (82, 0, 98, 72))

_OPEN: Thumb = (-4, 12, 0, -4, -8)
_BESIDE: Thumb = (16, -16, 0, 10, 6)
_OUT: Thumb = (-14, 26, -6, -6, -14)
_OVER_FIST: Thumb = (23, 45, -39, 52, 39)
_OVER_MIDDLE: Thumb = (15, 45, -32, 60, 45)
_OVER_MIDDLE_FAR: Thumb = (13, 45, -29, 60, 51)
_OVER_RING: Thumb = (21, 45, -17, 60, 40)
_ON_PINKY: Thumb = (31, 45, 0, 58, 31)
_IN_PALM: Thumb = (46, 27, -30, 58, 60)
_AT_INDEX: Thumb = (19, 0, 8, 25, 22)
_INDEX_AT_THUMB: Finger = (34, 0, 70, 38)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """One way to show a class: `angles` (25,) degrees, how much they vary, and how often it is drawn in its class.

    `holding` is a thing in the hand. `views` names the views it is seen from (`views.VIEWS`), the label's by default.
    """

    label: str
    name: str
    angles: FloatArray
    variation: float = 1.0
    share: float = 1.0
    holding: Holding | None = None
    views: str = ""


def _pose(
    label: str,
    name: str,
    thumb: Thumb,
    fingers: Four = _CURLED,
    *,
    index: Finger | None = None,
    middle: Finger | None = None,
    ring: Finger | None = None,
    pinky: Finger | None = None,
    variation: float = 1.0,
    share: float = 1.0,
    holding: Holding | None = None,
    views: str = "",
) -> Pose:
    own = (index, middle, ring, pinky)
    chosen = [one or usual for one, usual in zip(own, fingers, strict=True)]
    angles = np.array([*thumb, *(angle for finger in chosen for angle in finger), 0, 0, 0, 0], np.float64)
    return Pose(label, name, angles, variation, share, holding, views or label)


def _all_fingers(mcp: float, pip: float, dip: float) -> Four:
    return ((mcp, 2, pip, dip), (mcp, 0, pip, dip), (mcp, -2, pip, dip), (mcp, -5, pip, dip))


_CUP = Holding("thumb", 0.13, (0.032, 0.032), (0.042, 0.004))
_PEN = Holding("fingers", 0.14, (0.0045, 0.0045), (0.030, 0.02))
_PHONE = Holding("fingers", 0.15, (0.005, 0.036), (0.024, 0.00))

POSES: tuple[Pose, ...] = (
    _pose("closed_fist", "thumb_over", _OVER_FIST, share=2),
    _pose("closed_fist", "thumb_on_index", (5, 40, -37, 59, 57), share=1),
    _pose("closed_fist", "thumb_at_index", (12, 29, -32, 44, 52), share=1),
    _pose("closed_fist", "thumb_beside", (24, -4, -8, 40, 30), share=1),
    _pose("open_palm", "spread", _OPEN, _SPREAD, share=2),
    _pose("open_palm", "together", _BESIDE, _STRAIGHT, share=1.2, variation=0.7),
    _pose("open_palm", "thumb_out", _OUT, _STRAIGHT, share=0.8),
    _pose("pointing_up", "thumb_over", _OVER_MIDDLE, index=(0, 2, 3, 2), share=2),
    _pose("pointing_up", "leaning", _OVER_MIDDLE, index=(12, 0, 8, 4), share=1),
    _pose("mute", "thumb_over", _OVER_MIDDLE, index=(3, 0, 5, 3)),
    _pose("thumb_up", "fist", _OUT, share=2),
    _pose("thumb_up", "straight", (-6, 14, -2, -2, -4), share=1),
    _pose("thumb_down", "fist", _OUT, share=2),
    _pose("thumb_down", "straight", (-6, 14, -2, -2, -4), share=1),
    _pose("victory", "thumb_over", _OVER_RING, index=(0, 12, 3, 2), middle=(0, -7, 3, 2)),
    _pose("two_up", "thumb_over", _OVER_RING, index=(2, -3, 3, 2), middle=(2, 4, 3, 2), variation=0.5),
    _pose("i_love_you", "plain", _OUT, index=(0, 6, 3, 2), pinky=(0, -12, 4, 2)),
    _pose("rock", "thumb_over", _OVER_MIDDLE_FAR, index=(0, 6, 3, 2), pinky=(0, -12, 4, 2)),
    _pose("call", "plain", _OUT, pinky=(0, -14, 4, 2)),
    _pose("little_finger", "thumb_over", _OVER_MIDDLE_FAR, pinky=(0, -8, 3, 2)),
    _pose(
        "ok",
        "fanned",
        _AT_INDEX,
        index=_INDEX_AT_THUMB,
        middle=(14, 2, 8, 4),
        ring=(6, -6, 6, 3),
        pinky=(0, -15, 4, 2),
        variation=0.6,
    ),
    _pose(
        "ok",
        "curved",
        _AT_INDEX,
        index=_INDEX_AT_THUMB,
        middle=(22, 1, 22, 11),
        ring=(18, -4, 18, 9),
        pinky=(10, -10, 12, 6),
        variation=0.6,
        share=0.7,
    ),
    _pose("three", "plain", _ON_PINKY, index=(0, 10, 3, 2), middle=(0, 1, 3, 2), ring=(2, -9, 4, 2)),
    _pose("three2", "plain", _OUT, index=(0, 11, 3, 2), middle=(0, -4, 3, 2)),
    _pose("four", "spread", _IN_PALM, _SPREAD, share=2),
    _pose("four", "together", _IN_PALM, _STRAIGHT, variation=0.7),
    _pose("three_gun", "plain", _OUT, index=(0, -3, 3, 2), middle=(0, 4, 3, 2), variation=0.6),
    _pose("l_shape", "upright", _OUT, index=(0, 0, 3, 2)),
    _pose("l_shape", "gun", _OUT, index=(0, 2, 3, 2), views="gun"),
    _pose("pinch", "curled", _AT_INDEX, index=_INDEX_AT_THUMB, share=1, variation=0.6),
    _pose(
        "pinch",
        "loose",
        _AT_INDEX,
        index=_INDEX_AT_THUMB,
        middle=(60, 0, 78, 44),
        ring=(64, -1, 80, 46),
        pinky=(64, -3, 76, 44),
        variation=0.6,
    ),
    _pose("middle_finger", "thumb_over", _OVER_RING, index=_CURLED[0], middle=(0, 0, 3, 2)),
    _pose(
        "crossed_fingers",
        "thumb_over",
        _OVER_RING,
        index=(4, -14, 4, 2),
        middle=(10, 12, 10, 6),
        variation=0.5,
    ),
    _pose(
        "vulcan",
        "plain",
        _OPEN,
        index=(0, 3, 3, 2),
        middle=(0, 9, 3, 2),
        ring=(0, -12, 3, 2),
        pinky=(0, -6, 3, 2),
        variation=0.5,
    ),
    _pose("point", "aside", _OVER_MIDDLE, index=(0, 2, 3, 2), share=2, views="pointing_aside"),
    _pose("point", "down", _OVER_MIDDLE, index=(6, 2, 8, 4), share=1, views="pointing_down"),
    # Hands that show nothing: at rest, on the way, holding things, signs of other kinds.
    _pose(
        "none",
        "relaxed",
        (4, 0, 4, 8, 10),
        ((24, 2, 28, 14), (32, 0, 34, 18), (38, -2, 38, 20), (40, -5, 36, 20)),
        share=3,
        variation=1.8,
    ),
    _pose("none", "hanging", (2, 4, 2, 10, 14), _all_fingers(16, 40, 22), share=2, variation=1.8),
    _pose("none", "half_closed", (12, 12, 0, 20, 20), _all_fingers(48, 58, 32), share=2, variation=1.5),
    _pose(
        "none",
        "claw",
        (6, 4, 4, 10, 30),
        ((12, 4, 70, 40), (14, 0, 74, 42), (16, -5, 74, 42), (14, -10, 70, 40)),
        share=1.5,
        variation=1.4,
    ),
    _pose("none", "flat_bent", (8, 0, 0, 8, 6), _all_fingers(68, 8, 4), share=1, variation=1.3),
    _pose("none", "beak", (24, 12, 4, 20, 16), _all_fingers(52, 34, 16), share=1),
    _pose("none", "cup", (18, 30, 4, 18, 16), _all_fingers(38, 56, 30), holding=_CUP, share=1.5),
    _pose(
        "none",
        "pen",
        (22, 14, 4, 24, 20),
        index=(44, 0, 48, 22),
        middle=(52, 0, 62, 34),
        ring=(62, -1, 74, 42),
        pinky=(64, -3, 72, 42),
        holding=_PEN,
        share=1,
    ),
    _pose("none", "phone", (14, 26, 2, 10, 8), _all_fingers(30, 42, 26), holding=_PHONE, share=1.5),
    _pose("none", "hook", _OVER_MIDDLE, index=(10, 0, 84, 48), share=0.7),
    _pose(
        "none",
        "thumb_on_middle",
        (28, 18, 4, 26, 24),
        index=(4, 6, 6, 3),
        middle=(44, 0, 66, 36),
        ring=(6, -6, 6, 3),
        pinky=(0, -15, 4, 2),
        share=0.8,
        variation=0.6,
    ),
    _pose(
        "none",
        "thumb_on_ring",
        (36, 30, 4, 30, 26),
        index=(2, 8, 4, 2),
        middle=(4, 2, 6, 3),
        ring=(50, -2, 70, 38),
        pinky=(8, -10, 10, 5),
        share=0.8,
        variation=0.6,
    ),
    _pose("none", "o_shape", (26, 18, 6, 26, 24), _all_fingers(40, 62, 32), share=1, variation=0.8),
    _pose("none", "thumb_aside", _OUT, views="thumb_aside", share=1),
)
"""Every way to show every class; `in_between` poses of `none` are made by `between`."""

CLASSES = ("none", *dict.fromkeys(pose.label for pose in POSES if pose.label != "none"))
"""The labels that can be rendered, `none` first."""


def curled(angles: FloatArray) -> FloatArray:
    """How far (4,) each finger is bent over its two large joints, in degrees."""
    return np.asarray(angles[[5, 9, 13, 17]] + angles[[7, 11, 15, 19]])


def between(random: np.random.Generator) -> Pose:
    """A pose of `none` on the way from one gesture to another, with at least two fingers half bent."""
    gestures = [pose for pose in POSES if pose.label != "none"]
    while True:
        first, second = (gestures[i] for i in random.choice(len(gestures), 2, replace=False))
        share = random.uniform(0.38, 0.62)
        if (np.abs(curled(first.angles) - curled(second.angles)) > 100).sum() >= 2:
            angles = (1 - share) * first.angles + share * second.angles
            return Pose("none", "in_between", angles, views="none")


def sampled_angles(pose: Pose, random: np.random.Generator) -> FloatArray:
    """The pose's angles (25,) as one hand might hold them, within the joints' limits.

    Fingers bend more or less together, and a fingertip's joint follows the one before it.
    """
    angles = pose.angles.copy()
    size = pose.variation
    angles[:5] += random.normal(size=5) * np.array([3.0, 3.0, 2.5, 4.0, 5.0]) * size
    together_mcp, together_pip = random.normal(size=2) * 4.0 * size
    for first in (5, 9, 13, 17):
        mcp, sideways, pip, dip = random.normal(size=4) * np.array([4.5, 2.2, 5.0, 4.0]) * size
        bend = pip + together_pip
        if angles[first + 2] < 20:  # a straight finger bends rather than bending back
            bend = abs(bend)
        if angles[first + 2] > 90:  # a fist's fingertips are rolled in more or less
            dip *= 2.5
        angles[first : first + 4] += (mcp + together_mcp, sideways, bend, 0.6 * bend + dip)
    angles[21:23] += random.uniform(0, 1, 2) * (4, 8)
    angles[23:25] += random.normal(size=2) * (14.0, 7.0)
    return limited(angles)


def sampled_shape(random: np.random.Generator) -> HandShape:
    """The proportions of someone's hand."""
    length = random.normal(1.0, 0.05)
    fingers = np.clip(length + random.normal(size=5) * 0.025, 0.85, 1.16)
    return HandShape(
        (float(fingers[0]), float(fingers[1]), float(fingers[2]), float(fingers[3]), float(fingers[4])),
        finger_width=float(np.clip(random.normal(1.0, 0.08), 0.82, 1.22)),
        palm_width=float(np.clip(random.normal(1.0, 0.06), 0.86, 1.15)),
        palm_length=float(np.clip(random.normal(1.0, 0.05), 0.88, 1.12)),
    )
