"""Pictures of a user's own people, as a trained classifier learns from them: good ones, and the same made worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.gallery import Gallery, Person, Portrait, check_name
from livefg.gallery.enrolment import fault_of, outliers
from livefg.recognition.identity_embedding import ViewMeasures
from livefg.sources.images import pictures_below
from training.identity.pictures import Picture
from training.identity.views import Viewer, Views, collect

__all__ = ["ORDINARY", "VARIANTS", "FacePictures", "gather_pictures"]

ORDINARY = "as it is"
VARIANTS = ("48 px wide", "24 px wide", "blurred", "moved", "dark")
"""How each picture is shown to the classifier besides as it is; see `training.identity.conditions`."""
Told = Callable[[str, int, int], None]
"""Takes what is being read, how many pictures are done, and how many there are."""


@dataclass(frozen=True, slots=True, eq=False)
class FacePictures:
    """What pictures gave: `views` of people in all variants, of `strangers` as they are, and what was `rejected`, each
    file with the reason. `views.files` are paths below the folder; a stranger's `people` is the folder or file.
    """

    views: Views
    strangers: Views
    rejected: tuple[tuple[str, str], ...]

    @property
    def people(self) -> tuple[str, ...]:
        """The names, in the order of a gallery."""
        return self.gallery(np.ones(len(self.views.people), bool)).names

    def gallery(self, files: npt.NDArray[np.bool_]) -> Gallery:
        """The people as `livefg enroll` would know them from some of the rows of `views`."""
        views = self.views.where(files & (self.views.conditions == ORDINARY))
        qualities = views.qualities
        return Gallery.of(
            Person(
                name,
                tuple(
                    Portrait(views.embeddings[row], float(qualities[row]))
                    for row in np.flatnonzero(views.people == name)
                ),
            )
            for name in sorted(set(views.people.tolist()))
        )


def gather_pictures(data: Path, strangers: Path | None, tell: Told) -> FacePictures:
    """Look at the pictures in a folder of folders (each is a person of its name), and at those of strangers.

    Raises LivefgError if there are no folders, or a name cannot be one.
    """
    people = _people(data)
    viewer = Viewer()
    looked = list(_look(people, data, viewer, (ORDINARY, *VARIANTS), lambda *done: tell("people", *done)))
    others: list[tuple[Views | None, str, str]] = []
    if strangers:
        wanted = [(path, _stranger(path, strangers)) for path in pictures_below(strangers)]
        if not wanted:
            raise LivefgError(f"{strangers} holds no pictures.")
        others = list(_look(wanted, strangers, viewer, (ORDINARY,), lambda *done: tell("strangers", *done)))
    rejected = [(file, fault) for _, file, fault in (*looked, *others) if fault]
    seen = Views.concatenate([views for views, _, _ in looked if views])
    odd = _outliers(seen)
    rejected += [(file, "it does not look like the person on the other pictures") for file in odd]
    seen = seen.where(~np.isin(seen.files, odd))
    if not len(seen.people):
        reasons = ", ".join(f"{file}: {fault}" for file, fault in rejected[:3])
        raise LivefgError(f"{data} holds no picture that people can be told by ({reasons}).")
    return FacePictures(seen, Views.concatenate([views for views, _, _ in others if views]), tuple(rejected))


def _people(data: Path) -> list[tuple[Path, str]]:
    folders = sorted(path for path in data.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise LivefgError(f"{data} holds no folders; each folder in it is to be a person.")
    names = [check_name(folder.name) for folder in folders]
    for name in names:
        if sum(other.casefold() == name.casefold() for other in names) > 1:
            raise LivefgError(f"{data} has two folders that would both be called {name!r}.")
    return [
        (path, name) for folder, name in zip(folders, names, strict=True) for path in pictures_below(folder)
    ]


def _stranger(path: Path, folder: Path) -> str:
    """Who is on a picture of strangers: those in one folder are one person, those beside each other are not."""
    return str(path.relative_to(folder) if path.parent == folder else path.parent.relative_to(folder))


def _look(
    wanted: Sequence[tuple[Path, str]],
    root: Path,
    viewer: Viewer,
    conditions: Sequence[str],
    tell: Callable[[int, int], None],
) -> Iterator[tuple[Views | None, str, str]]:
    """For each picture its views, or None and the reason."""
    for count, (path, person) in enumerate(wanted):
        tell(count, len(wanted))
        file = str(path.relative_to(root))
        try:
            views = collect([(Picture("", person, path), condition) for condition in conditions], viewer)
        except LivefgError as error:
            yield None, file, str(error)
            continue
        fault = "no face was found"
        if views.found[0]:
            fault = fault_of(ViewMeasures(*views.measures[0].tolist()))
        if fault:
            yield None, file, fault
        else:
            yield views.of_file(file).where(views.found), file, ""
    tell(len(wanted), len(wanted))


def _outliers(views: Views) -> list[str]:
    """The files that do not show the person whom the others of the folder show."""
    found: list[str] = []
    ordinary = views.where(views.conditions == ORDINARY)
    for name in sorted(set(ordinary.people.tolist())):
        mine = ordinary.where(ordinary.people == name)
        portraits = [
            Portrait(embedding, float(quality))
            for embedding, quality in zip(mine.embeddings, mine.qualities, strict=True)
        ]
        found += [str(mine.files[place]) for place in outliers(portraits)]
    return found
