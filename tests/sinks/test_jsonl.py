"""JSON lines: whole ones at every moment, and a file only when it is finished."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from fakes import make_frame, make_result

from livefg.errors import LivefgError
from livefg.results import Event, FrameResult
from livefg.sinks.files import partial_path
from livefg.sinks.jsonl import JsonlSink


def write(sink: JsonlSink, count: int) -> None:
    for index in range(count):
        frame = make_frame(index)
        sink.write(frame, make_result(frame))


def test_a_file_holds_one_line_a_frame_that_reads_back(tmp_path: Path) -> None:
    target = tmp_path / "out" / "clip.jsonl"
    with JsonlSink(target) as sink:
        write(sink, 3)
    results = [FrameResult.from_json(line) for line in target.read_text("utf-8").splitlines()]
    assert [result.frame for result in results] == [0, 1, 2]
    assert [path.name for path in target.parent.iterdir()] == ["clip.jsonl"]


def test_every_line_is_whole_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "clip.jsonl"
    sink = JsonlSink(target)
    write(sink, 5)
    text = partial_path(target).read_text("utf-8")
    assert text.endswith("\n")
    assert len([json.loads(line) for line in text.splitlines()]) == 5
    assert not target.exists()
    sink.close()
    sink.close()
    assert target.read_text("utf-8") == text


def test_an_interrupted_run_keeps_its_lines_under_the_partial_name(tmp_path: Path) -> None:
    target = tmp_path / "clip.jsonl"

    def break_off() -> None:
        with JsonlSink(target) as sink:
            write(sink, 4)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert not target.exists()
    assert len(partial_path(target).read_text("utf-8").splitlines()) == 4


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "clip.jsonl"
    target.write_text("old\n")
    with JsonlSink(target) as sink:
        write(sink, 1)
        assert target.read_text() == "old\n"
    assert target.read_text() != "old\n"


def test_a_stream_is_flushed_line_by_line_and_stays_open() -> None:
    read, written = os.pipe()
    with os.fdopen(read) as reader, os.fdopen(written, "w") as stream:
        with JsonlSink(stream) as sink:
            write(sink, 1)
            assert json.loads(reader.readline())["frame"] == 0
        assert not stream.closed


def test_names_in_any_script_stay_readable() -> None:
    stream = io.StringIO()
    frame = make_frame(0, source="Æther/映像.png")
    JsonlSink(stream).write(frame, make_result(frame, Event("face", "Zoë", "start", 1, 0.0, 0.5)))
    assert "映像.png" in stream.getvalue()
    assert "Zoë" in stream.getvalue()


def test_a_line_has_exactly_the_documented_fields() -> None:
    stream = io.StringIO()
    frame = make_frame(0)
    JsonlSink(stream).write(frame, make_result(frame, Event("gesture", "victory", "start", 2, 0.0, 0.5)))
    line = json.loads(stream.getvalue())
    assert list(line) == ["source", "frame", "time", "width", "height", "faces", "hands", "events"]
    documented = (Path(__file__).parents[2] / "docs" / "jsonl.md").read_text("utf-8")
    for field in [
        *line,
        *line["faces"][0],
        *line["hands"][0],
        *line["events"][0],
        *line["hands"][0]["gesture"],
    ]:
        assert f"`{field}`" in documented


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="is a folder"):
        JsonlSink(tmp_path)
