"""Decoded video frames to upright RGB arrays."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Literal, NamedTuple, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.buffer import Buffer
from av.video.reformatter import VideoReformatter

from livefg.results import ImageArray

__all__ = ["FrameConverter", "Turn", "hdr_of"]

_HDR: dict[int, Literal["PQ", "HLG"]] = {16: "PQ", 18: "HLG"}
"""The transfer curves of HDR, SMPTE ST 2084 and ARIB STD-B67, in the numbering of ITU-T H.273."""
_BT2020 = 9
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
"""Linear light of the wide primaries as that of ordinary ones (ITU-R BT.2087)."""
_REFERENCE_WHITE = 203.0
"""Luminance in cd/m2 that HDR gives a white page (ITU-R BT.2408)."""
_PEAK_WHITE = 1000.0
_HLG_SYSTEM_GAMMA = 1.2
_PEAK = _PEAK_WHITE / _REFERENCE_WHITE


class FrameConverter:
    """Makes RGB arrays of decoded frames: upright, with square pixels, HDR and wide colours brought to ordinary ones.

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
        hdr, wide = hdr_of(frame), getattr(frame, "color_primaries", None) == _BT2020
        if hdr or wide:
            image = _ordinary(image, hdr, wide=wide)
        # Asked of one frame only: in PyAV a frame and its side data hold each other, and so the decoder's memory,
        # until the garbage collector comes.
        self.turn = self.turn or _turn(frame)
        return self.turn.apply(image)


def hdr_of(frame: av.VideoFrame) -> Literal["PQ", "HLG"] | None:
    """The curve of an HDR frame's code values, which show as grey mist unless it is undone; None if it is no HDR."""
    return _HDR.get(getattr(frame, "color_trc", 0))


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


def _ordinary(image: ImageArray, hdr: Literal["PQ", "HLG"] | None, *, wide: bool) -> ImageArray:
    """The picture in sRGB: its code values as light, of ordinary primaries, not brighter than a screen."""
    light = cv2.LUT(image, _light_of_codes(hdr))
    if wide:
        light = cv2.transform(light, _BT2020_TO_BT709)
    return np.asarray(_codes_of_light(toned=hdr is not None)[light], np.uint8)


@cache
def _light_of_codes(hdr: Literal["PQ", "HLG"] | None) -> npt.NDArray[np.uint16]:
    """Table (256,) from code values to linear light, in steps of which there are 65535 up to the peak."""
    code = np.arange(256) / 255.0
    if hdr == "PQ":
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        root = code ** (1 / m2)
        light = 10000.0 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) / _REFERENCE_WHITE
    elif hdr == "HLG":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        light = scene**_HLG_SYSTEM_GAMMA * _PEAK
    else:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return np.round(np.clip(light / _PEAK, 0, 1) * 65535).astype(np.uint16)


@cache
def _codes_of_light(*, toned: bool) -> npt.NDArray[np.uint8]:
    """Table (65536,) from steps of light to sRGB. `toned` brings what is brighter than a white page below white:
    extended Reinhard around reference white.
    """
    light = np.arange(65536) * (_PEAK / 65535)
    shown = np.clip(light * (1 + light / _PEAK**2) / (1 + light) if toned else light, 0, 1)
    encoded = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(255 * encoded), np.uint8)
