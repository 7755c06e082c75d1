"""What is behind a hand: the portrait of the demo clip, and made-up rooms, shapes and textures."""

from __future__ import annotations

from functools import cache

import av
import cv2
import numpy as np
import numpy.typing as npt

from livefg.paths import assets_dir
from training.synthetic.mesh import FloatArray

__all__ = ["background", "texture"]

_PORTRAIT_SHARE = 0.3


def background(size: int, random: np.random.Generator) -> FloatArray:
    """A picture (size, size, 3) float32, sRGB 0..255."""
    if random.random() < _PORTRAIT_SHARE:
        picture = _portrait_cutout(size, random)
    else:
        picture = (_room, _clutter, _plain)[random.choice(3)](size, random)
    blurred = cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.3, 3.0)))
    return np.asarray(blurred * np.float32(random.uniform(0.55, 1.15)), np.float32)


def texture(height: int, width: int, random: np.random.Generator) -> FloatArray:
    """A surface (height, width, 3) float32 0..255: one colour with grain, stripes or blotches."""
    surface = np.broadcast_to(_colour(random), (height, width, 3)).astype(np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    kind = random.integers(4)
    if kind == 0:
        angle, period = random.uniform(0, np.pi), random.uniform(5, 40)
        wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * 2 * np.pi / period)
        surface = surface + random.uniform(5, 50) * wave[..., None]
    elif kind == 1:
        surface = surface + random.uniform(10, 45) * _blotches(
            height, width, int(random.integers(3, 14)), random
        )
    elif kind == 2:
        squares = ((rows // random.uniform(6, 30) + columns // random.uniform(6, 30)) % 2)[..., None]
        surface = surface + (_colour(random) - 128).astype(np.float32) * 0.5 * squares
    shade = columns / width * random.uniform(-40, 40) + rows / height * random.uniform(-40, 40)
    return np.ascontiguousarray(np.clip(surface + shade[..., None], 0, 255), np.float32)


def _colour(random: np.random.Generator) -> FloatArray:
    """A colour (3,) 0..255; most things in a room are nearly grey."""
    grey = random.uniform(15, 240)
    return np.asarray(np.clip(grey + random.normal(size=3) * random.choice([4, 15, 50]), 0, 255))


def _blotches(height: int, width: int, cells: int, random: np.random.Generator) -> FloatArray:
    coarse = random.normal(size=(cells, cells, 1)) + 0.4 * random.normal(size=(cells, cells, 3))
    coarse = coarse.astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _plain(size: int, random: np.random.Generator) -> FloatArray:
    return texture(size, size, random)


def _room(size: int, random: np.random.Generator) -> FloatArray:
    """A wall with rectangles on it: shelves, frames, windows, books."""
    picture = texture(size, size, random)
    for _ in range(random.integers(3, 14)):
        height, width = (int(side) for side in random.uniform(0.05, 0.5, 2) * size)
        top, left = int(random.uniform(-0.2, 1) * size), int(random.uniform(-0.2, 1) * size)
        patch = texture(height + 2, width + 2, random)
        rows, columns = slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0))
        region = picture[rows, columns]
        region[:] = patch[: region.shape[0], : region.shape[1]]
    return picture


def _clutter(size: int, random: np.random.Generator) -> FloatArray:
    """Overlapping ellipses, polygons and lines, some of them in the colours of skin."""
    picture = texture(size, size, random)
    for _ in range(random.integers(8, 40)):
        shade = random.uniform(0.3, 1.0)
        skin = random.random() < 0.25
        colour = (np.array([230, 175, 145]) if skin else _colour(random)) * shade
        centre = random.uniform(0, size, 2)
        if random.random() < 0.4:
            axes = random.uniform(4, 0.25 * size, 2).astype(int).tolist()
            angle = float(random.uniform(0, 360))
            cv2.ellipse(
                picture, centre.astype(int).tolist(), axes, angle, 0, 360, colour.tolist(), -1, cv2.LINE_AA
            )
        elif random.random() < 0.6:
            corners = centre + random.normal(size=(int(random.integers(3, 7)), 2)) * 0.12 * size
            cv2.fillPoly(picture, [corners.astype(np.int32)], colour.tolist(), cv2.LINE_AA)
        else:
            end = random.uniform(0, size, 2)
            thickness = int(random.integers(1, 14))
            cv2.line(
                picture, centre.astype(int).tolist(), end.astype(int).tolist(), colour.tolist(), thickness
            )
    return picture


@cache
def _portrait() -> npt.NDArray[np.uint8]:
    """The first picture of the demo clip, in which no hand is seen yet."""
    with av.open(str(assets_dir() / "demo.mp4")) as clip:
        return np.asarray(next(clip.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def _portrait_cutout(size: int, random: np.random.Generator) -> FloatArray:
    portrait = _portrait()
    if random.random() < 0.5:
        portrait = portrait[:, ::-1]
    height, width = portrait.shape[:2]
    side = int(random.uniform(0.5, 1.0) * min(height, width))
    top, left = random.integers(height - side + 1), random.integers(width - side + 1)
    cutout = portrait[top : top + side, left : left + side]
    return cv2.resize(cutout, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
