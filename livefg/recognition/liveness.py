"""Signs that a face is a person before the camera and not a picture of one: passive cues and a small challenge.

It is a courtesy check, not security. A photograph, printed or still on a screen, does not blink, and however it is
tilted its points move as a plane's do, while a turning head moves its nose before its cheeks. What it cannot stop: a
video of the person, above all one that shows blinking and turning; a mask; a bent or cut-out photograph worn as one; a
face that a computer draws over another. Nothing may be locked with it.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from livefg.results import Event, Face, FloatArray, Frame, FrameResult, ImageArray
from livefg.workers import Chain

__all__ = ["Cues", "Liveness", "LivenessSettings", "Motion", "Step", "motion_between"]

Step = Literal["blink", "turn_left", "turn_right"]
Grey = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]

# The face above the mouth, which does not change its shape much, and the eyes, which do.
_UPPER_FACE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 425, 2, 205, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382),
)
_EYE_CORNERS = (33, 263)
_MESH = 468  # points without the irises, which move by themselves
_SMALLEST = 24.0  # pixels between the outer eye corners
_MOST_POINTS, _LEAST_POINTS = 80, 14
_KEPT = 0.9  # seconds for which a view is kept to compare with
_BETWEEN = 0.12  # seconds between two views
_TURNED = 6.0  # degrees between two views from which on they are compared


@dataclass(frozen=True, slots=True)
class LivenessSettings:
    """What counts as a sign of life; see docs/faces.md for the measurements behind it.

    A comparison of two views is solid when the points of the face miss the best plane by at least `off_plane`
    distances between the eyes, and by at least `as_solid` times what they miss the best solid by; flat when they miss
    it by less than `as_flat` times that. `comparisons` solid ones, and a share of at least `share`, are a solid head.
    `turn` degrees to the side are a turn; each step of the challenge may take `patience` seconds.
    """

    off_plane: float = 0.022
    as_solid: float = 0.92
    as_flat: float = 0.85
    comparisons: int = 4
    share: float = 0.7
    turn: float = 18.0
    patience: float = 8.0


class Motion(NamedTuple):
    """How far points miss the best plane and the best solid between two views, in distances between the eyes."""

    plane: float
    solid: float


@dataclass(frozen=True, slots=True)
class Cues:
    """What speaks for a living face: `blinks` seen, comparisons of views that look `solid` or `flat`."""

    blinks: int = 0
    solid: int = 0
    flat: int = 0


class _View(NamedTuple):
    """A face at one moment: the grey picture, the mesh in it (468, 3), and where the face is turned in degrees."""

    time: float
    grey: Grey
    mesh: FloatArray
    yaw: float
    pitch: float


@dataclass(slots=True)
class _Watched:
    """One face over time. `steps` are what it has yet to do.

    Views are compared while later results are still awaited: `solid` and `flat` are counted there, all else here.
    """

    seen: float
    solid: int = 0
    flat: int = 0
    blinks: int = 0
    views: deque[_View] = field(default_factory=deque)
    steps: list[Step] = field(default_factory=list)
    asked: float = -math.inf
    rest: float = math.inf
    alive: bool = False


class Liveness:
    """Watches faces for signs of life, and asks for a blink and a turn.

    `steps` compares views while a frame is worked on; calling it with the result adds events of kind `face`:
    `please_blink`, `please_turn_left`, `please_turn_right` while these are asked for, and `alive` once everything asked
    was done and the head moved as a solid. The order is drawn anew for each face and after each failure.
    """

    def __init__(self, settings: LivenessSettings | None = None, seed: int | None = None) -> None:
        """`seed` makes the order of the challenge repeatable, for tests."""
        self._settings = settings or LivenessSettings()
        self._random = random.Random(seed)
        self._watched: dict[int, _Watched] = {}

    def reset(self) -> None:
        """Forget all faces."""
        self._watched.clear()

    def cues(self, track: int) -> Cues:
        """What was seen of a face so far."""
        watched = self._watched.get(track)
        return Cues(watched.blinks, watched.solid, watched.flat) if watched else Cues()

    def steps(self, frame: Frame, faces: tuple[Face, ...]) -> Chain[tuple[Face, ...]]:
        """Compare the views of these faces, as a chain for a `WorkerPool`; the faces come back as they are."""
        for face in faces:
            watched = self._watched.setdefault(face.track, _Watched(frame.time))
            watched.seen = frame.time
            if watched.views and frame.time - watched.views[-1].time < _BETWEEN:
                continue
            view = _view(frame, face)
            if view is None:
                continue
            while watched.views and frame.time - watched.views[0].time > _KEPT:
                watched.views.popleft()
            earlier = next((one for one in watched.views if _turned(one, view) >= _TURNED), None)
            watched.views.append(view)
            if earlier is not None:
                (motion,) = yield [partial(motion_between, earlier, view)]
                self._count(watched, motion)
        self._watched = {
            track: watched
            for track, watched in self._watched.items()
            if frame.time - watched.seen <= self._settings.patience
        }
        return faces

    def __call__(self, result: FrameResult) -> tuple[Event, ...]:
        """The events of a result that already has those of `FaceStates`. Results must come in order."""
        events: list[Event] = []
        blinked = {event.track for event in result.events if (event.label, event.phase) == ("blink", "end")}
        for face in result.faces:
            watched = self._watched.get(face.track)
            if watched is None or watched.alive or face.pose is None:
                continue
            watched.blinks += face.track in blinked
            events += self._ask(face, watched, face.track in blinked, result.time)
        return tuple(events)

    def _ask(self, face: Face, watched: _Watched, blinked: bool, now: float) -> list[Event]:
        """Go on with the challenge of one face."""
        assert face.pose is not None
        events: list[Event] = []
        if watched.asked == -math.inf or now - watched.asked > self._settings.patience:
            if watched.steps:
                events.append(Event("face", f"please_{watched.steps[0]}", "end", face.track, now, 1.0))
            side: Step = self._random.choice(("turn_left", "turn_right"))
            watched.steps = self._random.sample(["blink", side], 2)
            self._begin(face, watched, now, events)
            return events
        if watched.steps and self._is_done(watched, watched.steps[0], face.pose.yaw, blinked):
            events.append(Event("face", f"please_{watched.steps.pop(0)}", "end", face.track, now, 1.0))
            self._begin(face, watched, now, events)
        if not watched.steps and self._is_solid(watched):
            watched.alive = True
            events.append(Event("face", "alive", "start", face.track, now, 1.0))
        return events

    def _begin(self, face: Face, watched: _Watched, now: float, events: list[Event]) -> None:
        watched.asked, watched.rest = now, math.inf
        if watched.steps:
            events.append(Event("face", f"please_{watched.steps[0]}", "start", face.track, now, 1.0))

    def _is_done(self, watched: _Watched, step: Step, yaw: float, blinked: bool) -> bool:
        if step == "blink":
            return blinked
        # A turn counts from the farthest to the other side since it was asked for.
        toward = yaw if step == "turn_left" else -yaw
        watched.rest = min(watched.rest, toward)
        return toward - watched.rest >= self._settings.turn

    def _is_solid(self, watched: _Watched) -> bool:
        enough = watched.solid >= self._settings.comparisons
        return enough and watched.solid >= self._settings.share * (watched.solid + watched.flat)

    def _count(self, watched: _Watched, motion: Motion | None) -> None:
        rules = self._settings
        if motion is None:
            return
        if motion.plane >= rules.off_plane and motion.plane >= rules.as_solid * motion.solid:
            watched.solid += 1
        elif motion.plane < rules.as_flat * motion.solid:
            watched.flat += 1


def motion_between(before: _View, after: _View) -> Motion | None:
    """Follow points of the skin from one view to the other; None if too few can be followed.

    A plane (a homography) and a solid with the depths of the mesh (an affine camera) have eight unknowns each, so that
    neither fits better for having more of them.
    """
    both = _cut_out(before, after)
    if both is None:
        return None
    before, after = both
    points = _points_to_follow(before)
    if points is None or len(points) < _LEAST_POINTS:
        return None
    followed, sure = _follow(before, after, points)
    if sure.sum() < _LEAST_POINTS:
        return None
    eyes = _eye_distance(before.mesh)
    depths = _depths(points, before.mesh)[sure]
    start = (points[sure] - points[sure].mean(axis=0)) / eyes
    end = (followed[sure] - followed[sure].mean(axis=0)) / eyes
    return Motion(_off_plane(start, end), _off_solid(start, (depths - depths.mean()) / eyes, end))


def _view(frame: Frame, face: Face) -> _View | None:
    """A face in the grey frame; None for a small face or one without a mesh."""
    mesh = face.landmarks if face.raw_landmarks is None else face.raw_landmarks
    if mesh is None or face.pose is None or _eye_distance(mesh) < _SMALLEST:
        return None
    grey = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY), np.uint8)
    return _View(frame.time, grey, mesh[:_MESH], face.pose.yaw, face.pose.pitch)


def _cut_out(before: _View, after: _View) -> tuple[_View, _View] | None:
    """The part of both pictures that holds the face in both; None if they are not of one size or show too little."""
    if before.grey.shape != after.grey.shape:
        return None
    points = np.concatenate([before.mesh[:, :2], after.mesh[:, :2]])
    margin = 0.5 * _eye_distance(before.mesh)
    x0, y0 = np.maximum(0, np.floor(points.min(axis=0) - margin)).astype(int).tolist()
    x1, y1 = np.ceil(points.max(axis=0) + margin).astype(int).tolist()
    offset = np.array([x0, y0, 0], np.float32)
    first, second = (
        view._replace(grey=np.ascontiguousarray(view.grey[y0:y1, x0:x1]), mesh=view.mesh - offset)
        for view in (before, after)
    )
    return (first, second) if min(first.grey.shape) >= _SMALLEST else None


def _turned(before: _View, after: _View) -> float:
    return math.hypot(after.yaw - before.yaw, after.pitch - before.pitch)


def _eye_distance(mesh: FloatArray) -> float:
    return float(np.hypot(*(mesh[_EYE_CORNERS[1], :2] - mesh[_EYE_CORNERS[0], :2])))


def _points_to_follow(view: _View) -> Array | None:
    """Corners in the skin (n, 2), outside the eyes and above the mouth."""
    mask: ImageArray = np.zeros(view.grey.shape, np.uint8)
    cv2.fillPoly(mask, [view.mesh[list(_UPPER_FACE), :2].astype(np.int32)], (255,))
    for eye in _EYES:
        cv2.fillPoly(mask, [view.mesh[list(eye), :2].astype(np.int32)], (0,))
    apart = max(2.0, 0.05 * _eye_distance(view.mesh))
    found = cv2.goodFeaturesToTrack(view.grey, _MOST_POINTS, 0.01, apart, mask=mask)
    return None if found is None else np.asarray(found, np.float64).reshape(-1, 2)


def _follow(before: _View, after: _View, points: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Where the points went (n, 2), and which of them come back when followed backwards."""
    guess = np.c_[before.mesh[::4, :2], np.ones(len(before.mesh[::4]))]
    affine = np.linalg.lstsq(guess, after.mesh[::4, :2], rcond=None)[0]
    eyes = _eye_distance(before.mesh)
    window = int(max(9, 0.2 * eyes)) | 1
    follow = partial(
        cv2.calcOpticalFlowPyrLK,
        winSize=(window, window),
        maxLevel=2,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    start = points.astype(np.float32).reshape(-1, 1, 2)
    expected = (np.c_[points, np.ones(len(points))] @ affine).astype(np.float32).reshape(-1, 1, 2)
    there, found, _ = follow(before.grey, after.grey, start, expected)
    back, found_back, _ = follow(after.grey, before.grey, there, start.copy())
    error = np.hypot(*(np.asarray(back).reshape(-1, 2) - points).T)
    sure = (np.asarray(found).ravel() == 1) & (np.asarray(found_back).ravel() == 1)
    return np.asarray(there, np.float64).reshape(-1, 2), sure & (error < 0.3 + 0.02 * eyes)


def _depths(points: Array, mesh: FloatArray) -> Array:
    """The depth of points (n, 2) on the mesh, from the four mesh points nearest to each."""
    squares = ((points[:, None] - mesh[None, :, :2]) ** 2).sum(axis=2)
    nearest = np.argsort(squares, axis=1)[:, :4]
    weights = 1 / (np.take_along_axis(squares, nearest, axis=1) + 1)
    return np.asarray((weights * mesh[nearest, 2]).sum(axis=1) / weights.sum(axis=1))


def _off_solid(start: Array, depths: Array, end: Array) -> float:
    columns = np.c_[start, depths, np.ones(len(start))]

    def distances(weights: Array) -> Array:
        roots = np.sqrt(weights)[:, None]
        camera = np.linalg.lstsq(columns * roots, end * roots, rcond=None)[0]
        return np.asarray(np.hypot(*(columns @ camera - end).T))

    return _settled(distances, len(start))


def _off_plane(start: Array, end: Array) -> float:
    (x, y), (u, v) = start.T, end.T
    one, none = np.ones(len(x)), np.zeros(len(x))
    rows = np.r_[
        np.c_[x, y, one, none, none, none, -u * x, -u * y], np.c_[none, none, none, x, y, one, -v * x, -v * y]
    ]
    wanted = np.r_[u, v]

    def distances(weights: Array) -> Array:
        roots = np.sqrt(np.r_[weights, weights])
        h = np.linalg.lstsq(rows * roots[:, None], wanted * roots, rcond=None)[0]
        scale = 1 + h[6] * x + h[7] * y
        return np.asarray(
            np.hypot((h[0] * x + h[1] * y + h[2]) / scale - u, (h[3] * x + h[4] * y + h[5]) / scale - v)
        )

    return _settled(distances, len(x))


def _settled(distances: Callable[[Array], Array], count: int) -> float:
    """The root mean square of distances once points that are far off weigh less; each counts as 0.1 at most."""
    found = distances(np.ones(count))
    for _ in range(7):
        usual = 1.48 * float(np.median(found)) + 1e-6
        found = distances(1 / np.maximum(1, found / (1.5 * usual)))
    return float(np.sqrt(np.mean(np.minimum(found, 0.1) ** 2)))
