"""Who trains and who examines: splits that keep a person, a session or a whole source on one side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.samples import Samples, TextArray

__all__ = ["Split", "SplitBy", "leave_one_out", "split"]

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

    Raises LivefgError if a label would be left without training samples or nothing could be put aside.
    """
    groups = np.arange(len(samples)).astype(np.str_) if by == "row" else _groups(samples, by)
    rng = np.random.default_rng(seed)
    aside: set[str] = set()
    for label in sorted(samples.counts(), key=lambda name: int((samples.label == name).sum())):
        mine = samples.label == label
        names, counts = np.unique(groups[mine], return_counts=True)
        wanted = share * counts.sum()
        have = sum(int(count) for name, count in zip(names, counts, strict=True) if name in aside)
        for place in rng.permutation(len(names)).tolist():
            free = len(names) - sum(name in aside for name in names.tolist())
            if have >= 0.75 * wanted or free <= 1:
                break
            name, count = str(names[place]), int(counts[place])
            if name not in aside and have + count <= 1.5 * wanted + 1:
                aside.add(name)
                have += count
    validation = np.isin(groups, sorted(aside))
    if not validation.any():
        raise LivefgError(f"No {by} can be put aside to validate with: every label has only one.")
    missing = set(samples.counts()) - set(samples.take(~validation).counts())
    if missing:
        raise LivefgError(
            f"{min(missing)!r} would have no training samples once a {by} is put aside; record it in another one."
        )
    return Split(
        np.flatnonzero(~validation),
        np.flatnonzero(validation),
        f"by {by}: {len(aside)} of {len(np.unique(groups))} put aside, seed {seed}",
    )


def leave_one_out(samples: Samples, by: SplitBy = "source") -> Iterator[tuple[str, Split]]:
    """Each source (or person) in turn as the validation side, all others as the training side."""
    groups = _groups(samples, by)
    for name in np.unique(groups).tolist():
        mine = groups == name
        yield name, Split(np.flatnonzero(~mine), np.flatnonzero(mine), f"{by} {name} left out")


def _groups(samples: Samples, by: SplitBy) -> TextArray:
    column: TextArray = getattr(samples, by)
    return np.char.add(np.char.add(samples.source, "/"), column) if by != "source" else column
