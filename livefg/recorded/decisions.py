"""What is decided over whole tracks: which gesture when, which side, who, and when each began and ended.

The rules are those of the live decisions (how sure, how lasting, how still), but an answer counts from the moment it
began, not from the moment it had lasted long enough, and what comes later counts as much as what came before.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from livefg.recognition.decisions import DecisionSettings
from livefg.recognition.motion import MotionRecognizer
from livefg.recognition.pace import paces, palm_of
from livefg.recorded.answers import Answers
from livefg.recorded.lasting import Lasting
from livefg.recorded.motions import MotionHistory
from livefg.recorded.rows import RowFile, Rows
from livefg.recorded.smoothing import smooth_scores, smoothing_pieces
from livefg.results import Face, FrameResult, Hand, Label, Side

__all__ = ["Deciding", "Decisions", "FaceHistory", "decide"]

Answer = Callable[[Mapping[str, float]], Label]

_NOTHING = frozenset({"none", "unknown"})
_FACE_ABSENCE = 1.0
_EXPRESSION_LAG = 0.25
"""Seconds by which the scores of expressions follow what is seen: they are smoothed over 0.3 s, 8 looks a second."""
_NAMED_FOR = 0.7
"""Seconds for which a name must have been given to count among others on the same track."""


class _Stretch(NamedTuple):
    """A name that a track had without a break, from `start` to `end` seconds."""

    name: str | None
    start: float
    end: float
    frames: int
    confidence: float
    scores: dict[str, float]


class HandHistory:
    """What was seen of one hand over time. `rows` has the scores of each frame, `palms` x, y and length of its palm."""

    def __init__(self, file: RowFile) -> None:
        self.frames: array[int] = array("q")
        self.times: array[float] = array("d")
        self.labels: list[str] = []
        self.rows = Rows(file)
        self.palms: array[float] = array("f")
        self._seen = 0
        self._right = 0.0

    def add(self, hand: Hand, frame: int, time: float) -> None:
        """Take in one frame."""
        sure = min(hand.side_confidence, 0.999)
        odds = float(np.log(sure / (1 - sure)))
        self._seen += 1
        self._right += odds if hand.side == "right" else -odds
        if hand.gesture is None:
            return
        scores = hand.gesture.scores
        self.labels += [name for name in scores if name not in self.labels]
        self.frames.append(frame)
        self.times.append(time)
        self.rows.append([scores.get(name, 0.0) for name in self.labels])
        self.palms.extend(palm_of(hand.landmarks))

    @property
    def side(self) -> tuple[Side, float]:
        """The side and its confidence, by all frames together."""
        odds = abs(self._right) / max(1, self._seen)
        return ("right" if self._right >= 0 else "left"), float(1 / (1 + np.exp(-odds)))

    def smoothed(self, file: RowFile, answer: Answer, enter: float) -> SmoothScores:
        """The scores of all frames, smoothed; sure is what has a score of `enter` and would be the answer, too."""
        times = np.asarray(self.times)
        smooth = SmoothScores(Rows(file), np.full(len(times), -1, np.int16))
        for piece in smoothing_pieces(times):
            raw = self.rows.slice(piece.begin, piece.until, len(self.labels))
            scores = smooth_scores(times[piece.begin : piece.until], raw, like=times)
            scores = scores[piece.first - piece.begin : piece.end - piece.begin]
            best = scores.argmax(axis=1)
            for place in np.flatnonzero(scores[np.arange(len(scores)), best] >= enter).tolist():
                name = self.labels[best[place]]
                row = dict(zip(self.labels, scores[place].tolist(), strict=True))
                if name not in _NOTHING and answer(row).name == name:
                    smooth.sure[piece.first + place] = best[place]
            for row in scores:
                smooth.rows.append(row)
        return smooth

    def paces(self) -> npt.NDArray[np.float64]:
        """How fast the hand moved in each frame, in palm lengths a second."""
        return paces(np.asarray(self.times), np.asarray(self.palms).reshape(-1, 3))


class SmoothScores(NamedTuple):
    """Smoothed scores, a row a frame, and (n,) the column that is sure in each of them, -1 where none is."""

    rows: Rows
    sure: npt.NDArray[np.int16]


class FaceHistory:
    """Where one face was over time, what it was called, and what it expressed."""

    def __init__(self, file: RowFile) -> None:
        self.frames: array[int] = array("q")
        self.times: array[float] = array("d")
        self.boxes: array[float] = array("f")
        self.stretches: list[_Stretch] = []
        self.expressions = Answers(file)
        self.confidence = 0.0

    def add(self, face: Face, frame: int, time: float) -> None:
        """Take in one frame."""
        self.frames.append(frame)
        self.times.append(time)
        self.boxes.extend(face.box)
        self.confidence = max(self.confidence, face.confidence)
        self.expressions.add(face.expression, time)
        identity = face.identity
        name = identity.name if identity else None
        last = self.stretches[-1] if self.stretches else None
        if last is None or last.name != name:
            last = _Stretch(name, time, time, 0, 0.0, defaultdict(float))
            self.stretches.append(last)
        for other, score in identity.scores.items() if identity else ():
            last.scores[other] += score
        confidence = last.confidence + (identity.confidence if identity else 0.0)
        self.stretches[-1] = last._replace(end=time, frames=last.frames + 1, confidence=confidence)

    def names(self) -> list[tuple[float, Label | None]]:
        """Who it is, with the time from which on that holds; the first holds from the beginning.

        A name counts for the whole track, what was seen before it was given included; where a track got several
        names that lasted, each counts for the time that is nearest to it.
        """
        stretches = self._lasting_names()
        if not stretches:
            unknown = [stretch for stretch in self.stretches if stretch.name is not None]
            return [(-np.inf, _mean_label(unknown))] if unknown else [(-np.inf, None)]
        found = [(-np.inf, stretches[0])]
        for before, after in pairwise(stretches):
            if after.name != before.name:
                found.append(((before.end + after.start) / 2, after))
        return [
            (since, _mean_label([other for other in stretches if other.name == stretch.name]))
            for since, stretch in found
        ]

    def _lasting_names(self) -> list[_Stretch]:
        named = [stretch for stretch in self.stretches if stretch.name not in {None, "unknown"}]
        seconds: dict[str | None, float] = defaultdict(float)
        for stretch in named:
            seconds[stretch.name] += stretch.end - stretch.start
        longest = max(seconds, key=seconds.__getitem__, default=None)
        return [
            stretch for stretch in named if stretch.name == longest or seconds[stretch.name] >= _NAMED_FOR
        ]


@dataclass(slots=True)
class _HandDecision:
    """Side and gestures of one hand: scores for each of `frames`, with a column for each of `labels`."""

    side: Side
    side_confidence: float
    frames: npt.NDArray[np.int64]
    labels: list[str]
    scores: Rows


@dataclass(slots=True)
class Decisions:
    """What is known of a recording as a whole. Lasting things are in the order in which they began."""

    hands: dict[int, _HandDecision]
    faces: dict[int, FaceHistory]
    identities: dict[int, list[tuple[float, Label | None]]]
    lasting: list[Lasting]
    answer: Answer

    def gesture(self, track: int, frame: int) -> Label | None:
        """The gesture of a hand in a frame; in frames in which it was not seen, that of the frame before."""
        known = self.hands[track]
        place = int(np.searchsorted(known.frames, frame, side="right")) - 1
        if not len(known.frames):
            return None
        scores = known.scores.slice(max(place, 0), max(place, 0) + 1, len(known.labels))[0].tolist()
        return self.answer(dict(zip(known.labels, scores, strict=True)))

    def identity(self, track: int, time: float) -> Label | None:
        """Who a face is at a time."""
        return next(label for since, label in reversed(self.identities[track]) if since <= time)

    def expression(self, track: int, time: float) -> Label | None:
        """What a face expresses at a time: as was known a moment later, when scores had come up to what is seen."""
        return self.faces[track].expressions.at(time + _EXPRESSION_LAG)


class Deciding:
    """Takes in the results of a recording one by one, in order, and decides in the end.

    `answer` turns gesture scores into a label; `motions` recognises motions (None: there are none); `mirrored` says
    whether the pictures are mirror images.

    Scores are kept in a file without a name in `folder` (None: where the system keeps such); memory takes the times and
    places of what was seen, some 4 MB an hour for each face or hand.
    """

    def __init__(
        self,
        answer: Answer,
        settings: DecisionSettings | None = None,
        folder: Path | None = None,
        *,
        motions: MotionRecognizer | None = None,
        mirrored: bool = False,
    ) -> None:
        self._answer = answer
        self._settings = settings or DecisionSettings()
        self._file = RowFile(folder)
        self._hands: dict[int, HandHistory] = {}
        self._faces: dict[int, FaceHistory] = {}
        self._moving = MotionHistory(motions, self._file, mirrored=mirrored) if motions else None

    def add(self, result: FrameResult) -> None:
        """Take in the next result."""
        if self._moving:
            self._moving.add(result)
        for hand in result.hands:
            if hand.track not in self._hands:
                self._hands[hand.track] = HandHistory(self._file)
            self._hands[hand.track].add(hand, result.frame, result.time)
        for face in result.faces:
            if face.track not in self._faces:
                self._faces[face.track] = FaceHistory(self._file)
            self._faces[face.track].add(face, result.frame, result.time)

    def decisions(self) -> Decisions:
        """What is known once all results were taken in."""
        lasting: list[Lasting] = []
        decided = {}
        for track, hand in self._hands.items():
            scores = hand.smoothed(self._file, self._answer, self._settings.enter)
            decided[track] = _HandDecision(*hand.side, np.array(hand.frames), hand.labels, scores.rows)
            lasting += _gestures(track, hand, scores, self._settings)
        for track, face in self._faces.items():
            lasting += _presences(track, face, self._settings)
        lasting += self._moving.motions() if self._moving else []
        lasting.sort(key=lambda item: (item.first, item.kind, item.track))
        identities = {track: face.names() for track, face in self._faces.items()}
        return Decisions(decided, self._faces, identities, lasting, self._answer)


def decide(
    results: Iterable[FrameResult],
    answer: Answer,
    settings: DecisionSettings | None = None,
    folder: Path | None = None,
    *,
    motions: MotionRecognizer | None = None,
    mirrored: bool = False,
) -> Decisions:
    """Go through all results of a recording, in order: see Deciding."""
    deciding = Deciding(answer, settings, folder, motions=motions, mirrored=mirrored)
    for result in results:
        deciding.add(result)
    return deciding.decisions()


def _gestures(
    track: int, history: HandHistory, scores: SmoothScores, settings: DecisionSettings
) -> list[Lasting]:
    """The gestures that a hand held: sure and still for long enough, and lasting as long as not clearly over."""
    rows, sure = scores
    if not len(rows):
        return []
    times = np.asarray(history.times)
    still = history.paces() <= settings.pace
    away = np.concatenate([[True], np.diff(times) > settings.absence])
    found: list[tuple[int, int, int]] = []  # label, first and last place
    for label, first, last in _runs(sure, away):
        if (
            found
            and found[-1][0] == label
            and _goes_on(found[-1][2], first, label, rows, times, away, settings)
        ):
            found[-1] = (label, found[-1][1], last)
        else:
            found.append((label, first, last))
    held = [
        item for item in found if _longest(still[item[1] : item[2] + 1], times[item[1] :]) >= settings.hold
    ]
    return [
        _as_lasting(track, history, *_widened(item, place, held, rows, away, settings), rows, item[0])
        for place, item in enumerate(held)
    ]


def _longest(still: npt.NDArray[np.bool_], times: npt.NDArray[np.float64]) -> float:
    """Seconds of the longest time without a break in which a hand was still; -1 if it never was."""
    runs = _runs(np.where(still, 0, -1), np.zeros(len(still), bool))
    return max((float(times[last] - times[first]) for _, first, last in runs), default=-1.0)


def _runs(labels: npt.NDArray[np.integer], away: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Label, first and last place of each run of one label (not -1) without a break."""
    if not len(labels):
        return []
    begins = np.flatnonzero(np.concatenate([[True], np.diff(labels) != 0]) | away)
    ends = [*(begins[1:] - 1).tolist(), len(labels) - 1]
    return [
        (int(labels[first]), first, last)
        for first, last in zip(begins.tolist(), ends, strict=True)
        if labels[first] >= 0
    ]


