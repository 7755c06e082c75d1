"""Annotated video written in parts, so that a run that is killed goes on after the last of them.

A part holds the packets of some pictures, beginning with a key frame, from an encoder of its own: none of them needs
another part. In the end all packets are put into one file with the sound; nothing is encoded twice.

```
part: the packets, one after another │ JSON: ticks, bytes and kind of each │ bytes of that JSON, in 8 bytes
```
"""

from __future__ import annotations

import json
import math
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.results import Frame, FrameResult
from livefg.sinks.encoding import CODECS, Coding, PictureConverter, Quality, coding_for, film_behind
from livefg.sinks.files import Finishing, prepare, publish
from livefg.sinks.film_file import FileErrors, FilmFile, check_suffix, encoder_notes

if TYPE_CHECKING:
    from livefg.sources.base import SourceInfo

__all__ = ["PartedVideoSink"]


_ENCODING = 2
"""Pictures that may wait for the encoder."""


@dataclass(slots=True)
class _Progress:
    """What is done of a film: its first picture's size and time (seconds), the parts that are whole, the last ticks."""

    codec: str
    width: int
    height: int
    zero: float
    parts: int = 0
    last: int = -1


class PartedVideoSink(Finishing):
    """Writes pictures to the video file `path` through parts in the folder `parts`.

    The file shows `source` from `begin` to `end` (media times in seconds) with its sound, if that is a video file;
    otherwise the first picture is at 0. For times, sizes and `notes` see VideoSink. `mark` ends a part and says what is
    done; with what it said, as `done`, another sink goes on there. The file appears, whole, on `close`.
    Raises LivefgError as VideoSink does, and if a part is damaged.
    """

    def __init__(
        self,
        path: Path,
        parts: Path,
        *,
        source: SourceInfo | None = None,
        quality: Quality = "medium",
        codecs: Sequence[str] = CODECS,
        begin: float = 0.0,
        end: float = math.inf,
        done: dict[str, Any] | None = None,
    ) -> None:
        check_suffix(path)
        self.notes: list[str] = []
        self._path, self._folder = path, parts
        self._source = source
        self._quality: Quality = quality
        self._codecs = codecs
        self._begin, self._end = begin, end
        self._progress = _Progress(**done) if done else None
        self._coding: Coding | None = None
        self._converter: PictureConverter
        self._part: _PartWriter | None = None
        self._closed = False
        prepare(path)

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - a sink is given both
        """Encode a picture. Times must rise from one to the next."""
        with FileErrors(self._folder):
            if self._progress is None:
                self._progress = self._started(frame)
            coding = self._coding or self._opened(self._progress)
            pts = max(0, round((frame.time - self._progress.zero) / coding.time_base))
            self._progress.last = max(pts, self._progress.last + 1)
            if self._part is None:
                self._part = _PartWriter(_part_path(self._folder, self._progress.parts), coding)
            self._part.write(self._converter(frame.image, self._progress.last))

    def mark(self) -> dict[str, Any] | None:
        """End the part that is being written; says what is done, for JSON. None before the first picture."""
        if self._part is not None and self._progress is not None:
            with FileErrors(self._folder):
                self._part.finish()
            self._part = None
            self._progress.parts += 1
        if self._progress is None:
            return None
        return {name: getattr(self._progress, name) for name in _Progress.__slots__}

    def close(self) -> None:
        """Put the parts together with the sound and give the file its name; without a picture there is none."""
        if self._closed:
            return
        self.mark()
        self._closed = True
        if self._progress is not None:
            self._join(self._coding or self._opened(self._progress), self._progress.parts)
            publish(self._path)

    def abandon(self) -> None:
        """Leave the parts that are whole; the one that is being written is lost."""
        self._closed = True
        if self._part is not None:
            self._part.abandon()

    def _started(self, frame: Frame) -> _Progress:
        coding = coding_for(self._source, frame.width, frame.height, self._quality, self._codecs)
        zero = self._begin if film_behind(self._source) else frame.time
        self._folder.mkdir(parents=True, exist_ok=True)
        return _Progress(coding.codec, coding.width, coding.height, zero)

    def _opened(self, done: _Progress) -> Coding:
        self._coding = coding_for(self._source, done.width, done.height, self._quality, (done.codec,))
        self._converter = PictureConverter(self._coding)
        self.notes += encoder_notes(self._coding, self._codecs)
        return self._coding

    def _join(self, coding: Coding, count: int) -> None:
        paths = [_part_path(self._folder, number) for number in range(count)]
        indices = [_read_index(path) for path in paths]
        times = _DecodingTimes([index.pts for index in indices], coding.period)
        with (
            FileErrors(self._path),
            FilmFile(self._path, coding, self._source, self._begin, self._end) as file,
        ):
            self.notes += file.notes
            for path, index in zip(paths, indices, strict=True):
                for data, pts, key in _packets(path, index):
                    packet: av.Packet[Any] = av.Packet(data)
                    packet.pts, packet.dts, packet.duration = pts, times.next(), times.duration(pts)
                    packet.time_base = coding.time_base
                    packet.is_keyframe = key
                    file.add(packet)
                    file.sound_until(float(pts * coding.time_base))
            file.finish(whole=True)


