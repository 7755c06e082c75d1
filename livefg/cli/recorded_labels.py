"""What somebody recorded, listed label by label."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

__all__ = ["RecordedLabel", "list_labels"]


class RecordedLabel(NamedTuple):
    """How many `times` a label was recorded, in how many sessions or files (`parts`), and whose it is."""

    label: str
    times: int
    parts: int
    people: list[str]


def list_labels(
    rows: Sequence[RecordedLabel],
    folder: Path,
    *,
    counted: str,
    part: str,
    as_json: bool,
    nothing: str,
) -> None:
    """Print the labels in `folder`; `counted` names what is counted, in the plural, and `part` what it lies in.

    Without a label the sentence `nothing` says how to come by one.
    """
    if as_json:
        names = ("label", counted, f"{part}s", "people")
        listed = [dict(zip(names, row, strict=True)) for row in rows]
        click.echo(json.dumps({"folder": str(folder), "labels": listed}, ensure_ascii=False, indent=2))
        return
    width = max((len(row.label) for row in rows), default=0)
    for row in rows:
        parts = f"{row.parts} {part}{'' if row.parts == 1 else 's'}"
        click.echo(f"{row.label:{width}}  {row.times:5}  in {parts} of {', '.join(row.people)}")
    click.echo(f"in {folder}" if rows else nothing)
