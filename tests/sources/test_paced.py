"""A recording played as if it were a camera: by the clock, newest first, over and over."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from clips import write_clip
from mjpeg_server import number_in

from livefg.sources import open_source


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", 10)


def test_frames_come_no_earlier_than_they_are_due(clip: Path) -> None:
    begin = time.monotonic()
    with open_source(clip, live=True) as source:
        frames = list(source)
    assert source.info.live
    assert frames[0].time >= begin
    for frame in frames:
        assert frame.time - begin >= frame.index / 30
        assert number_in(frame.image) == frame.index


def test_times_are_monotonic_seconds_and_strictly_increasing(clip: Path) -> None:
    before = time.monotonic()
    with open_source(clip, live=True) as source:
        times = [frame.time for frame in source]
    assert times == sorted(set(times))
    assert before <= times[0] <= times[-1] <= time.monotonic()


def test_a_loop_goes_on_where_the_end_was(clip: Path) -> None:
    begin = time.monotonic()
    with open_source(clip, live=True, loop=True) as source:
        frames = []
        for frame in source:
            frames.append(frame)
            if frame.index >= 25:
                break
    assert all(number_in(frame.image) == frame.index % 10 for frame in frames)
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert frames[-1].time - begin >= frames[-1].index / 30


def test_a_late_reader_gets_newer_frames_and_the_gap_is_in_the_numbers(clip: Path) -> None:
    with open_source(clip, live=True) as source:
        frames = iter(source)
        first = next(frames)
        time.sleep(0.15)
        second = next(frames)
    assert second.index > first.index + 1
    assert number_in(second.image) == second.index


def test_close_from_another_thread_ends_a_wait_at_once(tmp_path: Path) -> None:
    slow = write_clip(tmp_path / "slow.mkv", times=[0, 60_000])
    with open_source(slow, live=True) as source:
        frames = iter(source)
        next(frames)
        threading.Timer(0.1, source.close).start()
        assert list(frames) == []


def test_pictures_can_stand_in_for_a_camera_too(tmp_path: Path) -> None:
    write_clip(tmp_path / "still.png", 1, codec="png", pixels="rgb24")
    with open_source(tmp_path / "still.png", live=True) as source:
        assert [frame.index for frame in source] == [0]


def test_looping_needs_live_play(clip: Path) -> None:
    with pytest.raises(ValueError, match="played live"):
        open_source(clip, loop=True)
