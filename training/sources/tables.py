"""Landmark tables: csv, npy, npz or Parquet files whose layout the dataset file declares."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.samples import POINTS, FloatArray, Rejection

__all__ = ["Layout", "Rows", "read_table"]

_SIDES = {"left": False, "right": True, "left_hand": False, "right_hand": True}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of a landmark table are to be read.

    `label` is the number or, with a header, the name of the label's column; None takes the file's name as the
    label. `points` is the first column of the 21 points, each with `dimensions` (2 or 3) values. `y` says which way
    the second value grows. `aspect` is width / height of the picture where x and y are fractions of them (1: they
    have one unit already). `side` is "left", "right", "unknown", or the column that holds one of the two.
    `first_row` is 1 where the file has a header. `array` names the array in an npz file.
    """

    label: int | str | None = 0
    points: int | str = 1
    dimensions: Literal[2, 3] = 2
    y: Literal["down", "up"] = "down"
    aspect: float = 1.0
    side: int | str = "unknown"
    header: bool = False
    array: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a table holds: `points` (N, 21, 3), `label` as written, `right` hand or NaN, and the numbers of the rows."""

    points: FloatArray
    label: list[str]
    right: FloatArray
    row: list[int]
    rejections: list[Rejection] = field(default_factory=list)


def read_table(path: Path, layout: Layout, source: str) -> Rows:
    """Read a table; rows that hold no hand are rejected, with the reason. Raises LivefgError if it cannot be read.

    z stays NaN where the table has none. `right` tells the person's own hand.
    """
    header, body = _read(path, layout)
    labels = (
        [path.stem] * len(body)
        if layout.label is None
        else [_as_text(v) for v in _column(body, layout.label, header, path)]
    )
    first = _place(layout.points, header, path)
    cells = [row[first : first + POINTS * layout.dimensions] for row in body]
    kept: list[int] = []
    points = np.full((len(body), POINTS, 3), np.nan, np.float32)
    rejections: list[Rejection] = []
    for number, values in enumerate(cells):
        try:
            points[number, :, : layout.dimensions] = np.asarray(values, np.float64).reshape(
                POINTS, layout.dimensions
            )
        except (ValueError, TypeError):
            rejections.append(Rejection(source, f"{path.name} row {number}", "not 21 points"))
            continue
        flat = points[number, :, :2]
        if not np.isfinite(flat).all():
            rejections.append(Rejection(source, f"{path.name} row {number}", "a coordinate is missing"))
        elif np.ptp(flat, axis=0).max() <= 0:
            rejections.append(Rejection(source, f"{path.name} row {number}", "all points coincide"))
        else:
            kept.append(number)
    points[..., 0] *= layout.aspect
    points[..., 2] *= layout.aspect  # MediaPipe's z has the scale of x
    if layout.y == "up":
        points[..., 1] *= -1
    right = _right(body, layout, header, path)
    return Rows(points[kept], [labels[row] for row in kept], right[kept], kept, rejections)


def _read(path: Path, layout: Layout) -> tuple[list[str] | None, Sequence[Sequence[Any]]]:
    """The header, where there is one, and the rows."""
    try:
        if path.suffix == ".csv":
            with path.open(newline="", encoding="utf-8-sig") as file:
                rows = [row for row in csv.reader(file) if row]
            return (rows[0], rows[1:]) if layout.header else (None, rows)
        if path.suffix in {".npy", ".npz"}:
            return None, _array(path, layout)
        if path.suffix == ".parquet":
            return _parquet(path)
    except (OSError, EOFError, ValueError, UnicodeDecodeError, csv.Error) as error:
        raise LivefgError(f"The landmark table {path} cannot be read ({error}).") from error
    raise LivefgError(f"{path} is no landmark table: it should end in .csv, .npy, .npz or .parquet.")


def _array(path: Path, layout: Layout) -> Sequence[Sequence[Any]]:
    data = np.load(path, allow_pickle=False)
    array: npt.NDArray[Any]
    if isinstance(data, np.ndarray):
        array = data
    else:
        with data:
            if layout.array not in data:
                raise LivefgError(
                    f"{path} has no array called {layout.array!r} (it has {', '.join(data.files)})."
                )
            array = data[layout.array]
    return list(array.reshape(len(array), -1))


def _parquet(path: Path) -> tuple[list[str], Sequence[Sequence[Any]]]:
    try:
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise LivefgError(
            f"{path} is a Parquet file, which needs pyarrow: python -m pip install pyarrow"
        ) from None
    table = parquet.read_table(path)
    columns = [column.to_pylist() for column in table.columns]
    return list(table.column_names), list(zip(*columns, strict=True))


def _place(column: int | str, header: list[str] | None, path: Path) -> int:
    if isinstance(column, int):
        return column
    if header is None or column not in header:
        raise LivefgError(f"The landmark table {path} has no column called {column!r}.")
    return header.index(column)


def _column(
    rows: Sequence[Sequence[Any]], column: int | str, header: list[str] | None, path: Path
) -> list[Any]:
    place = _place(column, header, path)
    return [row[place] if place < len(row) else "" for row in rows]


def _right(rows: Sequence[Sequence[Any]], layout: Layout, header: list[str] | None, path: Path) -> FloatArray:
    if isinstance(layout.side, str) and layout.side in {"unknown", "left", "right"}:
        fixed = {"unknown": np.nan, "left": 0.0, "right": 1.0}[layout.side]
        return np.full(len(rows), fixed, np.float32)
    sides = [_SIDES.get(_as_text(value).lower()) for value in _column(rows, layout.side, header, path)]
    return np.array([np.nan if side is None else float(side) for side in sides], np.float32)


def _as_text(value: Any) -> str:
    """A label as written; a whole number stored as a floating-point one loses its fraction."""
    text = str(value).strip()
    return text.removesuffix(".0") if text.removesuffix(".0").lstrip("-").isdecimal() else text
