"""Pictures to views: every face is found, aligned and embedded by the code that livefg itself runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from livefg.inference.network import Network
from livefg.perception.detection import FaceDetector
from livefg.perception.faces import FaceTracker
from livefg.recognition.identity_embedding import EMBEDDING_SIZE, FaceEmbedder, View, ViewMeasures
from livefg.results import Box, Face, FloatArray, Frame, ImageArray
from livefg.sources.images import read_image
from training.identity.conditions import CONDITIONS, Condition
from training.identity.pictures import Picture

__all__ = ["Viewer", "Views", "collect"]

_MOST_FACES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Views of many pictures: row i belongs to picture i.

    `embeddings` are (n, 128) float32, NaN where no face was found; `measures` (n, 5) are the fields of ViewMeasures,
    `sets`, `people`, `conditions` and `files` are (n,) texts.
    """

    embeddings: FloatArray
    measures: FloatArray
    sets: npt.NDArray[np.str_]
    people: npt.NDArray[np.str_]
    conditions: npt.NDArray[np.str_]
    files: npt.NDArray[np.str_]

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Where a face was found (n,)."""
        return ~np.isnan(self.embeddings[:, 0])

    @property
    def qualities(self) -> FloatArray:
        """The quality of each view (n,), 0..1; 0 where no face was found."""
        return np.array(
            [0.0 if np.isnan(row[0]) else ViewMeasures(*row.tolist()).quality for row in self.measures],
            np.float32,
        )

    def where(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Views:
        """These rows only."""
        return Views(
            self.embeddings[rows],
            self.measures[rows],
            self.sets[rows],
            self.people[rows],
            self.conditions[rows],
            self.files[rows],
        )

    def of_file(self, name: str) -> Views:
        """The same, all of one file of this name."""
        return replace(self, files=np.full(len(self.files), name))

    @classmethod
    def concatenate(cls, parts: Sequence[Views]) -> Views:
        """One after the other; without parts, a table without rows."""
        if not parts:
            nothing = np.zeros(0, np.str_)
            return cls(
                np.zeros((0, EMBEDDING_SIZE), np.float32),
                np.zeros((0, len(ViewMeasures._fields)), np.float32),
                *(nothing for _ in range(4)),
            )
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    def save(self, path: Path) -> None:
        """Write to an .npz file."""
        np.savez_compressed(
            path,
            embeddings=self.embeddings,
            measures=self.measures,
            sets=self.sets,
            people=self.people,
            conditions=self.conditions,
            files=self.files,
        )

    @classmethod
    def load(cls, path: Path) -> Views:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as data:
            return cls(*(data[name] for name in cls.__slots__))


class Viewer:
    """Finds the person of interest in a picture and looks at the face."""

    def __init__(self, device: str = "cpu") -> None:
        self._detector = FaceDetector(Network.load("face_detector", device))
        self._mesh = Network.load("face_mesh", device)
        self._embedder = FaceEmbedder(Network.load("face_embedder", device))

    def faces(self, image: ImageArray) -> tuple[Face, ...]:
        """All faces, as livefg finds them in a single picture."""
        tracker = FaceTracker(self._detector, self._mesh, None, most=_MOST_FACES, smooth=False, thorough=True)
        return tracker.update(Frame(image, 0, 0.0, "picture"))

    def view(self, image: ImageArray, face: Face) -> View:
        """A look at one face."""
        assert face.points is not None
        view = self._embedder(image, face.points, face.confidence)
        assert view is not None
        return view


def collect(
    wanted: Iterable[tuple[Picture, str]], viewer: Viewer, tell: Callable[[str], None] = lambda _: None
) -> Views:
    """Look at each picture under a condition, by its name in CONDITIONS."""
    rows: list[tuple[FloatArray, FloatArray]] = []
    texts: list[tuple[str, str, str, str]] = []
    nothing = np.full(128, np.nan, np.float32), np.full(5, np.nan, np.float32)
    where: dict[Path, Box | None] = {}
    for count, (picture, condition) in enumerate(wanted, start=1):
        image = read_image(picture.path)
        if picture.path not in where:
            face = _main_face(viewer.faces(image), image)
            where[picture.path] = face.box if face else None
        view = _look(image, where[picture.path], CONDITIONS[condition], viewer)
        rows.append((view.embedding, np.array(view.measures, np.float32)) if view else nothing)
        texts.append((picture.set, picture.person, condition, picture.path.name))
        if count % 200 == 0:
            tell(f"{count} pictures")
    sets, people, conditions, files = (np.array(column) for column in zip(*texts, strict=True))
    return Views(
        np.stack([row[0] for row in rows]),
        np.stack([row[1] for row in rows]),
        sets,
        people,
        conditions,
        files,
    )


def _look(image: ImageArray, box: Box | None, condition: Condition, viewer: Viewer) -> View | None:
    """The main face of the changed picture; None if it is not found, or was not even before the change."""
    if box is None:
        return None
    changed = condition(image, box)
    scale = changed.shape[1] / image.shape[1]
    centre = (box[0] + box[2]) / 2 * scale, (box[1] + box[3]) / 2 * scale
    reach = (box[2] - box[0]) / 2 * scale
    near = [face for face in viewer.faces(changed) if _distance(face.box, centre) < reach]
    if not near:
        return None
    return viewer.view(changed, min(near, key=lambda face: _distance(face.box, centre)))


def _main_face(faces: Iterable[Face], image: ImageArray) -> Face | None:
    """The largest and most central one: whose picture it is."""
    centre = image.shape[1] / 2, image.shape[0] / 2
    return min(
        faces, key=lambda face: _distance(face.box, centre) / 2 - (face.box[2] - face.box[0]), default=None
    )


def _distance(box: Box, point: tuple[float, float]) -> float:
    return math.hypot((box[0] + box[2]) / 2 - point[0], (box[1] + box[3]) / 2 - point[1])
