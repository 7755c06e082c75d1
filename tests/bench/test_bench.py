"""Measuring: what is told, over which frames, and by turns; never how fast."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from fakes import FakePipeline, make_frame

from livefg.bench import (
    MOST,
    Live,
    Scene,
    Spread,
    changes,
    compare,
    endless_frames,
    measure,
    measure_live,
    scenes,
    seconds_to_first_frame,
    with_somebody_enrolled,
)
from livefg.bench.measure import one_by_one
from livefg.cli.bench import command, live_lines
from livefg.errors import LivefgError
from livefg.mediapipe_peer import PYTHON_VARIABLE
from livefg.perception.mediapipe_tasks import TaskFace, TaskHand, TaskResult
from livefg.pipeline import PipelineSettings
from livefg.results import Frame, FrameResult, ImageArray

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
    assert (spread.low, spread.high) == (1.0, 1.0)


def test_a_clip_goes_on_from_its_start_with_times_that_grow(demo_frames: list[object]) -> None:
    frames = list(islice(endless_frames("demo"), len(demo_frames) + 2))
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert np.array_equal(frames[0].image, frames[len(demo_frames)].image)


def test_a_live_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = scenes.open_source
    monkeypatch.setattr(scenes, "open_source", lambda spec: recorded(spec, live=True))
    with pytest.raises(LivefgError, match="recorded video"):
        next(endless_frames("demo"))


def test_a_measurement_tells_every_stage_and_network() -> None:
    found = measure("demo", SETTINGS, frames=3)
    assert {"decode", "hands", "faces"} <= set(found.stages)
    assert list(found.stages)[-3:] == ["total", "overlay", "encode"]
    assert found.stages["total"].count == 3
    assert (found.width, found.height, found.faces) == (640, 480, 1)
    assert found.memory_mib > 0
    networks = {network.name: network for network in found.networks}
    assert networks["face_mesh"].device == "cpu"
    assert networks["face_mesh"].runs == 1
    assert 0 < networks["face_mesh"].run_ms == networks["face_mesh"].frame_ms
    assert found.overhead is not None
    assert 0 < found.overhead < 1


def test_whoever_is_in_the_source_is_enrolled_for_a_measurement_and_named() -> None:
    with with_somebody_enrolled("demo", SETTINGS) as (settings, enrolled):
        assert enrolled == 1
        assert settings.gallery is not None
        gallery = settings.gallery
        found = measure("demo", settings, frames=3)
    assert not gallery.exists()
    assert "identity" in found.stages
    with with_somebody_enrolled("demo", replace(SETTINGS, identity=False)) as (settings, enrolled):
        assert (settings.gallery, enrolled) == (None, 0)


def test_a_larger_picture_shows_the_same() -> None:
    found = measure("demo", SETTINGS, frames=2, size=(1280, 720))
    assert (found.name, found.width, found.height, found.faces) == ("demo 1280x720", 1280, 720, 1)


@pytest.mark.parametrize("scene", [Scene(0, 0), Scene(1, 2), Scene(MOST, MOST)], ids=str)
def test_a_composed_scene_holds_the_faces_and_hands_that_it_is_named_after(scene: Scene) -> None:
    wide = PipelineSettings(device="cpu", hands=MOST, faces=MOST)
    found = measure("demo", wide, frames=10, scene=scene)
    assert found.name == str(scene)
    assert found.faces == scene.faces
    assert found.hands == pytest.approx(scene.hands, abs=0.3)


def test_live_sources_run_side_by_side_and_are_all_shown() -> None:
    tries = (measure_live(["demo", "demo"], SETTINGS, seconds=1.0, warm_up=0.5) for _ in range(20))
    found = next(found for found in tries if found.fps > 0)  # on a busy machine a second may be too short
    assert found.sources == 2
    assert 0 < found.age_p50_ms <= found.age_p95_ms
    assert found.captured >= found.dropped >= 0
    assert found.cpu_percent > 0


def test_a_fresh_process_shows_its_first_frame() -> None:
    (seconds,) = seconds_to_first_frame("cpu", runs=1)
    assert seconds > 0


def result(**figures: Any) -> dict[str, Any]:
    """A result with one workload whose total lies between `low` and `high`."""
    low, high = figures.pop("low", 9.0), figures.pop("high", 11.0)
    spread = {"p50": (low + high) / 2, "low": low, "high": high}
    return {"cpu": "x", "workloads": [{"name": "demo", "stages": {"total": spread}, **figures}]}


def test_what_changed_beyond_noise_is_told_and_nothing_else() -> None:
    assert changes(result(), result(low=10, high=12.5)) == []
    assert changes(result(fps=100), result(fps=95)) == []
    (slower,) = changes(result(), result(low=13, high=15))
    assert slower == "demo: total worse, 10 before, 14 ms now (1.40 times)."
    (faster,) = changes(result(fps=100), result(fps=150))
    assert "fps better" in faster
    (lite,) = changes({**result(), "lite": False, "threads": 2}, {**result(), "lite": True, "threads": 2})
    assert lite == "Measured with other settings: lite no before, yes now."
    (machine,) = changes(result(), {**result(), "cpu": "y"})
    assert "processor" in machine
    (busy,) = changes({**result(), "load": 0.5, "cores": 2}, {**result(), "load": 5.5, "cores": 2})
    assert busy.startswith("The machine was busy now, with a load of 5.5 on 2 cores")


def test_a_comparison_gives_both_the_same_frames_and_leaves_the_first_round_out() -> None:
    peer = FakePeer()
    found = compare("demo", SETTINGS, peer, rounds=3, frames_a_round=4)
    assert len(peer.times) == 4 * (3 + 1)
    assert peer.times == sorted(set(peer.times))
    assert [contestant.every.count for contestant in found.contestants] == [12] * 5
    assert [contestant.full and contestant.full.count for contestant in found.contestants] == [6] * 5
    theirs = found.contestants[-1]
    assert (theirs.name, theirs.every.p50, theirs.cpu_ms) == ("MediaPipe 9.9", 100_000.0, 100_000.0)
    assert set(found.ratios) == {
        "livefg",
        "livefg, two frames in flight",
        "livefg --exact, two frames in flight",
        "livefg --lite, two frames in flight",
    }
    assert all(ratio["lowest"] <= ratio["all"] <= ratio["highest"] for ratio in found.ratios.values())


def test_the_command_prints_one_json_object_with_its_surroundings(tmp_path: Path) -> None:
    options = ["--frames", "2", "--device", "cpu", "--flat-out", "--json"]
    ran = CliRunner().invoke(command, options)
    assert ran.exit_code == 0
    told = json.loads(ran.stdout)
    assert {
        "date",
        "cpu",
        "cores",
        "gpu",
        "livefg",
        "commit",
        "packages",
        "enrolled",
        "exact",
        "workloads",
    } <= set(told)
    (workload,) = told["workloads"]
    assert {"stages", "networks", "fps", "cpu_ms"} <= set(workload)
    earlier = tmp_path / "earlier.json"
    workload["stages"]["total"] |= {"p50": 1e6, "low": 1e6, "high": 1e6}
    earlier.write_text(json.dumps(told))
    again = CliRunner().invoke(command, [*options, "--compare", str(earlier)])
    assert any("total better" in change for change in json.loads(again.stdout)["changes"])


def test_the_command_prints_a_table() -> None:
    ran = CliRunner().invoke(command, ["--frames", "2", "--device", "cpu", "--flat-out", "--exact"])
    assert ran.exit_code == 0
    lines = ran.stdout.splitlines()
    assert all(len(line) <= 100 for line in lines)
    first_words = [line.split()[0] for line in lines if line]
    stages = ["decode", "hands", "faces", "identity", "expressions", "motions", "total"]
    assert {*stages, "overlay", "encode", "face_mesh", "hand_landmarks"} <= set(first_words)
    assert "p95" in ran.stdout
    assert "frames a second one by one" in ran.stdout


def test_live_figures_are_a_table_with_a_line_for_each_number_of_cameras() -> None:
    lives = [Live(count, 8.0, 29.97, 21.25, 31.5, 240, 3, 38.6, 2, 523) for count in (1, 2)]
    _, head, *rows = live_lines(lives)
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert all("31.5 ms" in row and "3 of 240" in row and "38.6 %" in row for row in rows)
    assert {len(head), *map(len, rows)} == {len(head)}
    assert live_lines([]) == []


def test_frames_are_decoded_in_blocks_before_the_pipeline_is_timed() -> None:
    log: list[str] = []

    def decoded() -> Iterator[Frame]:
        for number in range(100):
            log.append("decoded")
            yield make_frame(number)

    class Pipeline(FakePipeline):
        def process(self, frame: Frame) -> FrameResult:
            log.append("seen")
            return super().process(frame)

    stages: dict[str, list[float]] = defaultdict(list)
    results, _ = one_by_one(Pipeline(), decoded(), 70, stages)
    assert [result.frame for result in results] == list(range(70))
    assert [(word, len(list(run))) for word, run in groupby(log)] == [
        (word, count) for count in (1, 30, 30, 9) for word in ("decoded", "seen")
    ]
    assert len(stages["decode"]) == 70


@pytest.mark.parametrize("content", ["{}", "nothing", '{"workloads": 3}'])
def test_a_file_that_is_no_result_cannot_be_compared_with(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    ran = CliRunner().invoke(command, ["--compare", str(file)])
    assert isinstance(ran.exception, LivefgError)
    assert "other.json" in str(ran.exception)


def test_an_earlier_run_and_mediapipe_cannot_be_compared_with_at_once() -> None:
    ran = CliRunner().invoke(command, ["--against", "mediapipe", "--compare", __file__])
    assert ran.exit_code == 2
    assert "exclude each other" in ran.output


def test_comparing_without_mediapipe_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    ran = CliRunner().invoke(command, ["--against", "mediapipe"])
    assert isinstance(ran.exception, LivefgError)
    assert PYTHON_VARIABLE in str(ran.exception)


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = CliRunner().invoke(command, ["--source", str(tmp_path / "missing.mp4")])
    assert isinstance(ran.exception, LivefgError)
    assert "missing.mp4" in str(ran.exception)
