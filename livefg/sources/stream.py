"""Network streams through PyAV: RTSP, HTTP (MJPEG, HLS) and more, with low delay and time limits."""

from __future__ import annotations

import time
from collections.abc import Iterator

import av
import av.error
from av.codec.context import Flags
from av.container import InputContainer

from livefg.errors import LivefgError
from livefg.sources.addresses import masked
from livefg.sources.base import SourceInfo
from livefg.sources.converting import FrameConverter
from livefg.sources.health import Patience
from livefg.sources.live import ConnectionLost, Shot

__all__ = ["FileOnServer", "StreamConnection"]

_OPTIONS = {
    # Look at little before the first picture, and keep nothing back.
    "fflags": "nobuffer",
    "flags": "low_delay",
    "analyzeduration": "500000",
    "fpsprobesize": "2",
    # Video over UDP loses packets; servers that know UDP only are still reached.
    "rtsp_flags": "prefer_tcp",
}
_RATELESS = frozenset({"mjpeg", "mpjpeg"})
"""Formats without a frame rate, for which FFmpeg invents one."""
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (av.error.ExitError, "does not answer in time"),
    (av.error.TimeoutError, "does not answer in time"),
    (av.error.HTTPUnauthorizedError, "wants a user name and a password that it accepts"),
    (av.error.HTTPForbiddenError, "does not allow access"),
    (av.error.HTTPNotFoundError, "has nothing under this address"),
    (av.error.ConnectionRefusedError, "refuses the connection"),
    (av.error.EOFError, "has ended"),
    (av.error.InvalidDataError, "sends something that is not video"),
)


class FileOnServer(LivefgError):  # noqa: N818 - what was found, not what went wrong
    """The address leads to a recording of known length, which is to be read to its end and not as a live stream."""


class StreamConnection:
    """A connection to a stream that has proved itself by one picture.

    Raises LivefgError, in one sentence without credentials, if that takes longer than `patience.answer`, and
    FileOnServer if what answers is a recording.
    """

    def __init__(self, address: str, patience: Patience, *, mirrored: bool = False) -> None:
        name = masked(address)
        try:
            self._container = av.open(
                address,
                "r",
                options=_OPTIONS,
                timeout=(patience.answer, patience.silence),
                metadata_errors="replace",
            )
        except av.error.FFmpegError as error:
            # The original names the address with its password: it must not be shown, not even as the cause.
            raise LivefgError(f"{name} {_cause(error)}.") from None
        try:
            if _is_recording(self._container, address):
                raise FileOnServer(f"{name} is a recording.")
            films = self._container.streams.video
            if not films:
                raise LivefgError(f"{name} has no picture.")
            self._stream = films[0]
            # Frame threads would hold back one picture for every thread.
            self._stream.thread_type = "SLICE"
            self._stream.codec_context.flags |= Flags.low_delay
            self._convert = FrameConverter(self._stream.sample_aspect_ratio)
            self._shots = self._read()
            self._first: Shot | None = next(self._shots)
        except ConnectionLost as lost:
            self.close()
            raise LivefgError(f"{name} {lost}.") from None
        except BaseException:
            self.close()
            raise
        height, width, _ = self._first.image.shape
        rateless = self._container.format.name in _RATELESS
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.info = SourceInfo(
            name=name,
            kind="stream",
            width=width,
            height=height,
            fps=float(rate) if rate and 0 < rate <= 1000 and not rateless else None,
            live=True,
            has_audio=bool(self._container.streams.audio),
            mirrored=mirrored,
        )

    def read(self) -> Shot:
        """Wait for the next picture; ConnectionLost when the stream ends, breaks, or is silent too long."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._shots)

    def close(self) -> None:
        """Hang up."""
        self._container.close()

    def _read(self) -> Iterator[Shot]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                raise ConnectionLost("has ended") from None
            except av.error.FFmpegError as error:
                raise ConnectionLost(_cause(error)) from None
            now = time.monotonic()
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                continue  # a packet was lost on the way; the next key frame puts it right
            for frame in frames:
                yield Shot(self._convert(frame), now)


def _is_recording(container: InputContainer, address: str) -> bool:
    return address.lower().startswith(("http://", "https://")) and bool(container.duration)


def _cause(error: av.error.FFmpegError) -> str:
    for kind, words in _CAUSES:
        if isinstance(error, kind):
            return words
    if isinstance(error, av.error.HTTPError):
        return f"does not serve: {(error.strerror or 'unknown cause').lower()}"
    return f"cannot be reached or breaks off: {(error.strerror or 'unknown cause').lower()}"
