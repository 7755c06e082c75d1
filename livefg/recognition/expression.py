"""What a face expresses: one of seven labels, looked at some times a second and smoothed over the track.

An expression lasts longer than a frame, and a look costs more than all else that is done for a face. So at most one
face a frame is looked at, the one that has waited longest, and looks come out of a budget that bounds their share of
the machine however many faces there are. In between each face keeps its answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from livefg.inference.classifier import Classifier
from livefg.inference.network import NetworkReport
from livefg.perception.geometry import Region, crop
from livefg.results import Face, FloatArray, Frame, ImageArray, Label
from livefg.workers import Chain

__all__ = ["EXPRESSION_NETWORK", "ExpressionRecognizer", "expression_region", "look_at"]

EXPRESSION_NETWORK = "expression"
"""The name of the classifier that ships."""

_SIDE = 112
_FINEST = 4 * _SIDE
# The square that the network sees, in distances from the eyes to the mouth. Of the crops that were tried on faces of
# 48 and of 250 pixels this one gives the most right answers; see docs/faces.md.
_SPREAD = 2.6
_EYES_TO_MOUTH = 0.9  # of the distance between the eyes, at least: on a nodding head the mouth seems nearer
_SMALLEST = 5.0  # distance in pixels from the eyes to the mouth below which there is nothing to see

_INTERVAL, _SPARING_INTERVAL = 0.12, 0.25
_LOOKS_A_SECOND = 10.0
_MOST_SAVED_LOOKS = 4.0
_SMOOTHING = 0.30
_MARGIN = 0.10
_FORGOTTEN = 1.0


def expression_region(points: FloatArray) -> Region | None:
    """The square around a face, level with its eyes, from its alignment points (5, 2) in pixels; see `Face.points`.

    None if the face is too small to tell an expression.
    """
    one, other, _, left, right = points.tolist()
    eyes = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
    mouth = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    extent = max(math.dist(mouth, eyes), _EYES_TO_MOUTH * math.dist(one, other))
    if not extent >= _SMALLEST:
        return None
    x, y = (eyes[0] + mouth[0]) / 2, (eyes[1] + mouth[1]) / 2
    return Region(x, y, _SPREAD * extent, math.atan2(other[1] - one[1], other[0] - one[0]))


def look_at(image: ImageArray, region: Region) -> ImageArray:
    """The face in that region as the network wants it: (112, 112, 3) RGB uint8."""
    finer = min(_FINEST, _SIDE * math.ceil(region.size / _SIDE))
    cut = crop(image, region, finer)
    if finer == _SIDE:
        return cut
    return np.asarray(cv2.resize(cut, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(slots=True)
class _Watched:
    """One track: its smoothed scores and answer, when it was seen last, when it was looked at, and what it did then."""

    seen: float
    looked: float = -math.inf
    scores: Mapping[str, float] | None = None
    answer: Label | None = None
    shapes: Mapping[str, float] | None = None


class ExpressionRecognizer:
    """Says what the faces of a stream of frames express, or, if not `tracked`, those of pictures by themselves.

    A new look moves a face's scores by as much as the time since its last one is worth; the name changes when
    another expression leads by a tenth. A face whose mesh was not computed anew since the last look (it still has the
    same blendshapes) looks as it did then and is not looked at again.
    """

    def __init__(self, classifier: Classifier, *, tracked: bool = True, sparing: bool = False) -> None:
        """`classifier` takes aligned faces (n, 112, 112, 3) RGB uint8; `sparing` looks at each half as often."""
        self._classifier = classifier
        self._tracked = tracked
        self._interval = _SPARING_INTERVAL if sparing else _INTERVAL
        self._watched: dict[int, _Watched] = {}
        self._budget, self._budget_time = _MOST_SAVED_LOOKS, -math.inf

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where the network runs."""
        return (self._classifier.report,)

    def reset(self) -> None:
        """Forget all tracks; call it between recordings that have nothing to do with each other."""
        self._watched.clear()
        self._budget, self._budget_time = _MOST_SAVED_LOOKS, -math.inf

    def steps(self, frame: Frame, faces: tuple[Face, ...]) -> Chain[tuple[Face, ...]]:
        """The same faces with their expressions, as a chain for a `WorkerPool`. Frames must come in order."""
        if not self._tracked:
            return tuple((yield [partial(self._look_once, frame.image, face) for face in faces]))
        now = frame.time
        self._watch(now, faces)
        chosen = self._most_wanting(now, faces)
        if chosen is not None:
            (scores,) = yield [partial(self._look, frame.image, chosen[1])]
            watched = self._watched[chosen[0].track]
            watched.shapes = chosen[0].blendshapes
            self._take_in(watched, scores, now)
        return tuple(replace(face, expression=self._watched[face.track].answer) for face in faces)

    def _look_once(self, image: ImageArray, face: Face) -> Face:
        region = expression_region(face.points) if face.points is not None else None
        if region is None:
            return face
        return replace(face, expression=self._classifier.answer(self._look(image, region)))

    def _look(self, image: ImageArray, region: Region) -> dict[str, float]:
        probabilities = self._classifier.classify(look_at(image, region)[None])[0]
        return dict(zip(self._classifier.labels, probabilities.tolist(), strict=True))

    def _watch(self, now: float, faces: tuple[Face, ...]) -> None:
        """Note who is there and forget who has gone."""
        for face in faces:
            self._watched.setdefault(face.track, _Watched(now)).seen = now
        self._watched = {
            track: watched
            for track, watched in self._watched.items()
            if abs(now - watched.seen) <= _FORGOTTEN
        }

    def _most_wanting(self, now: float, faces: tuple[Face, ...]) -> tuple[Face, Region] | None:
        """The face that has waited longest, if its time has come and the budget allows a look."""
        passed = max(0.0, now - self._budget_time)
        self._budget = min(_MOST_SAVED_LOOKS, self._budget + passed * _LOOKS_A_SECOND)
        self._budget_time = now
        if self._budget < 1.0:
            return None
        waiting = [
            (face, region)
            for face in faces
            if face.points is not None
            and self._is_due(face, now)
            and (region := expression_region(face.points))
        ]
        if not waiting:
            return None
        self._budget -= 1.0
        return min(waiting, key=lambda pair: self._watched[pair[0].track].looked)

    def _is_due(self, face: Face, now: float) -> bool:
        watched = self._watched[face.track]
        changed = face.blendshapes is None or face.blendshapes is not watched.shapes
        return changed and now - watched.looked >= self._interval

    def _take_in(self, watched: _Watched, scores: Mapping[str, float], now: float) -> None:
        past = watched.scores
        if past is not None:
            weight = 1.0 - math.exp(-max(0.0, now - watched.looked) / _SMOOTHING)
            scores = {name: past[name] + weight * (score - past[name]) for name, score in scores.items()}
        watched.looked, watched.scores = now, scores
        watched.answer = _held(watched.answer, self._classifier.answer(scores))


def _held(before: Label | None, now: Label) -> Label:
    """The new answer, or the name from before while that is nearly as good."""
    score = now.scores.get(before.name) if before else None
    if before is None or score is None or now.scores.get(now.name, score) - score >= _MARGIN:
        return now
    return Label(before.name, score, now.scores)
