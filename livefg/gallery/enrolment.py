"""Introducing people: which pictures are good enough, which do not belong, who looks like somebody else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from livefg.errors import LivefgError
from livefg.gallery.people import UNKNOWN, Gallery, Person, Portrait, check_name
from livefg.gallery.store import GalleryFile
from livefg.inference.network import Network
from livefg.perception.detection import FaceDetector
from livefg.perception.faces import FaceTracker
from livefg.recognition.identity_classifier import IdentityClassifier
from livefg.recognition.identity_embedding import NETWORK, FaceEmbedder, View, ViewMeasures, align
from livefg.results import Face, FloatArray, Frame, ImageArray
from livefg.sources.images import read_image

__all__ = [
    "LEAST_QUALITY",
    "Candidate",
    "Enrolled",
    "Enroller",
    "enroll",
    "face_meant",
    "fault_of",
    "outliers",
    "portrait_of",
]

LEAST_QUALITY = 0.6
"""A view worse than this is not enrolled: what it would add is doubt."""
_MOST_FACES = 8
_MUCH_LARGER = 1.8
_BELONGS = 0.35  # cosine with the other pictures of a person; lower are 1 in 100 of the same and 995 in 1000 of others
_CLEARLY = 0.5  # cosine of a face among several, all others of which do not belong
_THUMBNAIL_QUALITY = 80
"""Of the JPEG, in percent."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A picture that may become a portrait: where it came from, and its portrait, or why there is none.

    A picture with several faces has no portrait, but `choices`: one of them may prove to be the person, once other
    pictures say who that is.
    """

    source: str
    portrait: Portrait | None
    fault: str = ""
    choices: tuple[Portrait, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """What became of an enrolment.

    `person` is as it is in the gallery now, or None if nothing was added. `added` are the sources that were taken,
    `known` those that had been before, `rejected` those that were not, with the reason. `look_alikes` are the names of
    others for whom some of the new pictures would be taken.
    """

    name: str
    person: Person | None
    added: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()
    look_alikes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "name": self.name,
            "enrolled": self.person is not None,
            "portraits": len(self.person.portraits) if self.person else 0,
            "added": list(self.added),
            "known": list(self.known),
            "rejected": [{"source": source, "reason": reason} for source, reason in self.rejected],
            "look_alikes": list(self.look_alikes),
        }


class Enroller:
    """Finds the one face in each picture and judges whether it is good enough to know somebody by."""

    def __init__(self, device: str = "auto", *, thumbnails: bool = False) -> None:
        """Load the networks. `thumbnails`: keep a small picture of each face. Raises LivefgError as `Network.load`."""
        self._detector = FaceDetector(Network.load("face_detector", device))
        self._mesh = Network.load("face_mesh", device)
        self.embedder = FaceEmbedder(Network.load(NETWORK, device))
        self._thumbnails = thumbnails

    def faces(self, image: ImageArray) -> list[Face]:
        """The faces in a picture (height, width, 3) RGB uint8, widest first."""
        tracker = FaceTracker(self._detector, self._mesh, None, most=_MOST_FACES, smooth=False, thorough=True)
        return sorted(tracker.update(Frame(image, 0, 0.0, "picture")), key=_width, reverse=True)

    def candidate(self, path: Path, name: str | None = None) -> Candidate:
        """Judge the picture in a file, called `name` in what is said of it (default: its path)."""
        source = name or str(path)
        try:
            image = read_image(path, source)
        except LivefgError as error:
            return Candidate(source, None, str(error))
        return self.candidate_in(image, source)

    def candidate_in(self, image: ImageArray, source: str) -> Candidate:
        """Judge a picture (height, width, 3) RGB uint8."""
        faces = self.faces(image)
        if not faces:
            return Candidate(source, None, "no face was found")
        meant = face_meant(faces)
        if meant is None:
            found = [self.candidate_of(image, face, source).portrait for face in faces]
            choices = tuple(portrait for portrait in found if portrait)
            fault = f"{len(faces)} faces were found; cut out the one that is meant"
            return Candidate(source, None, fault, choices)
        return self.candidate_of(image, meant, source)

    def candidate_of(self, image: ImageArray, face: Face, source: str) -> Candidate:
        """Judge one face of a picture."""
        if face.points is None:
            return Candidate(source, None, "the face has no alignment points")
        view = self.embedder(image, face.points, face.confidence)
        assert view is not None
        fault = fault_of(view.measures)
        if fault:
            return Candidate(source, None, fault)
        return Candidate(source, portrait_of(image, face.points, view, thumbnail=self._thumbnails))


def face_meant(faces: Sequence[Face]) -> Face | None:
    """Whose picture it is: the only face, or one that is much wider than all others; None if there is none such."""
    ranked = sorted(faces, key=_width, reverse=True)
    if not ranked or (len(ranked) > 1 and _width(ranked[0]) < _MUCH_LARGER * _width(ranked[1])):
        return None
    return ranked[0]


def fault_of(measures: ViewMeasures, *, turned: bool = False) -> str:
    """Why a view is too poor to enrol, in words; empty if it is good enough. `turned`: the head is meant to be."""
    losses = measures.losses
    if turned:
        losses["turned away"] = 0.0
    if sum(losses.values()) <= 1 - LEAST_QUALITY:
        return ""
    worst = max(losses, key=losses.__getitem__)
    detail = f" ({measures.eye_distance:.0f} pixels between the eyes)" if worst == "small" else ""
    return f"the face is too {worst}{detail}"


def portrait_of(image: ImageArray, points: FloatArray, view: View, *, thumbnail: bool = False) -> Portrait:
    """A portrait from a view, with a small picture of the aligned face if wished."""
    picture = None
    if thumbnail:
        aligned = cv2.cvtColor(align(image, points), cv2.COLOR_RGB2BGR)
        done, buffer = cv2.imencode(".jpg", aligned, [cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY])
        picture = buffer.tobytes() if done else None
    return Portrait(view.embedding, view.quality, thumbnail=picture)


def outliers(portraits: Sequence[Portrait], trusted: Sequence[Portrait] = ()) -> list[int]:
    """Places of portraits that do not show the person whom most show, worst first.

    `trusted` portraits count as the person's without question. Of two portraits alone nobody can tell which is
    wrong: both are named then.
    """
    left = list(range(len(portraits)))
    found: list[int] = []
    while len(left) + len(trusted) > 1 and left:
        everything = [*(portraits[place] for place in left), *trusted]
        embeddings = np.stack([portrait.embedding for portrait in everything])
        cosines = embeddings @ embeddings.T
        np.fill_diagonal(cosines, 0.0)
        # The middle of the others, of length one, against each.
        others = embeddings.sum(axis=0) - embeddings
        fits = (embeddings * others).sum(axis=1) / np.maximum(np.linalg.norm(others, axis=1), 1e-9)
        worst = int(np.argmin(fits[: len(left)]))
        if fits[worst] >= _BELONGS:
            break
        found.append(left.pop(worst))
    if found and len(left) == 1 and not trusted:
        found += left
    return found


def enroll(
    name: str, candidates: Iterable[Candidate], file: GalleryFile, *, keep_outliers: bool = False
) -> Enrolled:
    """Add the good candidates to a person's portraits, in the gallery file.

    Of a picture with several faces the one is taken that clearly is the person on the others, if there is one.
    Raises LivefgError if the name cannot be one, or the file cannot be read or written.
    """
    name, everything = check_name(name), tuple(candidates)
    if not any(candidate.portrait or candidate.choices for candidate in everything):
        return Enrolled(name, None, rejected=tuple((one.source, one.fault) for one in everything))
    with file.edit() as edit:
        before = edit.gallery.get(name)
        taken, rejected = _select(everything, before.portraits if before else (), keep_outliers)
        if not taken:
            return Enrolled(name, None, rejected=rejected)
        look_alikes = _look_alikes(edit.gallery, name, taken.values())
        edit.gallery = edit.gallery.with_portraits(name, taken.values())
        person = edit.gallery.person(name)
    new = {id(portrait) for portrait in person.portraits}
    return Enrolled(
        person.name,
        person,
        tuple(source for source, portrait in taken.items() if id(portrait) in new),
        tuple(source for source, portrait in taken.items() if id(portrait) not in new),
        rejected,
        look_alikes,
    )


def _select(
    candidates: Sequence[Candidate], trusted: Sequence[Portrait], keep_outliers: bool
) -> tuple[dict[str, Portrait], tuple[tuple[str, str], ...]]:
    """The portraits to take by their sources, and the sources that are not taken, each with the reason."""
    good = {one.source: one.portrait for one in candidates if one.portrait}
    strange = [] if keep_outliers else outliers(list(good.values()), trusted)
    sources = list(good)
    reasons = {sources[place]: _outlier_reason(len(good), known=bool(trusted)) for place in strange}
    taken = {source: portrait for source, portrait in good.items() if source not in reasons}
    taken |= _chosen(candidates, (*trusted, *taken.values()))
    left = [(one.source, reasons.get(one.source, one.fault)) for one in candidates if one.source not in taken]
    return taken, tuple(left)


def _outlier_reason(pictures: int, known: bool) -> str:
    if known or pictures > 2:
        return "it does not look like the person on the other pictures"
    return "the two pictures do not look like one person, and nobody can tell which is right"


def _chosen(candidates: Sequence[Candidate], known: Sequence[Portrait]) -> dict[str, Portrait]:
    """Of pictures with several faces: the one face that is the person on the known portraits, by its source."""
    if not known:
        return {}
    prototype = Person("", tuple(known)).prototype
    chosen = {}
    for candidate in candidates:
        ranked = sorted(candidate.choices, key=lambda portrait: -float(portrait.embedding @ prototype))
        cosines = [float(portrait.embedding @ prototype) for portrait in ranked]
        if cosines and cosines[0] >= _CLEARLY and all(cosine < _BELONGS for cosine in cosines[1:]):
            chosen[candidate.source] = ranked[0]
    return chosen


def _look_alikes(gallery: Gallery, name: str, portraits: Collection[Portrait]) -> tuple[str, ...]:
    """Other people whom some of the portraits would be taken for."""
    own = gallery.get(name)
    others = gallery.without(own.name) if own else gallery
    if not others.people:
        return ()
    classifier = IdentityClassifier(others)
    names = {classifier(portrait.embedding, portrait.quality).name for portrait in portraits}
    return tuple(sorted(names - {UNKNOWN}))


def _width(face: Face) -> float:
    return face.box[2] - face.box[0]
