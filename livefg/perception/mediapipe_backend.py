"""MediaPipe Tasks in place of livefg's own perception: the one place where livefg imports MediaPipe.

It needs the extra `mediapipe` and the task files, which livefg does not ship. MediaPipe reports usage to its
maker; whoever chooses it is told so.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from livefg.errors import LivefgError
from livefg.perception.blendshapes import BLENDSHAPE_NAMES, MIRRORED_BLENDSHAPE_NAMES
from livefg.perception.faces import alignment_points
from livefg.perception.geometry import Region, box_of
from livefg.perception.handedness import SideVote
from livefg.perception.head_pose import head_pose
from livefg.perception.mediapipe_tasks import (
    FACE_TASK,
    GESTURE_TASK,
    MODELS_VARIABLE,
    MediaPipeTasks,
    TaskFace,
    TaskHand,
)
from livefg.perception.tracks import LostTracks, TrackIds
from livefg.results import Face, FloatArray, Frame, Hand, ImageArray, Label
from livefg.workers import Chain

if TYPE_CHECKING:
    from livefg.inference.network import NetworkReport
    from livefg.pipeline import PipelineSettings

__all__ = ["MediaPipePerception", "Tasks", "create_tasks"]

_NOTICE = (
    "livefg: MediaPipe reports usage to its maker (Google) when it can reach the network; livefg does not."
)
_GESTURE_NAMES = {"ILoveYou": "i_love_you"}
_BELIEVED = 1.0
_MARGIN = 0.08  # the flesh around a hand's landmarks
_MEMORY_SECONDS = 1.0
_REACH = 4.0


class Tasks(Protocol):
    """What this module needs of `MediaPipeTasks`."""

    def hands_in(self, image: ImageArray, time_ms: int) -> tuple[TaskHand, ...]:
        """The hands in an RGB picture."""
        ...

    def faces_in(self, image: ImageArray, time_ms: int) -> tuple[TaskFace, ...]:
        """The faces in an RGB picture."""
        ...

    def close(self) -> None:
        """Release what MediaPipe holds."""
        ...


class MediaPipePerception:
    """Finds faces and hands with MediaPipe's FaceLandmarker and GestureRecognizer, as the pipeline wants them.

    Landmarks are as MediaPipe gives them (it smooths a single face, hands never), raw and smoothed alike. Ids
    and the person's own sides are livefg's: MediaPipe gives no ids, and takes every picture for one that is
    not mirrored. Confidences are 1: MediaPipe keeps its own to itself and returns only what it believes in.

    `create` starts MediaPipe. Raises LivefgError if MediaPipe or a task file is missing or broken.
    """

    def __init__(
        self, settings: PipelineSettings, create: Callable[[PipelineSettings], Tasks] | None = None
    ) -> None:
        self._settings = settings
        self._create = create or create_tasks
        self._tasks = self._create(settings)
        self._used = False
        self._hand_ids = _Identities()
        self._face_ids = _Identities()

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Nothing: MediaPipe does not say where its networks run."""
        return ()

    def lanes(self, frame: Frame) -> Mapping[str, Chain[Any]]:
        """One lane for hands with their gestures, one for faces."""
        self._used = True
        lanes: dict[str, Chain[Any]] = {}
        if self._settings.hands:
            lanes["hands"] = _one_job(partial(self._hands, frame))
        if self._settings.faces:
            lanes["faces"] = _one_job(partial(self._faces, frame))
        return lanes

    def naming(self, hands: tuple[Hand, ...], frame: Frame) -> Chain[tuple[Hand, ...]]:  # noqa: ARG002
        """The hands as they are: MediaPipe has named their gestures already."""
        yield []
        return hands

    def took(self, seconds: float) -> None:
        """MediaPipe has no smaller networks for a machine that is too slow."""

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that smoothed scores mean: the highest."""
        name = max(scores, key=scores.__getitem__)
        return Label(name, scores[name], scores)

    def reset(self) -> None:
        """Forget all tracks. MediaPipe can only do so by starting anew, which takes a moment."""
        if not self._used:
            return
        self._tasks.close()
        self._tasks = self._create(self._settings)
        self._hand_ids, self._face_ids = _Identities(), _Identities()
        self._used = False

    def close(self) -> None:
        """Release MediaPipe."""
        self._tasks.close()

    def _hands(self, frame: Frame) -> tuple[Hand, ...]:
        found = self._tasks.hands_in(frame.image, _milliseconds(frame))
        known = self._hand_ids.update([_region(hand.landmarks) for hand in found], frame.time)
        return tuple(
            _hand(hand, track, frame, self._settings.gestures)
            for hand, track in zip(found, known, strict=True)
        )

    def _faces(self, frame: Frame) -> tuple[Face, ...]:
        found = self._tasks.faces_in(frame.image, _milliseconds(frame))
        known = self._face_ids.update([_region(face.landmarks) for face in found], frame.time)
        return tuple(_face(face, track, frame) for face, track in zip(found, known, strict=True))


def create_tasks(settings: PipelineSettings) -> MediaPipeTasks:
    """Start MediaPipe in this process, and say what that means for the user's privacy.

    The task files are in the folder `settings.mediapipe_models` or in the one that the environment names.
    Raises LivefgError if MediaPipe or a task file is missing or broken.
    """
    folder = settings.mediapipe_models or os.environ.get(MODELS_VARIABLE)
    if not folder:
        raise LivefgError(
            f"The backend mediapipe needs {GESTURE_TASK} and {FACE_TASK}, which livefg does not ship: name their "
            f"folder with --mediapipe-models or {MODELS_VARIABLE}."
        )
    try:
        tasks = MediaPipeTasks(
            Path(folder), hands=settings.hands, faces=settings.faces, blendshapes=settings.blendshapes
        )
    except ImportError as error:
        raise LivefgError(
            "The backend mediapipe needs the package mediapipe; install it with: pip install 'livefg[mediapipe]'"
        ) from error
    except FileNotFoundError as error:
        raise LivefgError(f"The backend mediapipe needs the file {error}, which is missing.") from error
    except (RuntimeError, ValueError) as error:
        raise LivefgError(f"MediaPipe cannot use the task files in {folder}: {error}") from error
    _tell_about_usage_reports()
    return tasks


@functools.cache
def _tell_about_usage_reports() -> None:
    """Say it once a process, on stderr."""
    sys.stderr.write(_NOTICE + "\n")


def _one_job(job: Callable[[], Any]) -> Chain[Any]:
    (answer,) = yield [job]
    return answer


def _milliseconds(frame: Frame) -> int:
    return round(frame.time * 1000)


def _hand(hand: TaskHand, track: _Known, frame: Frame, with_gesture: bool) -> Hand:
    right = hand.handedness_score if hand.handedness == "Right" else 1 - hand.handedness_score
    track.side.add(right)
    side, confidence = track.side.answer(frame.mirrored)
    name = _GESTURE_NAMES.get(hand.gesture, hand.gesture.lower())
    left, top, right_edge, bottom = box_of(hand.landmarks)
    margin = _MARGIN * max(right_edge - left, bottom - top)
    return Hand(
        track=track.id,
        side=side,
        side_confidence=confidence,
        box=(left - margin, top - margin, right_edge + margin, bottom + margin),
        confidence=_BELIEVED,
        landmarks=hand.landmarks,
        raw_landmarks=hand.landmarks,
        world_landmarks=hand.world_landmarks,
        gesture=Label(name, hand.gesture_score, {name: hand.gesture_score}) if with_gesture else None,
    )


def _face(face: TaskFace, track: _Known, frame: Frame) -> Face:
    names = MIRRORED_BLENDSHAPE_NAMES if frame.mirrored else BLENDSHAPE_NAMES
    return Face(
        track=track.id,
        box=box_of(face.landmarks),
        confidence=_BELIEVED,
        points=alignment_points(face.landmarks),
        landmarks=face.landmarks,
        raw_landmarks=face.landmarks,
        blendshapes=dict(zip(names, face.blendshapes.values(), strict=True)) if face.blendshapes else None,
        pose=head_pose(face.landmarks, frame.width, frame.height, frame.mirrored),
    )


def _region(landmarks: FloatArray) -> Region:
    left, top, right, bottom = box_of(landmarks)
    return Region((left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top), 0.0)


@dataclass(slots=True)
class _Known:
    """A hand or face that was seen before; faces have no use for `side`."""

    id: int
    region: Region
    time: float
    side: SideVote = field(default_factory=SideVote)


class _Identities:
    """Who is who from frame to frame: the nearest in place goes on as the same, a second's absence is forgiven."""

    def __init__(self) -> None:
        self._ids = TrackIds()
        self._lost: LostTracks[_Known] = LostTracks(_MEMORY_SECONDS, _REACH)
        self._known: list[_Known] = []

    def update(self, regions: Sequence[Region], time: float) -> list[_Known]:
        """The known one for each region of this frame, in the same order."""
        pairs = sorted(
            (
                math.hypot(region.x - known.region.x, region.y - known.region.y) / known.region.size,
                place,
                index,
            )
            for place, region in enumerate(regions)
            for index, known in enumerate(self._known)
        )
        taken: dict[int, int] = {}
        for distance, place, index in pairs:
            if distance < 1 and place not in taken and index not in taken.values():
                taken[place] = index
        for index, known in enumerate(self._known):
            if index not in taken.values():
                self._lost.add(known, known.region, known.time)
        current = [
            self._known[taken[place]] if place in taken else self._recall_or_begin(region, time)
            for place, region in enumerate(regions)
        ]
        for known, region in zip(current, regions, strict=True):
            known.region, known.time = region, time
        self._known = current
        return current

    def _recall_or_begin(self, region: Region, time: float) -> _Known:
        return self._lost.recall(region, time, lambda _: True) or _Known(self._ids.new(), region, time)
