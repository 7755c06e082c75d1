"""A face's contours and the axes of a head."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from livefg.overlay.draw import ImageArray, Polyline, disc, draw_lines, is_drawable, translucent
from livefg.overlay.style import AXIS_COLOURS, FACE, HALO, HALO_OPACITY, Colour, Scale
from livefg.results import Face, HeadPose

__all__ = ["draw_axes", "draw_contours", "head_axes"]

# Chains of MediaPipe's 478-point mesh (its FACE_LANDMARKS_* connections, walked in order).
_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10,
)  # fmt: skip
_LIPS = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
)
_EYES = (
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263),
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33),
)
_BROWS = (
    (276, 283, 282, 295, 285, 336, 296, 334, 293, 300, 276),
    (46, 53, 52, 65, 55, 107, 66, 105, 63, 70, 46),
)
_NOSE = ((168, 6, 197, 195, 5, 4), (64, 98, 97, 2, 326, 327, 294))
_IRISES = ((474, 475, 476, 477), (469, 470, 471, 472))
_NOSE_TIP = 1
_MESH_POINTS = 478


def draw_contours(image: ImageArray, face: Face, colour: Colour, scale: Scale) -> None:
    """Draw in place the oval (in `colour`), brows, eyes, irises, nose and lips of a face that has its mesh."""
    if face.landmarks is None or len(face.landmarks) < _MESH_POINTS or not is_drawable(face.landmarks):
        return
    points = np.asarray(face.landmarks[:, :2], np.float64)
    extent = float(np.ptp(points, axis=0).max())
    width = max(1.0, min(1.25 * scale.unit, extent / 130))
    with translucent(image, [points], width + 3, HALO_OPACITY * 0.7) as region:
        if region is not None:
            canvas, origin = region
            halo = width + max(1.0, 1.1 * scale.unit)
            draw_lines(canvas, _chains(points - origin, _OVAL, *_LIPS, *_EYES, *_BROWS, *_NOSE), HALO, halo)
    with translucent(image, [points], width + 3, 0.9) as region:
        if region is not None:
            canvas, origin = region
            local = points - origin
            draw_lines(canvas, _chains(local, _OVAL), colour, width)
            draw_lines(canvas, _chains(local, *_LIPS, *_EYES, *_BROWS, *_NOSE), FACE, width)
            if extent > 60:
                draw_lines(canvas, [_circle(local[list(iris)]) for iris in _IRISES], colour, width)


def _chains(points: Polyline, *chains: tuple[int, ...]) -> list[Polyline]:
    return [points[list(chain)] for chain in chains]


def _circle(rim: Polyline) -> Polyline:
    """A circle through four points of a rim, as a line."""
    centre = rim.mean(axis=0)
    radius = float(np.linalg.norm(rim - centre, axis=1).mean())
    angles = np.linspace(0.0, 2 * math.pi, 21)
    circle: Polyline = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return circle


def head_axes(pose: HeadPose, *, mirrored: bool = False) -> npt.NDArray[np.float64]:
    """Unit vectors of a head in the picture's orientation: (3, 3), x right, y down, z away from the viewer.

    Rows: toward the person's own left, up, and where the face looks. `mirrored` says that the picture is a
    mirror image of the scene.
    """
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    looks = np.array(
        [math.cos(pitch) * math.sin(yaw), -math.sin(pitch), -math.cos(pitch) * math.cos(yaw)],
    )
    level = np.array([math.cos(yaw), 0.0, math.sin(yaw)])
    upright = np.array(
        [-math.sin(pitch) * math.sin(yaw), -math.cos(pitch), math.sin(pitch) * math.cos(yaw)],
    )
    left = math.cos(roll) * level + math.sin(roll) * upright
    up = math.cos(roll) * upright - math.sin(roll) * level
    axes = np.stack([left, up, looks])
    return axes * [-1.0, 1.0, 1.0] if mirrored else axes


def draw_axes(image: ImageArray, face: Face, scale: Scale, *, mirrored: bool = False) -> None:
    """Draw the head's axes from the tip of the nose in place; nothing without a finite pose and position."""
    pose = face.pose
    if pose is None or not is_drawable((pose.yaw, pose.pitch, pose.roll)) or not is_drawable(face.box):
        return
    left, top, right, bottom = face.box
    origin = np.array([(left + right) / 2, (top + bottom) / 2])
    if (
        face.landmarks is not None
        and len(face.landmarks) > _NOSE_TIP
        and is_drawable(face.landmarks[_NOSE_TIP])
    ):
        origin = np.asarray(face.landmarks[_NOSE_TIP, :2], np.float64)
    elif face.points is not None and is_drawable(face.points):
        origin = np.asarray(face.points[2], np.float64)
    length = 0.3 * max(right - left, bottom - top)
    width = max(1.0, min(2.2 * scale.unit, length / 20))
    axes = head_axes(pose, mirrored=mirrored)
    ends = origin + length * axes[:, :2]
    halo = width + max(1.5, 1.4 * scale.unit)
    with translucent(image, [np.vstack([origin, ends])], halo + 2, HALO_OPACITY) as region:
        if region is not None:
            canvas, corner = region
            draw_lines(canvas, [np.stack([origin, end]) - corner for end in ends], HALO, halo)
    # The farthest first: what points at the viewer lies on top.
    for index in np.argsort(-axes[:, 2]):
        draw_lines(image, [np.stack([origin, ends[index]])], AXIS_COLOURS[index], width)
        disc(image, ends[index], width * 1.1, AXIS_COLOURS[index])
