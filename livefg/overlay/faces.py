"""A face: the corners of its box, its contours, and the axes of the head."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
from livefg.overlay.style import AXIS_COLOURS, FACE, FINE_HALO, HALO, Colour, Scale
from livefg.results import Face, HeadPose

__all__ = ["draw_face", "head_axes"]

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
_NOSE = ((64, 98, 97, 2, 326, 327, 294),)
_IRISES = ((474, 475, 476, 477), (469, 470, 471, 472))

_Chains = tuple[npt.NDArray[np.intp], ...]


def _every(step: int, chains: Sequence[tuple[int, ...]]) -> _Chains:
    """Chains of every `step`-th point, with their last point."""
    return tuple(np.array([*chain[:-1:step], chain[-1]]) for chain in chains)


_OVAL_CHAIN = np.array(_OVAL)
_FEATURES = (*_LIPS, *_EYES, *_BROWS, *_NOSE)
_FINE = _every(1, _FEATURES)
_COARSE = _every(2, _FEATURES)
_FEW = _every(2, (_LIPS[0], *_EYES, (336, 296, 334, 293, 300), (70, 63, 105, 66, 107)))
_RIMS = np.array(_IRISES)
_TURN = np.linspace(0.0, 2 * math.pi, 13)
_UNIT_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)
_NOSE_TIP = 1
_MESH_POINTS = 478
# Heights and widths in pixels: the smaller a face, the fewer lines it can carry without becoming a mask.
_SMALLEST_WITH_FEATURES = 48
_SMALLEST_WITH_AXES = 80
_SMALLEST_WITH_ALL_FEATURES = 110
_SMALLEST_WITH_EVERY_POINT = 160


def draw_face(
    image: ImageArray,
    face: Face,
    colour: Colour,
    scale: Scale,
    *,
    contours: bool = True,
    box: bool = True,
    mirrored: bool = False,
) -> None:
    """Draw a face with a finite box in place: the corners of its box and its oval in `colour`, the lines of brows,
    eyes, irises, nose and lips, and the axes of the head. `mirrored`: the picture is a mirror image of the
    scene.
    """
    stroke = scale.stroke_for(face.box)
    brackets = bracket_lines(face.box, *scale.bracket(face.box)) if box else []
    outlines, features, extent = _contour_lines(face) if contours else ([], [], 0.0)
    axes = _axis_lines(face, mirrored) if contours else None
    width = max(1.0, min(scale.unit, extent / 130))
    axis_width = max(1.0, min(1.8 * scale.unit, (face.box[2] - face.box[0]) / 75))
    strokes = [*brackets, *outlines, *features, *([] if axes is None else axes)]
    if not strokes:
        return
    size = max(face.box[2] - face.box[0], face.box[3] - face.box[1])
    rim = max(1.0, min(1.2 * scale.unit, size / 110))
    with shade(image, np.concatenate(strokes), 3 * rim + stroke) as region:
        if region is None:
            return
        canvas, origin = region
        draw_lines(canvas, [line - origin for line in brackets], HALO, stroke + 1.3 * rim)
        rimmed = (*outlines, *features) if extent >= _SMALLEST_WITH_ALL_FEATURES else outlines
        draw_lines(canvas, [line - origin for line in rimmed], FINE_HALO, width + rim)
        if axes is not None:
            draw_lines(canvas, [line - origin for line in axes], HALO, axis_width + 1.3 * rim)
    draw_lines(image, brackets, colour, stroke)
    draw_lines(image, outlines, colour, width)
    draw_lines(image, features, FACE, width)
    if axes is not None and face.pose is not None:
        _draw_axes(image, axes, head_axes(face.pose, mirrored=mirrored)[:, 2], axis_width)


def _contour_lines(face: Face) -> tuple[list[FixedPoints], list[FixedPoints], float]:
    """Lines in the face's colour, lines in the light colour, and the face's extent in pixels."""
    if face.landmarks is None or len(face.landmarks) < _MESH_POINTS or not is_drawable(face.landmarks):
        return [], [], 0.0
    points = fixed(face.landmarks)
    extent = float(np.ptp(face.landmarks[:, :2], axis=0).max())
    outlines = [points[_OVAL_CHAIN]]
    if extent < _SMALLEST_WITH_FEATURES:
        return outlines, [], extent
    if extent < _SMALLEST_WITH_ALL_FEATURES:
        return outlines, [points[chain] for chain in _FEW], extent
    for rim in face.landmarks[_RIMS, :2].astype(np.float64):
        centre = rim.mean(axis=0)
        radius = float(np.sqrt(((rim - centre) ** 2).sum(axis=1)).mean())
        outlines.append(fixed(centre + radius * _UNIT_CIRCLE))
    features = _FINE if extent >= _SMALLEST_WITH_EVERY_POINT else _COARSE
    return outlines, [points[chain] for chain in features], extent


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


def _axis_lines(face: Face, mirrored: bool) -> list[FixedPoints] | None:
    """The three axes from the tip of the nose; None without a finite pose, and for a small face."""
    pose = face.pose
    if pose is None or not is_drawable((pose.yaw, pose.pitch, pose.roll)):
        return None
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
    size = max(right - left, bottom - top)
    if size < _SMALLEST_WITH_AXES:
        return None
    ends = origin + 0.22 * size * head_axes(pose, mirrored=mirrored)[:, :2]
    return [fixed(np.stack([origin, end])) for end in ends]


def _draw_axes(
    image: ImageArray, axes: list[FixedPoints], depths: npt.NDArray[np.float64], width: float
) -> None:
    """Draw the farthest axis first: what points at the viewer lies on top."""
    for index in np.argsort(-depths):
        draw_lines(image, [axes[index]], AXIS_COLOURS[index], width)
        draw_discs(image, axes[index][1:], width * 1.1, AXIS_COLOURS[index])
