"""A recording in part: some of its frames, between two times, or smaller. What is given is given exactly."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from livefg.results import Frame, ImageArray
from livefg.sources.base import Picture, Recorded, SourceInfo, log_notice

__all__ = ["Choice", "Selected"]

_SAME_TIME = 1e-6


@dataclass(frozen=True, slots=True)
class Choice:
    """Which frames of a recording to take, and how large.

    `every` takes each n-th frame. `fps` takes at most so many a second: the first frame of each interval. `start`
    and `end` are media times in seconds; the frame at `end` is not taken. `max_side` shrinks pictures whose longer
    side is more, in pixels. Frames keep their numbers and their times.
    """

    every: int = 1
    fps: float | None = None
    start: float = 0.0
    end: float = math.inf
    max_side: int | None = None

    def shrunk(self, width: int, height: int) -> tuple[int, int]:
        """The size that pictures of `width` x `height` get."""
        longer = max(width, height)
        if self.max_side is None or longer <= self.max_side:
            return width, height
        factor = self.max_side / longer
        return max(1, round(width * factor)), max(1, round(height * factor))


class Selected(Recorded):
    """The frames of `recording` that are in `choice`; closing it closes the recording."""

    def __init__(self, recording: Recorded, choice: Choice) -> None:
        self._recording = recording
        self._choice = choice
        super().__init__(_described(recording.info, choice), log_notice)

    @property
    def info(self) -> SourceInfo:
        """What is known by now, as of what is chosen."""
        return replace(self._info, notes=self._recording.info.notes)

    def pictures(self, start: float = 0.0) -> Generator[Picture, None, None]:
        """The chosen pictures; those that are not wanted are decoded at most, and never converted.

        `start` must be 0, or the time of a chosen picture where `choice.fps` leaves none out.
        """
        choice = self._choice
        begin = max(start, choice.start)
        interval = -1
        taken = 0
        with closing(self._recording.pictures(begin)) as pictures:
            for picture in pictures:
                if self._closed.is_set() or picture.time >= choice.end - _SAME_TIME:
                    return
                if picture.time < begin - _SAME_TIME:
                    continue
                taken += 1
                if (taken - 1) % choice.every:
                    continue
                if choice.fps:
                    current = math.floor((picture.time - choice.start) * choice.fps + _SAME_TIME)
                    if current == interval:
                        continue
                    interval = current
                yield picture._replace(image=partial(_shrunk, picture, choice))

    def frames(self, skip: int = 0, last: float | None = None) -> Iterator[Frame]:
        """The chosen frames but for the first `skip`, the last of which has the time `last` (seconds, if it is known).

        Those are never converted, and where the film can be entered in the middle, not even decoded.
        """
        begin, first = 0.0, 0
        if skip and last is not None and self._choice.fps is None:
            begin, first = last, skip - 1
        with closing(self.pictures(begin)) as pictures:
            for number, picture in enumerate(pictures, first):
                if self._closed.is_set():
                    return
                if number >= skip:
                    yield Frame(
                        picture.image(), picture.number, picture.time, picture.source, self._info.mirrored
                    )

    def close(self) -> None:
        """End the iterations that are under way and let go of the recording."""
        super().close()
        self._recording.close()


def _shrunk(picture: Picture, choice: Choice) -> ImageArray:
    image = picture.image()
    size = choice.shrunk(image.shape[1], image.shape[0])
    if size == (image.shape[1], image.shape[0]):
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _described(info: SourceInfo, choice: Choice) -> SourceInfo:
    """What is true of the chosen frames; counts are what a progress bar needs, not a promise."""
    width, height = choice.shrunk(info.width, info.height)
    fps = info.fps / choice.every if info.fps else None
    if choice.fps and fps:
        fps = min(fps, choice.fps)
    whole = choice.start <= 0 and math.isinf(choice.end)
    duration = info.duration
    if duration is not None and not whole:
        duration = max(0.0, min(duration, choice.end) - choice.start)
    count = info.frame_count
    if not whole or (choice.fps and info.fps and choice.fps < info.fps):
        count = round(duration * fps) if duration is not None and fps else None
    elif count is not None:
        count = math.ceil(count / choice.every)
    return replace(info, width=width, height=height, fps=fps, frame_count=count, duration=duration)
