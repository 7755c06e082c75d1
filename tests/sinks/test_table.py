"""Tables: the same rows in Parquet and in CSV, whole or not at all."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fakes import make_frame, make_result

from livefg.sinks.table import TableSink


def write(sink: TableSink, frames: int) -> None:
    for index in range(frames):
        frame = make_frame(index)
        sink.write(frame, make_result(frame))


def test_both_files_hold_the_same_rows(tmp_path: Path) -> None:
    with TableSink(tmp_path / "clip.v2") as sink:
        write(sink, 3000)
    table = pq.read_table(tmp_path / "clip.v2.parquet")
    with (tmp_path / "clip.v2.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert table.num_rows == len(lines) == 6000
    first = table.slice(1, 1).to_pylist()[0]
    assert (first["kind"], first["side"], first["gesture"]) == ("hand", "left", "victory")
    assert {name: text for name, text in lines[1].items() if text} == {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in first.items()
        if value is not None
    }


def test_no_file_has_its_name_before_both_are_whole(tmp_path: Path) -> None:
    sink = TableSink(tmp_path / "clip")
    write(sink, 2)
    assert {path.suffix for path in tmp_path.iterdir()} == {".partial"}
    sink.abandon()
    sink.close()
    assert {path.suffix for path in tmp_path.iterdir()} == {".partial"}


def test_a_run_without_faces_and_hands_gives_empty_tables(tmp_path: Path) -> None:
    TableSink(tmp_path / "clip").close()
    assert pq.read_table(tmp_path / "clip.parquet").num_rows == 0
    assert (
        (tmp_path / "clip.csv").read_text().startswith("source,frame,time,kind,track,confidence,filled,left")
    )


def test_a_table_without_pyarrow_names_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livefg import LivefgError

    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(LivefgError, match=r"pip install 'livefg\[table\]'"):
        TableSink(tmp_path / "clip")
