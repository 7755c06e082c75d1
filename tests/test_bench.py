"""Measuring: what is told, over which frames, and by turns; never how fast."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from livefg import bench
from livefg.bench import Spread, compare, endless_frames, measure
from livefg.cli.bench import command
from livefg.errors import LivefgError
from livefg.mediapipe_peer import PYTHON_VARIABLE
from livefg.perception.mediapipe_tasks import TaskFace, TaskHand, TaskResult
from livefg.pipeline import PipelineSettings
from livefg.results import ImageArray

SETTINGS = PipelineSettings(device="cpu", faces=1)


class FakePeer:
    """Sees two hands and a face in every second frame, and takes a hundred seconds for it."""

    version = "9.9"

    def __init__(self) -> None:
        self.times: list[int] = []

    def process(self, image: ImageArray, time_ms: int) -> TaskResult:
        self.times.append(time_ms)
        everyone = len(self.times) % 2 == 0
        points = np.zeros((21, 3), np.float32)
        hand = TaskHand(points, points, "Left", 1.0, "None", 1.0)
        face = TaskFace(np.zeros((478, 3), np.float32), {}, None)
        return TaskResult((hand,) * (2 * everyone), (face,) * everyone, 60.0, 40.0, 100.0)


def test_a_spread_is_in_milliseconds() -> None:
    spread = Spread.of([0.001] * 98 + [0.101] * 2)
    assert (spread.count, spread.mean, spread.p50, spread.p95) == (100, 3.0, 1.0, 1.0)
    assert spread.p99 == pytest.approx(101, abs=1)


def test_a_clip_goes_on_from_its_start_with_times_that_grow(demo_frames: list[object]) -> None:
    frames = list(islice(endless_frames("demo"), len(demo_frames) + 2))
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert np.array_equal(frames[0].image, frames[len(demo_frames)].image)


def test_a_live_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = bench.open_source
    monkeypatch.setattr(bench, "open_source", lambda spec: recorded(spec, live=True))
    with pytest.raises(LivefgError, match="recorded video"):
        next(endless_frames("demo"))


def test_a_measurement_tells_every_stage_and_network() -> None:
    found = measure("demo", SETTINGS, frames=3)
    assert {"hands", "faces", "total"} <= set(found.stages)
    assert found.stages["total"].count == 3
    assert (found.width, found.height) == (640, 480)
    assert found.memory_mib > 0
    assert any(network.startswith("hand_landmarks: cpu") for network in found.networks)


def test_a_comparison_gives_both_the_same_frames_and_leaves_the_first_round_out() -> None:
    peer = FakePeer()
    found = compare("demo", SETTINGS, peer, rounds=3, frames_a_round=4)
    assert len(peer.times) == 4 * (3 + 1)
    assert peer.times == sorted(set(peer.times))
    assert [contestant.every.count for contestant in found.contestants] == [12, 12, 12]
    assert [contestant.full and contestant.full.count for contestant in found.contestants] == [6, 6, 6]
    theirs = found.contestants[-1]
    assert (theirs.name, theirs.every.p50, theirs.cpu_ms) == ("MediaPipe 9.9", 100_000.0, 100_000.0)
    assert set(found.ratios) == {"livefg", "livefg, two frames in flight"}
    assert all(ratio["lowest"] <= ratio["all"] <= ratio["highest"] for ratio in found.ratios.values())


def test_the_command_prints_one_json_object_with_its_surroundings() -> None:
    ran = CliRunner().invoke(command, ["--frames", "2", "--device", "cpu", "--json"])
    assert ran.exit_code == 0
    told = json.loads(ran.stdout)
    assert {"date", "cpu", "cores", "livefg", "commit", "packages", "stages", "networks"} <= set(told)


def test_the_command_prints_a_table() -> None:
    ran = CliRunner().invoke(command, ["--frames", "2", "--device", "cpu"])
    assert ran.exit_code == 0
    assert "p95" in ran.stdout
    assert "frames a second" in ran.stdout


def test_comparing_without_mediapipe_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    ran = CliRunner().invoke(command, ["--against", "mediapipe"])
    assert isinstance(ran.exception, LivefgError)
    assert PYTHON_VARIABLE in str(ran.exception)


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = CliRunner().invoke(command, ["--source", str(tmp_path / "missing.mp4")])
    assert isinstance(ran.exception, LivefgError)
    assert "missing.mp4" in str(ran.exception)
