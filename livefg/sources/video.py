"""Recorded video through PyAV: every frame once, in order, upright, at its own time."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from livefg.errors import LivefgError
from livefg.sources.addresses import is_address, masked
from livefg.sources.base import Notice, Picture, Recorded, SourceInfo, SourceKind, log_notice
from livefg.sources.converting import FrameConverter, Turn, hdr_of
from livefg.sources.seeking import find_entry
from livefg.sources.timing import MediaClock, cadence

__all__ = ["VideoSource"]

_SURVEY_PACKETS = 240
_SURVEY_BYTES = 16 << 20
_MISSING = 0.5
"""Seconds by which a film may fall short of the length that it promises."""
_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})
"""Formats under which FFmpeg plays any text as a film of a terminal."""
_NETWORK_SECONDS = 10.0
_ROUNDING = Fraction(1, 10_000)
_WORTH_ENTERING = 1.0
"""Seconds from which on it is worth while to begin at a key frame."""


class VideoSource(Recorded):
    """A video file, or one that a web server gives away as a file.

    Damage in the middle costs the damaged frames only and is told in a note; what cannot be opened, or has no
    picture that can be decoded, raises LivefgError. `kind`, `name`: what the source calls itself.
    """

    def __init__(
        self,
        location: str,
        *,
        name: str | None = None,
        kind: SourceKind = "video",
        mirrored: bool = False,
        on_notice: Notice = log_notice,
    ) -> None:
        self._lock = threading.Lock()
        self._location = location
        self._name = name or (masked(location) if is_address(location) else location)
        self._unused: _Reader | None = _Reader(location, self._name)
        super().__init__(_describe(self._unused, kind, mirrored), on_notice)
        self._turn = self._unused.convert.turn

    def pictures(self, start: float = 0.0) -> Generator[Picture, None, None]:
        """Every frame that can be decoded; converted to RGB only when asked for.

        Most of those before `start` (seconds) are left out where a film can be entered at a key frame.
        """
        reader = self._reader_from(start)
        try:
            clock = MediaClock(reader.origin, 1 / (self._info.fps or 30.0))
            for stamp in reader.skipped:
                clock.stamp(reader.seconds(stamp), None)
            for index, frame in enumerate(reader.frames(), len(reader.skipped)):
                time = clock.stamp(reader.seconds(frame.pts), reader.seconds(frame.dts))
                yield Picture(index, time, self._name, partial(reader.convert, frame))
                if self._closed.is_set():
                    return
            self._tell(reader, clock)
        finally:
            reader.close()

    def close(self) -> None:
        """End the iterations that are under way and let go of the file."""
        super().close()
        if reader := self._take():
            reader.close()

    def _reader_from(self, start: float) -> _Reader:
        if start < _WORTH_ENTERING or is_address(self._location):
            return self._take() or _Reader(self._location, self._name, self._turn)
        try:
            # Times are rounded: what lies a hair before the start is the picture that is meant.
            return _Reader(self._location, self._name, self._turn, Fraction(start) - _ROUNDING)
        except _NoEntry:
            return self._reader_from(0.0)

    def _take(self) -> _Reader | None:
        with self._lock:
            reader, self._unused = self._unused, None
            return reader

    def _tell(self, reader: _Reader, clock: MediaClock) -> None:
        if reader.cut_short:
            self._note(f"{self._name} breaks off: {reader.cut_short}; the frames before that were kept.")
        if reader.lost:
            self._note(f"{self._name} is damaged: {_count(reader.lost, 'packet')} could not be decoded.")
        if reader.corrupt:
            self._note(f"{self._name} is damaged: {_count(reader.corrupt, 'frame')} may look broken.")
        if clock.moved:
            self._note(
                f"{self._name} has wrong time stamps: {_count(clock.moved, 'frame')} got another time."
            )
        if clock.absent:
            self._note(
                f"{self._name} lacks time stamps: {_count(clock.absent, 'frame')} were"
                f" shown at {1 / clock.period:.4g} a second."
            )
        if clock.missing and not reader.cadence.variable:
            self._note(f"{self._name} has gaps, of about {_count(clock.missing, 'frame')} in all.")
        missing = reader.expected_end - clock.last
        if not reader.cut_short and missing > _MISSING:
            self._note(f"{self._name} breaks off: {missing:.1f} s that it promises are missing.")


def _noted_end(metadata: Mapping[str, str]) -> float | None:
    """When the stream ends by the note that Matroska keeps of each, such as 00:01:02.500000000, in seconds."""
    try:
        hours, minutes, seconds = metadata["DURATION"].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except (KeyError, ValueError):
        return None


class _NoEntry(Exception):  # noqa: N818 - no error: the film is read from its beginning
    """A film that cannot be entered in the middle."""


class _Reader:
    """One pass over the file: its container, the first packets (to judge the cadence), the first frame.

    With `start` (seconds after `origin`) it begins at the key frame before that; `skipped` are the time stamps of the
    pictures before it. Raises _NoEntry where that cannot be.
    """

    def __init__(
        self, location: str, name: str, turn: Turn | None = None, start: Fraction | None = None
    ) -> None:
        self.skipped: list[int] = []
        self.lost = 0
        self.corrupt = 0
        self.cut_short = ""
        self._generators: tuple[Generator[object, None, None], ...] = ()
        self.name = name
        self.container = _open(location, name)
        try:
            self.stream = _video_stream(self.container, name)
            # Frame threads overlap decoding with everything else; more than eight only cost memory.
            self.stream.thread_type = "AUTO"
            self.stream.codec_context.thread_count = min(8, os.cpu_count() or 1)
            self.convert = FrameConverter(self.stream.sample_aspect_ratio, turn)
            self._packets = self._demux()
            self._ahead = self._look_ahead()
            stamps = (self.seconds(packet.pts) for packet in self._ahead)
            times = [float(stamp) for stamp in stamps if stamp is not None]
            self.cadence = cadence(times, self.stream.average_rate)
            self._decoded = self._decode() if start is None else self._decode_from(start)
            self._generators += (self._decoded, self._packets)
            first = next(self._decoded, None)
            if first is None:
                raise LivefgError(f"{name} has no picture that can be decoded: it is damaged or incomplete.")
            self.first = first
        except BaseException:
            self.close()
            raise

    @property
    def expected_end(self) -> float:
        """Media time in seconds at which the pictures are promised to end; 0 if nothing is promised."""
        promised = self.seconds(self.stream.duration)
        if promised is not None:
            return float(promised + (self.seconds(self.stream.start_time) or 0) - self.origin)
        if (noted := _noted_end(self.stream.metadata)) is not None:
            return noted - float(self.origin)
        # A sound track may go on for longer than the pictures.
        alone = not self.container.streams.audio
        return (self.container.duration or 0) / av.time_base if alone else 0.0

    @property
    def origin(self) -> Fraction:
        """Seconds on the file's clock at which a player shows 0:00."""
        return Fraction(self.container.start_time or 0, av.time_base)

    def seconds(self, stamp: int | None) -> Fraction | None:
        """A time stamp of the stream in seconds on the file's clock, exactly."""
        base = self.stream.time_base
        return stamp * base if stamp is not None and base else None

    def frames(self) -> Iterator[av.VideoFrame]:
        """The decoded frames."""
        return chain([self.first], self._decoded)

    def close(self) -> None:
        """Release the file; nothing may be read afterwards."""
        # Suspended generators hold this reader, which holds them: left alone, decoders would wait for a garbage
        # collection that few objects ask for.
        for generator in self._generators:
            generator.close()
        self.container.close()

    def _look_ahead(self) -> deque[Packet[VideoStream]]:
        ahead: deque[Packet[VideoStream]] = deque()
        size = 0
        for packet in self._packets:
            ahead.append(packet)
            size += packet.size
            if len(ahead) == _SURVEY_PACKETS or size > _SURVEY_BYTES:
                break
        return ahead

    def _demux(self) -> Generator[Packet[VideoStream], None, None]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self.cut_short = (error.strerror or "the rest cannot be read").lower()
                packet = None
            if packet is None:
                break
            # An empty packet, as some files hold, would tell the decoder that the film is over.
            if packet.size:
                yield packet
        yield cast("Packet[VideoStream]", Packet())  # asks for what is left in the decoder

    def _decode_from(self, start: Fraction) -> Generator[av.VideoFrame, None, None]:
        ahead = (self._ahead.popleft() for _ in range(len(self._ahead)))
        packets = (packet for packet in chain(ahead, self._packets) if packet.size)
        entry = find_entry(self.stream, packets, self.origin + start)
        early = self.origin - _ROUNDING  # before the origin, times would be counted from another one
        if entry is None or (self.seconds(entry.stamps[0]) or 0) < early:
            raise _NoEntry
        self.skipped = entry.stamps
        self._ahead.extendleft(reversed(entry.packets))
        for frame in self._decode():
            if frame.pts is None or frame.pts >= entry.first:
                yield frame

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        ahead = (self._ahead.popleft() for _ in range(len(self._ahead)))
        for packet in chain(ahead, self._packets):
            try:
                frames = self.stream.codec_context.decode(packet if packet.size else None)
            except av.error.FFmpegError:
                self.lost += bool(packet.size)
                continue
            for frame in frames:
                self.corrupt += frame.is_corrupt
                yield frame


