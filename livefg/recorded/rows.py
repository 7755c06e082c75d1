"""Rows of numbers that are too many for the memory: an hour of film has a hundred thousand for each hand."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from livefg.results import FloatArray

__all__ = ["RowFile", "Rows"]

_ROWS = 256
"""Rows that are written, and read, together."""
_SLICE = 4096


class RowFile:
    """A file without a name in `folder` (None: where the system keeps such) that holds the blocks of many `Rows`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed when nobody uses it any more
        self._end = 0
        weakref.finalize(self, self._file.close)

    def write(self, data: bytes) -> int:
        """Add data; gives the place from which they can be read."""
        place = self._end
        self._file.seek(place)
        self._file.write(data)
        self._end += len(data)
        return place

    def read(self, place: int, size: int) -> bytes:
        """Data that were written."""
        self._file.seek(place)
        return self._file.read(size)


class _Block(NamedTuple):
    place: int
    width: int


class Rows:
    """Float32 rows that are added one after another. Later ones may be longer: what the others lack is 0."""

    def __init__(self, file: RowFile) -> None:
        self._file = file
        self._blocks: list[_Block] = []
        self._newest: list[array[float]] = []
        self._cached: tuple[int, FloatArray] | None = None

    def __len__(self) -> int:
        return _ROWS * len(self._blocks) + len(self._newest)

    def append(self, row: Sequence[float]) -> None:
        """Add a row."""
        self._newest.append(array("f", row))
        self._cached = None
        if len(self._newest) == _ROWS:
            block = _stacked(self._newest)
            self._blocks.append(_Block(self._file.write(block.tobytes()), block.shape[1]))
            self._newest = []

    def row(self, number: int) -> FloatArray:
        """One row; those after it are read quickest."""
        block = self._block(number // _ROWS)
        return block[number % _ROWS]  # type: ignore[no-any-return]

    def slice(self, first: int, end: int, width: int) -> FloatArray:
        """The rows from `first` up to `end`, cut or filled to `width` (end - first, width)."""
        found = np.zeros((end - first, width), np.float32)
        for number in range(first // _ROWS, -(-end // _ROWS)):
            begin = number * _ROWS
            block = self._block(number)[max(first - begin, 0) : end - begin, :width]
            place = max(begin - first, 0)
            found[place : place + len(block), : block.shape[1]] = block
        return found

    def column(self, number: int, first: int, end: int) -> Iterator[FloatArray]:
        """The values of one column in the rows from `first` up to `end`, some thousand at a time."""
        for begin in range(first, end, _SLICE):
            yield self.slice(begin, min(end, begin + _SLICE), number + 1)[:, number]

    def value(self, number: int, column: int) -> float:
        """One value."""
        row = self.row(number)
        return float(row[column]) if column < len(row) else 0.0

    def _block(self, number: int) -> FloatArray:
        if self._cached is None or self._cached[0] != number:
            if number < len(self._blocks):
                place, width = self._blocks[number]
                data = self._file.read(place, 4 * _ROWS * width)
                self._cached = number, np.frombuffer(data, np.float32).reshape(_ROWS, width)
            else:
                self._cached = number, _stacked(self._newest)
        return self._cached[1]


def _stacked(rows: Sequence[array[float]]) -> FloatArray:
    found = np.zeros((len(rows), max((len(row) for row in rows), default=0)), np.float32)
    for number, row in enumerate(rows):
        found[number, : len(row)] = row
    return found
