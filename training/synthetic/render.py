"""A posed hand under a light, seen by a camera: colour and coverage, and where its joints are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from livefg.results import Side
from training.synthetic.mesh import FloatArray, unit, vertex_normals
from training.synthetic.raster import Fragments, rasterise, visible_faces
from training.synthetic.rig import HandRig, PosedHand, hand_rig
from training.synthetic.skin import SkinTexture, skin_tone

__all__ = ["Camera", "HandLayer", "Look", "Placement", "render_hand"]

_LEAST_DEPTH = 0.06
_SHADOW_SIZE = 256
_SHADOW_BIAS = 0.0035
_SKIN_BLEED = np.array([0.35, 0.18, 0.12], np.float32)
_SKY_LOSS = np.array([0.48, 0.60, 0.60], np.float32)


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera at the origin that looks along -z: picture size and focal length in pixels, image centre."""

    width: int
    height: int
    focal: float
    centre: tuple[float, float]

    def project(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pixels (n, 2), x to the right and y down, and depths (n,) in metres of points (n, 3).

        Points behind the camera get a depth of a millimetre.
        """
        depth = np.maximum(-points[:, 2], 1e-3)
        x = self.centre[0] + self.focal * points[:, 0] / depth
        y = self.centre[1] - self.focal * points[:, 1] / depth
        return np.stack([x, y], axis=1), depth


@dataclass(frozen=True, slots=True)
class Look:
    """How hand and light look. Colours are linear 0..1; `light` is the direction towards the main light."""

    darkness: float = 0.25
    warmth: float = 0.0
    sleeve_colour: tuple[float, float, float] = (0.10, 0.12, 0.18)
    thing_colour: tuple[float, float, float] = (0.3, 0.3, 0.3)
    pattern: float = 0.03
    light: tuple[float, float, float] = (-0.4, 0.7, 0.6)
    light_colour: tuple[float, float, float] = (0.8, 0.8, 0.8)
    ambient: tuple[float, float, float] = (0.45, 0.45, 0.45)
    gloss: float = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Turns the rig's frame into the camera's: `rotation` (3, 3) and `offset` (3,) in metres."""

    rotation: FloatArray
    offset: FloatArray

    @classmethod
    def of(
        cls, rig: HandRig, hand: PosedHand, fingers: FloatArray, palm: FloatArray, centre: FloatArray
    ) -> Placement:
        """Fingers along `fingers` and the palm facing `palm` (unit vectors), the palm's middle at `centre`."""
        thumb = np.cross(fingers, palm) if rig.side == "right" else np.cross(palm, fingers)
        rotation = np.stack([fingers, palm, thumb], axis=1) @ rig.axes.T
        middle = (hand.joints[0] + hand.joints[9]) / 2
        return cls(rotation, centre - rotation @ middle)

    def __call__(self, points: FloatArray) -> FloatArray:
        """Points (n, 3) of the rig's frame in the camera's frame."""
        return points @ self.rotation.T + self.offset


@dataclass(frozen=True, slots=True, eq=False)
class HandLayer:
    """A rendered hand: `colour` (h, w, 3) float32 sRGB 0..1 times `coverage` (h, w) 0..1; `joints` (21, 2) pixels.

    `space` (21, 3) are the joints in the camera's frame, metres; `skin` (h, w) is the hand's own coverage, without
    sleeve and held thing.
    """

    colour: FloatArray
    coverage: FloatArray
    skin: FloatArray
    joints: FloatArray
    space: FloatArray


@cache
def _texture(side: Side) -> SkinTexture:
    return SkinTexture(hand_rig(side))


def render_hand(
    side: Side, hand: PosedHand, placement: Placement, camera: Camera, look: Look, oversampling: int = 2
) -> HandLayer:
    """Draw a hand; the arm may reach past the camera."""
    rig = hand_rig(side)
    vertices, joints = placement(hand.vertices), placement(hand.joints)
    points, depth = camera.project(vertices)
    width, height = camera.width * oversampling, camera.height * oversampling
    scaled = points * oversampling + (oversampling - 1) / 2
    fragments = rasterise(scaled, depth, rig.faces, width, height, _LEAST_DEPTH)
    layer = np.zeros((height, width, 5), np.float32)
    if fragments.faces.size:
        colour, skin = _shade(rig, vertices, depth, fragments, look, (height, width))
        layer[fragments.rows, fragments.columns] = np.concatenate(
            [colour, np.ones((len(colour), 1), np.float32), skin[:, None]], axis=1
        )
    size = (camera.width, camera.height)
    small = np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), np.float32)
    return HandLayer(small[..., :3], small[..., 3], small[..., 4], camera.project(joints)[0], joints)


