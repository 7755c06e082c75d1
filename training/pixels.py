"""Changed pictures of hands for training: other light, other backgrounds, gloves, hidden parts, hands far away.

The points of a hand say where it is in its picture: so what is behind it can be exchanged, and its colour be changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from livefg.perception.hand_picture import MARGIN
from livefg.perception.hand_regions import hand_box
from training.augment import Batch
from training.samples import CROP_SIDE, ByteArray, FloatArray, Samples

__all__ = ["PixelAugmentation", "change_crops", "points_in_crops", "with_crops"]

_FLESH = 0.11
"""How far flesh reaches beyond the points, in parts of the picture's side."""
_COARSEST = 14  # pixels


@dataclass(frozen=True, slots=True)
class PixelAugmentation:
    """How strongly pictures of hands are changed; turns come from the points, which are turned alike.

    Shares of hands: `clutter` get another background (made up, or from around another hand), `glove` another colour,
    `hide` a part covered, `coarse` are seen from so far away that they had 14 to 40 pixels, `grey` lose their colour.
    Standard deviations: `zoom` of the size and `shift` of the place in parts of the picture, `light` of the logarithm
    of brightness and contrast, `colour` of that of each colour, `noise` of the pixels (0..1).
    """

    clutter: float = 0.4
    glove: float = 0.15
    hide: float = 0.25
    coarse: float = 0.25
    grey: float = 0.1
    zoom: float = 0.12
    shift: float = 0.05
    light: float = 0.25
    colour: float = 0.1
    noise: float = 0.02

    @classmethod
    def none(cls) -> PixelAugmentation:
        """No change at all."""
        return cls(*([0.0] * 10))


def points_in_crops(landmarks: FloatArray) -> FloatArray:
    """Where points (N, 21, 2 or 3) of hands lie in the hands' pictures (N, 21, 2), in pixels of these."""
    boxes = np.array([hand_box(points) for points in landmarks], np.float32).reshape(-1, 2, 2)
    size = np.ptp(boxes, axis=1).max(axis=1) * (1 + 2 * MARGIN)
    centre = boxes.mean(axis=1)
    placed = (landmarks[..., :2] - centre[:, None]) / np.maximum(size, 1e-9)[:, None, None]
    return np.asarray(placed * CROP_SIDE + CROP_SIDE / 2, np.float32)


def with_crops(
    batch: Batch,
    samples: Samples,
    rng: np.random.Generator | None = None,
    how: PixelAugmentation | None = None,
) -> Batch:
    """The batch, made from these samples row by row, with their pictures; changed as `how` says, and turned alike."""
    crops = samples.crops()
    has = samples.has_crop
    if how is not None and rng is not None:
        rows = np.flatnonzero(has)
        changed = change_crops(crops[rows], samples.landmarks[rows], batch.roll[rows], rng, how)
        crops[rows] = changed
    return replace(batch, crop=crops, has_crop=has.astype(np.float32))


def change_crops(
    crops: ByteArray,
    landmarks: FloatArray,
    roll: npt.NDArray[np.floating[Any]],
    rng: np.random.Generator,
    how: PixelAugmentation,
) -> ByteArray:
    """Changed copies of pictures (N, 64, 64, 3) of hands with these landmarks, turned by `roll` (N,) degrees."""
    changed = np.empty_like(crops)
    points = points_in_crops(landmarks)
    for row, crop in enumerate(crops):
        picture = crop.astype(np.float32) / 255
        hand = _hand_mask(points[row])
        if rng.random() < how.glove:
            picture = _gloved(picture, hand, rng)
        if rng.random() < how.clutter:
            other = crops[rng.integers(len(crops))].astype(np.float32) / 255
            picture = picture * hand + _background(other, rng) * (1 - hand)
        if rng.random() < how.hide:
            _cover(picture, crops[rng.integers(len(crops))], rng)
        picture = _placed(picture, float(roll[row]), rng, how)
        if rng.random() < how.coarse:
            picture = _coarse(picture, rng)
        changed[row] = _lit(picture, rng, how)
    return changed


