"""The pictures that identity is measured on, each with the name of who is in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from livefg.errors import LivefgError
from livefg.sources.images import is_image

__all__ = ["SETS", "Picture", "pictures"]

SETS = ("lfw", "orl", "actors", "press", "strangers", "films")
"""
lfw: 10 people, 10 colour news photographs each. orl: 20 students, 10 small grey pictures each. actors: 8 people, 5
grey crops of 150 pixels each. press: 5 people, 1 to 3 photographs each. strangers: some 650 people in grey news
photographs, most of them once. films: 7 actors in stills, many small, turned or blurred.
"""
_CORRECTED = {
    "Glenn_Rivers_0001.jpg": "Doc_Rivers",
    "Michael_Schumacher_0008.jpg": "Rubens_Barrichello",
    "Charles_Moose_0003.jpg": "not_Charles_Moose",
    **dict.fromkeys((f"facial-expressions_286858{number}k.jpg" for number in (2, 4, 5, 8)), "young_man"),
}
"""Who is on pictures of the expression set that name somebody else: cosines brought them up, a look at the pictures
decided. All others keep their names, however unlike or alike they look.
"""
_KNN_TESTS = {"alex_lacamoire1": "alex_lacamoire", "johnsnow_test1": "kit_harington", "obama1": "obama"}


class Picture(NamedTuple):
    """A file with one person of interest. The same `person` in two sets is the same person."""

    set: str
    person: str
    path: Path


def pictures(faces: Path) -> list[Picture]:
    """All pictures below `faces`, and those of the expression set beside it, whose files name the person.

    Raises LivefgError if a set is missing.
    """
    found = [
        *_folders("lfw", faces / "krasserm_lfw10"),
        *_folders("orl", faces / "orl"),
        *_folders("actors", faces / "faceapi_bbt"),
        *_folders("press", faces / "ageitgey_knn" / "train"),
        *(
            Picture("press", person, faces / "ageitgey_knn" / "test" / f"{stem}.jpg")
            for stem, person in _KNN_TESTS.items()
        ),
        *_named(faces.parent / "expressions" / "muxspace"),
    ]
    missing = set(SETS) - {picture.set for picture in found}
    if missing:
        raise LivefgError(f"{faces} and its neighbours lack the sets {', '.join(sorted(missing))}.")
    return found


def _folders(name: str, folder: Path) -> Iterator[Picture]:
    """A folder a person."""
    for path in sorted(folder.glob("*/*")):
        if is_image(path):
            yield Picture(name, path.parent.name, path)


def _named(folder: Path) -> Iterator[Picture]:
    """News photographs and film stills: news have a first and a last name."""
    labels = folder / "labels.csv"
    if not labels.is_file():
        return
    with labels.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["person"]:
                name = "strangers" if "_" in row["person"] else "films"
                person = _CORRECTED.get(row["image"], row["person"])
                yield Picture(name, person, folder / row["emotion"] / row["image"])
