"""Whole runs on real video: killed and resumed, stopped, live and looking ahead, in part, with all outputs."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

import livefg
from livefg.batch import Batch, BatchSettings, Outcome, plan
from livefg.pipeline import PipelineSettings
from livefg.recorded.journal import Journal
from livefg.sources import open_source
from livefg.sources.selected import Choice

ROOT = Path(__file__).resolve().parents[2]
SMALL = PipelineSettings(device="cpu", faces=1, search_interval=0.1)


@pytest.fixture(scope="module")
def clip(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the demo clip, small, with a click at 2 s in its sound: 180 frames."""
    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    with av.open(str(assets / "demo.mp4")) as demo, av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=Fraction(30), options={"preset": "veryfast", "crf": "20"})
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        for index, frame in enumerate(demo.decode(video=0)):
            if index < 180:
                small = frame.reformat(320, 240)
                small.pts, small.time_base = index, Fraction(1, 30)
                output.mux(video.encode(small))
        output.mux(video.encode(None))
    return path


def run(settings: BatchSettings, *inputs: Path, pipeline: PipelineSettings = SMALL) -> list[Outcome]:
    """A batch in this process."""
    planned = plan(map(str, inputs), settings)
    assert planned.failures == []
    with Batch(settings, pipeline) as batch:
        return [batch.run(job) for job in planned.jobs]


@pytest.fixture(scope="module")
def unbroken(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JSON lines of a run from beginning to end."""
    out = tmp_path_factory.mktemp("unbroken")
    (outcome,) = run(BatchSettings(out, video=False), clip)
    assert outcome.status == "done", outcome.error
    return out / "talk.jsonl"


def start(out: Path, clip: Path, *options: str) -> subprocess.Popen[str]:
    """The same run as a process of its own, with a part for every 20 frames, which has a say in the results."""
    code = (
        "import livefg.recorded.look as l; l._FRAMES_A_PART = 20; l.look.__kwdefaults__['frames_a_part'] = 20"
    )
    arguments = ["process", str(clip), "--out", str(out), "--device", "cpu", "--faces", "1", *options]
    return subprocess.Popen(
        [sys.executable, "-c", f"{code}; from livefg.cli import main; main({arguments!r})"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def unbroken_parts(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The JSON lines of such a process that nobody stopped."""
    out = tmp_path_factory.mktemp("parts")
    _, err = start(out, clip, "--no-video").communicate(timeout=200)
    assert (out / "talk.jsonl").exists(), err
    return (out / "talk.jsonl").read_bytes()


def wait_for(condition: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition() and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_that_is_killed_three_times_gives_what_an_unbroken_one_gives(
    clip: Path, unbroken_parts: bytes, tmp_path: Path
) -> None:
    chance = random.Random(11)
    journal = tmp_path / "talk.unfinished"
    for number, parts in enumerate((1, 4, 7)):
        running = start(tmp_path, clip, "--no-video", *(["--resume"] if number else []))
        wait_for(lambda parts=parts: len(list(journal.glob("*.npz"))) >= parts, running)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.4))
        running.kill()
        running.communicate(timeout=60)
        assert not (tmp_path / "talk.jsonl").exists()
    kept = Journal(journal, raw=True).frames
    assert kept >= 140
    running = start(tmp_path, clip, "--no-video", "--resume")
    _, err = running.communicate(timeout=200)
    assert running.returncode == 0, err
    assert (tmp_path / "talk.jsonl").read_bytes() == unbroken_parts
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.jsonl", "talk.meta.json"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_how_to_go_on_and_can(
    clip: Path, unbroken_parts: bytes, tmp_path: Path, number: signal.Signals
) -> None:
    running = start(tmp_path, clip)
    wait_for(lambda: len(list(tmp_path.glob("talk.unfinished/*.npz"))) >= 2, running)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert "the same command with --resume goes on" in err
    assert "Traceback" not in err
    running = start(tmp_path, clip, "--no-video", "--resume")
    _, err = running.communicate(timeout=200)
    assert running.returncode == 0, err
    assert (tmp_path / "talk.jsonl").read_bytes() == unbroken_parts


