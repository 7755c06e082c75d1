"""Open-set trials: some people are enrolled with a few pictures, then they and strangers are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from livefg.gallery import Gallery, Person, Portrait
from livefg.gallery.enrolment import LEAST_QUALITY
from livefg.results import FloatArray
from training.identity.views import Views

__all__ = ["Session", "pairs", "sessions"]

_SAME_FILE = 0.98


class Session(NamedTuple):
    """A gallery and the views shown to it; `truth` (n,) is a place in the gallery, or -1 for a stranger."""

    gallery: Gallery
    embeddings: FloatArray
    qualities: FloatArray
    truth: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]


def sessions(
    enrolled: Views,
    shown: Views,
    *,
    people: int,
    pictures: int,
    count: int,
    strangers: int = 100,
    views_each: int = 5,
    seed: int = 0,
) -> Iterator[Session]:
    """`count` sessions with `people` enrolled by `pictures` each, chosen at random from those in `enrolled` that
    livefg would take.

    Shown are up to `views_each` other pictures of each person, and up to `strangers` pictures of people who are not
    enrolled, no more of each, so that nobody counts for much because there are many pictures of him; all from `shown`.
    Nobody is shown a picture that he was enrolled with, in whatever condition.
    """
    noise = np.random.default_rng(seed)
    usable = enrolled.where(enrolled.found & (enrolled.qualities >= LEAST_QUALITY))
    shown = shown.where(shown.found)
    eligible = _eligible(usable, shown, pictures)
    usable_qualities, shown_qualities = usable.qualities, shown.qualities
    for _ in range(count if len(eligible) else 0):
        chosen = np.sort(noise.choice(eligible, min(people, len(eligible)), replace=False))
        entries, rows, truth = [], [], []
        for place, name in enumerate(chosen):
            taken = noise.permutation(np.flatnonzero(usable.people == name))[:pictures]
            entries.append(
                Person(
                    str(name),
                    tuple(Portrait(usable.embeddings[row], float(usable_qualities[row])) for row in taken),
                )
            )
            others = np.flatnonzero((shown.people == name) & ~np.isin(shown.files, usable.files[taken]))
            # The same photograph may be in two sets under two names.
            others = others[(shown.embeddings[others] @ usable.embeddings[taken].T).max(axis=1) < _SAME_FILE]
            others = noise.permutation(others)[:views_each]
            rows += others.tolist()
            truth += [place] * len(others)
        unknown = noise.permutation(np.flatnonzero(~np.isin(shown.people, chosen)))
        unknown = noise.permutation(_at_most(views_each, unknown, shown.people))[:strangers]
        all_rows = np.array([*rows, *unknown], np.intp)
        yield Session(
            Gallery(tuple(entries)),
            shown.embeddings[all_rows],
            shown_qualities[all_rows],
            np.array([*truth, *[-1] * len(unknown)], np.intp),
            all_rows,
        )


def _eligible(usable: Views, shown: Views, pictures: int) -> npt.NDArray[np.str_]:
    """Who can be enrolled by so many pictures and be shown another."""
    names, counts = np.unique(usable.people, return_counts=True)
    files = [set(shown.files[shown.people == name]) for name in names]
    enough = [total >= pictures and len(seen) > pictures for total, seen in zip(counts, files, strict=True)]
    return np.asarray(names[np.array(enough, bool)])


def _at_most(most: int, rows: npt.NDArray[np.intp], people: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """The first rows of each person, `most` at most."""
    rows = rows[np.argsort(people[rows], kind="stable")]
    _, begins, counts = np.unique(people[rows], return_index=True, return_counts=True)
    return np.asarray(rows[np.arange(len(rows)) - np.repeat(begins, counts) < most], np.intp)


def pairs(views: Views) -> tuple[FloatArray, FloatArray]:
    """Cosines of all pairs of pictures: of the same person, and of two people."""
    views = views.where(views.found)
    first, second = np.triu_indices(len(views.people), 1)
    cosines = (views.embeddings @ views.embeddings.T)[first, second]
    same = views.people[first] == views.people[second]
    return cosines[same], cosines[~same]
