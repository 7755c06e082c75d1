"""Motions of hands and heads while they happen: windows of landmarks to events, through any network of the contract.

A motion network of hands takes `landmarks` (n, T, 21, 3) in pixels of a picture that is not mirrored, `times` (n, T)
in seconds and `right` (n,), the probability that each is the right hand; one of heads takes `pose` (n, T, 3), yaw,
pitch and roll in degrees as `HeadPose` has them, and `times` (n, T). T is how many frames the last moments hold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.inference.network import NetworkReport
from livefg.recognition.motion_decisions import MotionSettings, MotionWatch
from livefg.recognition.motion_window import History, as_batch, is_due, own_landmarks
from livefg.results import Event, EventKind, FloatArray, FrameResult

__all__ = ["HAND_NETWORK", "HEAD_NETWORK", "MotionRecognizer", "Watch", "load_motions", "thresholds_of"]

HAND_NETWORK, HEAD_NETWORK = "motion", "head_motion"
"""The shipped networks by name."""

_HAND_INPUTS = ("landmarks", "times", "right")
_HEAD_INPUTS = ("pose", "times")
_ABSENT_SECONDS = 1.0
_FEWEST = 3
_PATIENCE = 0.06
_ENTER = "livefg.enter"


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """What one track shows in this frame: the value that a window is made of, and whether it is the right hand."""

    track: int
    value: FloatArray
    right: float = 1.0


class Watch(Protocol):
    """What takes the scores of the motions of one kind and makes events of them: MotionWatch, as a rule."""

    def reset(self) -> None:
        """Forget everything."""
        ...

    def see(self, track: int, scores: Mapping[str, float], now: float) -> list[Event]:
        """Take in the scores by label of a track at `now`, and give what starts or ends with it."""
        ...

    def expire(self, now: float) -> list[Event]:
        """End what was going on in tracks that are out of sight."""
        ...


MakeWatch = Callable[[EventKind, Mapping[str, float], MotionSettings | None], Watch]
"""From the kind of events, a threshold for every motion, and settings to what takes the scores."""


def load_motions(
    hands: bool = True,
    heads: bool = True,
    hand_model: str | Path | ModelFile | None = None,
    settings: MotionSettings | None = None,
) -> MotionRecognizer:
    """What recognises the motions of hands and heads; `hand_model` None is the network that ships.

    The networks always run on the CPU: they take half a millisecond, less than the way to a GPU and back.
    Raises LivefgError if a network is missing or damaged.
    """
    return MotionRecognizer(
        Classifier.load(hand_model or HAND_NETWORK, "cpu", task="motion") if hands else None,
        Classifier.load(HEAD_NETWORK, "cpu", task="motion") if heads else None,
        settings,
    )


def thresholds_of(classifier: Classifier) -> dict[str, float]:
    """The probability from which on each motion is believed: what the file says of it, or its reject threshold.

    Raises LivefgError if what the file says is no threshold.
    """
    usual = dict.fromkeys(classifier.labels, classifier.info.reject_threshold)
    said = classifier.network.metadata.get(_ENTER, "{}")
    try:
        return usual | {name: float(value) for name, value in json.loads(said).items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise LivefgError(
            f"The classifier {classifier.network.path} has {said!r} as {_ENTER}, which are no thresholds."
        ) from error


class MotionRecognizer:
    """Adds the events of motions to results. Feed it the results of one source in the order of their times.

    A network is asked for all its tracks at once, and every 39 ms at most. Of a quick camera heads are looked at in
    other frames than hands, so that no frame waits for both.

    `hands` and `heads` are motion networks, either of which may be missing. Raises LivefgError if one of them takes
    other inputs than a motion network does, or the settings watch for a motion that none of them knows.
    """

    def __init__(
        self,
        hands: Classifier | None = None,
        heads: Classifier | None = None,
        settings: MotionSettings | None = None,
        watch: MakeWatch = MotionWatch,
    ) -> None:
        """`watch` makes what takes the scores of each kind."""
        self._settings = settings
        _require_known(settings, [one for one in (hands, heads) if one])
        self._hands = _Followed(hands, "motion", _HAND_INPUTS, settings, watch) if hands else None
        self._heads = _Followed(heads, "head", _HEAD_INPUTS, settings, watch) if heads else None

    def watched_by(self, watch: MakeWatch) -> MotionRecognizer:
        """The same networks and settings, ready for another source, with another `watch`."""
        hands, heads = (one.classifier if one else None for one in (self._hands, self._heads))
        return MotionRecognizer(hands, heads, self._settings, watch)

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs."""
        return tuple(one.classifier.report for one in (self._hands, self._heads) if one)

    def reset(self) -> None:
        """Forget everything: the next result has nothing to do with the last one."""
        for one in (self._hands, self._heads):
            if one:
                one.reset()

    def __call__(self, result: FrameResult, mirrored: bool) -> FrameResult:
        """The same result with the events of motions; `mirrored` says whether its picture is a mirror image."""
        events: list[Event] = []
        if self._hands:
            sights = (
                _Sight(
                    hand.track,
                    own_landmarks(hand, mirrored),
                    hand.side_confidence if hand.side == "right" else 1.0 - hand.side_confidence,
                )
                for hand in result.hands
            )
            events += self._hands.see(sights, result.time)
        if self._heads:
            poses = (
                _Sight(face.track, np.array([face.pose.yaw, face.pose.pitch, face.pose.roll], np.float32))
                for face in result.faces
                if face.pose
            )
            busy = self._hands is not None and self._hands.looked == result.time
            events += self._heads.see(poses, result.time, patient=busy)
        return replace(result, events=(*result.events, *events)) if events else result