def _hand_mask(points: FloatArray) -> FloatArray:
    """(64, 64, 1): 1 on the hand, 0 beside it, by the points (21, 2) with flesh around them."""
    mask = np.zeros((CROP_SIDE, CROP_SIDE), np.uint8)
    around = np.round(points).astype(np.int32)
    fingers = [around[[0, *range(first, first + 4)]] for first in (1, 5, 9, 13, 17)]
    cv2.fillConvexPoly(mask, cv2.convexHull(around[[0, 1, 5, 9, 13, 17]]), 1)
    cv2.polylines(mask, fingers, isClosed=False, color=1, thickness=max(1, round(_FLESH * CROP_SIDE)))
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.5)
    return np.asarray(np.clip(soft * 2, 0, 1)[..., None], np.float32)


def _gloved(picture: FloatArray, hand: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The hand in one colour, its light and shade kept: a glove, paint, or coloured light."""
    shade = picture.mean(axis=2, keepdims=True)
    colour = rng.random(3).astype(np.float32)
    contrast = float(rng.uniform(0.4, 1.6))
    mean = float((shade * hand).sum() / max(float(hand.sum()), 1.0))
    coloured = np.clip(colour + (shade - mean) * contrast, 0, 1)
    strength = float(rng.uniform(0.5, 1.0)) * hand
    return np.asarray(picture * (1 - strength) + coloured * strength, np.float32)


def _background(other: FloatArray, rng: np.random.Generator) -> FloatArray:
    """What may be behind a hand: another hand's picture, moved and turned, or a shaded wall, or coloured patches."""
    kind = rng.random()
    if kind < 0.5:
        turned = np.rot90(other, int(rng.integers(4)))
        down, across = rng.integers(0, CROP_SIDE, 2).tolist()
        return np.asarray(np.roll(turned, (down, across), axis=(0, 1)), np.float32)
    cells = 2 if kind < 0.75 else int(rng.integers(3, 12))
    small = rng.random((cells, cells, 3)).astype(np.float32)
    if kind < 0.75:
        small = small[:1, :1] + 0.3 * (small - 0.5)
    way = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_NEAREST
    return np.asarray(np.clip(cv2.resize(small, (CROP_SIDE, CROP_SIDE), interpolation=way), 0, 1), np.float32)


def _cover(picture: FloatArray, other: ByteArray, rng: np.random.Generator) -> None:
    """Put a rectangle of one colour, or of another picture, over a part of this one."""
    height, width = (int(CROP_SIDE * side) for side in rng.uniform(0.12, 0.42, 2))
    top, left = int(rng.integers(0, CROP_SIDE - height)), int(rng.integers(0, CROP_SIDE - width))
    patch = other[top : top + height, left : left + width].astype(np.float32) / 255
    picture[top : top + height, left : left + width] = patch if rng.random() < 0.5 else rng.random(3)


def _placed(picture: FloatArray, roll: float, rng: np.random.Generator, how: PixelAugmentation) -> FloatArray:
    """Turned clockwise by `roll` degrees, larger or smaller, wider or narrower, moved."""
    grow = np.exp(rng.normal(0, 1, 2) * [how.zoom, how.zoom / 3])
    move = rng.normal(0, how.shift, 2) * CROP_SIDE
    if not roll and not how.zoom and not how.shift:
        return picture
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([grow[0] * grow[1], grow[0] / grow[1]])
    middle = np.full(2, CROP_SIDE / 2)
    matrix = np.concatenate([turn, (middle + move - turn @ middle)[:, None]], axis=1)
    size = (CROP_SIDE, CROP_SIDE)
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101),
        np.float32,
    )


def _coarse(picture: FloatArray, rng: np.random.Generator) -> FloatArray:
    """As it looks from far away: shrunk, and enlarged again."""
    side = int(rng.integers(_COARSEST, 41))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR), np.float32)


def _lit(picture: FloatArray, rng: np.random.Generator, how: PixelAugmentation) -> ByteArray:
    """In other light, through another camera, as bytes."""
    # Plain and float32 numbers: a float64 among them would make all of it twice as slow.
    bright, contrast = np.exp(rng.normal(0, how.light, 2) * [1.0, 0.6]).tolist()
    colour = (bright * np.exp(rng.normal(0, how.colour, 3))).astype(np.float32)
    if rng.random() < how.grey:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    if how.light or how.colour:
        mean = picture.mean()
        picture = ((picture - mean) * contrast + mean) * colour
    if how.noise:
        picture = picture + rng.standard_normal(picture.shape, np.float32) * (how.noise * float(rng.random()))
    return np.asarray(np.clip(np.round(picture * 255), 0, 255), np.uint8)
