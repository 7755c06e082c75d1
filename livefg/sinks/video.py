"""Annotated video: H.264 with the times and the sound of its source, encoded as the pictures come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from livefg.overlay import Overlay, Trail
from livefg.results import Frame, FrameResult, ImageArray
from livefg.sinks.encoding import CODECS, Coding, PictureConverter, Quality, coding_for, film_behind
from livefg.sinks.files import Finishing, prepare, publish
from livefg.sinks.film_file import FileErrors, FilmFile, check_suffix, encoder_notes

if TYPE_CHECKING:
    from livefg.sources.base import SourceInfo

__all__ = ["CODECS", "Quality", "VideoSink"]


class VideoSink(Finishing):
    """Writes each frame with what was seen in it to the video file `path` (.mp4, .m4v, .mov or .mkv).

    Every picture keeps its own time. For the video file that `source` describes, times are exact in that
    file's own ticks, and its sound comes along, in sync. For other sources, or without one, the first
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
    ) -> None:
        check_suffix(path)
        self.notes: list[str] = []
        self.codec: str | None = None
        self._path = path
        self._overlay = overlay
        self._trail = Trail()
        self._source = source
        self._quality: Quality = quality
        self._codecs = codecs
        prepare(path)
        self._closed = False
        self._file: FilmFile | None = None
        self._coding: Coding
        self._converter: PictureConverter
        self._zero = 0.0
        self._waiting: tuple[ImageArray, int] | None = None
        self._durations: dict[int, int] = {}
        self._last_duration = 0

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Encode a frame with its overlay. Times must rise from frame to frame."""
        image = frame.image
        if self._overlay:
            image = self._overlay.compose(frame, result, trail=self._trail)
        with FileErrors(self._path):
            if self._file is None:
                self._file = self._open(frame)
            self._write(self._file, image, frame.time)

    def close(self) -> None:
        """Finish the file with the rest of its sound and give it its name; without a frame there is none."""
        if self._closed:
            return
        self._finish(whole=True)
        if self._file is not None:
            publish(self._path)

    def abandon(self) -> None:
        """Finish the file, with its sound up to here, but leave it under its partial name."""
        if not self._closed:
            self._finish(whole=False)

    def _open(self, frame: Frame) -> FilmFile:
        self._coding = coding_for(self._source, frame.width, frame.height, self._quality, self._codecs)
        self._converter = PictureConverter(self._coding)
        self.codec = self._coding.codec
        self._zero = 0.0 if film_behind(self._source) else frame.time
        self._last_duration = self._coding.period
        file = FilmFile(self._path, self._coding, self._source)
        self.notes += encoder_notes(self._coding, self._codecs) + file.notes
        return file

    def _write(self, file: FilmFile, image: ImageArray, seconds: float) -> None:
        """Encode the frame before this one, whose duration is known now."""
        pts = max(0, round((seconds - self._zero) / self._coding.time_base))
        if self._waiting:
            pts = max(pts, self._waiting[1] + 1)
            self._last_duration = pts - self._waiting[1]
            self._encode_waiting(file)
        self._waiting = (image, pts)

    def _encode_waiting(self, file: FilmFile) -> None:
        if self._waiting is None:
            return
        image, pts = self._waiting
        self._waiting = None
        self._durations[pts] = self._last_duration
        self._mux(file, file.stream.codec_context.encode(self._converter(image, pts)))
        file.sound_until(float(pts * self._coding.time_base))

    def _mux(self, file: FilmFile, packets: Sequence[av.Packet[Any]]) -> None:
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts or 0, self._last_duration)
            file.add(packet)

    def _finish(self, whole: bool) -> None:
        self._closed = True
        if self._file is None:
            return
        with FileErrors(self._path), self._file as file:
            self._encode_waiting(file)
            self._mux(file, file.stream.codec_context.encode(None))
            file.finish(whole)
