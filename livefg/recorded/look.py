"""The first pass over a recording: every frame through the networks, and what they see into the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice

from livefg.loop.recorded import decode_ahead
from livefg.pipeline import Pipeline
from livefg.recorded.journal import Journal
from livefg.recorded.state import capture, restore
from livefg.results import Frame, FrameResult
from livefg.sources.selected import Selected

__all__ = ["look"]

_FRAMES_A_PART = 90
"""Frames between two points from which a killed run can go on: a few seconds of work."""


def look(
    source: Selected,
    pipeline: Pipeline,
    journal: Journal,
    *,
    stopping: threading.Event,
    on_result: Callable[[FrameResult], None] | None = None,
    frames_a_part: int = _FRAMES_A_PART,
) -> bool:
    """See all frames that the journal does not have yet, from where it ends. Returns whether it is complete.

    The pipeline's memory is taken from the journal too, so that a run in pieces gives what an unbroken one gives.
    MediaPipe keeps its memory to itself: then all frames are seen again.
    """
    if journal.end is not None:
        return True
    _ = pipeline.reports  # waits: no result may depend on when the last network was loaded
    pipeline.reset()
    done = journal.frames
    if done:
        state = journal.state()
        if state is None:
            journal.begin(journal.run)
            done = 0
        else:
            restore(pipeline, *state)
    with closing(decode_ahead(_From(source, done, journal.last_time), stopping)) as frames:
        while True:
            results = []
            for _, result in pipeline.stream(islice(frames, frames_a_part)):
                results.append(result)
                if on_result:
                    on_result(result)
            if results:
                journal.append(results, capture(pipeline) if pipeline.settings.backend == "livefg" else None)
            if stopping.is_set():
                return False
            if len(results) < frames_a_part:
                break
    journal.finish({"notes": list(source.info.notes)})
    return True


class _From:
    """The frames of a source but for the first `skip`, the last of which has the time `last`."""

    def __init__(self, source: Selected, skip: int, last: float) -> None:
        self._source = source
        self._skip = skip
        self._last = last

    def __iter__(self) -> Iterator[Frame]:
        return self._source.frames(self._skip, self._last)
