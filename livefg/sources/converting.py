"""Decoded video frames to upright RGB arrays."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.buffer import Buffer
from av.video.reformatter import VideoReformatter

from livefg.results import ImageArray

__all__ = ["FrameConverter", "Turn", "is_hdr"]

_PQ = 16
"""The transfer curve SMPTE ST 2084 in the numbering of ITU-T H.273."""
_REFERENCE_WHITE = 203.0
"""Luminance in cd/m2 that HDR gives a white page (ITU-R BT.2408)."""
_PEAK_WHITE = 1000.0


class FrameConverter:
    """Makes RGB arrays of decoded frames: upright, with square pixels, HDR brought to ordinary brightness.

    One converter serves one stream: it keeps the colour conversion's tables from frame to frame, which makes
    it several times cheaper than asking each frame for an array. `turn` is what the first frame says, or what an
    earlier converter of the same stream found.
    """

    def __init__(self, pixel_aspect: Fraction | None, turn: Turn | None = None) -> None:
        aspect = pixel_aspect or Fraction(1)
        # Wild values are damage or placeholders, not lenses.
        self.aspect = aspect if Fraction(1, 4) < aspect < 4 else Fraction(1)
        self._reformatter = VideoReformatter()
        self.turn = turn

    def __call__(self, frame: av.VideoFrame) -> ImageArray:
        """RGB (height, width, 3) uint8, C-contiguous; colour matrix and range are taken from the frame."""
        width = round(frame.width * self.aspect)
        # One thread: at camera sizes waking others costs more than they save.
        rgb = self._reformatter.reformat(frame, width=width, format="rgb24", threads=1)
        image = _plane(rgb)
        if is_hdr(frame):
            image = np.asarray(cv2.LUT(image, _pq_to_display()), np.uint8)
        # Asked of one frame only: in PyAV a frame and its side data hold each other, and so the decoder's memory,
        # until the garbage collector comes.
        self.turn = self.turn or _turn(frame)
        return self.turn.apply(image)


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether the frame's code values follow the PQ curve, which shows as grey mist unless it is undone."""
    return getattr(frame, "color_trc", None) == _PQ


def _plane(frame: av.VideoFrame) -> ImageArray:
    """The frame's own memory as an array where rows are not padded, else a copy."""
    plane = frame.planes[0]
    row = frame.width * 3
    rows = np.frombuffer(memoryview(plane), np.uint8)[: frame.height * plane.line_size].reshape(
        frame.height, plane.line_size
    )
    return np.ascontiguousarray(rows[:, :row]).reshape(frame.height, frame.width, 3)


class Turn(NamedTuple):
    """How to bring a stored picture upright: exchange rows and columns, then mirror."""

    transpose: bool
    mirror_x: bool
    mirror_y: bool

    def apply(self, image: ImageArray) -> ImageArray:
        """The picture (height, width, 3) upright."""
        if self.transpose:
            image = np.asarray(cv2.transpose(image), np.uint8)
        if self.mirror_x or self.mirror_y:
            both = self.mirror_x and self.mirror_y
            image = np.asarray(cv2.flip(image, -1 if both else int(self.mirror_x)), np.uint8)
        return image


def _turn(frame: av.VideoFrame) -> Turn:
    """The display matrix, x' = a x + c y and y' = b x + d y, to the nearest quarter turn."""
    data = cast("Buffer | None", frame.side_data.get("DISPLAYMATRIX"))
    if data is None:
        return Turn(transpose=False, mirror_x=False, mirror_y=False)
    a, b, _, c, d = np.frombuffer(memoryview(data), np.int32)[:5].tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Turn(transpose=True, mirror_x=c < 0, mirror_y=b < 0)
    return Turn(transpose=False, mirror_x=a < 0, mirror_y=d < 0)


@cache
def _pq_to_display() -> npt.NDArray[np.uint8]:
    """Table from PQ codes to sRGB: linear light, extended Reinhard around reference white, display gamma."""
    code = np.arange(256) / 255.0
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = code ** (1 / m2)
    light = 10000.0 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) / _REFERENCE_WHITE
    peak = _PEAK_WHITE / _REFERENCE_WHITE
    toned = np.clip(light * (1 + light / peak**2) / (1 + light), 0, 1)
    encoded = np.where(toned <= 0.0031308, 12.92 * toned, 1.055 * toned ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)
