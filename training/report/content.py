"""What a report is made of. Only the evaluation is required; a section whose data are missing is left out."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.evaluation import ConditionPoint, Evaluation, LabelScore, Mistake, RocPoint, SourceScore

__all__ = [
    "Curve",
    "DataSource",
    "ImageArray",
    "Report",
    "Strip",
    "Table",
    "Thumbnail",
    "Words",
    "read_evaluation",
]

ImageArray = npt.NDArray[np.uint8]
"""A picture (H, W, 3), RGB."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the page calls what was looked at, and what it was asked to name.

    `nothing` is the label for none of them; None where there is no such label.
    """

    one: str = "hand"
    many: str = "hands"
    answer: str = "gesture"
    answers: str = "gestures"
    nothing: str | None = "none"


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity by epoch: `loss` or `accuracy`, on the side `training` or `validation`; NaN where unknown."""

    quantity: str
    side: str
    values: Sequence[float]

    @property
    def known(self) -> bool:
        """Whether there is anything to draw."""
        return any(math.isfinite(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class DataSource:
    """One source of the data: how much it gave, from how many people and sessions, and what was left out and why.

    `use` says what it was for (training, examination or both), `attribution` whom to thank.
    """

    name: str
    licence: str
    count: int
    people: int | None = None
    sessions: int | None = None
    use: str = ""
    attribution: str = ""
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A comparison to show as it is, with a sentence below it. Fractions are to be formatted by who makes it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A mistake and the picture to show for it."""

    mistake: Mistake
    image: ImageArray


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """How one example looks under a condition, a picture for each strength."""

    condition: str
    images: Sequence[ImageArray]


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything the page can show.

    `facts` are pairs (name, value) that say how it was made, in order. `curves_note` and `conditions_note` are
    sentences that stand below the figures. `best_epoch` counts from 0. `latencies` are seconds from the end of what
    was shown to its event, negative ones before it.
    """

    title: str
    evaluation: Evaluation
    words: Words = field(default_factory=Words)
    facts: Sequence[tuple[str, str]] = ()
    curves: Sequence[Curve] = ()
    best_epoch: int | None = None
    curves_note: str = ""
    latencies: Sequence[float] = ()
    thumbnails: Sequence[Thumbnail] = ()
    strips: Sequence[Strip] = ()
    conditions_note: str = ""
    data: Sequence[DataSource] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    created: date = field(default_factory=date.today)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: all numbers, without the pictures."""
        return {
            "format": 1,
            "title": self.title,
            "created": self.created.isoformat(),
            "facts": [list(pair) for pair in self.facts],
            "evaluation": self.evaluation.to_dict(),
            "curves": [
                {
                    "quantity": curve.quantity,
                    "side": curve.side,
                    "values": [value if math.isfinite(value) else None for value in curve.values],
                }
                for curve in self.curves
            ],
            "best_epoch": self.best_epoch,
            "latencies": list(self.latencies),
            "data": [dataclasses.asdict(source) for source in self.data],
            "tables": [dataclasses.asdict(table) for table in self.tables],
            "notes": list(self.notes),
        }


def read_evaluation(path: Path) -> Evaluation:
    """Read what `Evaluation.save` wrote. Raises LivefgError that says what is wrong with the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Evaluation(
            **{
                **data,
                "labels": tuple(data["labels"]),
                "confusion": tuple(tuple(row) for row in data["confusion"]),
                "per_label": tuple(LabelScore(**one) for one in data["per_label"]),
                "per_source": tuple(SourceScore(**one) for one in data["per_source"]),
                "reliability": tuple((a, b, c) for a, b, c in data["reliability"]),
                "reliability_before": tuple((a, b, c) for a, b, c in data["reliability_before"]),
                "roc": tuple(RocPoint(**one) for one in data["roc"]),
                "mistakes": tuple(Mistake(**one) for one in data["mistakes"]),
                "coverage": tuple((a, b, c) for a, b, c in data.get("coverage", ())),
                "conditions": tuple(ConditionPoint(**one) for one in data["conditions"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LivefgError(f"{path} cannot be read as an evaluation ({error}).") from error
