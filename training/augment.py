"""Changed copies of hands for training: other views, other shapes, bent fingers, hidden and wrongly placed points.

Each change stands for something that happens before a camera. All work on a batch at once, landmarks and world
landmarks alike; flat hands (z NaN) are turned in the picture only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from training.directions import Direction, relabel_turned
from training.samples import ByteArray, FloatArray

__all__ = ["Augmentation", "Batch", "augment", "sides_guessed"]

_FINGERS = [(1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20)]
_PALM = [0, 5, 9, 13, 17]
_TURNED_AWAY = 0.5
"""The weight of a hand that turning made something else: it was drawn as often as what it no longer is."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How strongly hands are changed. Angles are standard deviations in degrees, lengths in parts of the hand's size.

    `roll` turns in the picture (a share `any_roll` of the hands by any angle), `tilt` out of it, `perspective` is the
    hand's size over its least distance from the camera, `stretch` changes proportions, `bend` the fingers' joints,
    `noise` every point, `hide` is the share of hands with one finger that nobody sees well, `wrong_side` the share
    whose side was mistaken, `flatten` the share whose depth is taken away.
    """

    roll: float = 28.0
    any_roll: float = 0.12
    tilt: float = 14.0
    perspective: float = 0.35
    stretch: float = 0.08
    bend: float = 5.0
    noise: float = 0.018
    hide: float = 0.12
    wrong_side: float = 0.03
    flatten: float = 0.25

    @classmethod
    def none(cls) -> Augmentation:
        """No change at all, for a contrast."""
        return cls(*([0.0] * 10))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Hands as the network takes them: no NaN, `depth` (N,) 1 where z and world are known; `label` (N,) numbers.

    `roll` (N,) are the degrees by which each was turned in the picture. For networks that look at pixels, `crop`
    (N, 64, 64, 3) are the hands' pictures, and `has_crop` (N,) is 1 where there is one.
    """

    landmarks: FloatArray
    world: FloatArray
    right: FloatArray
    depth: FloatArray
    label: npt.NDArray[np.int64]
    weight: FloatArray
    roll: FloatArray
    crop: ByteArray | None = None
    has_crop: FloatArray | None = None

    def take(self, rows: npt.NDArray[Any] | slice) -> Batch:
        """The hands that an index array, a mask or a slice names."""
        columns: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        taken: dict[str, Any] = {
            name: None if value is None else value[rows] for name, value in columns.items()
        }
        return Batch(**taken)


def sides_guessed(landmarks: FloatArray, right: FloatArray, draws: FloatArray | None = None) -> FloatArray:
    """`right` (N,) with what is unknown guessed as if the palm faced the camera, as it mostly does.

    With `draws` (N,) of uniform random numbers a fifth of the guesses is the other side.
    """
    index, little = landmarks[:, 5, :2] - landmarks[:, 0, :2], landmarks[:, 17, :2] - landmarks[:, 0, :2]
    palm = (index[:, 0] * little[:, 1] - index[:, 1] * little[:, 0] < 0).astype(np.float32)
    if draws is not None:
        palm = np.where(draws < 0.5, 1 - palm, palm)
    return np.where(np.isfinite(right), right, palm).astype(np.float32)


def augment(
    landmarks: FloatArray,
    world: FloatArray,
    right: FloatArray,
    label: npt.NDArray[np.int64],
    rng: np.random.Generator,
    how: Augmentation,
    labels: Sequence[str] = (),
    directions: Sequence[Direction] = (),
    *,
    solid: bool = True,
) -> Batch:
    """A changed copy of hands as `Samples` holds them; `weight` is 0 where turning left a label in doubt.

    Without `solid`, `world` of the copy is zeros, which saves a third of the time; all else is the same.
    """
    count = len(landmarks)
    depth = np.asarray(np.isfinite(world).all(axis=(1, 2)) & np.isfinite(landmarks).all(axis=(1, 2)))
    right = sides_guessed(landmarks, right, rng.random(count, np.float32))
    image, size = _unit(np.nan_to_num(landmarks))
    body = np.nan_to_num(world) if solid else np.zeros_like(world)
    _bend((image, body) if solid else (image,), depth, rng, how.bend)
    turn, roll = _rotations(rng, count, how, depth)
    image = _project(image @ turn, depth, rng, how)
    noise = _noise(depth, rng, how)
    image += noise
    if solid:
        body = body @ turn
        size_in_metres = np.sqrt((body**2).sum(axis=2).mean(axis=1)).reshape(-1, 1, 1)
        body += noise * size_in_metres * depth[:, None, None]
    right = np.where(rng.random(count) < how.wrong_side, 1 - right, right).astype(np.float32)
    depth &= rng.random(count) >= how.flatten
    image[~depth, :, 2] = 0
    body[~depth] = 0
    changed, sure = relabel_turned(image, label, labels, directions)
    return Batch(
        (image * size).astype(np.float32),
        body.astype(np.float32),
        right,
        depth.astype(np.float32),
        changed,
        np.where(changed == label, sure, _TURNED_AWAY * sure).astype(np.float32),
        roll,
    )