def test_an_unfinished_run_is_neither_lost_nor_mixed_with_another(clip: Path, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "talk.unfinished", raw=True)
    journal.begin({"mode": "recorded", "settings": {}})
    planned = plan([str(clip)], BatchSettings(tmp_path, video=False))
    assert planned.jobs == []
    assert (
        "was begun and not finished; go on with --resume, or begin anew with --force"
        in planned.failures[0][1]
    )
    (outcome,) = run(BatchSettings(tmp_path, video=False, resume=True), clip)
    assert outcome.status == "failed"
    assert outcome.error
    assert "was begun with other" in outcome.error
    assert journal.exists


def test_a_finished_run_is_left_alone_by_resume(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "talk.jsonl").write_text("finished\n")
    planned = plan([str(clip)], BatchSettings(tmp_path, video=False, resume=True))
    assert (planned.jobs, planned.failures) == ([], [])
    assert [job.data.name for job in planned.finished] == ["talk.jsonl"]


def test_live_mode_gives_what_the_live_path_gives(clip: Path, tmp_path: Path) -> None:
    (outcome,) = run(BatchSettings(tmp_path, video=False, live=True, choice=Choice(end=3.0)), clip)
    assert outcome.status == "done", outcome.error
    with livefg.Pipeline(SMALL) as pipeline, open_source(clip) as source:
        expected = [pipeline.process(frame).to_json() for frame in source if frame.index < 90]
    assert (tmp_path / "talk.jsonl").read_text("utf-8").splitlines() == expected
    assert json.loads((tmp_path / "talk.meta.json").read_text("utf-8"))["mode"] == "live"


def test_the_library_gives_what_the_command_writes(clip: Path, unbroken: Path) -> None:
    found = [result.to_json() for result in livefg.process(clip, SMALL)]
    assert found == unbroken.read_text("utf-8").splitlines()


def test_the_library_gives_live_results_at_once(clip: Path) -> None:
    results = livefg.process(clip, SMALL, live=True, every=10, start=1.0)
    assert [next(results).frame for _ in range(3)] == [30, 40, 50]
    results.close()  # type: ignore[attr-defined]


def test_the_facts_of_a_run_lie_beside_its_data(unbroken: Path) -> None:
    info = livefg.open_results(unbroken).info
    assert (info["mode"], info["frames"], info["source"]["name"]) == ("recorded", 180, "talk.mp4")
    assert "before and after" in info["meaning"]
    assert info["settings"]["faces"] == 1


def test_all_outputs_of_a_part_of_a_film(clip: Path, tmp_path: Path) -> None:
    from livefg.recorded.blur import Blur

    settings = BatchSettings(
        tmp_path,
        table=True,
        subtitles=True,
        timeline=True,
        clips=True,
        blur=Blur.of(["all"]),
        choice=Choice(start=1.0, end=5.0, every=2, max_side=240),
    )
    (outcome,) = run(settings, clip)
    assert outcome.status == "done", outcome.error
    names = [path.name for path in outcome.files]
    assert [name for name in names if name.startswith("talk.")] == [
        f"talk.{suffix}"
        for suffix in ("jsonl", "parquet", "csv", "vtt", "srt", "html", "png", "mp4", "meta.json")
    ]
    clips = sorted(path.name for path in (tmp_path / "talk-clips").iterdir())
    assert clips == sorted(name for name in names if not name.startswith("talk."))
    assert any("palm" in name or "fist" in name for name in clips)
    results = list(livefg.open_results(tmp_path / "talk.jsonl"))
    assert [result.frame for result in results] == list(range(30, 150, 2))
    assert {(result.width, result.height) for result in results} == {(240, 180)}
    with av.open(str(tmp_path / "talk.mp4")) as video:
        times = [float(frame.time) for frame in video.decode(video=0)]
    assert times == pytest.approx([index / 15 for index in range(60)], abs=1e-3)
