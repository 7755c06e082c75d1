"""The rigged hand: joint angles and a hand's proportions in, a posed mesh and MediaPipe's 21 joints out.

The asset is the WebXR generic hand. Its joint frames have -z along the bone to the next joint and +y out of the back
of the hand, so flexion turns about x (negative: towards the palm) and abduction about y.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from livefg.paths import assets_dir
from livefg.results import Side
from training.synthetic.mesh import FloatArray, loop_subdivide, read_skinned_mesh, tube, vertex_normals

__all__ = [
    "ANGLES",
    "FINGERS",
    "LIMITS",
    "HandRig",
    "HandShape",
    "Holding",
    "PosedHand",
    "Sleeve",
    "hand_rig",
    "limited",
]

FINGERS = ("index", "middle", "ring", "pinky")
_JOINTS = (
    "wrist",
    *(f"thumb-{bone}" for bone in ("metacarpal", "phalanx-proximal", "phalanx-distal", "tip")),
    *(
        f"{finger}-finger-{bone}"
        for finger in FINGERS
        for bone in ("metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip")
    ),
)
_PARENTS = (-1, 0, 1, 2, 3, *(p for f in range(4) for p in (0, 5 + 5 * f, 6 + 5 * f, 7 + 5 * f, 8 + 5 * f)))
_FOREARM = len(_JOINTS)
# The four metacarpal joints of the fingers have no counterpart among MediaPipe's 21 points.
_MEDIAPIPE = (0, 1, 2, 3, 4, *(joint for f in range(4) for joint in range(6 + 5 * f, 10 + 5 * f)))
# MediaPipe sets the wrist this part of the way from the rig's wrist to the middle knuckle (median of 530 renders).
_WRIST_SHIFT = 0.165

ANGLES = (
    *(f"thumb_{name}" for name in ("flexion", "abduction", "twist", "mcp", "ip")),
    *(f"{finger}_{name}" for finger in FINGERS for name in ("mcp", "abduction", "pip", "dip")),
    "ring_arch",
    "pinky_arch",
    "wrist_flexion",
    "wrist_deviation",
)
"""The 25 angles of a pose in degrees. A finger's flexions are absolute (0: in line with the bone before it) and its
abduction is positive towards the thumb; the thumb's angles are relative to the rig's rest pose; `arch` flexes the
metacarpal; the wrist flexes towards the palm and deviates towards the thumb."""

_THUMB_LIMITS = ((-25, 60), (-20, 55), (-50, 40), (-20, 65), (-25, 80))
_PALM_LIMITS = ((0, 12), (0, 20))
_WRIST_LIMITS = ((-60, 65), (-25, 30))
_FINGER_LIMITS = ((-25, 95), (-20, 20), (-8, 112), (-12, 90))
LIMITS = np.array(
    [*_THUMB_LIMITS, *(_FINGER_LIMITS * 4), *_PALM_LIMITS, *_WRIST_LIMITS],
    np.float64,
)
"""Least and greatest value (25, 2) of each angle in degrees that a healthy hand reaches."""


def limited(pose: FloatArray) -> FloatArray:
    """The pose (25,) brought within the joints' limits."""
    return np.clip(pose, LIMITS[:, 0], LIMITS[:, 1])


@dataclass(frozen=True, slots=True)
class HandShape:
    """Proportions of a hand relative to the mesh: lengths and thicknesses of thumb and fingers, the palm's size."""

    finger_length: tuple[float, float, float, float, float] = (1.0, 1.0, 1.0, 1.0, 1.0)
    finger_width: float = 1.0
    palm_width: float = 1.0
    palm_length: float = 1.0


@dataclass(frozen=True, slots=True)
class Sleeve:
    """Where a sleeve begins, in metres behind the wrist, and how wide it is against the arm."""

    start: float = 0.05
    width: float = 1.25


@dataclass(frozen=True, slots=True)
class Holding:
    """A thing in the hand: a rod with an elliptic section, in metres, along the hand's axis `along`.

    `radii` are along the palm's normal and along the third axis, `offset` is the way out of the palm and towards the
    fingertips from the middle knuckle.
    """

    along: Literal["fingers", "thumb"]
    length: float
    radii: tuple[float, float]
    offset: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class PosedHand:
    """A hand in a pose, in the rig's frame: `vertices` (v, 3), `joints` (21, 3) in metres."""

    vertices: FloatArray
    joints: FloatArray


