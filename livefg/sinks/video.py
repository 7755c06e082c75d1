"""Annotated video: H.264 with the times and the sound of its source."""

from __future__ import annotations

import errno
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import av
import av.error
import cv2
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Colorspace, VideoReformatter

from livefg.errors import LivefgError
from livefg.overlay import Overlay, Trail
from livefg.results import Frame, FrameResult, ImageArray
from livefg.sinks.files import prepare, publish
from livefg.sinks.sound import Sound

if TYPE_CHECKING:
    from livefg.sources.base import SourceInfo

__all__ = ["CODECS", "Quality", "VideoSink"]

Quality = Literal["low", "medium", "high"]

CODECS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf", "mpeg4")
"""Encoders in the order in which they are tried; the first that encodes a picture is taken."""

_FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
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
_BT709 = 1
_LIMITED_RANGE = 1


@dataclass(frozen=True, slots=True)
class _Timing:
    """The ticks in which a source counts, and its rate as a hint for players."""

    time_base: Fraction
    rate: Fraction


class VideoSink:
    """Writes each frame with what was seen in it to the video file `path` (.mp4, .m4v, .mov or .mkv).

    Every picture keeps its own time. For the video file that `source` describes, times are exact in that
    file's own ticks, and its sound comes along, in sync; `begin` and `end` are the media times (seconds) between
    which pictures will be written, and the video starts at `begin`. For other sources, or without one, the first
    picture is at 0 and times are kept to 1/90000 s.

    `overlay` draws on a copy of each frame, in the thread that writes; None leaves the pictures as they are.
    Sizes that are odd are padded by one pixel, and frames of another size than the first are scaled to it.
    The file is `<name>.partial` until `close`, and readable from its start. `notes` says in sentences what a
    user should know; `codec` is the encoder in use, None before the first frame.

    Raises LivefgError if no encoder works, the suffix is not one of those, or the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        overlay: Overlay | None = None,
        source: SourceInfo | None = None,
        quality: Quality = "medium",
        codecs: Sequence[str] = CODECS,
        begin: float = 0.0,
        end: float = math.inf,
    ) -> None:
        if path.suffix.lower() not in _FORMATS:
            raise LivefgError(
                f"{path.name}: a video is written as {', '.join(_FORMATS)}, not {path.suffix or 'that'}."
            )
        self.notes: list[str] = []
        self.codec: str | None = None
        self._path = path
        self._overlay = overlay
        self._trail = Trail()
        self._source = source
        self._quality = quality
        self._codecs = codecs
        self._begin, self._end = begin, end
        self._partial = prepare(path)
        self._closed = False
        self._output: av.container.OutputContainer | None = None
        self._stream: av.VideoStream
        self._converter = VideoReformatter()
        self._sound: Sound | None = None
        self._waiting: tuple[ImageArray, int] | None = None
        self._durations: dict[int, int] = {}
        self._last_duration = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Encode a frame with its overlay. Times must rise from frame to frame."""
        image = frame.image
        if self._overlay:
            image = self._overlay.compose(frame, result, trail=self._trail)
        with _FileErrors(self._path):
            if self._output is None:
                self._open(frame)
            self._write(image, frame.time)

    def close(self) -> None:
        """Finish the file with the rest of its sound and give it its name; without a frame there is none."""
        if self._closed:
            return
        self._finish(whole=True)
        if self._output is not None:
            publish(self._path)

    def abandon(self) -> None:
        """Finish the file, with its sound up to here, but leave it under its partial name."""
        if not self._closed:
            self._finish(whole=False)

    def _open(self, frame: Frame) -> None:
        timing = _timing_of(self._source)
        height, width = frame.height + frame.height % 2, frame.width + frame.width % 2
        self.codec = _first_working(self._codecs, width, height)
        if self.codec != self._codecs[0]:
            self.notes.append(f"The encoder {self._codecs[0]} does not work here, so {self.codec} is used.")
        if self.codec == "mpeg4" and timing.time_base.denominator > 65_535:
            timing = _Timing(_MPEG4_TIME_BASE, timing.rate)
        file_format = _FORMATS[self._path.suffix.lower()]
        options = {"movflags": "+faststart"} if file_format in {"mp4", "mov"} else {}
        self._output = av.open(str(self._partial), "w", format=file_format, options=options)
        stream = self._output.add_stream(self.codec, rate=timing.rate, options=self._encoder_options())
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._time_base = timing.time_base
        _configure(self._stream.codec_context, width, height, timing.time_base)
        self._stream.time_base = timing.time_base
        if self.codec != "libx264":
            pixels_a_second = width * height * float(timing.rate)
            self._stream.codec_context.bit_rate = int(pixels_a_second * _BITS_PER_PIXEL[self._quality])
        self._last_duration = max(1, round(1 / (timing.rate * timing.time_base)))
        file = _file_of(self._source)
        self._zero = self._begin if file else frame.time
        if self._source and file and self._source.has_audio:
            copy_all = file_format == "matroska"
            shift = -self._source.start_time - self._begin
            self._sound = Sound(file, self._output, shift, copy_all, cut=self._begin > 0)
            self.notes += self._sound.notes
        self._output.start_encoding()

    def _encoder_options(self) -> dict[str, str]:
        if self.codec != "libx264":
            return {}
        return {"crf": str(_CRF[self._quality]), "preset": _PRESET[self._quality]}

    def _write(self, image: ImageArray, seconds: float) -> None:
        """Encode the frame before this one, whose duration is known now."""
        pts = max(0, round((seconds - self._zero) / self._time_base))
        if self._waiting:
            pts = max(pts, self._waiting[1] + 1)
            self._last_duration = pts - self._waiting[1]
            self._encode_waiting()
        self._waiting = (image, pts)

    def _encode_waiting(self) -> None:
        if self._waiting is None:
            return
        image, pts = self._waiting
        self._waiting = None
        context = self._stream.codec_context
        picture = av.VideoFrame.from_ndarray(_fitted(image, context.width, context.height), format="rgb24")
        # One thread: its own new pool for every picture costs more than it saves.
        picture = self._converter.reformat(
            picture, format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1
        )
        picture.pts = pts
        picture.time_base = self._time_base
        self._durations[pts] = self._last_duration
        self._mux(context.encode(picture))
        if self._sound:
            self._sound.write_until(float(pts * self._time_base))

    def _mux(self, packets: Sequence[av.Packet[Any]]) -> None:
        assert self._output is not None
        for packet in packets:
            packet.stream = self._stream
            packet.duration = self._durations.pop(packet.pts or 0, self._last_duration)
            self._output.mux(packet)

    def _finish(self, whole: bool) -> None:
        self._closed = True
        if self._output is None:
            return
        with _FileErrors(self._path):
            try:
                self._encode_waiting()
                self._mux(self._stream.codec_context.encode(None))
                if self._sound:
                    if whole:
                        self._sound.write_until(None if math.isinf(self._end) else self._end - self._begin)
                    self._sound.finish()
            finally:
                if self._sound:
                    self._sound.close()
                self._output.close()


