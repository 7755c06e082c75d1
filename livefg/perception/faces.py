"""Faces: found by YuNet, followed by the 478-point mesh, each with an id, blendshapes and head pose."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from livefg.perception.blendshapes import BLENDSHAPE_NAMES, BLENDSHAPE_POINTS, MIRRORED_BLENDSHAPE_NAMES
from livefg.perception.detection import Detection, FaceDetector, NetworkCall, without_repeats
from livefg.perception.geometry import Region, box_iou, box_of, crop, region_around, to_picture, wrap_angle
from livefg.perception.head_pose import head_pose
from livefg.perception.reunion import Comer, recall
from livefg.perception.smoothing import OneEuroFilter
from livefg.perception.steadiness import Glance, Shift, Steadiness, moved, to_compute_anew
from livefg.perception.tracks import FaceMemory, LostTracks, NewFace, TrackIds
from livefg.results import Box, Face, FloatArray, Frame, HeadPose, ImageArray
from livefg.workers import Chain, run_chain

__all__ = ["FaceTracker", "alignment_points"]

_CROP = 256
_PRESENT = 0.5
_SURE = 0.8  # a detection that the mesh does not confirm must score so much: hands and dogs reach 0.77
_SAME_FACE_IOU = 0.4
_TOUCHING = 0.02
_MESH_SCALE = 1.5
_MOST_FOUND = 64
_LEFT_EYE_CORNER, _RIGHT_EYE_CORNER = 33, 263  # as they lie in the picture
_ALIGNMENT = np.array([[33, 362, 1, 61, 291], [133, 263, 1, 61, 291]])  # the eyes are between their corners

# Measured against computing every frame, see docs/parity.md.
_STEADY = Steadiness(mean=2.2, patch=5.0, light=20.0, distance=0.1)


class _Observation(NamedTuple):
    """What the mesh network says of one region; landmarks (478, 3) in the picture's pixels.

    `glance` is what it looked like, where that is of use later; `shift` is how far what was not
    computed was moved along since it was.
    """

    presence: float
    landmarks: FloatArray
    glance: Glance | None = None
    shift: Shift | None = None


@dataclass(slots=True)
class _Track:
    """One face over time. `region` is where the mesh network looks for it in the next frame.

    A face whose mesh cannot be had (too small, turned away) is kept by what the detector last said of it. `computed` is
    what the mesh network said last, `kept` how many frames ago, `blendshapes` and `pose` what followed from it.
    """

    id: int
    region: Region
    detection: Detection | None
    detected: float
    time: float
    score: float
    filter: OneEuroFilter
    computed: _Observation | None = None
    kept: int = 0
    blendshapes: Mapping[str, float] | None = None
    pose: HeadPose | None = None


class FaceTracker:
    """Follows up to `most` faces through the frames of one source, largest first when there are more.

    The detector runs when no face is known or one was lost (at most every `detect_interval` seconds), and every
    `refresh_interval` seconds to find those who joined while there is room for them. It looks at the picture with
    its longer side at most `search_side` pixels; a picture that is larger by a quarter is searched for small faces with
    up to 1920 pixels too, first and then every two seconds, which takes three times as long. A face that was lost takes
    up its id again where it was lost or, if there is a `memory` for faces, wherever it is found.
    """

    _MEMORY, _PLACE_MEMORY = 3.0, 1.0
    _CLOSE_SIDE, _LARGER = 1920, 1.25
    _CLOSE_INTERVAL, _CLOSE_INTERVAL_IF_WEAK = 2.0, 1.0
    _MIN_CUTOFF, _BETA = 1.0, 20.0

    def __init__(
        self,
        detector: FaceDetector,
        mesh: NetworkCall,
        blendshapes: NetworkCall | None,
        most: int = 4,
        smooth: bool = True,
        detect_interval: float = 0.0,
        refresh_interval: float = 0.5,
        search_side: int = 1024,
        memory: FaceMemory | None = None,
        thorough: bool = False,
        keep: int = 0,
    ) -> None:
        """`thorough` also finds faces on heads that are tilted far, for pictures in which nothing was followed.

        With `keep` above 0 a face that looks as it did when it was computed last is moved along, and keeps its
        blendshapes, for so many frames at most.
        """
        self._mesh = mesh
        self._blendshapes = blendshapes
        self._most = most
        self._smooth = smooth
        self._detect_interval = detect_interval
        self._refresh_interval = refresh_interval
        self._search_side = search_side
        self._keep_frames = keep
        self._ids = TrackIds()
        self._memory = memory
        if memory:
            memory.attach(self)
        self._detector = detector
        self._detect = detector.in_any_pose if thorough else detector
        self._lost: LostTracks[_Track] = LostTracks(self._MEMORY, 1.5, self._PLACE_MEMORY)
        self._tracks: list[_Track] = []
        self._detected_at = self._searched_closely_at = -math.inf

    def reset(self) -> None:
        """Forget all faces; call it between pictures or recordings that have nothing to do with each other."""
        self._tracks.clear()
        self._lost.clear()
        self._ids.reset()
        self._detected_at = self._searched_closely_at = -math.inf

    def update(self, frame: Frame) -> tuple[Face, ...]:
        """The faces in the next frame, oldest track first. Frames must come in the order of their times."""
        return run_chain(self.steps(frame))

    def steps(self, frame: Frame) -> Chain[tuple[Face, ...]]:
        """The same as `update`, as a chain for a `WorkerPool`."""
        if frame.time < self._detected_at:
            self._detected_at = self._searched_closely_at = -math.inf
        searched = self._search_is_due(frame.time)
        if searched:
            (found,) = yield [functools.partial(self._search, frame)]
            yield from self._take_in(found, frame)
        kept = yield from self._follow(frame, self._tracks)
        if not searched and len(kept) < len(self._tracks):
            # A face got lost: it may just have moved fast, so look for it before giving it up.
            (found,) = yield [functools.partial(self._search, frame)]
            self._keep(kept)
            new = yield from self._take_in(found, frame)
            kept = [(track, seen) for track, seen in kept if all(track is not other for other in new)]
            kept += yield from self._follow(frame, new)
        kept = _without_duplicates(kept)
        self._keep(kept)
        return tuple((yield [functools.partial(self._face, track, seen, frame) for track, seen in kept]))

    def look_at(self, frame: Frame, like: Face) -> Face | None:
        """The face in a frame that should be where `like`, with raw landmarks, is; None if there is none.

        It keeps track, name and expression of `like` and is not followed; any thread may ask.
        """
        assert like.raw_landmarks is not None
        seen = self._observe_region(frame.image, _following_region(like.raw_landmarks))
        if seen.presence < _PRESENT:
            return None
        return replace(
            like,
            box=box_of(seen.landmarks),
            confidence=min(1.0, seen.presence),
            points=alignment_points(seen.landmarks),
            landmarks=seen.landmarks,
            raw_landmarks=seen.landmarks,
            blendshapes=self._blendshapes_of(seen.landmarks, frame.mirrored),
            pose=head_pose(seen.landmarks, frame.width, frame.height, frame.mirrored),
        )

    def _search_is_due(self, time: float) -> bool:
        since = time - self._detected_at
        if not self._tracks:
            return since >= self._detect_interval
        weak = self._has_weak
        interval = (
            min(self._refresh_interval, max(self._detect_interval, 0.1)) if weak else self._refresh_interval
        )
        return (weak or len(self._tracks) < self._most) and since >= interval

    @property
    def _has_weak(self) -> bool:
        """Whether a face is known by its detection alone."""
        return any(track.detection is not None for track in self._tracks)

    def _search(self, frame: Frame) -> list[Detection]:
        self._detected_at = frame.time
        found = self._detect(frame.image, _MOST_FOUND, self._search_side)
        if self._close_search_is_due(frame):
            self._searched_closely_at = frame.time
            small = self._detector(frame.image, _MOST_FOUND, self._CLOSE_SIDE)
            found = without_repeats([*found, *small], _MOST_FOUND)
        return sorted(found, key=lambda face: -float(face.box[2] - face.box[0]))[: self._most]

    def _close_search_is_due(self, frame: Frame) -> bool:
        if max(frame.width, frame.height) <= self._LARGER * self._search_side:
            return False
        interval = self._CLOSE_INTERVAL_IF_WEAK if self._has_weak else self._CLOSE_INTERVAL
        return frame.time - self._searched_closely_at >= interval

    def exchange(self, one: int, other: int) -> None:
        """Two tracks, followed or lost, have each other's id: give them back."""
        for track in (*self._tracks, *self._lost.all()):
            if track.id in (one, other):
                track.id = other if track.id == one else one

    def part(self, track: int) -> int:
        """A followed track has gone over to somebody new: returns its new id, and calls the old one lost."""
        (gone,) = (known for known in self._tracks if known.id == track)
        self._lost.add(replace(gone), gone.region, gone.time)
        gone.id = self._ids.new()
        return gone.id

    def _take_in(self, found: list[Detection], frame: Frame) -> Chain[list[_Track]]:
        """Renew what is known of detected faces; gives the tracks of new ones, which may be lost ones taken up again.

        A track that was followed may be among them, if it had gone over to another face.
        """
        new: list[Detection] = []
        for face in found:
            box = _box(face.box)
            track = max(self._tracks, key=lambda track: _overlap(track, box), default=None)
            if track is None or _overlap(track, box) <= _SAME_FACE_IOU:
                new.append(face)
                continue
            track.detected, track.score = frame.time, face.score
            if track.detection is not None:
                track.detection, track.region = face, _detected_region(face)
        new = new[: max(0, self._most - len(self._tracks))]
        followed = {track.id: track for track in self._tracks}
        comers = [self._comer(face) for face in new]
        known = yield from recall(frame.image, frame.time, comers, self._lost, followed, self._memory)
        tracks = [self._begun(track, face, frame.time) for track, face in zip(known, new, strict=True)]
        self._tracks += [track for track in tracks if track.id not in followed]
        return tracks

    def _comer(self, face: Detection) -> Comer:
        touches = any(_overlap(track, _box(face.box)) > _TOUCHING for track in self._tracks)
        return Comer(NewFace(face.points, face.score), _detected_region(face), touches)

    def _begun(self, track: _Track | None, face: Detection, time: float) -> _Track:
        """This track, or a new one, at the place of a newly found face."""
        region = _detected_region(face)
        if track is None:
            face_filter = OneEuroFilter(self._MIN_CUTOFF, self._BETA)
            return _Track(self._ids.new(), region, face, time, time, face.score, face_filter)
        track.region, track.detection, track.detected, track.score = region, face, time, face.score
        return track

    def _follow(self, frame: Frame, tracks: list[_Track]) -> Chain[list[tuple[_Track, _Observation | None]]]:
        """Run the mesh on each track; those it cannot confirm stay only while their detection is fresh."""
        anew = to_compute_anew([track.kept for track in tracks], self._keep_frames)
        seen = yield [
            functools.partial(self._look_at, frame.image, *one) for one in zip(tracks, anew, strict=True)
        ]
        kept: list[tuple[_Track, _Observation | None]] = []
        for track, observation in zip(tracks, seen, strict=True):
            if observation.presence >= _PRESENT:
                if observation.shift:
                    track.kept += 1
                else:
                    track.computed, track.kept = observation, 0
                track.detection = None
                track.region = _following_region(observation.landmarks)
                track.time = frame.time
                kept.append((track, observation))
            elif self._is_sure(track, frame.time):
                track.time = frame.time
                kept.append((track, None))
        return kept

    def _is_sure(self, track: _Track, time: float) -> bool:
        return (
            track.detection is not None
            and track.detection.score >= _SURE
            and time - track.detected <= 2 * self._refresh_interval
        )

    def _look_at(self, image: ImageArray, track: _Track, anew: bool) -> _Observation:
        """What is seen of a known face: computed, or moved along if it looks as it did."""
        seen = track.computed
        if not (anew or seen is None or seen.glance is None or track.detection is not None):
            shift = seen.glance.shift(image, _STEADY)
            if shift is not None:
                return seen._replace(landmarks=moved(seen.landmarks, shift), shift=shift)
        return self._observe(image, track)

    def _observe(self, image: ImageArray, track: _Track) -> _Observation:
        seen = self._observe_region(image, track.region)
        if track.detection is not None and seen.presence >= _PRESENT:
            # A detector's box is only roughly what the mesh expects: look again where the mesh says the face is.
            seen = self._observe_region(image, _following_region(seen.landmarks))
        if self._keep_frames and seen.presence >= _PRESENT:
            return seen._replace(glance=Glance(image, seen.landmarks))
        return seen

    def _observe_region(self, image: ImageArray, region: Region) -> _Observation:
        points, presence = self._mesh(crop(image, region, _CROP)[None])[:2]
        return _Observation(float(presence[0]), to_picture(np.asarray(points[0], np.float32), region, _CROP))

    def _keep(self, kept: list[tuple[_Track, _Observation | None]]) -> None:
        """Go on with these tracks and remember the others as lost."""
        for track in self._tracks:
            if all(track is not other for other, _ in kept):
                self._lost.add(track, track.region, track.time)
        self._tracks = [track for track, _ in kept]

    def _face(self, track: _Track, seen: _Observation | None, frame: Frame) -> Face:
        """Everything that is known of one face now."""
        if seen is None:
            assert track.detection is not None
            detected = track.detection
            return Face(track.id, _box(detected.box), float(detected.score), points=detected.points)
        raw = seen.landmarks
        landmarks = track.filter(raw, frame.time, track.region.size / _MESH_SCALE) if self._smooth else raw
        if seen.shift is None:
            track.blendshapes = self._blendshapes_of(landmarks, frame.mirrored)
            track.pose = head_pose(landmarks, frame.width, frame.height, frame.mirrored)
        return Face(
            track=track.id,
            box=box_of(landmarks),
            confidence=min(1.0, seen.presence),
            points=alignment_points(landmarks),
            landmarks=landmarks,
            raw_landmarks=raw,
            blendshapes=track.blendshapes,
            pose=_turned(track.pose, seen.shift, frame.mirrored),
        )

    def _blendshapes_of(self, landmarks: FloatArray, mirrored: bool) -> Mapping[str, float] | None:
        if self._blendshapes is None:
            return None
        (values,) = self._blendshapes(landmarks[None, BLENDSHAPE_POINTS, :2])
        names = MIRRORED_BLENDSHAPE_NAMES if mirrored else BLENDSHAPE_NAMES
        return dict(zip(names, np.asarray(values[0]).tolist(), strict=True))


