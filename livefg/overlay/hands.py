"""A hand's skeleton, each finger in a colour of its own."""

from __future__ import annotations

import numpy as np

from livefg.overlay.draw import ImageArray, Polyline, disc, draw_lines, is_drawable, translucent
from livefg.overlay.style import FINGER_COLOURS, HALO, HALO_OPACITY, PALM, Scale
from livefg.results import Hand

__all__ = ["draw_skeleton"]

# Points in MediaPipe's order: 0 the wrist, then four a finger from the palm outwards, thumb to little finger.
_FINGERS = tuple((base, base + 1, base + 2, base + 3) for base in (1, 5, 9, 13, 17))
_PALM = ((0, 1), (0, 5, 9, 13, 17, 0))
_TIPS = tuple(finger[-1] for finger in _FINGERS)


def draw_skeleton(image: ImageArray, hand: Hand, scale: Scale) -> None:
    """Draw the 21 points and the bones between them in place; nothing if a coordinate is not finite."""
    if not is_drawable(hand.landmarks):
        return
    points = np.asarray(hand.landmarks[:, :2], np.float64)
    extent = float(np.ptp(points, axis=0).max())
    # A hand far away gets thinner bones, so that it stays a hand and no knot.
    width = max(1.0, min(2.4 * scale.unit, extent / 42))
    joint = max(1.2, 1.25 * width)
    halo = width + max(2.0, 1.6 * scale.unit)
    palm = [points[list(chain)] for chain in _PALM]
    fingers = [points[list(finger)] for finger in _FINGERS]
    _draw_halo(image, [*palm, *fingers], points, halo, joint)
    draw_lines(image, palm, PALM, width)
    for finger, colour in zip(fingers, FINGER_COLOURS, strict=True):
        draw_lines(image, [finger], colour, width)
    disc(image, points[0], joint * 1.25, PALM)
    for chain, colour in zip(_FINGERS, FINGER_COLOURS, strict=True):
        for index in chain:
            radius = joint * (1.35 if index in _TIPS else 1.0)
            disc(image, points[index], radius, colour)
            if radius >= 3:
                disc(image, points[index], radius * 0.45, (255, 255, 255))


def _draw_halo(
    image: ImageArray, lines: list[Polyline], points: Polyline, width: float, joint: float
) -> None:
    with translucent(image, [points], width + joint * 2, HALO_OPACITY) as region:
        if region is None:
            return
        canvas, origin = region
        draw_lines(canvas, [line - origin for line in lines], HALO, width)
        for point in points - origin:
            disc(canvas, point, joint * 1.35 + width / 4, HALO)
