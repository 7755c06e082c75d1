"""How well perception does on rendered hands: found rates and errors by class, view, skin and size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table as RichTable

__all__ = ["breakdown", "report"]

Table = dict[str, npt.NDArray[Any]]
Row = tuple[str, str, int, float, float, float]

_BANDS: dict[str, tuple[tuple[float, ...], str]] = {
    "palm": ((0, 35, 50, 70, 100, 1000), "palm, px"),
    "back": ((-1, -0.7, -0.3, 0.3, 0.7, 1.001), "seen from behind, cosine"),
    "pitch": ((-90, -40, -20, 20, 40, 90), "pitch, degrees"),
    "darkness": ((0, 0.25, 0.5, 0.75, 1.001), "skin's darkness"),
    "hidden": ((0, 1e-9, 0.1, 1), "share hidden"),
    "cut": ((0, 1e-9, 0.1, 1), "share outside"),
    "blur": ((0, 1e-9, 8, 100), "motion blur, px"),
}


def breakdown(table: Table) -> Iterator[Row]:
    """Rows of: by what, which, samples, share found, median error of those found in palms, share on the right side."""
    yield "all", "", *_figures(table, np.ones(len(table["label"]), bool))
    for label in dict.fromkeys(table["label"].tolist()):
        yield "class", label, *_figures(table, table["label"] == label)
    for name, (edges, title) in _BANDS.items():
        for low, high in pairwise(edges):
            chosen = (table[name] >= low) & (table[name] < high)
            if chosen.any():
                yield title, f"{low:g} to {high:g}", *_figures(table, chosen)
    for followed, name in ((False, "as a picture"), (True, "followed")):
        yield "looked at", name, *_figures(table, table["followed"] == followed)


def _figures(table: Table, chosen: npt.NDArray[np.bool_]) -> tuple[int, float, float, float]:
    found = chosen & table["found"]
    if not found.any():
        return int(chosen.sum()), 0.0, float("nan"), float("nan")
    right = (table["right"][found] > 0.5) == (table["side"][found] == "right")
    return (
        int(chosen.sum()),
        float(found.sum() / chosen.sum()),
        float(np.median(table["error"][found])),
        float(right.mean()),
    )


def report(table: Table) -> RichTable:
    """The breakdown as a table for the terminal."""
    shown = RichTable(
        "by", "which", "samples", "found", "error, palms", "side right", title="Perception on rendered hands"
    )
    before = ""
    for by, which, samples, found, error, side in breakdown(table):
        shown.add_row(
            by if by != before else "", which, str(samples), f"{found:.1%}", f"{error:.3f}", f"{side:.1%}"
        )
        before = by
    return shown
