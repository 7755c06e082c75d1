"""What skin looks like: a wide range of tones, and creases, knuckles and nails as a texture over the mesh."""

from __future__ import annotations

import numpy as np

from training.synthetic.mesh import FloatArray, IntArray, unit
from training.synthetic.rig import HandRig

__all__ = ["SkinTexture", "skin_tone"]

# sRGB tones of the back of the hand from light to dark.
_TONES = np.array(
    [
        (244, 208, 188),
        (236, 196, 172),
        (224, 176, 148),
        (205, 152, 120),
        (176, 120, 88),
        (138, 90, 64),
        (104, 68, 50),
        (74, 50, 40),
        (52, 38, 33),
    ],
    np.float64,
)
# Palms of dark hands are much lighter than their backs.
_PALM_TONES = np.array(
    [
        (246, 208, 190),
        (240, 196, 174),
        (230, 180, 154),
        (216, 164, 136),
        (198, 144, 116),
        (176, 122, 98),
        (158, 106, 86),
        (138, 92, 76),
        (120, 82, 70),
    ],
    np.float64,
)
_TEXELS = 8
_NEAR = 0.02


def skin_tone(darkness: float, warmth: float) -> tuple[FloatArray, FloatArray]:
    """Colours (3,) of the back of the hand and of the palm, linear 0..1.

    `darkness` 0..1 runs over human skin tones, `warmth` about -1..1 from pinkish to yellowish.
    """
    place = np.arange(len(_TONES)) / (len(_TONES) - 1)
    undertone = 1 + warmth * np.array([0.0, 0.025, -0.06])
    back, palm = (
        np.array([np.interp(darkness, place, tones[:, channel]) for channel in range(3)]) * undertone / 255
        for tones in (_TONES, _PALM_TONES)
    )
    return np.clip(back, 0, 1) ** 2.2, np.clip(palm, 0, 1) ** 2.2


class SkinTexture:
    """Texels on every face of a hand: how much of the palm's tone, a factor for the colour, and gloss.

    Baked once for a rig, so that a picture costs a look-up a pixel.
    """

    def __init__(self, rig: HandRig) -> None:
        faces = rig.faces[rig.faces.max(axis=1) < len(rig.rest)]
        steps = (np.arange(_TEXELS) + 0.5) / _TEXELS
        second, third = (grid.reshape(-1) for grid in np.meshgrid(steps, steps, indexing="ij"))
        outside = second + third > 1  # the other half of the square is never looked up far from the edge
        second, third = np.where(outside, 1 - third, second), np.where(outside, 1 - second, third)
        weights = np.stack([1 - second - third, second, third], axis=1)
        points = np.einsum("tc,fck->ftk", weights, rig.rest[faces]).reshape(-1, 3)
        normals = np.einsum("tc,fck->ftk", weights, rig.rest_normals[faces]).reshape(-1, 3)
        normals = unit(normals)
        palm, colour, gloss = _details(rig, points, normals)
        texels = np.concatenate([palm, colour**2.2, gloss], axis=1)
        self._texels = texels.reshape(len(faces), _TEXELS * _TEXELS, 5).astype(np.float32)

    def __call__(self, faces: IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Palm share (n, 1), factor (n, 3) of the linear colour, gloss (n, 1) at `weights` (n, 3) of `faces` (n,)."""
        cells = np.minimum((weights[:, 1:] * _TEXELS).astype(np.int64), _TEXELS - 1)
        found = self._texels[faces, cells[:, 0] * _TEXELS + cells[:, 1]]
        return found[:, :1], found[:, 1:4], found[:, 4:]


def _details(
    rig: HandRig, points: FloatArray, normals: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    facing = normals @ rig.axes[:, 1]
    palm = np.clip(0.5 + 1.6 * facing, 0, 1)[:, None]
    colour = np.ones((len(points), 3))
    gloss = np.ones((len(points), 1))
    random = np.random.default_rng(7)
    for frequency, strength in ((70, 0.02), (170, 0.016), (420, 0.014)):
        waves = random.normal(size=(3, 3)) * frequency
        colour *= 1 + strength * np.sin(points @ waves + random.uniform(0, 6, 3)) * np.array([0.6, 1, 1])
    for joint in range(1, len(rig.bind)):
        frame = rig.bind[joint, :3, :3]
        local = (points - rig.bind[joint, :3, 3]) @ frame
        near = np.flatnonzero((np.abs(local) < _NEAR).all(axis=1))
        if joint % 5 == 4:
            _paint_tip(local[near], normals[near] @ frame[:, 1], near, joint == 4, colour, gloss)
        elif joint % 5 and joint != 1:
            _paint_crease(local[near], normals[near] @ frame[:, 1], near, colour)
    return palm, colour, gloss


def _paint_tip(
    local: FloatArray, up: FloatArray, near: IntArray, thumb: bool, colour: FloatArray, gloss: FloatArray
) -> None:
    """A nail with its rim on the upper side of a fingertip, and a redder pad."""
    across, along = local[:, 0] / (0.0062 if thumb else 0.0050), (local[:, 2] + 0.004) / 0.0068
    reach = across**4 + along**4
    nail = (reach < 1.0) & (up > 0.35)
    rim = np.exp(-(((reach - 1.05) / 0.25) ** 2)) * (up > 0.3)
    pad = np.exp(-((np.linalg.norm(local, axis=1) / 0.011) ** 2))
    colour[near] *= 1 + np.outer(nail, [0.05, 0.04, 0.05])
    colour[near] *= 1 - np.outer(rim, [0.12, 0.20, 0.20])
    colour[near] *= 1 - np.outer(pad, [0.00, 0.07, 0.06])
    gloss[near, 0] += 1.6 * nail


def _paint_crease(local: FloatArray, up: FloatArray, near: IntArray, colour: FloatArray) -> None:
    """The flexion crease on the palm's side of a joint, and the wrinkles over its knuckle."""
    crease = np.exp(-(((local[:, 2] - 0.001) / 0.0011) ** 2)) * np.clip(-up - 0.1, 0, 1)
    crease *= np.exp(-((local[:, 0] / 0.008) ** 4))
    knuckle = np.exp(-((local[:, 2] / 0.007) ** 2)) * np.clip(up, 0, 1)
    wrinkles = knuckle * (0.5 + 0.5 * np.sin(local[:, 2] * 2600))
    colour[near] *= 1 - np.outer(0.18 * crease, [0.8, 1, 1])
    colour[near] *= 1 - np.outer(0.07 * knuckle + 0.06 * wrinkles, [0.6, 1, 1])
