"""Hands: found by the palm detector, followed by the landmark network, each with an id and a side of its own."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from livefg.perception.detection import NetworkCall, PalmDetector
from livefg.perception.geometry import Region, box_iou, box_of, crop, to_picture
from livefg.perception.hand_regions import following_region, hand_box, palm_region, turned
from livefg.perception.handedness import SideVote, right_probability
from livefg.perception.smoothing import OneEuroFilter
from livefg.perception.steadiness import (
    Change,
    Glance,
    Overview,
    Steadiness,
    moved,
    moved_region,
    to_compute_anew,
)
from livefg.perception.tracks import LostTracks, TrackIds
from livefg.results import Box, FloatArray, Frame, Hand, ImageArray
from livefg.workers import Chain, run_chain

__all__ = ["HandTracker"]

_CROP = 224
_Z_SCALE = 1 / 0.4  # the landmark network gives z in 0.4 of the unit of x and y
_PRESENT = 0.5
_DOUBTFUL = 0.8
_SURE = (
    0.95  # what a hand must reach that the whole picture did not show: closer views show more that is none
)
_SAME_REGION_IOU = 0.5
# Where else to look for a hand that the whole picture does not show: from further away, for hands that fill the
# picture, and closer by, for small ones. Left, top, right, bottom as parts of the picture's width and height.
_OTHER_VIEWS: tuple[Box, ...] = (
    (-0.3, -0.3, 1.3, 1.3),
    (0.0, 0.0, 0.6, 0.6),
    (0.4, 0.0, 1.0, 0.6),
    (0.0, 0.4, 0.6, 1.0),
    (0.4, 0.4, 1.0, 1.0),
    (0.2, 0.2, 0.8, 0.8),
)
# Measured against computing every frame, see docs/parity.md.
_STEADY = Steadiness(mean=1.5, patch=5.0, light=20.0, distance=0.1)
_SLOW = (
    0.04  # of its size from one frame to the next: what moved faster looks different in the next frame, too
)
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
# Seconds after which a picture is searched again, by what has changed in it meanwhile.
_PATIENCE = {Change.NONE: 0.5, Change.LITTLE: 0.25, Change.MUCH: 0.0}


class _Candidate(NamedTuple):
    """Where a hand may be, and the presence 0..1 that it takes to believe it."""

    region: Region
    least: float


class _Observation(NamedTuple):
    """What the landmark network says of one candidate; landmarks in the picture's pixels, world in metres.

    `following` is where to look for the hand next. `glance` is what it looked like, where that is of use later; `kept`
    marks what was not computed but moved along.
    """

    region: Region
    believed: bool
    presence: float
    right: float
    landmarks: FloatArray
    world: FloatArray
    following: Region
    glance: Glance | None = None
    kept: bool = False


@dataclass(slots=True)
class _Track:
    """One hand over time. `region` is where to look for it in the next frame.

    `computed` is what the network said of it last, `kept` how many frames ago that was.
    """

    id: int
    side: SideVote
    image_filter: OneEuroFilter
    world_filter: OneEuroFilter
    region: Region
    time: float
    frames: int = 0
    presence: float = 1.0
    motion: tuple[float, float] = field(default=(0.0, 0.0))
    computed: _Observation | None = None
    kept: int = 0


class HandTracker:
    """Follows up to `most` hands through the frames of one source.

    The palm detector runs while fewer than `most` hands are followed or one of them is doubtful, but not more often
    than every `detect_interval` seconds; a hand that gets lost is looked for at once, in the same frame. An id
    outlives a second out of sight.

    The detector sees the whole picture small, so hands that are far away escape it, and so do those that fill the
    picture. While a hand is missing it also looks at one other view of the picture, the next one every
    `view_interval` seconds (0: at all of them at once, for stills; infinite: never).

    With `keep` above 0 a hand that looks as it did when it was computed last is moved along for so many frames at most,
    and the picture is searched at a longer interval while nothing changes in it.
    """

    _MEMORY = 1.0
    # Measured on real hands: less than half the jitter of a resting hand, 1.3 % of its size more lag when it flies.
    _MIN_CUTOFF, _BETA = 1.0, 6.0

    def __init__(
        self,
        palms: PalmDetector,
        landmarks: NetworkCall,
        most: int = 2,
        smooth: bool = True,
        detect_interval: float = 0.0,
        view_interval: float = 0.1,
        keep: int = 0,
    ) -> None:
        self._palms = palms
        self._landmarks = landmarks
        self._most = most
        self._smooth = smooth
        self._detect_interval = detect_interval
        self._view_interval = view_interval
        self._keep = keep
        self._ids = TrackIds()
        self._lost: LostTracks[_Track] = LostTracks(self._MEMORY, reach=4.0)
        self._tracks: list[_Track] = []
        self._detected_at = self._viewed_at = -math.inf
        self._next_view = 0
        self._overview: tuple[float, Overview] | None = None
        self._searched: dict[Box, tuple[float, Overview]] = {}

    def reset(self) -> None:
        """Forget all hands; call it between pictures or recordings that have nothing to do with each other."""
        self._tracks.clear()
        self._lost.clear()
        self._ids.reset()
        self._detected_at = self._viewed_at = -math.inf
        self._next_view = 0
        self._overview = None
        self._searched.clear()

    def use(self, palms: PalmDetector, landmarks: NetworkCall) -> None:
        """Go on with other networks; not while a frame is looked at."""
        self._palms, self._landmarks = palms, landmarks

    def look_ahead(self, images: Sequence[ImageArray]) -> None:
        """Search whole pictures in one batch, if the next ones will be searched as far as can be told; any thread may.

        What is found in them is what would be found without.
        """
        if len(self._tracks) < self._most:
            self._palms.look_ahead(images)

    def update(self, frame: Frame) -> tuple[Hand, ...]:
        """The hands in the next frame, oldest track first. Frames must come in the order of their times."""
        return run_chain(self.steps(frame))

    def steps(self, frame: Frame) -> Chain[tuple[Hand, ...]]:
        """The same as `update`, as a chain for a `WorkerPool`."""
        if frame.time < self._detected_at:
            self._detected_at = self._viewed_at = -math.inf
        known = list(
            zip(
                self._tracks, to_compute_anew([track.kept for track in self._tracks], self._keep), strict=True
            )
        )
        searches = self._searches_due(frame)
        results = yield [*(functools.partial(self._follow, frame.image, *one) for one in known), *searches]
        matched = self._match(results[: len(known)])
        found = [candidate for result in results[len(known) :] for candidate in result]
        if not searches and len(matched) < len(known):
            # A hand got lost: it may just have moved fast, so look for it before giving it up.
            self._detected_at = frame.time
            (found,) = yield [functools.partial(self._look, frame)]
        if searches and self._view_interval == 0 and len(matched) + len(found) < self._most:
            views = yield [functools.partial(self._look, frame, view) for view in _OTHER_VIEWS]
            found += [candidate for result in views for candidate in result]
        new = self._new_candidates(found, [seen.region for _, seen in matched])
        rest = yield [functools.partial(self._observe, frame.image, *candidate) for candidate in new]
        return self._finish(frame, matched, rest)

    def look_at(self, frame: Frame, like: Hand) -> Hand | None:
        """The hand in a frame that should be where `like`, with raw landmarks, is; None if there is none.

        It keeps the track and side of `like` and is not followed; any thread may ask.
        """
        assert like.raw_landmarks is not None
        seen = self._observe(frame.image, following_region(like.raw_landmarks), _PRESENT)
        if not seen.believed:
            return None
        return replace(
            like,
            box=hand_box(seen.landmarks),
            confidence=min(1.0, seen.presence),
            landmarks=seen.landmarks,
            raw_landmarks=seen.landmarks,
            world_landmarks=seen.world,
            gesture=None,
        )

    def _searches_due(self, frame: Frame) -> list[Callable[[], list[_Candidate]]]:
        """The searches to run now: in the whole picture, in one other view of it, or none."""
        searches: list[Callable[[], list[_Candidate]]] = []
        missing = len(self._tracks) < self._most
        doubtful = any(track.presence < _DOUBTFUL for track in self._tracks)
        due = frame.time - self._detected_at >= self._detect_interval
        if due and (doubtful or (missing and self._shows_something_new(frame, _WHOLE))):
            self._detected_at = frame.time
            searches.append(functools.partial(self._look, frame))
        # Where searches are rare, two of them in one frame would make it late: the other view waits for the next.
        crowded = bool(searches) and self._detect_interval > 0
        due = self._view_interval > 0 and frame.time >= self._viewed_at + self._view_interval
        if missing and due and not crowded:
            self._viewed_at = frame.time
            view = _OTHER_VIEWS[self._next_view]
            self._next_view = (self._next_view + 1) % len(_OTHER_VIEWS)
            if self._shows_something_new(frame, view):
                searches.append(functools.partial(self._look, frame, view))
        return searches

    def _shows_something_new(self, frame: Frame, view: Box) -> bool:
        """Whether a search in this view may find what the last one there did not; if so, it must be made now."""
        if not self._keep:
            return True
        if self._overview is None or self._overview[0] != frame.time:
            self._overview = (frame.time, Overview(frame.image))
        now = self._overview[1]
        time, before = self._searched.get(view, (-math.inf, now))
        width, height = frame.width, frame.height
        followed = [
            (left / width, top / height, right / width, bottom / height)
            for left, top, right, bottom in (track.region.box() for track in self._tracks)
        ]
        patience = _PATIENCE[now.change(before, view, followed)] * (
            1 if view == _WHOLE else len(_OTHER_VIEWS)
        )
        if 0 <= frame.time - time < patience:
            return False
        self._searched[view] = (frame.time, now)
        return True

    def _look(self, frame: Frame, view: Box | None = None) -> list[_Candidate]:
        """Where the palm detector sees hands in the whole picture, or in a view of it (parts of its size)."""
        if view is None:
            palms, least = self._palms(frame.image, self._most + 1), _PRESENT
        else:
            left, top, right, bottom = view
            pixels = (left * frame.width, top * frame.height, right * frame.width, bottom * frame.height)
            palms, least = self._palms(frame.image, self._most + 1, pixels), _SURE
        return [_Candidate(palm_region(palm), least) for palm in palms]

    def _new_candidates(self, found: list[_Candidate], known: list[Region]) -> list[_Candidate]:
        """Those of `found` that are not where we already look, as many as are missing or in doubt."""
        doubtful = sum(track.presence < _DOUBTFUL for track in self._tracks)
        room = self._most - len(known) + doubtful
        new: list[_Candidate] = []
        for candidate in found:
            others = (*known, *(other.region for other in new))
            if len(new) < room and all(
                box_iou(candidate.region.box(), other.box()) <= _SAME_REGION_IOU for other in others
            ):
                new.append(candidate)
        return new

    def _follow(self, image: ImageArray, track: _Track, anew: bool) -> _Observation:
        """What is seen of a known hand: computed, or moved along if it looks as it did."""
        seen = track.computed
        if anew or seen is None or seen.glance is None or seen.presence < _DOUBTFUL:
            return self._observe(image, track.region, _PRESENT)
        shift = seen.glance.shift(image, _STEADY)
        if shift is None:
            return self._observe(image, track.region, _PRESENT)
        landmarks = moved(seen.landmarks, shift)
        return seen._replace(
            landmarks=landmarks,
            world=turned(seen.world, shift.angle),
            following=moved_region(seen.following, shift),
            kept=True,
        )

    def _observe(self, image: ImageArray, region: Region, least: float) -> _Observation:
        points, presence, handedness, world = self._landmarks(crop(image, region, _CROP)[None])
        landmarks = to_picture(np.asarray(points[0], np.float32), region, _CROP)
        landmarks[:, 2] *= _Z_SCALE
        right = right_probability(float(handedness[0]))
        certainty = float(presence[0])
        upright = turned(np.asarray(world[0], np.float32), region.rotation)
        following = following_region(landmarks)
        slow = math.hypot(following.x - region.x, following.y - region.y) < _SLOW * region.size
        glance = Glance(image, landmarks) if self._keep and slow and certainty >= least else None
        return _Observation(
            region, certainty >= least, certainty, right, landmarks, upright, following, glance
        )

    def _match(self, observations: list[_Observation]) -> list[tuple[_Track, _Observation]]:
        """Give each track what was seen in its region, if it is a hand; one hand keeps one track only."""
        pairs = [pair for pair in zip(self._tracks, observations, strict=True) if pair[1].believed]
        kept: list[tuple[_Track, _Observation]] = []
        for pair in sorted(pairs, key=lambda pair: _strangeness(*pair)):
            if not any(_same_hand(pair[1], other) for _, other in kept):
                kept.append(pair)
        return sorted(kept, key=lambda pair: pair[0].id)

    def _finish(
        self, frame: Frame, matched: list[tuple[_Track, _Observation]], rest: list[_Observation]
    ) -> tuple[Hand, ...]:
        for track in self._tracks:
            if all(track is not kept for kept, _ in matched):
                self._lost.add(track, track.region, track.time)
        for seen in sorted(rest, key=lambda seen: -seen.presence):
            if seen.believed and not any(_same_hand(seen, other) for _, other in matched):
                matched.append((self._recall_or_begin(seen, frame), seen))
        if len(matched) > self._most:
            matched = sorted(matched, key=lambda pair: -pair[1].presence)[: self._most]
            matched.sort(key=lambda pair: pair[0].id)
        self._tracks = [track for track, _ in matched]
        return tuple(self._advance(track, seen, frame) for track, seen in matched)

    def _recall_or_begin(self, seen: _Observation, frame: Frame) -> _Track:
        back = self._lost.recall(seen.region, frame.time, lambda track: track.side.agrees(seen.right))
        if back is not None:
            return back
        return _Track(
            id=self._ids.new(),
            side=SideVote() if self._smooth else SideVote(memory=0.0),
            image_filter=OneEuroFilter(self._MIN_CUTOFF, self._BETA),
            world_filter=OneEuroFilter(self._MIN_CUTOFF, self._BETA),
            region=seen.region,
            time=frame.time,
        )

    def _advance(self, track: _Track, seen: _Observation, frame: Frame) -> Hand:
        """Bring a track up to date and say what is known of its hand now."""
        track.side.add(seen.right)
        if seen.kept:
            track.kept += 1
        else:
            track.computed, track.kept = seen, 0
        following = seen.following
        track.motion = (
            (following.x - track.region.x, following.y - track.region.y) if track.frames else (0.0, 0.0)
        )
        track.region, track.time, track.presence = following, frame.time, seen.presence
        track.frames += 1
        landmarks, world = seen.landmarks, seen.world
        if self._smooth:
            landmarks = track.image_filter(landmarks, frame.time, following.size / 2)
            world = track.world_filter(world, frame.time, 0.1)
        side, confidence = track.side.answer(frame.mirrored)
        return Hand(
            track=track.id,
            side=side,
            side_confidence=confidence,
            box=hand_box(landmarks),
            confidence=min(1.0, seen.presence),
            landmarks=landmarks,
            raw_landmarks=seen.landmarks,
            world_landmarks=world,
        )


def _breadth(landmarks: FloatArray) -> float:
    """The longest side of the triangle wrist, index knuckle, little finger knuckle."""
    wrist, index, little = landmarks[[0, 5, 17], :2].tolist()
    return max(math.dist(wrist, index), math.dist(index, little), math.dist(little, wrist))


def _same_hand(first: _Observation, second: _Observation) -> bool:
    """Whether two observations are of one hand: most of their points nearly coincide."""
    if box_iou(box_of(first.landmarks), box_of(second.landmarks)) <= 0.2:
        return False
    near = 0.2 * max(_breadth(first.landmarks), _breadth(second.landmarks))
    distances = np.linalg.norm(first.landmarks[:, :2] - second.landmarks[:, :2], axis=1)
    return int((distances < near).sum()) >= 10


def _strangeness(track: _Track, seen: _Observation) -> float:
    """How little an observation looks like the hand of this track: a wrong side, a jump from where it was going."""
    before, (across, down), now = track.region, track.motion, seen.following
    jump = math.hypot(now.x - before.x - across, now.y - before.y - down) / max(before.size, 1.0)
    return jump + (0.0 if track.side.agrees(seen.right) else 1.0)
