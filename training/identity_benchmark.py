"""Measure how well livefg tells people apart, on people the calibration has not seen.

    python -m training.identity_benchmark --data ../shared/data/faces

Prints tables, and writes the figures to `docs/benchmarks/identity.json`.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from livefg.recognition.identity_classifier import Calibration
from livefg.recognition.identity_embedding import embedding_space
from training.files import write_whole
from training.identity.cache import gather, views_options
from training.identity.calibration import DOMAINS, fit, left_out
from training.identity.conditions import CONDITIONS
from training.identity.figures import identify, verify
from training.identity.views import Views
from training.options import out_option

__all__ = ["command"]

Parts = list[tuple[Views, Calibration]]
_SHOTS = (1, 3, 5)
_PEOPLE = 10
_WAYS = 3
_SESSIONS = 240
_ALL_SETS = ("lfw", "orl", "actors", "press", "strangers")
_DOMAIN_NAMES = ("news photographs", "ORL", "actors", "film stills")
_VARIED = ("lfw", "orl", "actors", "press")


@click.command()
@views_options
@out_option("docs/benchmarks/identity.json")
def command(data: Path, views: Path | None, out: Path) -> None:
    """Measure identities on the pictures in DATA."""
    seen = gather(data, views)
    parts = [(tested, fit(others)) for others, tested in left_out(seen, ways=_WAYS)]
    figures = {
        "verification": _verification(seen),
        "identification": _identification(parts),
        "conditions": _conditions(seen, parts),
    }
    report = {
        "what": "identity, by people left out of the calibration",
        "space": embedding_space(),
        "command": "python -m training.identity_benchmark --data DIR",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        **figures,
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    for title, rows in figures.items():
        click.echo(f"\n{title}\n\n{_table(rows)}")
    click.echo(f"\n{out}", err=True)


def _verification(seen: Views) -> list[dict[str, Any]]:
    ordinary = seen.where(seen.conditions == "as it is")
    rows = []
    for name, sets in (*((name, (name,)) for name in _ALL_SETS), *zip(_DOMAIN_NAMES, DOMAINS, strict=True)):
        chosen = ordinary.where(np.isin(ordinary.sets, sets))
        if len(np.unique(chosen.people)) < len(chosen.people):
            rows.append({"pictures": name, "found": float(chosen.found.mean()), **verify(chosen).to_dict()})
    return rows


def _identification(parts: Parts) -> list[dict[str, Any]]:
    """Each kind of picture, by how many pictures a person is enrolled with."""
    rows = []
    for name, sets in zip(_DOMAIN_NAMES, DOMAINS, strict=True):
        for shots in _SHOTS:
            chosen = [
                (part, part, calibration)
                for part, calibration in ((_ordinary(tested, sets), found) for tested, found in parts)
            ]
            people = min(_PEOPLE, *(_enrollable(part, shots) for part, _, _ in chosen))
            if people:
                result = identify(chosen, people=people, pictures=shots, count=_SESSIONS)
                rows.append({"pictures": name, "enrolled": people, "shots": shots, **result.to_dict()})
    return rows


def _conditions(seen: Views, parts: Parts) -> list[dict[str, Any]]:
    """People enrolled by three ordinary pictures, shown small, blurred, dark, turned, covered."""
    rows = []
    for condition in CONDITIONS:
        there = (seen.conditions == condition) & np.isin(seen.sets, _VARIED)
        chosen = [
            (
                _ordinary(tested, _VARIED),
                tested.where((tested.conditions == condition) & np.isin(tested.sets, _VARIED)),
                calibration,
            )
            for tested, calibration in parts
        ]
        result = identify(chosen, people=_PEOPLE, pictures=3)
        rows.append({"condition": condition, "found": float(seen.found[there].mean()), **result.to_dict()})
    return rows


def _ordinary(views: Views, sets: Iterable[str]) -> Views:
    return views.where((views.conditions == "as it is") & np.isin(views.sets, list(sets)))


def _enrollable(views: Views, shots: int) -> int:
    """How many people have so many pictures and one more, half of all at most: the rest are strangers."""
    names, counts = np.unique(views.people[views.found], return_counts=True)
    enough = int((counts > shots).sum())
    return min(enough, len(names) // 2)


def _table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table."""
    header = list(rows[0])
    lines = [header, ["---"] * len(header)]
    lines += [[_cell(row[name]) for name in header] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    command()
