"""Whether what was looked at still looks the same, at most shifted, turned or scaled a little, and if so how.

A landmark network tells a hand or a face that keeps its shape where it was before. That costs the network fifty times
more than it costs to find the similarity that brings the new picture back onto the old one (Baker and Matthews, 2004,
inverse compositional: gradients are taken of the old picture, once) and to check that what is left over is nothing: a
finger that bends, a lid that closes, a thing that comes between leave a patch that does not fit.
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from livefg.perception.geometry import Region, box_of, similar
from livefg.results import Box, FloatArray, ImageArray

__all__ = ["Change", "Glance", "Overview", "Shift", "Steadiness", "moved", "moved_region", "to_compute_anew"]

Grey = npt.NDArray[np.uint8]
Picture = TypeVar("Picture", Grey, FloatArray)

_SIDE = 48
_SOFT = 24  # pixels a side of differences: what is smaller than that is noise
_PATCHES = 8
_MARGIN = 1.3  # the square that is compared, in sizes of what lies in it
_RIM = 3  # pixels of the crop around the outline of the points that belong to what is compared
_LEAST_COVERED = 0.15  # of a patch: below that it says more about what is behind
_STEPS, _LOOKED_AFTER = 6, 2
_HALF = _SIDE / 2
_SMOOTH = cv2.getGaussianKernel(5, 1.0)
_SETTLED = 0.02  # pixels of the crop: a step so small is the last one
_STIFFNESS = 1.0  # keeps steps small where a picture has nothing to hold on to
_LOST = (
    4.0  # times the mean difference that is allowed in the end: with more after the coarse steps nothing fits
)


class Shift(NamedTuple):
    """A similarity of the picture: points become `scale` times larger, turned by `angle` (radians), moved by x, y.

    `x` and `y` are pixels; scale and angle are about the point (`about_x`, `about_y`).
    """

    scale: float
    angle: float
    x: float
    y: float
    about_x: float
    about_y: float


class Steadiness(NamedTuple):
    """How little must have changed once the motion is taken out, in grey levels 0..255 and parts of the square's side.

    `mean` is the most by which the whole may differ (root of the mean square), `patch` the most for one of 8 x 8
    patches (mean difference), `light` by how much all of it may have become lighter or darker; `distance` is how far
    it may have moved.
    """

    mean: float
    patch: float
    light: float
    distance: float


class _Motion(NamedTuple):
    """A similarity about the middle of a square picture whose half side is 1; `x` and `y` are its shift."""

    a: float = 1.0
    b: float = 0.0
    x: float = 0.0
    y: float = 0.0

    def matrix(self) -> npt.NDArray[np.float64]:
        """The same for the pixels of a crop, (2, 3)."""
        a, b, half, centre = self.a, self.b, _SIDE / 2, (_SIDE - 1) / 2
        return np.array(
            [
                [a, -b, centre * (1 - a + b) + self.x * half],
                [b, a, centre * (1 - a - b) + self.y * half],
            ]
        )

    def without(self, a: float, b: float, x: float, y: float) -> _Motion:
        """This motion after the inverse of another one has been made."""
        size = a * a + b * b
        inverse_a, inverse_b = a / size, -b / size
        back_x, back_y = inverse_b * y - inverse_a * x, -inverse_b * x - inverse_a * y
        return _Motion(
            self.a * inverse_a - self.b * inverse_b,
            self.a * inverse_b + self.b * inverse_a,
            self.a * back_x - self.b * back_y + self.x,
            self.b * back_x + self.a * back_y + self.y,
        )


_UNMOVED = _Motion()


class _Template:
    """An old picture and the part of it that counts, ready to say how a new one has moved against it."""

    __slots__ = ("_covered", "_effects", "_inverse", "_picture", "_soft_weight", "_weight")

    def __init__(self, picture: FloatArray, points: FloatArray) -> None:
        """`picture` is grey (48, 48); what lies within the outline of `points` (n, 2), in its pixels, counts."""
        self._picture = picture
        mask = _outline(points)
        self._soft_weight = _shrunk(mask, _SOFT)
        self._covered: FloatArray = np.maximum(_shrunk(self._soft_weight, _PATCHES), _LEAST_COVERED)
        self._weight = cv2.sumElems(self._soft_weight)[0]
        across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8)
        down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8)
        x, y = _coordinates(_SIDE)
        effects = np.empty((5, _SIDE, _SIDE), np.float32)
        effects[0] = across * x + down * y
        effects[1] = down * x - across * y
        effects[2], effects[3], effects[4] = across, down, 1.0
        self._effects: FloatArray = (effects * mask).reshape(5, -1)
        square = self._effects @ effects.reshape(5, -1).T
        square.flat[::6] += _STIFFNESS
        # OpenCV's inverse: NumPy's takes a library for large ones out of memory that the networks have left cold.
        self._inverse: FloatArray = cv2.invert(square, flags=cv2.DECOMP_CHOLESKY)[1].astype(np.float32)

    def __bool__(self) -> bool:
        """Whether there is anything that counts."""
        return self._weight > 0

    def step(self, now: FloatArray, motion: _Motion) -> tuple[_Motion, float, FloatArray]:
        """A better guess of how a new picture has moved, by how many pixels it is another, and what led to it."""
        difference = self.difference(now, motion)
        # What each pixel's difference says about scale, turn, both shifts and the light.
        scale, turn, x, y, _ = (self._inverse @ (self._effects @ difference.ravel())).tolist()
        better = motion.without(1 + scale / _HALF, turn / _HALF, x / _HALF, y / _HALF)
        return better, max(abs(scale), abs(turn), abs(x), abs(y)), difference

    def difference(self, now: FloatArray, motion: _Motion) -> FloatArray:
        """The new picture (side, side), moved back, less the old one, in grey levels."""
        if motion is not _UNMOVED:
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            back = cv2.warpAffine(
                now, motion.matrix(), now.shape, flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
            now = np.asarray(back, np.float32)
        return np.asarray(cv2.subtract(now, self._picture), np.float32)

    def fits(self, difference: FloatArray, limits: Steadiness, slack: float = 1.0) -> bool:
        """Whether a difference (48, 48) in grey levels is small enough, apart from the light."""
        difference = _shrunk(difference, _SOFT)
        light = float(np.vdot(difference, self._soft_weight)) / self._weight
        if abs(light) > limits.light:
            return False
        rest = np.abs(difference - np.float32(light))
        weighted = rest * self._soft_weight
        if float(np.vdot(weighted, rest)) > self._weight * (slack * limits.mean) ** 2:
            return False
        patches = _shrunk(weighted, _PATCHES) / self._covered
        return float(patches.max()) <= slack * limits.patch


class Glance:
    """A small grey picture of a hand or face at the moment its landmarks were computed, to compare with later ones.

    It follows what it shows from one comparison to the next, so it must see the pictures in the order of their times.
    """

    __slots__ = ("_motion", "_size", "_template", "_x", "_y")

    def __init__(self, image: ImageArray, points: FloatArray) -> None:
        """`points` (n, 2 or more) are places in the picture, in pixels; what lies within their outline is compared."""
        self._x, self._y, self._size = _square_around(box_of(points), image)
        within = (points[:, :2] - (self._x, self._y)) * (_SIDE / self._size) - 0.5
        self._template = _Template(self._grey(image), within)
        self._motion = _UNMOVED

    def shift(self, image: ImageArray, limits: Steadiness) -> Shift | None:
        """How what was seen has moved in a later picture of the same camera; None if that does not explain it."""
        template, motion = self._template, self._motion
        if not template:
            return None
        now = self._grey(image)
        for number in range(_STEPS):
            motion, change, difference = template.step(now, motion)
            if number == _LOOKED_AFTER and not template.fits(difference, limits, _LOST):
                return None
            if change < _SETTLED:
                break  # and the difference is as good as that of the last step
        else:
            difference = template.difference(now, motion)
        far = math.hypot(motion.x, motion.y) + math.hypot(motion.a - 1, motion.b)
        if far > 2 * limits.distance or not template.fits(difference, limits):
            return None
        self._motion = motion
        half = self._size / 2
        return Shift(
            math.hypot(motion.a, motion.b),
            math.atan2(motion.b, motion.a),
            motion.x * half,
            motion.y * half,
            self._x + half,
            self._y + half,
        )

    def _grey(self, image: ImageArray) -> FloatArray:
        part = image[self._y : self._y + self._size, self._x : self._x + self._size]
        # Twice as fine first: a picture that is shrunk too far in one step has edges that flicker.
        finer = cv2.resize(part, (2 * _SIDE, 2 * _SIDE), interpolation=cv2.INTER_LINEAR)
        grey = np.asarray(cv2.cvtColor(finer, cv2.COLOR_RGB2GRAY), np.uint8)
        return np.asarray(cv2.sepFilter2D(_shrunk(grey, _SIDE), cv2.CV_32F, _SMOOTH, _SMOOTH), np.float32)


class Change(enum.Enum):
    """How much of a picture has changed: nothing, something, or as much as when a hand comes in."""

    NONE = 0
    LITTLE = 1
    MUCH = 2


class Overview:
    """A whole picture in 32 x 24 cells of grey, to see whether anything has changed in a part of it since."""

    _COLUMNS, _ROWS = 32, 24
    _SAMPLED = 4  # places in a cell in each direction at which the picture is looked at
    _CHANGED = 6.0  # grey levels of a cell's mean: above what noise and a face at rest do
    _MANY = 5  # cells: a hand that comes in changes 30, one that is far away still more than five

    __slots__ = ("_cells",)

    def __init__(self, image: ImageArray) -> None:
        sampled = cv2.resize(image, (self._COLUMNS * self._SAMPLED, self._ROWS * self._SAMPLED))
        grey = cv2.cvtColor(sampled, cv2.COLOR_RGB2GRAY)
        cells = cv2.resize(grey, (self._COLUMNS, self._ROWS), interpolation=cv2.INTER_AREA)
        self._cells = cells.astype(np.float32)

    def change(self, earlier: Overview, view: Box, followed: Sequence[Box]) -> Change:
        """What has changed within `view`, leaving out cells that touch what is `followed`.

        Boxes are left, top, right, bottom in parts of the picture's width and height.
        """
        change = np.abs(self._cells - earlier._cells)
        for box in followed:
            change[self._within(box)] = 0.0
        seen = change[self._within(view)]
        if np.count_nonzero(seen > 2 * self._CHANGED) >= self._MANY:
            return Change.MUCH
        return Change.LITTLE if float(seen.max(initial=0.0)) > self._CHANGED else Change.NONE

    def _within(self, box: Box) -> tuple[slice, slice]:
        left, top, right, bottom = box
        columns = slice(max(0, math.floor(left * self._COLUMNS)), max(0, math.ceil(right * self._COLUMNS)))
        return slice(max(0, math.floor(top * self._ROWS)), max(0, math.ceil(bottom * self._ROWS))), columns


def moved(points: FloatArray, shift: Shift) -> FloatArray:
    """Points (n, 2 or 3) in the picture's pixels after a shift; depth grows with the scale."""
    cos, sin = math.cos(shift.angle) * shift.scale, math.sin(shift.angle) * shift.scale
    about = (shift.about_x, shift.about_y)
    return similar(points, cos, sin, shift.scale, about, (about[0] + shift.x, about[1] + shift.y))


