"""Who trains and who examines: splits that keep a person, a session or a whole source on one side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.samples import Samples, TextArray

__all__ = ["Split", "SplitBy", "leave_one_out", "split", "split_as_data_allow"]

SplitBy = Literal["person", "session", "source", "row"]
"""`row` mixes neighbouring frames into both sides: it shows only how much that flatters."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of both sides, and in a sentence how they were chosen."""

    training: npt.NDArray[np.intp]
    validation: npt.NDArray[np.intp]
    how: str


def split(samples: Samples, by: SplitBy, share: float = 0.2, seed: int = 0) -> Split:
    """Put about `share` of every label aside, whole persons, sessions or sources at a time.

    Raises LivefgError if nothing can be put aside without leaving a label without training samples.
    """
    groups = _rows(samples) if by == "row" else _groups(samples, by)
    training, validation = _put_aside(samples, groups, share, seed)
    if not len(validation):
        raise LivefgError(
            f"No {by} can be put aside to validate with: a label would be left without examples."
        )
    aside = len(np.unique(groups[validation]))
    return Split(training, validation, f"by {by}: {aside} of {len(np.unique(groups))} put aside, seed {seed}")


def split_as_data_allow(samples: Samples, share: float = 0.2, seed: int = 0) -> Split:
    """Put about `share` of every label aside: by person where two or more show it, else by session, else by row.

    So every label is examined. Raises LivefgError if there is no sample to put aside.
    """
    ways: tuple[SplitBy, ...] = ("person", "session")
    groups = _rows(samples).astype(object)
    chosen: dict[str, list[str]] = {}
    for label in samples.counts():
        mine = samples.label == label
        for by in ways:
            names = _groups(samples, by)[mine]
            if len(np.unique(names)) > 1:
                groups[mine] = [f"{by} {name}" for name in names.tolist()]
                chosen.setdefault(by, []).append(label)
                break
        else:
            chosen.setdefault("row", []).append(label)
    training, validation = _put_aside(samples, groups.astype(np.str_), share, seed)
    if not len(validation):
        raise LivefgError("There are too few samples to put one aside to validate with.")
    how = f"by person, {len(validation)} hands put aside, seed {seed}"
    if "session" in chosen:
        how += f"; of one person only and by session: {', '.join(chosen['session'])}"
    if "row" in chosen:
        how += f"; of one session only, so the figures flatter: {', '.join(chosen['row'])}"
    return Split(training, validation, how)


def _put_aside(
    samples: Samples, groups: TextArray, share: float, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows to train with and rows to examine with: whole groups, the rarest label's first, never a label's last one."""
    rng = np.random.default_rng(seed)
    aside: set[str] = set()
    shown_by = {label: set(groups[samples.label == label].tolist()) for label in samples.counts()}

    def spared(name: str) -> bool:
        """Whether every label keeps somebody if this group goes, too."""
        return all(not names <= aside | {name} for names in shown_by.values() if name in names)

    for label in sorted(samples.counts(), key=lambda name: int((samples.label == name).sum())):
        mine = samples.label == label
        names, counts = np.unique(groups[mine], return_counts=True)
        wanted = share * counts.sum()
        have = sum(int(count) for name, count in zip(names, counts, strict=True) if name in aside)
        for place in rng.permutation(len(names)).tolist():
            if have >= 0.75 * wanted:
                break
            name, count = str(names[place]), int(counts[place])
            if name not in aside and have + count <= 1.5 * wanted + 1 and spared(name):
                aside.add(name)
                have += count
        if not have:
            # All groups are large: the smallest is examined rather than none.
            order = np.argsort(counts, kind="stable")
            smallest = next((str(names[place]) for place in order if spared(str(names[place]))), None)
            aside |= {smallest} if smallest else set()
    validation = np.isin(groups, sorted(aside))
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def leave_one_out(samples: Samples, by: SplitBy = "source") -> Iterator[tuple[str, Split]]:
    """Each source (or person) in turn as the validation side, all others as the training side."""
    groups = _groups(samples, by)
    for name in np.unique(groups).tolist():
        mine = groups == name
        yield name, Split(np.flatnonzero(~mine), np.flatnonzero(mine), f"{by} {name} left out")


def _groups(samples: Samples, by: SplitBy) -> TextArray:
    column: TextArray = getattr(samples, by)
    return np.char.add(np.char.add(samples.source, "/"), column) if by != "source" else column


def _rows(samples: Samples) -> TextArray:
    return np.arange(len(samples)).astype(np.str_)
