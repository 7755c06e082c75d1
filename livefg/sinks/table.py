"""Results as a table, in Parquet and in CSV, in the form that docs/tables.md describes."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError
from livefg.results import Frame, FrameResult
from livefg.sinks.files import Finishing, prepare, publish
from livefg.tables import COLUMNS, arrow_schema, record_batch, require_pyarrow, rows

__all__ = ["TableSink"]

_BATCH_ROWS = 4096


class TableSink(Finishing):
    """Writes `<stem>.parquet` and `<stem>.csv` with a row for each face and hand of each frame.

    Both appear whole, together, on `close`. Memory does not grow with the number of rows. Raises LivefgError if
    pyarrow is not installed or a file cannot be written.
    """

    def __init__(self, stem: Path) -> None:
        """`stem` is the path of the files without their suffix."""
        require_pyarrow()
        import pyarrow.parquet as pq  # noqa: PLC0415 - an optional extra

        self.paths = tuple(stem.with_name(stem.name + suffix) for suffix in (".parquet", ".csv"))
        self._closed = False
        self._waiting: list[tuple[Any, ...]] = []
        self._files = ExitStack()
        parquet, text = (prepare(path) for path in self.paths)
        try:
            with ExitStack() as opening:
                stream = opening.enter_context(text.open("w", encoding="utf-8", newline=""))
                self._csv = csv.writer(stream, lineterminator="\n")
                self._parquet = opening.enter_context(
                    pq.ParquetWriter(str(parquet), arrow_schema(), compression="zstd")
                )
                self._csv.writerow(column.name for column in COLUMNS)
                self._files = opening.pop_all()
        except OSError as error:
            raise LivefgError(
                f"{stem.name}.parquet and .csv cannot be written to {stem.parent}: {error.strerror}."
            ) from error

    def write(self, frame: Frame | None, result: FrameResult) -> None:  # noqa: ARG002 - a sink is given both
        """Add the rows of one result."""
        self._waiting += rows(result)
        if len(self._waiting) >= _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        """Finish both files and give them their names."""
        if self._closed:
            return
        self._flush()
        self.abandon()
        for path in self.paths:
            publish(path)

    def abandon(self) -> None:
        """Finish, but leave the files under their partial names."""
        if not self._closed:
            self._closed = True
            self._files.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self._parquet.write_batch(record_batch(waiting))
            self._csv.writerows(map(_as_text, row) for row in waiting)
        except OSError as error:
            raise LivefgError(f"{self.paths[0]} cannot be written: {error.strerror or error}.") from error


def _as_text(cell: Any) -> Any:
    """Truth values as JSON writes them; everything else is left to the csv module."""
    return str(cell).lower() if isinstance(cell, bool) else cell