class _FileErrors:
    """Turns what the system refuses into one sentence that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError | av.error.FFmpegError):
            reason = (
                "the disk is full" if getattr(error, "errno", None) == errno.ENOSPC else str(error.strerror)
            )
            raise LivefgError(f"{self._path} cannot be written: {reason}.") from error


def _file_of(source: SourceInfo | None) -> Path | None:
    """The video file behind a source whose times are media times."""
    return source.path if source and not source.live and source.kind in {"video", "demo"} else None


def _timing_of(source: SourceInfo | None) -> _Timing:
    """The ticks and the average rate of a source."""
    rate = Fraction(source.fps if source and source.fps else 30).limit_denominator(1001)
    file = _file_of(source)
    if file is None:
        return _Timing(_LIVE_TIME_BASE, rate)
    with av.open(str(file), metadata_errors="replace") as container:
        films = (
            stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
        )
        stream = next(films, None)
        return _Timing(Fraction(stream.time_base) if stream and stream.time_base else _LIVE_TIME_BASE, rate)


def _configure(context: av.VideoCodecContext, width: int, height: int, time_base: Fraction) -> None:
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base = time_base
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE


def _first_working(codecs: Sequence[str], width: int, height: int) -> str:
    """The first encoder that turns a picture of this size into data."""
    black = av.VideoFrame.from_ndarray(np.zeros((height * 3 // 2, width), np.uint8), format="yuv420p")
    for name in codecs:
        try:
            context = av.CodecContext.create(name, "w")
            assert isinstance(context, av.VideoCodecContext)
            context.framerate = Fraction(30)
            _configure(context, width, height, Fraction(1, 30))
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
