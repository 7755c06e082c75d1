"""How pictures become the packets of a film: encoder, quality, colours, and the ticks in which time is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import av.error
import cv2
import numpy as np
from av.codec.context import Flags
from av.stream import Disposition
from av.video.reformatter import Colorspace, VideoReformatter

from livefg.errors import LivefgError
from livefg.results import ImageArray

if TYPE_CHECKING:
    from livefg.sources.base import SourceInfo

__all__ = [
    "CODECS",
    "HARDWARE",
    "Coding",
    "Encoder",
    "PictureConverter",
    "Quality",
    "codecs_of",
    "coding_for",
    "film_behind",
]

Quality = Literal["low", "medium", "high"]
Encoder = Literal["software", "hardware"]

CODECS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf", "mpeg4")
"""Encoders in the order in which they are tried; the first that encodes a picture is taken."""
HARDWARE = ("h264_videotoolbox", "h264_nvenc", "h264_qsv", "h264_amf")
"""Encoders of graphics processors, which are tried before the others where they are asked for."""
_NV12 = frozenset({"h264_qsv"})
"""Encoders that take colours in pairs only."""

_CRF = {"low": 30, "medium": 23, "high": 17}
# At the same quality superfast takes half the time of veryfast, and half as much again in bytes.
_PRESET = {"low": "superfast", "medium": "superfast", "high": "veryfast"}
_BITS_PER_PIXEL = {
    "low": 0.06,
    "medium": 0.12,
    "high": 0.25,
}  # for the encoders that have no constant quality
_LIVE_TIME_BASE = Fraction(1, 90_000)
_MPEG4_TIME_BASE = Fraction(1, 60_000)  # its denominators have 16 bits
_SMALL = 800 * 600
"""Pixels up to which an encoder with one thread is quick enough: several cost a tenth more."""
_BT709 = 1
_LIMITED_RANGE = 1


@dataclass(frozen=True, slots=True)
class Coding:
    """How a film is coded: pictures of `width` x `height` at times in ticks of `time_base`; `rate` (pictures a second)
    is a hint for encoder and players.
    """

    codec: str
    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    quality: Quality

    @property
    def pixels(self) -> str:
        """The format of pictures that the encoder takes."""
        return _pixels(self.codec)

    @property
    def period(self) -> int:
        """Ticks from one picture to the next at the rate."""
        return max(1, round(1 / (self.rate * self.time_base)))

    def stream(self, output: av.container.OutputContainer) -> av.VideoStream:
        """A stream of a file for packets of this coding, with an encoder of its own."""
        stream = output.add_stream(self.codec, rate=self.rate, options=self._options())
        assert isinstance(stream, av.VideoStream)
        self._configure(stream.codec_context)
        stream.time_base = self.time_base
        return stream

    def context(self) -> av.VideoCodecContext:
        """An encoder by itself, whose packets fit into a stream of the same coding."""
        context = av.CodecContext.create(self.codec, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.options = self._options()
        context.framerate = self.rate
        context.flags |= Flags.global_header
        self._configure(context)
        return context

    def _configure(self, context: av.VideoCodecContext) -> None:
        _configure(context, self.width, self.height, self.time_base, self.pixels)
        if self.width * self.height <= _SMALL:
            context.thread_count = 1
        if self.codec != "libx264":
            pixels_a_second = self.width * self.height * float(self.rate)
            context.bit_rate = int(pixels_a_second * _BITS_PER_PIXEL[self.quality])

    def _options(self) -> dict[str, str]:
        if self.codec != "libx264":
            return {}
        return {"crf": str(_CRF[self.quality]), "preset": _PRESET[self.quality]}


class PictureConverter:
    """Brings RGB pictures to what the encoder of a `coding` takes."""

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._reformatter = VideoReformatter()

    def __call__(self, image: ImageArray, pts: int) -> av.VideoFrame:
        """The picture (height, width, 3) uint8 at a time in ticks, of the film's size."""
        coding = self._coding
        picture = av.VideoFrame.from_ndarray(_fitted(image, coding.width, coding.height), format="rgb24")
        # One thread: its own new pool for every picture costs more than it saves.
        picture = self._reformatter.reformat(
            picture, format=coding.pixels, dst_colorspace=Colorspace.ITU709, threads=1
        )
        picture.pts, picture.time_base = pts, coding.time_base
        return picture


def coding_for(
    source: SourceInfo | None, width: int, height: int, quality: Quality, codecs: Sequence[str] = CODECS
) -> Coding:
    """The coding for pictures of this size: odd sides grow by a pixel, ticks are those of the file behind `source`.

    Raises LivefgError if none of `codecs` works.
    """
    width, height = width + width % 2, height + height % 2
    codec = _first_working(codecs, width, height)
    time_base, rate = _timing_of(source)
    if codec == "mpeg4" and time_base.denominator > 65_535:
        time_base = _MPEG4_TIME_BASE
    return Coding(codec, width, height, time_base, rate, quality)


def codecs_of(encoder: Encoder) -> tuple[str, ...]:
    """The encoders to try, in order, where `encoder` is asked for."""
    return (*HARDWARE, *CODECS) if encoder == "hardware" else CODECS


def film_behind(source: SourceInfo | None) -> Path | None:
    """The video file behind a source whose times are media times."""
    return source.path if source and not source.live and source.kind in {"video", "demo"} else None


def _timing_of(source: SourceInfo | None) -> tuple[Fraction, Fraction]:
    """The ticks and the average rate of a source."""
    rate = Fraction(source.fps if source and source.fps else 30).limit_denominator(1001)
    file = film_behind(source)
    if file is None:
        return _LIVE_TIME_BASE, rate
    with av.open(str(file), metadata_errors="replace") as container:
        films = (
            stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
        )
        stream = next(films, None)
        return Fraction(stream.time_base) if stream and stream.time_base else _LIVE_TIME_BASE, rate


def _configure(
    context: av.VideoCodecContext, width: int, height: int, time_base: Fraction, pixels: str
) -> None:
    context.width, context.height = width, height
    context.pix_fmt = pixels
    context.time_base = time_base
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE


def _pixels(codec: str) -> str:
    return "nv12" if codec in _NV12 else "yuv420p"


def _first_working(codecs: Sequence[str], width: int, height: int) -> str:
    """The first encoder that turns a picture of this size into data."""
    rows = np.zeros((height * 3 // 2, width), np.uint8)
    for name in codecs:
        try:
            context = av.CodecContext.create(name, "w")
            assert isinstance(context, av.VideoCodecContext)
            context.framerate = Fraction(30)
            _configure(context, width, height, Fraction(1, 30), _pixels(name))
            black = av.VideoFrame.from_ndarray(rows, format=_pixels(name))
            black.pts, black.time_base = 0, Fraction(1, 30)
            if sum(packet.size for packet in [*context.encode(black), *context.encode(None)]):
                return name
        except (av.error.FFmpegError, ValueError):  # ValueError: this build has no encoder of that name
            continue
    raise LivefgError(f"No video encoder works here for {width}x{height} (tried {', '.join(codecs)}).")


def _fitted(image: ImageArray, width: int, height: int) -> ImageArray:
    """The picture at the size of the video: padded by its last row or column, or scaled."""
    rows, columns = height - image.shape[0], width - image.shape[1]
    if (rows, columns) == (0, 0):
        return image
    if rows in {0, 1} and columns in {0, 1}:
        return np.asarray(cv2.copyMakeBorder(image, 0, rows, 0, columns, cv2.BORDER_REPLICATE), np.uint8)
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
