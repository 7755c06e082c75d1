"""`livefg live`: events or JSON lines without a window, whole recordings however it ends, sides that stay."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from fakes import wait_until

from livefg import FrameResult
from livefg.sinks.files import partial_path

if TYPE_CHECKING:
    from conftest import Ended

Run = Callable[..., "Ended"]
Start = Callable[..., subprocess.Popen[str]]
DEMO = ("live", "--source", "demo", "--headless")
PATIENCE_SECONDS = 200.0  # for a process on a busy machine
_MOST_TRIES = 20


def test_without_a_window_events_are_printed_as_they_come(start_livefg: Start) -> None:
    running = start_livefg(*DEMO, "--loop")
    assert running.stdout
    rows: list[list[str]] = []
    while not rows or rows[-1][4] != "open_palm":
        line = running.stdout.readline()
        assert line, "it ended without an open palm"
        rows.append(line.split())
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert ["face", "start"] in [row[2:4] for row in rows]
    assert rows[-1][1:7] == ["s", "gesture", "start", "open_palm", "right", "hand"]
    assert [float(row[0]) for row in rows] == sorted(float(row[0]) for row in rows)
    assert "hand_landmarks: cpu" in err
    assert "frames dropped" in err.splitlines()[-1]


def test_a_run_ends_when_its_time_is_up(livefg: Run) -> None:
    ended = livefg(*DEMO, "--loop", "--duration", "1.5")
    assert ended.code == 0
    assert "frames dropped" in ended.err.splitlines()[-1]


def test_two_sources_are_watched_side_by_side(livefg: Run, clip: Path) -> None:
    ended = livefg("live", "--source", clip, "--source", "demo", "--headless", "--json", "--duration", "4")
    assert ended.code == 0
    results = [FrameResult.from_json(line) for line in ended.out.splitlines()]
    assert len({result.source for result in results}) == 2
    statistics = ended.err.splitlines()[-2:]
    assert [line.split(":")[0] for line in statistics] == ["1", "2"]


def test_two_sources_are_not_recorded(livefg: Run, tmp_path: Path) -> None:
    ended = livefg(*DEMO, "--source", "demo", "--record", tmp_path / "both.mp4")
    assert ended.code == 2
    assert "--record" in ended.err


def test_json_lines_are_results_and_nothing_else(livefg: Run, clip: Path) -> None:
    ended = livefg("live", "--source", clip, "--headless", "--json")
    results = [FrameResult.from_json(line) for line in ended.out.splitlines()]
    assert results
    assert [result.frame for result in results] == sorted({result.frame for result in results})
    assert [result.time for result in results] == sorted({result.time for result in results})


def test_json_needs_a_run_without_a_window(livefg: Run) -> None:
    ended = livefg("live", "--json")
    assert ended.code == 2
    assert "add --headless" in ended.err


@pytest.mark.parametrize("mirror", ["--mirror", "--no-mirror"])
def test_a_mirrored_display_never_swaps_sides(livefg: Run, clip: Path, mirror: str) -> None:
    ended = livefg("live", "--source", clip, "--headless", "--json", mirror)
    result = FrameResult.from_json(ended.out.splitlines()[-1])
    sides = {hand.side: (hand.box[0] + hand.box[2]) / 2 for hand in result.hands}
    assert sides["right"] < 320 < sides["left"]


def test_a_source_that_is_a_mirror_image_swaps_sides(livefg: Run, clip: Path) -> None:
    ended = livefg("live", "--source", clip, "--headless", "--json", "--source-mirrored")
    result = FrameResult.from_json(ended.out.splitlines()[-1])
    sides = {hand.side: (hand.box[0] + hand.box[2]) / 2 for hand in result.hands}
    assert sides["left"] < 320 < sides["right"]


def test_statistics_come_at_intervals(start_livefg: Start) -> None:
    running = start_livefg(*DEMO, "--loop", "--statistics", "1")
    assert running.stderr
    lines: list[str] = []
    while len(lines) < 2:
        line = running.stderr.readline()
        assert line, "it ended without statistics"
        if line.rstrip().endswith(" MB"):
            lines.append(line)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE_SECONDS)
    assert all("age p50" in line and "fps" in line for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_recordings_are_whole_after_ctrl_c(
    start_livefg: Start, tmp_path: Path, number: signal.Signals
) -> None:
    video, data = tmp_path / "seen.mp4", tmp_path / "seen.jsonl"
    running = start_livefg(*DEMO, "--loop", "--record", video, "--record", data)
    written = partial_path(data)
    wait_until(lambda: written.exists() and written.read_text("utf-8").count("\n") >= 20, PATIENCE_SECONDS)
    running.send_signal(number)
    _, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["seen.jsonl", "seen.mp4"]
    results = [FrameResult.from_json(line) for line in data.read_text("utf-8").splitlines()]
    with av.open(str(video)) as file:
        times = [float(frame.time) for frame in file.decode(video=0)]
    assert times == pytest.approx([result.time - results[0].time for result in results], abs=1e-3)


def test_a_reader_that_goes_away_ends_the_run_quietly(start_livefg: Start) -> None:
    running = start_livefg(*DEMO, "--loop", "--json")
    assert running.stdout
    assert json.loads(running.stdout.readline())["source"] == "demo"
    running.stdout.close()
    assert running.stderr
    err = running.stderr.read()
    running.wait(timeout=PATIENCE_SECONDS)
    running.stderr.close()
    assert "Traceback" not in err


def test_without_a_display_one_sentence_names_the_way_out(start_livefg: Start) -> None:
    running = start_livefg("live", "--source", "demo", environment={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    out, err = running.communicate(timeout=PATIENCE_SECONDS)
    assert (running.returncode, out) == (1, "")
    assert err.startswith("livefg: No window can be opened: ")
    assert "--headless" in err


def test_a_source_that_is_not_there_is_one_sentence(livefg: Run) -> None:
    ended = livefg("live", "--source", "nowhere.mp4", "--headless")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("livefg: There is no source 'nowhere.mp4'")


def test_a_recording_that_cannot_be_written_is_one_sentence(livefg: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = livefg(*DEMO, "--record", tmp_path / "file" / "seen.mp4")
    assert ended.code == 1
    assert "cannot be made" in ended.err.splitlines()[-1]


def test_a_classifier_of_people_that_is_not_there_is_one_sentence(livefg: Run) -> None:
    ended = livefg(*DEMO, "--identity-model", "nobody_s")
    assert (ended.code, ended.out) == (1, "")
    assert "'nobody_s'" in ended.err.splitlines()[-1]


def test_sizes_are_checked(livefg: Run) -> None:
    ended = livefg("live", "--size", "large")
    assert ended.code == 2
    assert "'large' is not a size such as 1280x720" in ended.err


class Keyboard:
    """Presses keys in the live window. A key that comes while the one before is still on its way can get lost, so what
    must have an effect is pressed until it has.
    """

    def __init__(self, running: subprocess.Popen[str], screen: str) -> None:
        self._running, self._environment = running, {**os.environ, "DISPLAY": screen}
        self._window = ""
        self.until(lambda: bool(self._search()))

    def until(self, condition: Callable[[], bool], *keys: str, seconds: float = 3.0) -> None:
        """Press the keys, one after the other, and again if the condition does not hold some seconds later."""
        for _ in range(_MOST_TRIES):
            for key in keys:
                self.press(key)
            with suppress(AssertionError):
                wait_until(condition, seconds)
                return
        raise AssertionError(f"{' '.join(keys) or 'waiting'} had no effect")

    def press(self, key: str) -> None:
        self._xdotool("key", "--window", self._window, key)
        time.sleep(0.2)

    def _search(self) -> str:
        self._window = next(iter(self._xdotool("search", "--name", "livefg - demo").split()), "")
        return self._window

    def _xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self._environment, capture_output=True, text=True, check=False
        )
        return done.stdout


@pytest.mark.window
def test_in_a_window_the_keys_save_record_enroll_and_quit(
    start_livefg: Start, screen: str, tmp_path: Path
) -> None:
    environment = {"DISPLAY": screen, "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": "xcb"}
    folder, own = tmp_path / "saved", tmp_path / "own"
    data = tmp_path / "seen.jsonl"
    running = start_livefg(
        *("live", "--source", "demo", "--loop", "--save-to", folder, "--record", data),
        environment={**environment, "XDG_DATA_HOME": str(own)},
    )

    def saved(suffix: str) -> bool:
        return folder.is_dir() and any(path.name.endswith(suffix) for path in folder.iterdir())

    try:
        keyboard = Keyboard(running, screen)
        for key in ("question", "h", "l", "m"):
            keyboard.press(key)
        keyboard.until(lambda: saved(".png"), "s")
        # Pressed once more it would end the recording; that it began is seen by its file.
        keyboard.until(lambda: saved(".partial") or saved(".mp4"), "r")
        keyboard.until((own / "livefg" / "people.jsonl").exists, "e", "z", "o", "e", "Return", seconds=10)
        keyboard.until(lambda: '"identity":{"label":"' in partial_path(data).read_text("utf-8"))
        keyboard.until(lambda: running.poll() is not None, "Escape")
        _, err = running.communicate(timeout=PATIENCE_SECONDS)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0, err
    assert " is enrolled" in err
    assert {path.suffix for path in folder.iterdir()} == {".mp4", ".png"}
    assert {path.name for path in tmp_path.iterdir()} >= {"seen.jsonl"}