class _Index(NamedTuple):
    """Of each packet of a part, in the order in which they are decoded: its picture's ticks, its bytes, its kind."""

    pts: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    keys: npt.NDArray[np.bool_]


class _PartWriter:
    """Encodes the pictures of one part, in a thread of its own, and writes their packets."""

    def __init__(self, path: Path, coding: Coding) -> None:
        self._path = path
        self._context = coding.context()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="livefg-encode")
        self._waiting: deque[Future[None]] = deque()
        self._file = path.with_suffix(".partial").open("wb")
        self._packets: list[tuple[int, int, bool]] = []

    def write(self, picture: av.VideoFrame) -> None:
        """Encode a picture while the caller prepares the next one."""
        self._waiting.append(self._thread.submit(self._encode, picture))
        if len(self._waiting) > _ENCODING:
            self._waiting.popleft().result()

    def finish(self) -> None:
        """Encode what is under way; the part gets its name."""
        self._waiting.append(self._thread.submit(self._encode, None))
        self._thread.shutdown()
        for encoded in self._waiting:
            encoded.result()
        with self._file as file:
            index = json.dumps(self._packets).encode()
            file.write(index + len(index).to_bytes(8, "big"))
            file.flush()
            os.fsync(file.fileno())
        self._path.with_suffix(".partial").replace(self._path)

    def abandon(self) -> None:
        """Let go of the file."""
        self._thread.shutdown(cancel_futures=True)
        self._file.close()

    def _encode(self, picture: av.VideoFrame | None) -> None:
        for packet in self._context.encode(picture):
            self._packets.append((packet.pts or 0, packet.size, packet.is_keyframe))
            self._file.write(bytes(packet))


def _part_path(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.part"


def _read_index(path: Path) -> _Index:
    try:
        with path.open("rb") as file:
            file.seek(-8, os.SEEK_END)
            size = int.from_bytes(file.read(8), "big")
            file.seek(-8 - size, os.SEEK_END)
            table = np.array(json.loads(file.read(size)), np.int64).reshape(-1, 3)
        if table[:, 1].sum() + size + 8 != path.stat().st_size:
            raise ValueError("bytes are missing")
    except (OSError, ValueError) as error:
        raise LivefgError(
            f"{path} of an unfinished run is damaged ({error}); begin anew with --force."
        ) from None
    return _Index(table[:, 0], table[:, 1], table[:, 2].astype(bool))


def _packets(path: Path, index: _Index) -> Iterator[tuple[bytes, int, bool]]:
    with path.open("rb") as file:
        for pts, size, key in zip(index.pts.tolist(), index.sizes.tolist(), index.keys.tolist(), strict=True):
            yield file.read(size), pts, key


class _DecodingTimes:
    """When each packet of a film is decoded, and for how long each picture is shown, in ticks.

    Pictures are decoded in another order than they are shown, so each must be decoded some pictures before its time:
    the times at which pictures are shown, moved by the least number of pictures that is enough for all.
    """

    def __init__(self, parts: Sequence[npt.NDArray[np.int64]], period: int) -> None:
        decoded = np.concatenate(parts)
        self._shown = np.sort(decoded)
        late = np.arange(len(decoded)) - np.searchsorted(self._shown, decoded)
        delay = int(max(late.max(), 0))
        self._last = int(self._shown[-1] - self._shown[-2]) if len(decoded) > 1 else period
        first = self._shown[:delay] - (self._shown[delay] - self._shown[0])
        self._decode = iter(np.concatenate([first, self._shown[: len(decoded) - delay]]).tolist())

    def next(self) -> int:
        """The ticks at which the next packet is decoded."""
        return next(self._decode)  # type: ignore[no-any-return]

    def duration(self, pts: int) -> int:
        """For how many ticks the picture at `pts` is shown; the last one as long as the one before it."""
        place = int(np.searchsorted(self._shown, pts)) + 1
        return int(self._shown[place]) - pts if place < len(self._shown) else self._last