def _shade(
    rig: HandRig,
    vertices: FloatArray,
    depth: FloatArray,
    fragments: Fragments,
    look: Look,
    size: tuple[int, int],
) -> tuple[FloatArray, FloatArray]:
    """Colours (n, 3), sRGB 0..1, of the fragments, and which of them (n,) are skin of hand or arm."""
    light = np.asarray(look.light) / np.linalg.norm(look.light)
    vertex_data = np.concatenate(
        [
            vertex_normals(vertices, rig.faces),
            _lit(rig, vertices, light)[:, None],
            depth[:, None],
            vertices,
        ],
        axis=1,
    )
    values = fragments.blend(vertex_data, rig.faces)
    normals = unit(values[:, :3])
    lit, position = values[:, 3:4], values[:, 5:8]
    albedo, gloss, skin = _surface(rig, fragments, look)
    facing = normals @ light.astype(np.float32)
    # Light that goes through skin reddens the edge of the shadow, and creases.
    bleed = np.where(skin[:, None], _SKIN_BLEED, np.float32(0.05))
    diffuse = np.clip((facing[:, None] + bleed) / (1 + bleed), 0, 1) * (0.3 + 0.7 * lit)
    openness = _openness(fragments, values[:, 4], size)[:, None]
    sky = (0.65 + 0.35 * normals[:, 1:2]) * (1 - (1 - openness) * _SKY_LOSS)
    half = unit(light.astype(np.float32) - unit(position))
    mirror = np.clip(np.einsum("pc,pc->p", normals, half), 0, 1)[:, None]
    shine = (mirror**22 + 0.25 * mirror**6) * look.gloss * gloss * lit
    radiance = albedo * (_colour(look.ambient) * sky + _colour(look.light_colour) * diffuse)
    radiance += shine * _colour(look.light_colour)
    return np.clip(radiance, 0, 1) ** np.float32(1 / 2.2), skin


def _colour(colour: tuple[float, float, float]) -> FloatArray:
    return np.array(colour, np.float32)


def _surface(rig: HandRig, fragments: Fragments, look: Look) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Albedo (n, 3), gloss (n, 1) and whether it is skin (n,)."""
    part = rig.part[rig.faces[fragments.faces, 0]]
    skin = part == rig.SKIN
    back, palm = skin_tone(look.darkness, look.warmth)
    albedo = np.empty((len(part), 3), np.float32)
    gloss = np.zeros((len(part), 1), np.float32)
    share, factor, shine = _texture(rig.side)(fragments.faces[skin], fragments.weights[skin])
    albedo[skin] = (back.astype(np.float32) + (palm - back).astype(np.float32) * share) * factor
    gloss[skin] = shine
    stripes = 1 + look.pattern * np.sin(0.7 * fragments.rows + 2.0 * np.sin(0.13 * fragments.columns))
    for kind, colour in ((rig.SLEEVE, look.sleeve_colour), (rig.THING, look.thing_colour)):
        chosen = part == kind
        albedo[chosen] = _colour(colour) * stripes[chosen, None]
    gloss[part == rig.THING] = 1.5
    return albedo, gloss, skin


def _lit(rig: HandRig, vertices: FloatArray, light: FloatArray) -> FloatArray:
    """How much (v,) 0..1 of the main light reaches each vertex: a blurred look into a depth map from the light."""
    across = np.cross([0.0, 1.0, 0.0] if abs(light[1]) < 0.9 else [1.0, 0.0, 0.0], light)
    across /= np.linalg.norm(across)
    up = np.cross(light, across)
    flat = np.stack([vertices @ across, -(vertices @ up)], axis=1)
    depth = -(vertices @ light)
    # The far end of the arm would waste the map's resolution.
    hand = flat[: rig.hand_vertices]
    low, high = hand.min(axis=0), hand.max(axis=0)
    scale = (_SHADOW_SIZE - 8) / (high - low).max()
    points = (flat - low) * scale + 4
    casters = rig.coarse_faces
    shown = visible_faces(points, depth, casters, _SHADOW_SIZE, _SHADOW_SIZE)
    nearest = np.full(shown.shape, 1e3, np.float32)
    covered = shown > 0
    # A face counts as being where its farthest corner is: else slanting faces would shade themselves.
    nearest[covered] = depth[casters].max(axis=1)[shown[covered] - 1]
    columns, rows = np.clip(np.round(points), 2, _SHADOW_SIZE - 3).astype(int).T
    lit = np.zeros(len(depth))
    for dy in (-2, 0, 2):
        for dx in (-2, 0, 2):
            lit += depth < nearest[rows + dy, columns + dx] + _SHADOW_BIAS
    outside = (np.abs(points - _SHADOW_SIZE / 2) > _SHADOW_SIZE / 2 - 3).any(axis=1)
    return np.where(outside, 1.0, lit / 9)


def _openness(fragments: Fragments, depth: FloatArray, size: tuple[int, int]) -> FloatArray:
    """How open (n,) 0..1 the surroundings are: what lies deeper than the pixels around it gets less sky."""
    map_, covered = np.zeros(size, np.float32), np.zeros(size, np.float32)
    map_[fragments.rows, fragments.columns] = depth
    covered[fragments.rows, fragments.columns] = 1
    closed = np.zeros(len(depth), np.float32)
    for radius in (5, 13):
        window = (2 * radius + 1, 2 * radius + 1)
        total, count = cv2.blur(map_, window), cv2.blur(covered, window)
        around = total[fragments.rows, fragments.columns] / np.maximum(
            count[fragments.rows, fragments.columns], 1e-3
        )
        closed += np.clip((depth - around) / 0.018, 0, 1)
    return np.asarray(np.clip(1 - 0.55 * closed, 0, 1))
