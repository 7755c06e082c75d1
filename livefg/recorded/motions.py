"""Motions of hands and heads with hindsight: scores are averaged from both sides, and of two motions that exclude each
other the clearer one was meant.

Live it is the first: of a hand that draws back before it swipes, or swipes and comes back, only what came first can be
told. Here what came after counts as much.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from livefg.recognition.motion import MotionRecognizer
from livefg.recognition.motion_decisions import GOES_ON, MotionSettings
from livefg.recorded.lasting import Lasting
from livefg.recorded.rows import RowFile, Rows
from livefg.recorded.smoothing import smooth_scores, smoothing_pieces
from livefg.results import Event, EventKind, FrameResult

__all__ = ["Motion", "MotionHistory", "clear_motions"]

_NONE = "none"
# Measured with the thresholds for live: narrower ones have more false alarms than live, wider ones find less, see
# docs/process.md.
_WIDTH = 0.05
"""Seconds: width of the bell by which scores are averaged."""


class Motion(NamedTuple):
    """A motion of a track, from `start` to `end` seconds, with the highest of its averaged scores."""

    label: str
    start: float
    end: float
    confidence: float


def clear_motions(
    times: Sequence[float],
    scores: npt.NDArray[np.floating],
    labels: Sequence[str],
    enter: Mapping[str, float],
    settings: MotionSettings | None = None,
) -> list[Motion]:
    """The motions that one hand or head made, in order, by scores (n, labels) at `times` (n,) in seconds.

    `enter` is the score from which on each label counts.
    """
    seen = _Scores("motion", enter, settings or MotionSettings(), RowFile())
    for time, row in zip(times, scores.tolist(), strict=True):
        seen.see(0, dict(zip(labels, row, strict=True)), time)
    return [motion for _, motion in seen.motions()]


class MotionHistory:
    """What `recognizer` thought of every moment of a recording. Scores are kept in `file`.

    Feed it the results in the order of their times; `mirrored` says whether the pictures are mirror images.
    """

    def __init__(self, recognizer: MotionRecognizer, file: RowFile, *, mirrored: bool = False) -> None:
        self._scores: list[_Scores] = []
        self._file = file
        self._mirrored = mirrored
        self._times: array[float] = array("d")
        self._frames: array[int] = array("q")
        self._recognizer = recognizer.watched_by(self._taker)

    def add(self, result: FrameResult) -> None:
        """Take in the next result."""
        self._times.append(result.time)
        self._frames.append(result.frame)
        self._recognizer(replace(result, events=()), self._mirrored)

    def motions(self) -> Iterator[Lasting]:
        """All motions that were made, track by track."""
        for scores in self._scores:
            for track, motion in scores.motions():
                first, last = (
                    self._frames[bisect_left(self._times, at)] for at in (motion.start, motion.end)
                )
                yield Lasting(scores.kind, motion.label, track, first, motion.start, last, motion.confidence)

    def _taker(self, kind: EventKind, enter: Mapping[str, float], settings: MotionSettings | None) -> _Scores:
        scores = _Scores(kind, enter, settings or MotionSettings(), self._file)
        self._scores.append(scores)
        return scores


class _Scores:
    """The scores of all tracks of one kind; takes the place of MotionWatch, and tells nothing before the end."""

    def __init__(
        self, kind: EventKind, enter: Mapping[str, float], settings: MotionSettings, file: RowFile
    ) -> None:
        self.kind: EventKind = kind
        self._settings = settings
        self._enter = enter
        self._labels: list[str] = []
        self._file = file
        self._tracks: dict[int, tuple[array[float], Rows]] = {}

    def reset(self) -> None:
        self._tracks.clear()

    def see(self, track: int, scores: Mapping[str, float], now: float) -> list[Event]:
        scores = self._settings.watched(scores)
        self._labels += [label for label in scores if label not in self._labels]
        if track not in self._tracks:
            self._tracks[track] = array("d"), Rows(self._file)
        times, rows = self._tracks[track]
        times.append(now)
        rows.append([scores.get(label, 0.0) for label in self._labels])
        return []

    def expire(self, now: float) -> list[Event]:  # noqa: ARG002 - see Watch
        return []

    def motions(self) -> Iterator[tuple[int, Motion]]:
        """The motions of all tracks, each with its track, and each track's in the order in which they began."""
        for track in self._tracks:
            clearest = sorted(self._possible(track), key=lambda motion: -motion.confidence)
            kept: list[Motion] = []
            for motion in clearest:
                if all(self._go_together(motion, other) for other in kept):
                    kept.append(motion)
            yield from ((track, motion) for motion in sorted(kept, key=lambda motion: motion.start))

    def _possible(self, track: int) -> Iterator[Motion]:
        """Everything that was sure enough and lasted, whatever else there was."""
        running: Motion | None = None
        for time, row in self._averaged(track):
            best = int(row.argmax())
            label = self._labels[best]
            sure = label != _NONE and float(row[best]) >= self._least(label)
            if running:
                score = float(row[self._labels.index(running.label)])
                goes_on = (sure and label == running.label) or score >= self._settings.leave
                if goes_on and time - running.end <= self._settings.absence:
                    running = running._replace(end=time, confidence=max(running.confidence, score))
                    continue
                if self._lasted(running):
                    yield running
                running = None
            if sure:
                running = Motion(label, time, time, float(row[best]))
        if running and self._lasted(running):
            yield running

    def _averaged(self, track: int) -> Iterable[tuple[float, np.ndarray]]:
        times, rows = self._tracks[track]
        moments = np.asarray(times)
        for piece in smoothing_pieces(moments, _WIDTH):
            raw = rows.slice(piece.begin, piece.until, len(self._labels))
            smooth = smooth_scores(moments[piece.begin : piece.until], raw, like=moments, width=_WIDTH)
            yield from zip(
                times[piece.first : piece.end],
                smooth[piece.first - piece.begin : piece.end - piece.begin],
                strict=True,
            )

    def _least(self, label: str) -> float:
        return self._enter[label] if self._settings.enter is None else self._settings.enter

    def _lasted(self, motion: Motion) -> bool:
        return motion.end - motion.start >= self._settings.hold - 1e-6

    def _go_together(self, one: Motion, other: Motion) -> bool:
        """Whether a hand or head can have made both, one after the other."""
        first, second = sorted((one, other), key=lambda motion: motion.start)
        soonest = first.end + self._settings.pause(first.label, second.label)
        if first.label in GOES_ON and second.label != first.label:
            # When such a one is over is hard to say: what follows need only go on for longer than one must wait.
            return second.end - self._settings.hold >= soonest
        return second.start >= soonest
