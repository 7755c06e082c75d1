"""The answers to one question over a long time, kept where they change, as numbers."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from livefg.results import Label

__all__ = ["Answers"]


@dataclass(slots=True)
class Answers:
    """Labels with all their scores by the time from which on they hold, in seconds. Those of one question alike."""

    names: list[str] = field(default_factory=list)
    times: array[float] = field(default_factory=lambda: array("d"))
    chosen: array[int] = field(default_factory=lambda: array("h"))
    rows: list[array[float]] = field(default_factory=list)

    def add(self, label: Label | None, time: float) -> None:
        """Take in the answer at `time`, which must not lie before that of the last one; None changes nothing."""
        if label is None:
            return
        self.names += [name for name in (label.name, *label.scores) if name not in self.names]
        place = self.names.index(label.name)
        row = array("f", [label.confidence, *(label.scores.get(name, 0.0) for name in self.names)])
        if not self.rows or self.chosen[-1] != place or self.rows[-1] != row:
            self.times.append(time)
            self.chosen.append(place)
            self.rows.append(row)

    def at(self, time: float) -> Label | None:
        """The answer that holds at a time; the first one holds before it, too. None if there was none."""
        if not self.rows:
            return None
        place = max(0, bisect_right(self.times, time) - 1)
        confidence, *scores = self.rows[place].tolist()
        name = self.names[self.chosen[place]]
        return Label(name, confidence, dict(zip(self.names, scores, strict=False)))