def moved_region(region: Region, shift: Shift) -> Region:
    """A region after a shift of the picture."""
    cos, sin = math.cos(shift.angle) * shift.scale, math.sin(shift.angle) * shift.scale
    x, y = region.x - shift.about_x, region.y - shift.about_y
    return Region(
        x * cos - y * sin + shift.about_x + shift.x,
        x * sin + y * cos + shift.about_y + shift.y,
        region.size * shift.scale,
        region.rotation + shift.angle,
    )


def to_compute_anew(kept: Sequence[int], most: int) -> list[bool]:
    """Which of several things are to be computed in the next frame, whatever they look like.

    `kept` tells for each how many frames it was moved along since it was computed last, and `most` how many that may
    be. Of those whose time has come the longest kept are taken, as many as share the work out evenly over the frames.
    """
    turns = math.ceil(len(kept) / (most + 1))
    waiting = sorted(
        (place for place, frames in enumerate(kept) if frames >= most), key=lambda place: -kept[place]
    )
    taken = set(waiting[:turns])
    return [place in taken for place in range(len(kept))]


def _square_around(box: Box, image: ImageArray) -> tuple[int, int, int]:
    """Left, top and side, in whole pixels, of a square within the picture that shows a box and a little around it."""
    left, top, right, bottom = box
    height, width = image.shape[:2]
    size = max(1, min(int(max(right - left, bottom - top) * _MARGIN), height, width))
    x, y = int((left + right - size) / 2), int((top + bottom - size) / 2)
    return min(max(x, 0), width - size), min(max(y, 0), height - size), size


def _outline(points: FloatArray) -> FloatArray:
    """(48, 48): 1 within the outline of points in the crop's pixels and a little around it, else 0."""
    mask = np.zeros((_SIDE, _SIDE), np.float32)
    hull = cv2.convexHull(np.rint(points).astype(np.int32))
    cv2.fillConvexPoly(mask, hull, 1.0)
    cv2.polylines(mask, [hull], True, 1.0, 2 * _RIM)
    return mask


@functools.cache
def _coordinates(side: int) -> tuple[FloatArray, FloatArray]:
    """x and y of the pixels of a square picture whose half side is 1: (1, side) and (side, 1)."""
    line = ((np.arange(side) - (side - 1) / 2) / (side / 2)).astype(np.float32)
    return line[None], line[:, None]


def _shrunk(picture: Picture, side: int) -> Picture:
    """A square picture with so many pixels a side, each the mean of those it stands for."""
    return cast("Picture", cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))
