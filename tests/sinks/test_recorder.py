"""Recordings of a live loop: several at once, whole, and never in its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import FakePipeline, FakeSource, wait_until
from videos import probe

from livefg.errors import LivefgError
from livefg.loop import LiveLoop
from livefg.results import FrameResult
from livefg.sinks.recorder import Recorder


def feed(source: FakeSource, loop: LiveLoop, count: int) -> None:
    """So many frames, each all the way to the sinks."""
    for _ in range(count):
        source.give()
        wait_until(lambda: loop.statistics().processed == source.given)


def test_a_video_and_its_data_hold_the_same_frames(tmp_path: Path) -> None:
    source, notices = FakeSource(), list[str]()
    loop = LiveLoop(source, FakePipeline())
    video, data = tmp_path / "seen.mp4", tmp_path / "seen.jsonl"
    with Recorder(loop, source.info, on_notice=notices.append) as recorder, loop:
        recorder.start(video)
        recorder.start(data)
        assert recorder.recording
        feed(source, loop, 12)
    results = [FrameResult.from_json(line) for line in data.read_text("utf-8").splitlines()]
    assert probe(video).times == pytest.approx([result.time for result in results], abs=1e-4)
    assert sorted(notices) == [f"Recorded {data}.", f"Recorded {video}."]
    assert not recorder.recording


def test_a_file_that_is_being_recorded_is_not_recorded_twice(tmp_path: Path) -> None:
    source = FakeSource()
    loop = LiveLoop(source, FakePipeline())
    with Recorder(loop, source.info, on_notice=lambda _: None) as recorder, loop:
        recorder.start(tmp_path / "seen.jsonl")
        with pytest.raises(LivefgError, match="is being recorded already"):
            recorder.start(tmp_path / "seen.jsonl")


def test_a_recording_that_fails_ends_the_loop_with_its_sentence_and_says_nothing_of_success(
    tmp_path: Path,
) -> None:
    source, notices = FakeSource(), list[str]()
    loop = LiveLoop(source, FakePipeline())

    def watch() -> None:
        with Recorder(loop, source.info, on_notice=notices.append) as recorder, loop:
            recorder.start(tmp_path / "folder" / "seen.mp4")
            (tmp_path / "folder" / "seen.mp4.partial").mkdir()  # in the way of the file
            for view in loop.views():
                assert view is None or view.fresh
                source.give()

    with pytest.raises(LivefgError, match=r"seen\.mp4 cannot be written"):
        watch()
    assert notices == []
