"""A hand: the corners of its box, and its skeleton with each finger in a colour of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from livefg.overlay.draw import (
    FixedPoints,
    ImageArray,
    bracket_lines,
    draw_discs,
    draw_lines,
    fixed,
    is_drawable,
    shade,
)
from livefg.overlay.style import FINGER_COLOURS, HALO, PALM, SIDE_COLOURS, TEXT, Scale
from livefg.results import Hand

__all__ = ["draw_hand"]

# Points in MediaPipe's order: 0 the wrist, then four a finger from the palm outwards, thumb to little finger.
_FINGERS = tuple(np.arange(base, base + 4) for base in (1, 5, 9, 13, 17))
_TIPS = np.array([finger[-1] for finger in _FINGERS])
_JOINTS = np.setdiff1d(np.arange(21), _TIPS)
_PALM = (np.array([0, 1]), np.array([0, 5, 9, 13, 17, 0]))


class _Widths(NamedTuple):
    """Of the bones, the joints' radius, the lines of the box, and the dark rim of all of them, in pixels."""

    bone: float
    joint: float
    stroke: float
    rim: float


def draw_hand(
    image: ImageArray, hand: Hand, scale: Scale, *, skeleton: bool = True, box: bool = True
) -> None:
    """Draw a hand with a finite box in place: its 21 points and the bones between them, the corners of its box."""
    bones: FixedPoints | None = None
    if skeleton and is_drawable(hand.landmarks):
        bones = fixed(hand.landmarks)
    brackets = bracket_lines(hand.box, *scale.bracket(hand.box)) if box else []
    stroke = scale.stroke_for(hand.box)
    size = max(hand.box[2] - hand.box[0], hand.box[3] - hand.box[1])
    # A hand far away gets thinner bones, so that it stays a hand and no knot.
    width = max(1.0, min(2.4 * scale.unit, size / 48))
    joint = max(1.2, 1.25 * width)
    rim = max(1.0, min(max(2.0, 1.6 * scale.unit), size / 60))
    _draw_halo(image, bones, brackets, _Widths(width, joint, stroke, rim))
    draw_lines(image, brackets, SIDE_COLOURS[hand.side], stroke)
    if bones is not None:
        _draw_bones(image, bones, width, joint)


def _draw_bones(image: ImageArray, bones: FixedPoints, width: float, joint: float) -> None:
    draw_lines(image, [bones[chain] for chain in _PALM], PALM, width)
    for finger, colour in zip(_FINGERS, FINGER_COLOURS, strict=True):
        draw_lines(image, [bones[finger]], colour, width)
    draw_discs(image, bones[:1], joint * 1.25, PALM)
    for finger, colour in zip(_FINGERS, FINGER_COLOURS, strict=True):
        draw_discs(image, bones[finger[:3]], joint, colour)
        draw_discs(image, bones[finger[3:]], joint * 1.35, colour)
    if joint >= 2.5:
        draw_discs(image, bones[1:], joint * 0.45, TEXT)


def _draw_halo(
    image: ImageArray, bones: FixedPoints | None, brackets: list[FixedPoints], widths: _Widths
) -> None:
    """Darken the picture under every stroke."""
    strokes = brackets if bones is None else [*brackets, bones]
    if not strokes:
        return
    bone, joint, stroke, rim = widths
    with shade(image, np.concatenate(strokes), bone + stroke + rim + 2 * joint) as region:
        if region is None:
            return
        canvas, origin = region
        draw_lines(canvas, [line - origin for line in brackets], HALO, stroke + rim)
        if bones is not None:
            local = bones - origin
            draw_lines(canvas, [local[chain] for chain in (*_PALM, *_FINGERS)], HALO, bone + rim)
            draw_discs(canvas, local[_JOINTS], joint + rim / 2, HALO)
            draw_discs(canvas, local[_TIPS], joint * 1.35 + rim / 2, HALO)
