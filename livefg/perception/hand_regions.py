"""The geometry of hands: where a network should look for one, and what box it takes up."""

from __future__ import annotations

import math

import numpy as np

from livefg.perception.detection import Detection
from livefg.perception.geometry import Region, box_of, region_around, wrap_angle
from livefg.results import Box, FloatArray

__all__ = ["following_region", "hand_box", "palm_region", "turned"]

# The points that hold still when fingers bend decide where the hand will be in the next frame.
_STEADY_POINTS = np.array([0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18])
_TURNING_POINTS = np.array([0, 5, 9, 13])  # the wrist and the knuckles of three fingers


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
    wrist, *knuckles = landmarks[_TURNING_POINTS, :2].tolist()
    index, middle, ring = knuckles
    turning_x, turning_y = (((index[axis] + ring[axis]) / 2 + middle[axis]) / 2 for axis in (0, 1))
    rotation = wrap_angle(math.pi / 2 - math.atan2(wrist[1] - turning_y, turning_x - wrist[0]))
    cos, sin = math.cos(rotation), math.sin(rotation)
    steady = landmarks[_STEADY_POINTS, :2].tolist()
    along = [x * cos + y * sin for x, y in steady]
    across = [y * cos - x * sin for x, y in steady]
    x, y = (min(along) + max(along)) / 2, (min(across) + max(across)) / 2
    return region_around(
        x * cos - y * sin,
        x * sin + y * cos,
        max(along) - min(along),
        max(across) - min(across),
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
