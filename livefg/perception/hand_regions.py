"""The geometry of hands: where a network should look for one, and what box it takes up."""

from __future__ import annotations

import math

import numpy as np

from livefg.perception.detection import Detection
from livefg.perception.geometry import Region, box_of, region_around, wrap_angle
from livefg.results import Box, FloatArray

__all__ = ["following_region", "hand_box", "palm_region", "turned"]

# The points that hold still when fingers bend decide where the hand will be in the next frame.
_STEADY_POINTS = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]


def palm_region(palm: Detection) -> Region:
    """Where the whole hand is to be expected around a palm: turned so that the fingers point up."""
    left, top, right, bottom = palm.box.tolist()
    wrist, middle = palm.points[0].tolist(), palm.points[2].tolist()
    rotation = wrap_angle(math.pi / 2 - math.atan2(wrist[1] - middle[1], middle[0] - wrist[0]))
    return region_around(
        (left + right) / 2, (top + bottom) / 2, right - left, bottom - top, rotation, 2.6, -0.5
    )


def following_region(landmarks: FloatArray) -> Region:
    """Where to look in the next frame for the hand that has these landmarks now."""
    points = landmarks[:, :2]
    (wrist_x, wrist_y), middle = points[0].tolist(), (((points[5] + points[13]) / 2 + points[9]) / 2).tolist()
    rotation = wrap_angle(math.pi / 2 - math.atan2(wrist_y - middle[1], middle[0] - wrist_x))
    steady = points[_STEADY_POINTS]
    centre = (steady.max(axis=0) + steady.min(axis=0)) / 2
    cos, sin = math.cos(rotation), math.sin(rotation)
    upright = (steady - centre) @ np.array([[cos, -sin], [sin, cos]], np.float32)
    low, high = upright.min(axis=0), upright.max(axis=0)
    (x, y), (width, height) = ((high + low) / 2).tolist(), (high - low).tolist()
    return region_around(
        x * cos - y * sin + float(centre[0]),
        x * sin + y * cos + float(centre[1]),
        width,
        height,
        rotation,
        2.0,
        -0.1,
    )


def hand_box(landmarks: FloatArray) -> Box:
    """The box in pixels around the landmarks (21, 3) with the flesh around them."""
    left, top, right, bottom = box_of(landmarks)
    margin = 0.08 * max(right - left, bottom - top)
    return (left - margin, top - margin, right + margin, bottom + margin)


def turned(points: FloatArray, angle: float) -> FloatArray:
    """Points (n, 3) turned about the z axis by an angle in radians, clockwise on screen."""
    cos, sin = math.cos(angle), math.sin(angle)
    result = points.copy()
    result[:, 0] = points[:, 0] * cos - points[:, 1] * sin
    result[:, 1] = points[:, 0] * sin + points[:, 1] * cos
    return result
