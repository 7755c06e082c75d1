"""Reading what `livefg process` wrote: results and tables, without the video."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livefg.errors import LivefgError
from livefg.results import Event, FrameResult

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Results", "meta_path", "open_results"]

_BATCH_ROWS = 4096


def meta_path(data: Path) -> Path:
    """Where the facts about a run lie that wrote the JSON lines `data`: `<stem>.meta.json` beside it."""
    name = data.name.removesuffix(".partial").removesuffix(".jsonl")
    return data.with_name(f"{name}.meta.json")


def open_results(path: str | os.PathLike[str]) -> Results:
    """The results in a file of JSON lines, as `livefg process` and `livefg live --json` write them.

    Nothing is read until it is asked for. Raises LivefgError if there is no such file.

    ```python
    for result in livefg.open_results("clip.jsonl"):
        print(result.time, [hand.gesture for hand in result.hands])
    table = livefg.open_results("clip.jsonl").to_pandas()
    ```
    """
    return Results(Path(path))


class Results:
    """The results in a file, in the order of the frames. Iterate over it as often as you like; memory stays constant.

    Landmarks of faces and other things that the JSON lines leave out are None. Iterating raises LivefgError,
    naming the line, where a line is not a result.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            cause = "is a folder" if path.is_dir() else "does not exist"
            raise LivefgError(f"{path} {cause}; give the .jsonl file of a run.")

    def __iter__(self) -> Iterator[FrameResult]:
        try:
            with self.path.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    yield self._result(line, number)
        except OSError as error:
            raise LivefgError(f"{self.path} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError:
            raise LivefgError(f"{self.path} is not a file of results: it is not text.") from None

    def __repr__(self) -> str:
        return f"Results({str(self.path)!r})"

    @property
    def info(self) -> dict[str, Any]:
        """What `<stem>.meta.json` beside the file says of the run; empty if there is no such file."""
        path = meta_path(self.path)
        if not path.is_file():
            return {}
        try:
            info = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise LivefgError(f"{path} cannot be read as JSON: {error}.") from None
        return info if isinstance(info, dict) else {}

    def events(self) -> Iterator[Event]:
        """What began or ended, in order."""
        for result in self:
            yield from result.events

    def to_arrow(self) -> pa.Table:
        """A table with a row for each face and hand of each frame; docs/tables.md describes the columns.

        Raises LivefgError if pyarrow is not installed (the extra `table`).
        """
        from livefg.tables import arrow_schema, record_batch, require_pyarrow, rows  # noqa: PLC0415 - not always needed

        require_pyarrow()
        import pyarrow as pa  # noqa: PLC0415 - an optional extra

        batches: list[pa.RecordBatch] = []
        waiting: list[Any] = []
        for result in self:
            waiting += rows(result)
            if len(waiting) >= _BATCH_ROWS:
                batches.append(record_batch(waiting))
                waiting = []
        return pa.Table.from_batches([*batches, record_batch(waiting)], schema=arrow_schema())

    def to_pandas(self) -> pd.DataFrame:
        """The same table as a pandas DataFrame. Raises LivefgError if pandas is not installed (the extra `table`)."""
        table = self.to_arrow()
        try:
            frame: pd.DataFrame = table.to_pandas()
        except ImportError:
            raise LivefgError(
                "This needs pandas, which is not installed; run `pip install 'livefg[table]'`."
            ) from None
        return frame

    def _result(self, line: str, number: int) -> FrameResult:
        try:
            return FrameResult.from_json(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise LivefgError(f"{self.path}, line {number}: this is not a result of livefg.") from None
