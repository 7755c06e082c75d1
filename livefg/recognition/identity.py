"""Names for faces, over time: who is looked at when, what is said of whom, and who comes back after an absence.

A look costs more than all else that is done for a face, and a face does not change its owner from frame to frame. So
at most one face a frame is looked at, first those of whom nothing is known yet, later each again at long intervals;
and looks come out of a budget that bounds their share of the machine however many faces there are.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from livefg.errors import LivefgError
from livefg.gallery import UNKNOWN, Gallery, GalleryFile
from livefg.inference.classifier import Classifier
from livefg.inference.network import Network, NetworkReport
from livefg.perception.geometry import box_iou
from livefg.perception.tracks import Reunion
from livefg.recognition.identity_classifier import IdentityClassifier
from livefg.recognition.identity_embedding import FaceEmbedder
from livefg.recognition.identity_model import Identities, TrainedIdentities
from livefg.recognition.identity_votes import GOOD_QUALITY, OTHER_PERSON, SAME_PERSON, Votes
from livefg.results import Face, FloatArray, Frame, ImageArray
from livefg.workers import Chain

__all__ = ["Identifier"]

_logger = logging.getLogger("livefg.identity")

# Seconds between two looks at a face.
_UNDECIDED, _STILL_UNDECIDED, _UNDECIDED_FOR = 0.1, 0.3, 1.0
_NEW_STRANGER, _NEW_FOR = 0.5, 3.0
_DECIDED = 2.0
_LOOKS_A_SECOND = 8.0
_MOST_SAVED_LOOKS = 8.0
_LEAST_QUALITY = 0.2
_TOUCHING = 0.05
_ABSENCE = 0.3
_MEMORY = 5.0
_FILE_SECONDS = 0.5


@dataclass(slots=True)
class _Watched:
    """One track: what is known of it, when it was seen first and last, when it was looked at."""

    begun: float
    votes: Votes = field(default_factory=Votes)
    seen: float = -math.inf
    looked: float = -math.inf
    touching: bool = False


class Identifier:
    """Names the faces of a stream of frames, or, if not `tracked`, of pictures that have nothing in common.

    While there is nobody to know it does nothing, loads nothing, and gives no identities. A change of the gallery
    file is noticed within half a second. Raises LivefgError if the file cannot be understood at the start; later
    `on_notice` is told, and the people known so far are kept.
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
        """`load` loads the embedding network; it is called at most once, in a thread, when there is somebody to know.

        `trained` is a classifier as `load_identities` gives it, whose people are known beside those enrolled.
        """
        self._on_notice = on_notice
        self._load = load
        self._loading: Future[Network] | None = None
        self._file = file or GalleryFile()
        self._trained = trained
        self._tracked = tracked
        self._embedder: FaceEmbedder | None = None
        self._watched: dict[int, _Watched] = {}
        self._budget, self._budget_time = _MOST_SAVED_LOOKS, -math.inf
        self._checked = time.monotonic()
        self._state = self._file.state()
        self._take(self._file.load())

    def wait(self) -> None:
        """Wait until the network is loaded, if it is needed. Raises LivefgError if it cannot be loaded."""
        if self._loading:
            self._loading.result()

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where the networks run, if they were needed; waits until they are loaded."""
        trained = (self._trained.report,) if self._trained else ()
        return (self._loading.result().report, *trained) if self._loading else trained

    def reset(self) -> None:
        """Forget all tracks; call it between recordings that have nothing to do with each other."""
        self._watched.clear()
        self._budget, self._budget_time = _MOST_SAVED_LOOKS, -math.inf

    def steps(self, frame: Frame, faces: tuple[Face, ...]) -> Chain[tuple[Face, ...]]:
        """The same faces with their identities, as a chain for a `WorkerPool`. Frames must come in order."""
        self._notice_changes()
        embedder = self._ready_embedder()
        if embedder is None or not self._knows_somebody:
            return faces
        if not self._tracked:
            return tuple(
                (yield [partial(self._identify_once, embedder, frame.image, face) for face in faces])
            )
        self._watch(frame.time, faces)
        face = self._most_wanting(frame.time, faces)
        if face is not None and face.points is not None:
            look = partial(embedder, frame.image, face.points, face.confidence, _LEAST_QUALITY)
            (view,) = yield [look]
            if view is not None:
                votes = self._watched[face.track].votes
                votes.add(view)
                votes.decide(self._classifier)
        return tuple(replace(face, identity=self._watched[face.track].votes.answer) for face in faces)

    def recall(
        self, image: ImageArray, points: FloatArray, confidence: float, lost: Collection[int]
    ) -> Reunion:
        """Which of some lost tracks a newly found face with these points (5, 2) is, and which it is not."""
        known = {track: self._watched[track].votes for track in lost if track in self._watched}
        embedder = self._ready_embedder()
        if embedder is None or not known or self._budget < 1.0:
            return Reunion(None, frozenset())
        self._budget -= 1.0
        view = embedder(image, points, confidence, GOOD_QUALITY)
        if view is None:
            return Reunion(None, frozenset())
        cosines = {track: votes.similarity(view.embedding) for track, votes in known.items()}
        compared = {track: cosine for track, cosine in cosines.items() if cosine is not None}
        best = max(compared, key=compared.__getitem__, default=None)
        same = best if best is not None and compared[best] >= SAME_PERSON else None
        return Reunion(same, frozenset(track for track, cosine in compared.items() if cosine < OTHER_PERSON))

    def _identify_once(self, embedder: FaceEmbedder, image: ImageArray, face: Face) -> Face:
        if face.points is None:
            return face
        view = embedder(image, face.points, face.confidence)
        assert view is not None
        return replace(face, identity=self._classifier(view.embedding, view.quality))

    def _watch(self, now: float, faces: tuple[Face, ...]) -> None:
        """Note who is there, forget who is long gone, doubt those who were away or touched another face."""
        for face in faces:
            watched = self._watched.setdefault(face.track, _Watched(now))
            if now - watched.seen > _ABSENCE:
                watched.looked = -math.inf
            touching = any(box_iou(face.box, other.box) > _TOUCHING for other in faces if other is not face)
            if watched.touching and not touching:
                watched.looked = -math.inf
            watched.touching, watched.seen = touching, now
        self._watched = {
            track: watched for track, watched in self._watched.items() if now - watched.seen <= _MEMORY
        }

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
            return waited >= 0 and watched.votes.answer is None, waited

        face = max(faces, key=overdue, default=None)
        if face is None or overdue(face)[1] < 0:
            return None
        self._budget -= 1.0
        self._watched[face.track].looked = now
        return face

    @staticmethod
    def _interval(watched: _Watched, now: float) -> float:
        votes, age = watched.votes, now - watched.begun
        if votes.doubted:
            return _UNDECIDED
        if votes.answer is None:
            return _UNDECIDED if age < _UNDECIDED_FOR else _STILL_UNDECIDED
        return _NEW_STRANGER if votes.answer.name == UNKNOWN and age < _NEW_FOR else _DECIDED

    def _ready_embedder(self) -> FaceEmbedder | None:
        """The embedder, once it is loaded; pictures wait for it, a stream goes on meanwhile."""
        if self._embedder is None and self._loading and (self._loading.done() or not self._tracked):
            self._embedder = FaceEmbedder(self._loading.result())
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
        if self._knows_somebody and self._loading is None:
            executor = ThreadPoolExecutor(1, thread_name_prefix="livefg-load")
            self._loading = executor.submit(self._load)
            executor.shutdown(wait=False)
        for watched in self._watched.values():
            watched.votes.forget_answer()
            watched.votes.decide(self._classifier)
