"""What every source of pictures is and says, and the clock that keeps times strictly increasing."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self

from livefg.results import Frame, ImageArray

__all__ = ["Notice", "Picture", "Recorded", "Source", "SourceInfo", "SourceKind", "StrictClock", "log_notice"]

SourceKind = Literal["camera", "video", "stream", "image", "folder", "demo"]
Notice = Callable[[str], None]
"""Takes one sentence about what went wrong or came right again; may be called from another thread."""

_logger = logging.getLogger("livefg.sources")


def log_notice(sentence: str) -> None:
    """The notice taker where the caller names none: a warning of the logger `livefg.sources`."""
    _logger.warning("%s", sentence)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known about a source.

    `name` may be shown and logged: credentials in an address are masked. `width` and `height` are those of
    the first picture, upright, in pixels. `fps` is frames a second, None where there is no such thing or
    nobody knows. `frame_count` and `duration` (seconds) are what a file declares, None where it declares
    nothing. `live`: frames come by the clock and the newest counts. `path` is the file or folder, so that a
    sink can copy the sound of a file with `has_audio`; media time 0 is `start_time` seconds on the file's own
    clock. `mirrored`: pictures are mirror images of the scene. `notes` are sentences that a user should see.
    """

    name: str
    kind: SourceKind
    width: int
    height: int
    fps: float | None = None
    frame_count: int | None = None
    duration: float | None = None
    live: bool = False
    has_audio: bool = False
    path: Path | None = None
    mirrored: bool = False
    notes: tuple[str, ...] = ()
    start_time: float = 0.0


class Source(Protocol):
    """Somewhere pictures come from: iterate over it for frames, close it when done.

    Recorded sources yield every frame in order with media time and begin anew with every iteration. Live
    sources yield the newest frame with the monotonic time at grab; gaps in `Frame.index` are frames nobody
    asked for in time. `close` may be called from any thread and ends an iteration promptly.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known by now; notes may be added while frames are read."""
        ...

    @property
    def status(self) -> str | None:
        """What is wrong at this moment in a few words; None while all is well."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Release the camera, connection or file; a second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class StrictClock:
    """Makes times strictly increasing whatever the clock's resolution, by moving a tick a microsecond on."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def stamp(self, time: float) -> float:
        """The time itself (seconds), or the least later one that follows the time given out before."""
        self._last = time if time > self._last else self._last + 1e-6
        return self._last


class Picture(NamedTuple):
    """A picture of a recorded source that is converted only when somebody wants to see it.

    `time` is media time in seconds, `image` makes the RGB array.
    """

    number: int
    time: float
    source: str
    image: Callable[[], ImageArray]


class Recorded(ABC):
    """A source whose pictures wait: nothing is dropped, times are media time."""

    def __init__(self, info: SourceInfo, on_notice: Notice) -> None:
        self._info = info
        self._on_notice = on_notice
        self._closed = threading.Event()

    @property
    def info(self) -> SourceInfo:
        """What is known by now; notes about damage are added where it is met."""
        return self._info

    @property
    def status(self) -> None:
        """Always None: a recording does not fail and come back."""
        return

    @abstractmethod
    def pictures(self, start: float = 0.0) -> Generator[Picture, None, None]:
        """Every picture, in order, media time strictly increasing.

        Those before `start` (seconds) may be left out; the others have the numbers and times that they always have.
        """

    def __iter__(self) -> Iterator[Frame]:
        with closing(self.pictures()) as pictures:
            for picture in pictures:
                if self._closed.is_set():
                    return
                yield Frame(
                    picture.image(),
                    picture.number,
                    picture.time,
                    picture.source,
                    mirrored=self._info.mirrored,
                )

    def close(self) -> None:
        """End the iterations that are under way."""
        self._closed.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _note(self, sentence: str) -> None:
        """Tell the user, and keep the sentence in `info.notes` (once, however often the source is read)."""
        if sentence not in self._info.notes:
            self._info = replace(self._info, notes=(*self._info.notes, sentence))
            self._on_notice(sentence)