def _unit(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points around the palm's middle in units of the hand's size, and that size (N, 1, 1)."""
    centred = points - points[:, _PALM].mean(axis=1, keepdims=True)
    size = np.sqrt((centred[..., :2] ** 2).sum(axis=2).mean(axis=1)).reshape(-1, 1, 1)
    size = np.maximum(size, np.float32(1e-9)).astype(np.float32)
    return (centred / size).astype(np.float32), size


def _rotations(
    rng: np.random.Generator, count: int, how: Augmentation, depth: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Rotations (N, 3, 3) to multiply row vectors by: in the picture for all, out of it for hands with depth.

    Beside them the degrees (N,) of the turn in the picture.
    """
    roll = np.where(
        rng.random(count) < how.any_roll, rng.uniform(-180, 180, count), rng.normal(0, 1, count) * how.roll
    )
    tilt = rng.normal(0, 1, (2, count)) * how.tilt * depth
    about_z, about_x, about_y = (
        _about(axis, angle) for axis, angle in ((2, roll), (0, tilt[0]), (1, tilt[1]))
    )
    return (about_x @ about_y @ about_z).astype(np.float32), roll.astype(np.float32)


def _about(axis: int, degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.zeros((len(degrees), 3, 3))
    first, second = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[:, axis, axis] = 1
    matrix[:, first, first] = matrix[:, second, second] = cos
    matrix[:, first, second], matrix[:, second, first] = sin, -sin
    return matrix


def _bend(
    hands: Sequence[FloatArray], depth: npt.NDArray[np.bool_], rng: np.random.Generator, degrees: float
) -> None:
    """Turn each finger's outer part a little at each joint, in place.

    Hands with depth are bent about any axis, others in the picture; all of `hands` (N, 21, 3) are bent alike.
    """
    if not degrees:
        return
    for finger in _FINGERS:
        for place in range(len(finger) - 1):
            joint, outer = finger[place], list(finger[place + 1 :])
            angles = rng.normal(0, degrees, (3, len(depth))) * [depth, depth, np.ones(len(depth))]
            turn = (_about(0, angles[0]) @ _about(1, angles[1]) @ _about(2, angles[2])).astype(np.float32)
            for points in hands:
                centre = points[:, joint : joint + 1]
                points[:, outer] = (points[:, outer] - centre) @ turn + centre


def _project(
    image: FloatArray, depth: npt.NDArray[np.bool_], rng: np.random.Generator, how: Augmentation
) -> FloatArray:
    """Perspective for hands with depth; for the others a change of proportions along any line, as a tilt would do."""
    count = len(image)
    closeness = rng.uniform(0, how.perspective, (count, 1)) / 2 * depth[:, None]
    shrink = 1 / np.maximum(0.4, 1 + closeness * image[..., 2])
    flat = image[..., :2] * shrink[..., None]
    angle = rng.uniform(0, np.pi, count)
    line = np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None]
    spread = np.where(depth, how.stretch, 1.6 * how.stretch)
    factor = np.exp(rng.normal(0, 1, count) * spread)[:, None, None]
    along = (flat * line).sum(axis=2, keepdims=True)
    flat += along * line * (factor - 1)
    return np.concatenate([flat, image[..., 2:]], axis=2).astype(np.float32)


def _noise(depth: npt.NDArray[np.bool_], rng: np.random.Generator, how: Augmentation) -> FloatArray:
    """Errors (N, 21, 3) of the landmark network: every point a little, and one finger much where it is hidden."""
    count = len(depth)
    strength = rng.uniform(0, 2, (count, 1, 1)) * how.noise
    noise = rng.normal(0, 1, (count, 21, 3)) * strength
    hidden = rng.random(count) < how.hide
    finger = rng.integers(0, len(_FINGERS), count)
    amount = rng.normal(0, 1, (count, 1, 3)) * 0.12
    for number, points in enumerate(_FINGERS):
        mine = np.flatnonzero(hidden & (finger == number))
        grows = np.linspace(0.2, 1.0, len(points))[None, :, None]
        noise[np.ix_(mine, np.array(points))] += amount[mine] * grows
    return noise.astype(np.float32)