class HandRig:
    """One side's hand with forearm, sleeve and a held thing (both collapsed to a point when not wanted).

    `faces` (f, 3); `coarse_faces` are hand and arm with fewer faces over the same vertices; `part` (v,) is 0 for
    skin, 1 for the sleeve, 2 for the thing held; `rest` (v, 3) are the vertices of hand and arm in the rest pose, of
    which the first `hand_vertices` are the hand's; `axes` (3, 3) has as columns the directions of the fingers, out
    of the palm, and towards the thumb.
    """

    SKIN, SLEEVE, THING = 0, 1, 2

    def __init__(self, side: Side, subdivisions: int = 1) -> None:
        mesh = read_skinned_mesh(assets_dir() / f"hand_{side}.glb")
        order = [mesh.joints.index(name) for name in _JOINTS]
        self.side = side
        self.bind = mesh.bind[order]
        attributes, coarse = np.concatenate([mesh.vertices, mesh.weights[:, order]], axis=1), mesh.faces
        faces = coarse
        for _ in range(subdivisions):
            attributes, faces = loop_subdivide(attributes, faces)
        self._hand, weights = attributes[:, :3], attributes[:, 3:]
        self._wrist_height = float(self.bind[0, 1, 3])
        # The mesh ends a little behind the wrist, where the arm takes over.
        before_arm = self._hand[:, 1] < self._wrist_height + 0.010
        faces, coarse = faces[before_arm[faces].any(axis=1)], coarse[before_arm[coarse].any(axis=1)]
        wrist_frame = self.bind[0, :3, :3]
        fingers, palm = -wrist_frame[:, 2], -wrist_frame[:, 1]
        self.axes = np.stack([fingers, palm, self._thumb_direction(fingers, palm)], axis=1)
        self._arm_angle, self._arm_place, arm_faces = tube(26, 28)
        self._sleeve_angle, self._sleeve_place, sleeve_faces = tube(26, 28)
        self._thing_angle, self._thing_place, thing_faces = tube(26, 24)
        counts = [len(self._hand), len(self._arm_angle), len(self._sleeve_angle), len(self._thing_angle)]
        starts = np.concatenate([[0], np.cumsum(counts)])
        self.hand_vertices = len(self._hand)
        bare_faces = len(faces) + len(arm_faces)
        self.faces = np.concatenate(
            [
                part + start
                for part, start in zip((faces, arm_faces, sleeve_faces, thing_faces), starts, strict=False)
            ]
        )
        self.coarse_faces = np.concatenate([coarse, arm_faces + starts[1]])
        self.part = np.repeat([self.SKIN, self.SKIN, self.SLEEVE, self.THING], counts)
        ring = self._hand[np.abs(self._hand[:, 1] - self._wrist_height - 0.004) < 0.006]
        self._arm_centre = (ring.min(axis=0) + ring.max(axis=0)) / 2
        self._arm_radii = (ring.max(axis=0) - ring.min(axis=0))[[0, 2]] / 2
        self.rest = np.concatenate([self._hand, self._arm()])
        self._weights = self._weights_with_forearm(weights)
        self._local = np.stack(
            [self.bind[0]]
            + [np.linalg.inv(self.bind[_PARENTS[j]]) @ self.bind[j] for j in range(1, len(_JOINTS))]
        )
        self._unbind = np.linalg.inv(self.bind)
        self._rest_flexion = self._flexion_at_rest()
        self.rest_normals = vertex_normals(self.rest, self.faces[:bare_faces])

    def _thumb_direction(self, fingers: FloatArray, palm: FloatArray) -> FloatArray:
        return np.cross(fingers, palm) if self.side == "right" else np.cross(palm, fingers)

    def _arm(self) -> FloatArray:
        """The bare forearm: it comes out of the wrist and widens towards the elbow."""
        along = -0.010 + 0.81 * self._arm_place**1.7
        knots = (-0.010, -0.002, 0.004, 0.012, 0.022, 0.05, 0.12, 0.25, 0.80)
        width = np.interp(along, knots, (0.86, 0.93, 0.97, 1.02, 1.06, 1.08, 1.17, 1.35, 1.75))
        return self._around_arm(self._arm_angle, along, width, width)

    def _around_arm(
        self, angle: FloatArray, along: FloatArray, wide: FloatArray, deep: FloatArray
    ) -> FloatArray:
        (x, _, z), (radius_x, radius_z) = self._arm_centre, self._arm_radii
        return np.stack(
            [
                x + radius_x * wide * np.cos(angle),
                self._wrist_height + along,
                z + radius_z * deep * np.sin(angle),
            ],
            axis=1,
        )

    def _sleeve(self, sleeve: Sleeve) -> FloatArray:
        along = sleeve.start + 0.80 * self._sleeve_place**1.5
        width = (sleeve.width + along) * (1 + 0.03 * np.sin(self._sleeve_place * 23))
        return self._around_arm(self._sleeve_angle, along, width, 0.95 * width)

    def _weights_with_forearm(self, weights: FloatArray) -> FloatArray:
        """Weights (v, 26) of the hand, the arm and the sleeve: what lies behind the wrist follows the forearm."""
        bound = np.zeros((len(self.rest) + len(self._sleeve_angle), _FOREARM + 1))
        bound[: len(weights), :_FOREARM] = weights / weights.sum(axis=1, keepdims=True)
        bound[len(weights) :, 0] = 1
        bound[len(self.rest) :] = np.eye(_FOREARM + 1)[_FOREARM]
        behind = np.clip((self.rest[:, 1] - self._wrist_height + 0.008) / 0.028, 0, 1)
        behind = (behind * behind * (3 - 2 * behind))[:, None]
        bound[: len(self.rest)] *= 1 - behind
        bound[: len(self.rest), _FOREARM] += behind[:, 0]
        return bound

    def _flexion_at_rest(self) -> FloatArray:
        """How far each joint is flexed in the rest pose, in radians, so that recipes can be absolute."""
        flexion = np.zeros(len(_JOINTS))
        origins = self.bind[:, :3, 3]
        for joint, parent in enumerate(_PARENTS):
            if parent <= 0 or joint + 1 >= len(_JOINTS) or _PARENTS[joint + 1] != joint:
                continue
            frame = self.bind[joint, :3, :3].T
            before, after = (
                frame @ (origins[joint] - origins[parent]),
                frame @ (origins[joint + 1] - origins[joint]),
            )
            flexion[joint] = np.arctan2(before[1], -before[2]) - np.arctan2(after[1], -after[2])
        return flexion

    def posed(
        self,
        pose: FloatArray,
        shape: HandShape | None = None,
        sleeve: Sleeve | None = None,
        holding: Holding | None = None,
    ) -> PosedHand:
        """The hand in a pose: 25 angles in degrees, as `ANGLES` names them."""
        scales = _bone_scales(shape or HandShape())
        frames = self._frames(pose, scales)
        unscaled = frames[: len(_JOINTS)] @ (_diagonal(scales) @ self._unbind)
        forearm = frames[_FOREARM] @ self._unbind[0]
        transforms = np.concatenate([unscaled, forearm[None]])[:, :3]
        rest = np.concatenate([self.rest, self._sleeve(sleeve or Sleeve())])
        if sleeve is not None:  # the arm ends inside the sleeve
            arm, end = rest[len(self._hand) : len(self.rest)], self._wrist_height + sleeve.start + 0.02
            arm[arm[:, 1] > end] = (self._arm_centre[0], end, self._arm_centre[2])
        blended = (self._weights @ transforms.reshape(-1, 12)).reshape(-1, 3, 4)
        vertices = np.einsum("vij,vj->vi", blended[:, :, :3], rest) + blended[:, :, 3]
        if sleeve is None:
            vertices[len(self.rest) :] = frames[_FOREARM, :3, 3]
        joints = frames[list(_MEDIAPIPE), :3, 3]
        joints[0] += _WRIST_SHIFT * (joints[9] - joints[0])
        return PosedHand(np.concatenate([vertices, self._thing(frames, holding)]), joints)

    def _thing(self, frames: FloatArray, holding: Holding | None) -> FloatArray:
        if holding is None:
            return np.repeat(frames[:1, :3, 3], len(self._thing_angle), axis=0)
        fingers, palm, thumb = self.axes.T
        axis, third = (fingers, thumb) if holding.along == "fingers" else (thumb, fingers)
        if np.dot(np.cross(palm, axis), third) < 0:  # the tube's faces must look outward
            third = -third
        middle = frames[11, :3, 3] + palm * holding.offset[0] + fingers * holding.offset[1]
        angle, along = self._thing_angle, (self._thing_place - 0.5) * holding.length
        return np.asarray(
            middle
            + np.outer(np.cos(angle) * holding.radii[0], palm)
            + np.outer(along, axis)
            + np.outer(np.sin(angle) * holding.radii[1], third)
        )

    def _frames(self, pose: FloatArray, scales: FloatArray) -> FloatArray:
        """The joints' frames (26, 4, 4) in the rig's frame, the forearm's last."""
        turns = self._turns(np.deg2rad(pose))
        frames = np.empty((_FOREARM + 1, 4, 4))
        for joint, parent in enumerate(_PARENTS):
            local = self._local[joint].copy()
            if parent >= 0:
                local[:3, 3] *= scales[parent]
            local[:3, :3] = local[:3, :3] @ turns[joint]
            frames[joint] = local if parent < 0 else frames[parent] @ local
        frames[_FOREARM] = frames[0]
        frames[_FOREARM, :3, :3] = frames[0, :3, :3] @ turns[_FOREARM]
        return frames

    def _turns(self, angles: FloatArray) -> FloatArray:
        """Rotation (26, 3, 3) of each joint against its rest, in its own frame; angles in radians."""
        outward = 1.0 if self.side == "left" else -1.0
        turns = np.tile(np.eye(3), (_FOREARM + 1, 1, 1))
        flexion, abduction, twist, mcp, ip = angles[:5]
        turns[1] = _turn("y", -outward * abduction) @ _turn("x", -flexion) @ _turn("z", outward * twist)
        turns[2], turns[3] = _turn("x", -mcp), _turn("x", -ip)
        for finger in range(4):
            mcp, abduction, pip, dip = angles[5 + 4 * finger : 9 + 4 * finger]
            first = 6 + 5 * finger
            bend = np.array([mcp, pip, dip]) - self._rest_flexion[first : first + 3]
            turns[first] = _turn("y", -outward * abduction) @ _turn("x", -bend[0])
            turns[first + 1], turns[first + 2] = _turn("x", -bend[1]), _turn("x", -bend[2])
        turns[15], turns[20] = _turn("x", -angles[21]), _turn("x", -angles[22])
        # The hand is the fixed part: a wrist that flexes turns the forearm the other way.
        turns[_FOREARM] = _turn("x", angles[23]) @ _turn("y", outward * angles[24])
        return turns


def _bone_scales(shape: HandShape) -> FloatArray:
    """Scale (25, 3) of each joint's own bone along the axes of its frame: across, through, along."""
    scales = np.ones((len(_JOINTS), 3))
    scales[0] = (shape.palm_width, 1.0, shape.palm_length)
    scales[5::5] = scales[0]
    lengths = shape.finger_length
    scales[1:5] = [(shape.finger_width, shape.finger_width, lengths[0])] * 4
    for finger in range(4):
        bones = (shape.finger_width, shape.finger_width, lengths[finger + 1])
        scales[6 + 5 * finger : 10 + 5 * finger] = bones
    return scales


def _diagonal(scales: FloatArray) -> FloatArray:
    matrices = np.tile(np.eye(4), (len(scales), 1, 1))
    matrices[:, [0, 1, 2], [0, 1, 2]] = scales
    return matrices


def _turn(axis: Literal["x", "y", "z"], angle: float) -> FloatArray:
    cos, sin = np.cos(angle), np.sin(angle)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


@cache
def hand_rig(side: Side) -> HandRig:
    """The rig of one side; reading and subdividing it takes a moment, so it is kept."""
    return HandRig(side)
