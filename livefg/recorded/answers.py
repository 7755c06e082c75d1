"""The answers to one question over a long time, kept where they change, as numbers."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from livefg.recorded.rows import RowFile, Rows
from livefg.results import Label

__all__ = ["Answers"]


class Answers:
    """Labels with all their scores by the time from which on they hold, in seconds. Those of one question alike.

    What they are is kept in `file`.
    """

    def __init__(self, file: RowFile) -> None:
        self._names: list[str] = []
        self._times: array[float] = array("d")
        self._chosen: array[int] = array("h")
        self._rows = Rows(file)
        self._last: array[float] | None = None

    def add(self, label: Label | None, time: float) -> None:
        """Take in the answer at `time`, which must not lie before that of the last one; None changes nothing."""
        if label is None:
            return
        self._names += [name for name in (label.name, *label.scores) if name not in self._names]
        place = self._names.index(label.name)
        row = array("f", [label.confidence, *(label.scores.get(name, 0.0) for name in self._names)])
        if self._last is None or self._chosen[-1] != place or self._last != row:
            self._times.append(time)
            self._chosen.append(place)
            self._rows.append(row)
            self._last = row

    def at(self, time: float) -> Label | None:
        """The answer that holds at a time; the first one holds before it, too. None if there was none."""
        if self._last is None:
            return None
        place = max(0, bisect_right(self._times, time) - 1)
        confidence, *scores = self._rows.row(place).tolist()
        name = self._names[self._chosen[place]]
        return Label(name, confidence, dict(zip(self._names, scores, strict=False)))
