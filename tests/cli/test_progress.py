"""How far a long run is: lines now and then, or a bar, never on stdout."""

from __future__ import annotations

import time

import pytest
from fakes import make_frame, make_result

from livefg.cli.progress import Progress, progress
from livefg.sources import SourceInfo

FILM = SourceInfo("films/clip.mp4", "video", 64, 48, fps=30.0, frame_count=3000)


def run(bar: Progress, frames: int) -> None:
    with bar:
        bar.start(FILM)
        for index in range(frames):
            bar.advance(make_result(make_frame(index)))
        bar.tell("A sentence.")
        bar.result("clip.jsonl")


def test_without_a_terminal_a_plain_line_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = iter(range(10_000))  # a second passes with every look at the clock
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(moments)))
    run(progress(), 100)
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert output.out == "clip.jsonl\n"
    assert lines[-1] == "A sentence."
    assert 2 <= len(lines) < 40
    assert all(line.startswith("films/clip.mp4: ") and " of 3000 frames, " in line for line in lines[:-1])
    assert all("x real time" in line and line.endswith(" left") for line in lines[:-1])


def test_of_several_inputs_it_is_told_how_long_all_of_them_take(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    with progress() as bar:
        bar.next_input(1, 2, 0.0, 0.25)
        for doing in ("looking", "writing"):
            bar.start(FILM, doing)
            for index in range(3000):
                now += 0.1
                bar.advance(make_result(make_frame(index)))
        bar.next_input(2, 2, 0.25, 0.75)
        bar.start(FILM, "looking")
        for index in range(1500):
            now += 0.1
            bar.advance(make_result(make_frame(index)))
    lines = capsys.readouterr().err.splitlines()
    assert all(line.endswith(" left for all") for line in lines[1:])
    assert lines[-1].startswith("[2 of 2] films/clip.mp4, looking: 1500 of 3000 frames")
    # Half a look at the larger file: 0.25 + 0.75 * 0.34 of the work in 750 seconds.
    assert lines[-1].endswith("2:30 left, 12:23 left for all")


def test_inputs_that_are_worked_on_together_tell_it_by_those_that_are_finished(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    with progress() as bar:
        bar.count(10)
        now = 100.0
        bar.finished(0.25)
        bar.count(1000)
    assert capsys.readouterr().err.splitlines()[-1] == (
        "all together: 1000 frames, 10.0 frames/s, 5:00 left for all"
    )


def test_on_a_terminal_a_bar_shows_name_frames_and_speed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    run(progress(), 20)
    output = capsys.readouterr()
    assert output.out == "clip.jsonl\n"
    assert "clip.mp4" in output.err
    assert "films/" not in output.err
    assert "20 frames" in output.err
    assert "A sentence." in output.err