def _goes_on(
    last: int,
    first: int,
    label: int,
    rows: Rows,
    times: npt.NDArray[np.float64],
    away: npt.NDArray[np.bool_],
    settings: DecisionSettings,
) -> bool:
    """Whether a gesture that was sure until `last` and again from `first` is one: a short doubt is no end."""
    if away[last + 1 : first + 1].any():
        return False
    if times[first] - times[last] <= settings.cooldown:
        return True
    return all((doubt >= settings.leave).all() for doubt in rows.column(label, last + 1, first))


def _widened(
    item: tuple[int, int, int],
    place: int,
    held: Sequence[tuple[int, int, int]],
    rows: Rows,
    away: npt.NDArray[np.bool_],
    settings: DecisionSettings,
) -> tuple[int, int]:
    """First and last place of a gesture, as far as its score does not fall below `leave` and no other one is held."""
    label, first, last = item
    least = held[place - 1][2] + 1 if place else 0
    most = held[place + 1][1] - 1 if place + 1 < len(held) else len(rows) - 1
    while first > least and not away[first] and rows.value(first - 1, label) >= settings.leave:
        first -= 1
    while last < most and not away[last + 1] and rows.value(last + 1, label) >= settings.leave:
        last += 1
    return first, last


def _as_lasting(track: int, history: HandHistory, first: int, last: int, rows: Rows, label: int) -> Lasting:
    peak = max(float(scores.max()) for scores in rows.column(label, first, last + 1))
    name, start = history.labels[label], history.times[first]
    return Lasting("gesture", name, track, history.frames[first], start, history.frames[last], peak)


def _presences(track: int, seen: FaceHistory, settings: DecisionSettings) -> list[Lasting]:
    """When a face was there: absences of less than a second do not count, nor do glimpses."""
    if seen.confidence < settings.enter:
        return []
    times = np.asarray(seen.times)
    edges = [0, *(np.flatnonzero(np.diff(times) > _FACE_ABSENCE) + 1).tolist(), len(times)]
    return [
        Lasting(
            "face", "face", track, seen.frames[first], times[first], seen.frames[end - 1], seen.confidence
        )
        for first, end in pairwise(edges)
        if times[end - 1] - times[first] >= settings.hold
    ]


def _mean_label(stretches: Sequence[_Stretch]) -> Label | None:
    """The label of stretches of one name, its confidence and scores averaged over their frames."""
    frames = sum(stretch.frames for stretch in stretches)
    total: dict[str, float] = defaultdict(float)
    for stretch in stretches:
        for name, score in stretch.scores.items():
            total[name] += score
    best = sorted(total.items(), key=lambda pair: -pair[1])[:5]
    confidence = sum(stretch.confidence for stretch in stretches) / frames
    return Label(stretches[0].name or "unknown", confidence, {name: value / frames for name, value in best})
