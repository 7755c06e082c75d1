"""Names for faces, over time: who is looked at when, what is said of whom, and who comes back after an absence.

A look costs more than all else that is done for a face, and a face does not change its owner from frame to frame. So
at most one face a frame is looked at, first those of whom nothing is known yet, later each again at long intervals;
and looks come out of a budget that bounds their share of the machine however many faces there are.

Place and motion cannot tell whose face a track is when faces have met, or when one comes back. Such a track is in
doubt: it may be one of some others `instead`. A look settles it before the frame's result is out, if the face can be
seen well enough.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from livefg.errors import LivefgError
from livefg.gallery import UNKNOWN, Gallery, GalleryFile
from livefg.inference.classifier import Classifier
from livefg.inference.network import Network, NetworkReport
from livefg.perception.geometry import box_iou
from livefg.perception.tracks import FaceTracks, NewFace, Reunion
from livefg.recognition.identity_classifier import IdentityClassifier
from livefg.recognition.identity_embedding import FaceEmbedder, View
from livefg.recognition.identity_model import Identities, TrainedIdentities
from livefg.recognition.identity_reunion import judge, reunite
from livefg.recognition.identity_votes import GOOD_QUALITY, Votes
from livefg.results import Box, Face, Frame, ImageArray
from livefg.workers import Chain

__all__ = ["Identifier"]

_logger = logging.getLogger("livefg.identity")

# Seconds between two looks at a face.
_UNDECIDED, _STILL_UNDECIDED, _UNDECIDED_FOR = 0.1, 0.3, 1.0
_NEW_STRANGER, _NEW_FOR = 0.5, 3.0
_DECIDED = 2.0
_REMEMBERED = 4.0  # where nobody is to be named
_LOOKS_A_SECOND = 8.0
_MOST_SAVED_LOOKS = 8.0
_LEAST_QUALITY = 0.2
_TOUCHING = 0.05
_JUMP = 0.3  # a face that overlaps less with where it was a frame ago may be another one
_DOUBT_SECONDS = 2.0
_LOST_SECONDS = 3.0
_MEMORY = 5.0
_FILE_SECONDS = 0.5


@dataclass(slots=True)
class _Watched:
    """One track: what is known of it, when and where it was seen, when it was looked at.

    `met` are the tracks that it touches, `instead` those that it may be since it met them or came back, at `doubted`.
    """

    begun: float
    votes: Votes = field(default_factory=Votes)
    seen: float = -math.inf
    box: Box | None = None
    looked: float = -math.inf
    met: set[int] = field(default_factory=set)
    instead: set[int] = field(default_factory=set)
    doubted: float = -math.inf


class Identifier:
    """Names the faces of a stream of frames, or, if not `tracked`, of pictures that have nothing in common.

    While there is nobody to know it gives no identities; what faces look like is remembered all the same if it is the
    memory of a `FaceTracker`, for tracks to keep their ids. A change of the gallery file is noticed within half a
    second. Raises LivefgError if the file cannot be understood at the start; later `on_notice` is told, and the people
    known so far are kept.
    """

    def __init__(
        self,
        load: Callable[[], Network],
        file: GalleryFile | None = None,
        *,
        trained: Classifier | None = None,
        tracked: bool = True,
        on_notice: Callable[[str], None] = _logger.warning,
    ) -> None:
        """`load` loads the embedding network; it is called at most once, in a thread, when there is somebody to know or
        to remember.

        `trained` is a classifier as `load_identities` gives it, whose people are known beside those enrolled.
        """
        self._on_notice = on_notice
        self._load = load
        self._loading: Future[Network] | None = None
        self._file = file or GalleryFile()
        self._trained = trained
        self._tracked = tracked
        self._embedder: FaceEmbedder | None = None
        self._tracks: FaceTracks | None = None
        self._recalled: set[int] = set()
        self._previous = -math.inf
        self._watched: dict[int, _Watched] = {}
        self._budget, self._budget_time = _MOST_SAVED_LOOKS, -math.inf
        self._checked = time.monotonic()
        self._state = self._file.state()
        self._take(self._file.load())

    def attach(self, tracks: FaceTracks) -> None:
        """From now on, remember the faces of these tracks, and put their ids right where they are wrong."""
        if self._tracked:
            self._tracks = tracks

    def wait(self, *, may_be_needed: bool = False) -> None:
        """Wait until the network is loaded, if it is needed (or may be later on).

        Raises LivefgError if it cannot be loaded.
        """
        if may_be_needed and self._tracks:
            self._begin_to_load()
        if self._loading:
            self._loading.result()

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where the networks run that are needed to name people, and those that are loaded; waits for the former."""
        loading = self._loading
        ready = loading and (self._knows_somebody or (loading.done() and not loading.exception()))
        embedder = loading.result() if loading and ready else None
        return tuple(network.report for network in (embedder, self._trained) if network)

    def reset(self) -> None:
        """Forget all tracks; call it between recordings that have nothing to do with each other."""
        self._watched.clear()
        self._recalled.clear()
        self._previous = -math.inf
        self._budget, self._budget_time = _MOST_SAVED_LOOKS, -math.inf

    def steps(self, frame: Frame, faces: tuple[Face, ...]) -> Chain[tuple[Face, ...]]:
        """The same faces with their identities, as a chain for a `WorkerPool`. Frames must come in order.

        Faces whose tracks turn out to be others have those tracks' ids.
        """
        self._notice_changes()
        if faces and self._tracks:
            self._begin_to_load()
        embedder = self._ready_embedder()
        if embedder is None:
            return faces
        if not self._tracked:
            return tuple(
                (yield [partial(self._identify_once, embedder, frame.image, face) for face in faces])
            )
        self._watch(frame.time, faces)
        face = self._most_wanting(frame.time, faces)
        if face is not None and face.points is not None:
            least = _LEAST_QUALITY if self._knows_somebody else GOOD_QUALITY
            (view,) = yield [partial(embedder, frame.image, face.points, face.confidence, least)]
            if view is not None:
                faces = self._learn(face.track, view, faces)
        if not self._knows_somebody:
            return faces
        return tuple(replace(face, identity=self._watched[face.track].votes.answer) for face in faces)

    def recall(
        self, image: ImageArray, faces: Sequence[NewFace], lost: Collection[int]
    ) -> Chain[list[Reunion]]:
        """Which of some lost tracks newly found faces are, and which they are not.

        A track in doubt may be named too: then the face that it follows is another one's.
        """
        known = {
            track: watched.votes
            for track, watched in self._watched.items()
            if watched.votes.looks and (track in lost or watched.met or watched.instead)
        }
        embedder = self._ready_embedder()
        if embedder is None or not known:
            return reunite([None] * len(faces), known)
        affordable = faces[: int(self._budget)]
        self._budget -= len(affordable)
        views: list[View | None] = yield [
            partial(embedder, image, face.points, face.confidence, GOOD_QUALITY) for face in affordable
        ]
        reunions = reunite([*views, *[None] * (len(faces) - len(views))], known)
        self._recalled = {reunion.same for reunion in reunions if reunion.same is not None}
        return reunions

    def _identify_once(self, embedder: FaceEmbedder, image: ImageArray, face: Face) -> Face:
        if face.points is None:
            return face
        view = embedder(image, face.points, face.confidence)
        assert view is not None
        return replace(face, identity=self._classifier(view.embedding, view.quality))

    def _watch(self, now: float, faces: tuple[Face, ...]) -> None:
        """Note who is there, forget who is long gone, doubt those who were away or touched another face."""
        here = {face.track for face in faces}
        gone = {
            track
            for track, watched in self._watched.items()
            if watched.votes.looks and track not in here and now - watched.seen <= _LOST_SECONDS
        }
        for face in faces:
            watched = self._watched.setdefault(face.track, _Watched(now))
            if watched.seen < self._previous and face.track not in self._recalled:
                watched.looked = -math.inf
                self._doubt(watched, gone, now)
            if watched.box and box_iou(face.box, watched.box) < _JUMP:
                watched.looked = -math.inf
            touched = {
                other.track
                for other in faces
                if other is not face and box_iou(face.box, other.box) > _TOUCHING
            }
            if watched.met and not touched:
                self._doubt(watched, watched.met, now)
                watched.met = set()
            watched.met |= touched
            if now - watched.doubted > _DOUBT_SECONDS:
                watched.instead.clear()
            watched.seen, watched.box = now, face.box
        self._recalled.clear()
        self._previous = now
        self._watched = {
            track: watched for track, watched in self._watched.items() if now - watched.seen <= _MEMORY
        }

    def _doubt(self, watched: _Watched, others: Collection[int], now: float) -> None:
        """This face may be one of these others."""
        if self._tracks is None:
            watched.looked = -math.inf
        elif others:
            watched.instead.update(others)
            watched.doubted = now

    def _learn(self, track: int, view: View, faces: tuple[Face, ...]) -> tuple[Face, ...]:
        """Take in a look at a track: gives the faces of the frame with the ids that they have then."""
        ids = {face.track: face.track for face in faces}
        watched = self._watched[track]
        if watched.instead:
            others = {
                other: self._watched[other].votes for other in watched.instead if other in self._watched
            }
            verdict = judge(view, watched.votes, others)
            if verdict.kind == "unclear" and watched.votes.looks:
                return faces
            if verdict.kind == "instead":
                self._exchange(track, verdict.track)
                ids[verdict.track], ids[track] = track, verdict.track
                track, watched = verdict.track, self._watched[verdict.track]
            if verdict.kind in {"same", "instead"}:
                self._settle(track)
        successor = watched.votes.add(view)
        if successor:
            ids[track] = self._part(track, successor)
            watched = self._watched[ids[track]]
        if self._knows_somebody:
            watched.votes.decide(self._classifier)
        return tuple(
            sorted((replace(face, track=ids[face.track]) for face in faces), key=lambda face: face.track)
        )

    def _exchange(self, one: int, other: int) -> None:
        """The faces of two tracks are each other's: their ids go along with what is known of the people."""
        assert self._tracks is not None
        self._tracks.exchange(one, other)
        first, second = self._watched[one], self._watched[other]
        first.votes, second.votes = second.votes, first.votes
        self._watched[one], self._watched[other] = second, first

    def _settle(self, track: int) -> None:
        """This track is who it is, and so nobody else is."""
        self._watched[track].instead.clear()
        for watched in self._watched.values():
            watched.instead.discard(track)

    def _part(self, track: int, successor: Votes) -> int:
        """A track shows somebody else now: gives the id under which it goes on."""
        watched = self._watched[track]
        if self._tracks is None:
            watched.votes = successor
            return track
        new = self._tracks.part(track)
        self._watched[new] = replace(watched, begun=watched.seen, votes=successor, instead=set())
        self._watched[track] = replace(watched, met=set(), instead=set())
        return new

    def _most_wanting(self, now: float, faces: tuple[Face, ...]) -> Face | None:
        """The face that has waited longest beyond its interval, if the budget allows a look."""
        passed = min(now - self._budget_time, _MOST_SAVED_LOOKS)
        self._budget = min(_MOST_SAVED_LOOKS, self._budget + max(0.0, passed) * _LOOKS_A_SECOND)
        self._budget_time = now
        if self._budget < 1.0:
            return None

        def overdue(face: Face) -> tuple[bool, float]:
            watched = self._watched[face.track]
            waited = now - watched.looked - self._interval(watched, now)
            if watched.instead and watched.looked < watched.doubted:
                waited = math.inf
            return waited >= 0 and (bool(watched.instead) or not self._is_known(watched.votes)), waited

        face = max(faces, key=overdue, default=None)
        if face is None or overdue(face)[1] < 0:
            return None
        self._budget -= 1.0
        self._watched[face.track].looked = now
        return face

    def _interval(self, watched: _Watched, now: float) -> float:
        votes, age = watched.votes, now - watched.begun
        if votes.doubted or watched.instead:
            return _UNDECIDED
        if not self._is_known(votes):
            return _UNDECIDED if age < _UNDECIDED_FOR else _STILL_UNDECIDED
        if not self._knows_somebody:
            return _REMEMBERED
        unknown = votes.answer is not None and votes.answer.name == UNKNOWN
        return _NEW_STRANGER if unknown and age < _NEW_FOR else _DECIDED

    def _is_known(self, votes: Votes) -> bool:
        """Whether enough was seen of a face: to name it, or, where nobody is to be named, to know it again."""
        return votes.answer is not None if self._knows_somebody else votes.quality >= GOOD_QUALITY

    def _begin_to_load(self) -> None:
        if self._loading is None:
            executor = ThreadPoolExecutor(1, thread_name_prefix="livefg-load")
            self._loading = executor.submit(self._load)
            executor.shutdown(wait=False)

    def _ready_embedder(self) -> FaceEmbedder | None:
        """The embedder, if it is needed and once it is loaded; pictures wait for it, a stream goes on meanwhile."""
        if not (self._knows_somebody or self._tracks):
            return None
        if self._embedder is None and self._loading and (self._loading.done() or not self._tracked):
            try:
                self._embedder = FaceEmbedder(self._loading.result())
            except LivefgError as error:
                if self._knows_somebody:
                    raise
                self._tracks = None
                self._on_notice(f"{error} Faces that come back are known by their place alone.")
        return self._embedder

    def _notice_changes(self) -> None:
        """Read the gallery file again if it has changed."""
        now = time.monotonic()
        if now - self._checked < _FILE_SECONDS:
            return
        self._checked = now
        state = self._file.state()
        if state == self._state:
            return
        self._state = state
        try:
            self._take(self._file.load())
        except LivefgError as error:
            self._on_notice(f"{error} The people known so far are kept.")

    def _take(self, gallery: Gallery) -> None:
        """Go on with these people: every answer is thought over at once."""
        self._classifier: Identities = (
            TrainedIdentities(self._trained, gallery) if self._trained else IdentityClassifier(gallery)
        )
        self._knows_somebody = len(self._classifier.labels) > 1
        if self._knows_somebody:
            self._begin_to_load()
        for watched in self._watched.values():
            watched.votes.forget_answer()
            if self._knows_somebody:
                watched.votes.decide(self._classifier)