def _require_known(settings: MotionSettings | None, classifiers: list[Classifier]) -> None:
    known = [label for one in classifiers for label in one.labels if label != "none"]
    for label in settings.only if settings else ():
        if label not in known:
            raise LivefgError(f"There is no motion {label!r}; there are {', '.join(known)}.")


class _Followed:
    """The histories of all tracks of one kind, the network that reads them, and the events that come of it."""

    def __init__(
        self,
        classifier: Classifier,
        kind: EventKind,
        inputs: tuple[str, ...],
        settings: MotionSettings | None,
        watch: MakeWatch,
    ) -> None:
        found = classifier.network.input_names
        if found != inputs:
            raise LivefgError(
                f"The classifier {classifier.network.path} takes {', '.join(found)}, where a network for "
                f"{'hands' if kind == 'motion' else 'heads'} that move takes {', '.join(inputs)}."
            )
        self.classifier = classifier
        self._sided = "right" in inputs
        self._watch = watch(kind, thresholds_of(classifier), settings)
        self.looked = -math.inf
        self._histories: dict[int, History] = {}
        self._seen: dict[int, float] = {}

    def reset(self) -> None:
        self._watch.reset()
        self.looked = -math.inf
        self._histories.clear()
        self._seen.clear()

    def see(self, sights: Iterable[_Sight], now: float, *, patient: bool = False) -> list[Event]:
        """Take in what is seen at `now`, and give the events of this moment.

        Who is `patient` lets another network go first in this frame, if the next frame is not far.
        """
        for track, last in list(self._seen.items()):
            if not last <= now <= last + _ABSENT_SECONDS:
                del self._seen[track], self._histories[track]
        ready = []
        for sight in sights:
            history = self._histories.setdefault(sight.track, History())
            history.add(now, sight.value)
            self._seen[sight.track] = now
            if len(history) >= _FEWEST:
                ready.append(sight)
        events = self._watch.expire(now)
        if not ready or not self._is_due(now, patient):
            return events
        self.looked = now
        for sight, scores in zip(ready, self._scores(ready), strict=True):
            events += self._watch.see(sight.track, scores, now)
        return events

    def _is_due(self, now: float, patient: bool) -> bool:
        if patient and self.looked == -math.inf:
            self.looked = now - _PATIENCE / 2
        return is_due(now, self.looked) and not (patient and 0 <= now - self.looked < _PATIENCE)

    def _scores(self, sights: list[_Sight]) -> list[Mapping[str, float]]:
        values, times = as_batch([self._histories[sight.track].window() for sight in sights])
        inputs: list[Any] = [values, times]
        if self._sided:
            inputs.append(np.array([sight.right for sight in sights], np.float32))
        rows = self.classifier.classify(*inputs).tolist()
        return [dict(zip(self.classifier.labels, row, strict=True)) for row in rows]