def _turned(pose: HeadPose | None, shift: Shift | None, mirrored: bool) -> HeadPose | None:
    """The pose of a head after a turn of the picture around the line of sight."""
    if pose is None or shift is None:
        return pose
    degrees = math.degrees(shift.angle)
    return HeadPose(pose.yaw, pose.pitch, pose.roll + degrees if mirrored else pose.roll - degrees)


def alignment_points(landmarks: FloatArray) -> FloatArray:
    """The five points (5, 2) that face embedders align by, from the mesh; see `Face.points` for their order."""
    points: FloatArray = landmarks[_ALIGNMENT, :2].mean(axis=0)
    return points


def _detected_region(face: Detection) -> Region:
    """Where the mesh network should look for a face that YuNet found: level with its eyes."""
    left, top, right, bottom = face.box.tolist()
    (x0, y0), (x1, y1) = face.points[0].tolist(), face.points[1].tolist()
    rotation = wrap_angle(-math.atan2(y0 - y1, x1 - x0))
    return region_around(
        (left + right) / 2, (top + bottom) / 2, right - left, bottom - top, rotation, _MESH_SCALE
    )


def _following_region(landmarks: FloatArray) -> Region:
    """Where to look in the next frame for the face that has these landmarks now."""
    left, top, right, bottom = box_of(landmarks)
    (x0, y0), (x1, y1) = landmarks[_LEFT_EYE_CORNER, :2].tolist(), landmarks[_RIGHT_EYE_CORNER, :2].tolist()
    rotation = wrap_angle(-math.atan2(y0 - y1, x1 - x0))
    return region_around(
        (left + right) / 2, (top + bottom) / 2, right - left, bottom - top, rotation, _MESH_SCALE
    )


def _box(values: FloatArray) -> Box:
    left, top, right, bottom = values.tolist()
    return (left, top, right, bottom)


def _overlap(track: _Track, box: Box) -> float:
    """How far a detected box covers the face of a track, 0..1."""
    half = track.region.size / (2 * _MESH_SCALE)
    own = (track.region.x - half, track.region.y - half, track.region.x + half, track.region.y + half)
    return box_iou(own, box)


def _without_duplicates(
    kept: list[tuple[_Track, _Observation | None]],
) -> list[tuple[_Track, _Observation | None]]:
    """One track a face: of two that lie on each other the older one stays."""
    unique: list[tuple[_Track, _Observation | None]] = []
    for track, seen in sorted(kept, key=lambda pair: pair[0].id):
        if all(box_iou(track.region.box(), other.region.box()) < 0.6 for other, _ in unique):
            unique.append((track, seen))
    return unique
