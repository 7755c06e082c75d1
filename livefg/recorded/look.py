"""The first pass over a recording: every frame through the networks, and what they see into the journal."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice

from livefg.loop.recorded import decode_ahead
from livefg.pipeline import Pipeline
from livefg.recorded.between import SparingLook
from livefg.recorded.journal import Journal, State
from livefg.recorded.shots import Shots
from livefg.recorded.state import capture, restore
from livefg.results import Frame, FrameResult
from livefg.sources.selected import Selected

__all__ = ["Looker", "RestOf", "look"]

_FRAMES_A_PART = 240
"""Frames between two points from which a killed run can go on: a few seconds of work. Shorter parts cost time, since
at their ends all work comes to rest: of 90 frames three parts in a hundred of this pass."""


class Looker:
    """Sees the frames of a recording in order, through one pipeline, shot by shot.

    With `shots` a cut ends all tracks; with `sparing` not every frame is looked at by all networks, unless the
    pipeline's settings say `exact`. Without both, results are those of the pipeline.
    """

    def __init__(self, pipeline: Pipeline, *, shots: bool, sparing: bool) -> None:
        self._pipeline = pipeline
        self._shots = Shots() if shots else None
        self._look = SparingLook(pipeline, sparing=sparing)

    def results(self, frames: Iterable[Frame]) -> Iterator[FrameResult]:
        """The results of the next frames; when they end, nothing is under way."""
        if self._shots is None:
            yield from (result for _, result in self._look.stream(frames))
            return
        coming, first = iter(frames), deque[Frame]()
        while True:
            for _, result in self._look.stream(self._to_next_cut(coming, first)):
                yield self._shots.numbered(result)
            if not first:
                return
            self._look.reset()
            self._shots.next()

    def _to_next_cut(self, frames: Iterator[Frame], first: deque[Frame]) -> Iterator[Frame]:
        """The frames of a shot, beginning with the one in `first`, in which the first of the next is left."""
        assert self._shots is not None
        if first:
            yield first.popleft()
        for frame in frames:
            if self._shots.begins_with(frame):
                first.append(frame)
                return
            yield frame


def look(
    source: Selected,
    pipeline: Pipeline,
    journal: Journal,
    *,
    stopping: threading.Event,
    on_result: Callable[[FrameResult], None] | None = None,
    on_kept: Callable[[FrameResult], None] | None = None,
    live: bool = False,
    frames_a_part: int = _FRAMES_A_PART,
) -> bool:
    """See all frames that the journal does not have yet, from where it ends. Returns whether it is complete.

    The pipeline's memory is taken from the journal too, so that a run in pieces gives what an unbroken one gives.
    MediaPipe keeps its memory to itself: then all frames are seen again. `live` gives what the pipeline gives;
    otherwise cuts end tracks and, unless the pipeline is to be exact, not every frame is looked at where little moves.
    `on_kept` is given all results of the recording as the journal has them, in order, one thread after another.
    """
    if journal.end is not None:
        _give(journal, 0, on_kept)
        return True
    pipeline.wait()  # no result may depend on when the last network was loaded
    pipeline.reset()
    looker = Looker(pipeline, shots=not live, sparing=not live)
    done = journal.frames
    if done:
        state = journal.state()
        if state is None:
            journal.begin(journal.run)
            done = 0
        else:
            restore(looker, *state)
    remembers = pipeline.settings.backend == "livefg"
    frames = decode_ahead(RestOf(source, done, journal.last_time), stopping)
    with closing(frames), ThreadPoolExecutor(1, thread_name_prefix="livefg-journal") as writer:
        writing: Future[None] | None = writer.submit(_give, journal, 0, on_kept)
        while True:
            results = []
            for result in looker.results(islice(frames, frames_a_part)):
                results.append(result)
                if on_result:
                    on_result(result)
            if writing:
                writing.result()
            # Part of a part is thrown away: where parts end has a say in which frames are looked at.
            if results and not stopping.is_set():
                # What is captured is copied, so that the next part can be seen while this one is written.
                state = _copied(capture(looker)) if remembers else None
                writing = writer.submit(_keep, journal, results, state, on_kept)
            if stopping.is_set() or len(results) < frames_a_part:
                break
        if writing:
            writing.result()
    if stopping.is_set():
        return False
    journal.finish({"notes": list(source.info.notes)})
    return True


def _keep(
    journal: Journal,
    results: Sequence[FrameResult],
    state: State | None,
    on_kept: Callable[[FrameResult], None] | None,
) -> None:
    """Keep the next part, and pass it on."""
    first = journal.frames
    journal.append(results, state)
    _give(journal, first, on_kept)


def _give(journal: Journal, first: int, on_kept: Callable[[FrameResult], None] | None) -> None:
    """Pass on what is kept from the part on that begins with the `first` frame."""
    if on_kept:
        for result in journal.results(first):
            on_kept(result)


def _copied(state: State) -> State:
    return state[0], [array.copy() for array in state[1]]


class RestOf:
    """The frames of a source but for the first `skip`, the last of which has the time `last`."""

    def __init__(self, source: Selected, skip: int, last: float) -> None:
        self._source = source
        self._skip = skip
        self._last = last

    def __iter__(self) -> Iterator[Frame]:
        return self._source.frames(self._skip, self._last)
