"""The sound of a video in the annotated one: copied where the container can hold it, else as AAC."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.resampler import AudioResampler

__all__ = ["Sound"]

# What players read from an mp4 or mov file; anything else, such as PCM and Vorbis, is encoded again.
_COPIED = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"})
_SEEK_AHEAD = 2.0
_AAC_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})


class Sound:
    """The sound tracks of the video file `path`, written into `output` beside the picture.

    `shift` is added to the times of the file (seconds), so that sound and picture stay together. With `cut` the sound
    begins at 0 of the picture's time, else where the file's own does. Call `write_until` with the picture's time as
    it advances, and `finish` at the end. A damaged packet is left out. `notes` says in sentences what was encoded
    again.
    """

    def __init__(
        self,
        path: Path,
        output: av.container.OutputContainer,
        shift: float,
        copy_all: bool = False,
        cut: bool = False,
    ) -> None:
        self.notes: list[str] = []
        self._shift = shift
        self._cut = cut
        self._input = av.open(str(path), metadata_errors="replace")
        self._output = output
        self._tracks: dict[int, _Track] = {}
        for stream in self._input.streams.audio:
            copied = copy_all or stream.codec_context.codec.canonical_name in _COPIED
            self._tracks[stream.index] = _Track(stream, output, copied)
            if not copied:
                name = stream.codec_context.codec.long_name
                self.notes.append(f"The sound ({name}) was encoded again as AAC, since mp4 does not hold it.")
        if cut and self._tracks and -shift > _SEEK_AHEAD:
            with suppress(av.error.FFmpegError):  # a file that cannot be sought in is read from its beginning
                self._input.seek(round((-shift - _SEEK_AHEAD) * av.time_base))
        self._packets = self._read()
        self._waiting: av.Packet[Any] | None = None

    def write_until(self, seconds: float | None) -> None:
        """Write the packets that begin up to `seconds` of the picture's time; None: all that are left."""
        while True:
            packet = self._waiting or next(self._packets, None)
            self._waiting = None
            if packet is None or packet.pts is None or packet.time_base is None:
                return
            time = float(packet.pts * packet.time_base) + self._shift
            if seconds is not None and time > seconds:
                self._waiting = packet
                return
            if self._cut and time < 0:
                continue
            self._tracks[packet.stream.index].write(packet, self._shift)

    def finish(self) -> None:
        """Write what the encoders still hold."""
        for track in self._tracks.values():
            track.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._packets.close()
        self._input.close()

    def _read(self) -> Generator[av.Packet[Any], None, None]:
        if not self._tracks:
            return
        packets = self._input.demux(*self._input.streams.audio)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError):
                return  # a file that breaks off: its picture ends there too
            if packet.pts is not None:
                yield packet


class _Track:
    """One sound track of the output, and how a packet of the input gets into it."""

    def __init__(self, stream: av.AudioStream, output: av.container.OutputContainer, copied: bool) -> None:
        self._output = output
        self._source = stream
        self._copied = copied
        if copied:
            self._target = output.add_stream_from_template(stream)
        else:
            rate = stream.rate if stream.rate in _AAC_RATES else 48000
            layout = "stereo" if stream.channels >= 2 else "mono"
            self._target = output.add_stream("aac", rate=rate, layout=layout)
            self._resampler = AudioResampler("fltp", layout, rate, frame_size=1024)

    def write(self, packet: av.Packet[Any], shift: float) -> None:
        assert packet.time_base is not None
        ticks = round(shift / packet.time_base)
        if self._copied:
            packet.pts = packet.pts + ticks if packet.pts is not None else None
            packet.dts = packet.dts + ticks if packet.dts is not None else None
            packet.stream = self._target
            self._output.mux(packet)
            return
        try:
            frames = self._source.codec_context.decode(packet)
        except av.error.FFmpegError:
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts += ticks
            for piece in self._resampler.resample(frame):
                self._output.mux(self._target.encode(piece))

    def flush(self) -> None:
        if self._copied:
            return
        for piece in self._resampler.resample(None):
            self._output.mux(self._target.encode(piece))
        self._output.mux(self._target.encode(None))
