"""Results read back from their file: frames, events, tables, and one sentence for what is no result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import make_frame, make_result

from livefg import LivefgError, open_results
from livefg.results import Event, FrameResult, HeadPose
from livefg.sinks.jsonl import JsonlSink
from livefg.tables import COLUMNS


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[FrameResult]]:
    """A file of three results, the middle one with an event."""
    event = Event("gesture", "victory", "start", 2, 1 / 30, 0.9)
    frames = [make_frame(index) for index in range(3)]
    results = [make_result(frame, *([event] if frame.index == 1 else [])) for frame in frames]
    with JsonlSink(tmp_path / "clip.jsonl") as sink:
        for frame, result in zip(frames, results, strict=True):
            sink.write(frame, result)
    return tmp_path / "clip.jsonl", results


def test_results_come_back_as_often_as_asked(written: tuple[Path, list[FrameResult]]) -> None:
    path, results = written
    opened = open_results(path)
    for _ in range(2):
        assert [result.to_json() for result in opened] == [result.to_json() for result in results]
    assert [event.label for event in opened.events()] == ["victory"]


def test_what_is_known_of_the_run_lies_beside_the_results(
    written: tuple[Path, list[FrameResult]],
) -> None:
    path, _ = written
    assert open_results(path).info == {}
    (path.parent / "clip.meta.json").write_text(json.dumps({"mode": "recorded"}))
    assert open_results(path).info == {"mode": "recorded"}


def test_a_table_has_a_row_a_face_or_hand_with_typed_columns(
    written: tuple[Path, list[FrameResult]],
) -> None:
    path, _ = written
    table = open_results(path).to_arrow()
    assert table.column_names == [column.name for column in COLUMNS]
    assert table.num_rows == 6
    assert [str(table.schema.field(name).type) for name in ("source", "frame", "time", "filled")] == [
        "string",
        "int64",
        "double",
        "bool",
    ]
    frame = open_results(path).to_pandas()
    hands = frame[frame.kind == "hand"]
    assert hands.frame.tolist() == [0, 1, 2]
    assert set(hands.gesture) == {"victory"}
    assert hands.wrist_x.tolist() == [32.0, 32.0, 32.0]
    assert frame[frame.kind == "face"].gesture.isna().all()


def test_a_table_of_a_file_without_results_has_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    table = open_results(tmp_path / "empty.jsonl").to_arrow()
    assert (table.num_rows, table.num_columns) == (0, len(COLUMNS))


def test_a_line_that_is_no_result_is_named(written: tuple[Path, list[FrameResult]]) -> None:
    path, _ = written
    with path.open("a") as file:
        file.write('{"source": "clip"}\n')
    with pytest.raises(LivefgError, match=r"clip\.jsonl, line 4: this is not a result"):
        list(open_results(path))


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_what_is_no_file_is_told_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(LivefgError, match=r"give the \.jsonl file"):
        open_results(tmp_path / name)


def test_a_video_is_no_file_of_results(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(bytes(range(256)))
    with pytest.raises(LivefgError, match="is not"):
        list(open_results(tmp_path / "clip.mp4"))


def test_what_was_filled_in_says_so_and_what_was_seen_says_nothing() -> None:
    from dataclasses import replace

    result = make_result(make_frame(0))
    assert "filled" not in result.to_json()
    face = replace(result.faces[0], filled=True, pose=HeadPose(1.0, 2.0, 3.0))
    again = FrameResult.from_json(replace(result, faces=(face,)).to_json())
    assert again.faces[0].filled
    assert not again.hands[0].filled