def _open(location: str, name: str) -> InputContainer:
    """Open a file or address; raises LivefgError in one sentence."""
    if is_address(location):
        options, timeout = {}, (_NETWORK_SECONDS, _NETWORK_SECONDS)
    else:
        _check_file(Path(location), name)
        # A playlist or session description must not lead a user who named a file onto the network.
        options, timeout = {"protocol_whitelist": "file,crypto,data"}, None
    try:
        container = av.open(location, "r", options=options, timeout=timeout, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise LivefgError(f"{name} cannot be opened as a video: {_cause(error)}.") from None
    if container.format.name in _TEXT_FORMATS:
        container.close()
        raise LivefgError(f"{name} is not a video: it holds text.")
    return container


def _check_file(path: Path, name: str) -> None:
    try:
        if path.stat().st_size == 0:
            raise LivefgError(f"{name} is empty: the file has zero bytes.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise LivefgError(f"{name} cannot be read: {error.strerror or error}.") from None


def _cause(error: av.error.FFmpegError) -> str:
    if isinstance(error, av.error.InvalidDataError):
        return "it is not a video that FFmpeg knows, or its end is missing"
    return (error.strerror or "unknown cause").lower()


def _video_stream(container: InputContainer, name: str) -> VideoStream:
    films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not films:
        what = "has sound but no picture" if container.streams.audio else "has no picture"
        raise LivefgError(f"{name} {what}.")
    stream = max(films, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))
    if stream.codec_context is None:
        raise LivefgError(f"{name} is coded in a way that this FFmpeg cannot decode.")
    return stream


def _describe(reader: _Reader, kind: SourceKind, mirrored: bool) -> SourceInfo:
    stream, container, first = reader.stream, reader.container, reader.first
    rate = reader.cadence
    shape = reader.convert(first).shape
    notes = []
    if rate.variable:
        notes.append(f"The frame rate varies (about {rate.fps:.4g} a second); each frame keeps its time.")
    if reader.convert.aspect != 1:
        shown = f"{shape[1]}x{shape[0]}"
        notes.append(f"Pixels are not square ({reader.convert.aspect}); pictures are widened to {shown}.")
    if hdr := hdr_of(first):
        notes.append(f"The video is HDR ({hdr}); pictures are brought to ordinary brightness.")
    if first.interlaced_frame:
        notes.append("The video is interlaced; fast motion shows combs.")
    path = None if is_address(container.name) else Path(container.name)
    duration = container.duration / av.time_base if container.duration else None
    return SourceInfo(
        name=reader.name,
        kind=kind,
        width=shape[1],
        height=shape[0],
        fps=rate.fps,
        frame_count=_declared_count(stream, duration, rate.fps),
        duration=duration,
        has_audio=bool(container.streams.audio),
        path=path,
        mirrored=mirrored,
        notes=tuple(notes),
        start_time=float(reader.origin),
    )


def _declared_count(stream: VideoStream, duration: float | None, fps: float | None) -> int | None:
    """The number of frames that a file declares, unless it counts ticks of its clock (AVI with a varying rate)."""
    if duration and fps and stream.frames > 2 * duration * fps + 2:
        return None
    return stream.frames or None


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
