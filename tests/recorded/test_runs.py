"""Whole runs on real video: killed and resumed, stopped, live and looking ahead, in part, with all outputs."""

from __future__ import annotations

import json
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

import livefg
from livefg.batch import Batch, BatchSettings, Outcome, plan
from livefg.pipeline import PipelineSettings
from livefg.recorded.journal import Journal
from livefg.recorded.look import look as look_at_all
from livefg.sources import open_source
from livefg.sources.selected import Choice, Selected

ROOT = Path(__file__).resolve().parents[2]
SMALL = PipelineSettings(device="cpu", faces=1, search_interval=0.1)
CHANCE = random.Random(11)


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


PARTS = """
import time
import livefg.recorded.film as film
import livefg.recorded.look as look
from livefg.recorded.journal import Journal
from livefg.sinks.files import partial_path
from livefg.sinks.jsonl import JsonlSink

look._FRAMES_A_PART = look.look.__kwdefaults__["frames_a_part"] = 20
film._FRAMES_A_PART = 25


def hold(kind, method, far_enough):
    usual = getattr(kind, method)

    def held(self, *given):
        if far_enough(self):
            time.sleep(600)
        return usual(self, *given)

    setattr(kind, method, held)
"""
# A process that is to be killed goes no further than this: however late the test kills it, something is left to do.
HELD_LOOKING = "hold(Journal, 'append', lambda journal: journal.frames >= {})"
HELD_DRAWING = "hold(film.FilmWork, 'write', lambda work: work.frames >= {})"
HELD_AT_LINES = (
    "hold(JsonlSink, 'write', lambda sink: partial_path(sink._path).read_bytes().count(b'\\n') >= {})"
)


def start(out: Path, clip: Path, *options: str, held: str = "") -> subprocess.Popen[str]:
    """The same run as a process of its own, with a part for every 20 frames, which has a say in the results."""
    arguments = ["process", str(clip), "--out", str(out), "--device", "cpu", "--faces", "1", *options]
    return subprocess.Popen(
        [sys.executable, "-c", f"{PARTS}\n{held}\nfrom livefg.cli import main\nmain({arguments!r})"],
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
    _, err = start(out, clip, "--no-video").communicate(timeout=280)
    assert (out / "talk.jsonl").exists(), err
    return (out / "talk.jsonl").read_bytes()


def wait_for(done: Callable[[], int], least: int, running: subprocess.Popen[str]) -> None:
    """Wait until a process has done so much, or has ended."""
    deadline = time.monotonic() + 280
    while done() < least and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def kill_after(done: Callable[[], int], least: int, running: subprocess.Popen[str], within: float) -> None:
    """Kill a process at a moment, up to `within` seconds, after it has done so much."""
    try:
        wait_for(done, least, running)
        time.sleep(CHANCE.uniform(0, within))
    finally:
        running.kill()
        _, err = running.communicate(timeout=60)
    assert running.returncode == -signal.SIGKILL, err


@pytest.mark.timeout(1200)
def test_a_run_that_is_killed_three_times_gives_what_an_unbroken_one_gives(
    clip: Path, unbroken_parts: bytes, tmp_path: Path
) -> None:
    journal = tmp_path / "talk.unfinished"
    for number, parts in enumerate((1, 4, 7)):
        held = HELD_LOOKING.format(20 * (parts + 1))
        running = start(tmp_path, clip, "--no-video", *(["--resume"] if number else []), held=held)
        kill_after(lambda: len(list(journal.glob("*.npz"))), parts, running, 0.4)
        assert not (tmp_path / "talk.jsonl").exists()
    kept = Journal(journal, raw=True).frames
    assert kept >= 140
    running = start(tmp_path, clip, "--no-video", "--resume")
    _, err = running.communicate(timeout=280)
    assert running.returncode == 0, err
    assert (tmp_path / "talk.jsonl").read_bytes() == unbroken_parts
    assert sorted(path.name for path in tmp_path.iterdir()) == ["talk.jsonl", "talk.meta.json"]


@pytest.mark.timeout(1200)
def test_a_run_that_is_killed_while_it_writes_goes_on_there_and_gives_the_same_files(
    clip: Path, tmp_path: Path
) -> None:
    options = ("--clips", "--table", "--subtitles")
    _, err = start(tmp_path / "unbroken", clip, *options).communicate(timeout=280)
    assert (tmp_path / "unbroken" / "talk.mp4").exists(), err
    out = tmp_path / "killed"
    film = out / "talk.unfinished" / "film"
    first_part = None
    for number, written in enumerate((25, 75, 125)):
        held = HELD_DRAWING.format(written + 25)
        running = start(out, clip, *options, *(["--resume"] if number else []), held=held)
        kill_after(lambda: frames_written(film), written, running, 0.2)
        assert not (out / "talk.mp4").exists()
        found = (film / "parts" / "000000.part").stat()
        assert first_part in {None, (found.st_mtime_ns, found.st_ino)}  # is not written again
        first_part = found.st_mtime_ns, found.st_ino
    running = start(out, clip, *options, "--resume")
    _, err = running.communicate(timeout=280)
    assert running.returncode == 0, err
    assert contents(out) == contents(tmp_path / "unbroken")


def frames_written(film: Path) -> int:
    """How many pictures of a run under way are safe."""
    state = film / "film.json"
    return int(json.loads(state.read_text())["frames"]) if state.exists() else 0


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.timeout(1200)
def test_pictures_that_were_made_another_way_are_written_anew(clip: Path, tmp_path: Path) -> None:
    running = start(tmp_path, clip, held=HELD_DRAWING.format(75))
    kill_after(lambda: frames_written(tmp_path / "talk.unfinished" / "film"), 50, running, 0.0)
    running = start(tmp_path, clip, "--resume", "--quality", "low")
    _, err = running.communicate(timeout=280)
    assert running.returncode == 0, err
    _, err = start(tmp_path / "low", clip, "--quality", "low").communicate(timeout=280)
    assert (tmp_path / "talk.mp4").read_bytes() == (tmp_path / "low" / "talk.mp4").read_bytes(), err


@pytest.mark.timeout(1200)
def test_a_folder_of_pictures_that_is_killed_goes_on_with_the_next_one(assets: Path, tmp_path: Path) -> None:
    folder, out, unbroken = tmp_path / "holiday", tmp_path / "killed", tmp_path / "unbroken"
    (folder / "beach").mkdir(parents=True)
    (folder / "01.jpg").write_bytes(b"no picture at all")
    with av.open(str(assets / "demo.mp4")) as demo:
        for index, frame in enumerate(demo.decode(video=0)):
            if index % 18 == 0:
                frame.to_image().save(folder / ("beach" if index % 36 else ".") / f"{index}.jpg")
    _, err = start(unbroken, folder, "--table").communicate(timeout=280)
    assert "1 of" in err
    lines = out / "holiday.jsonl.partial"
    for number, wanted in enumerate((1, 5, 9)):
        held = HELD_AT_LINES.format(wanted + 3)
        running = start(out, folder, "--table", *(["--resume"] if number else []), held=held)
        kill_after(lambda: lines.read_bytes().count(b"\n") if lines.exists() else 0, wanted, running, 0.1)
        assert not (out / "holiday.jsonl").exists()
    with lines.open("ab") as file:
        file.write(b'{"source": "half a li')
    before = {path: path.stat().st_mtime_ns for path in (out / "holiday").rglob("*.jpg")}
    done = [json.loads(line)["source"] for line in lines.read_bytes().splitlines()[:-1]]
    running = start(out, folder, "--table", "--resume")
    _, err = running.communicate(timeout=280)
    assert running.returncode == 1
    assert err.splitlines()[-1].endswith(
        f"1 of {len(list(folder.rglob('*.jpg')))} pictures could not be read."
    )
    assert contents(out) == contents(unbroken)
    assert {name: (out / "holiday" / name).stat().st_mtime_ns for name in done} == {
        name: before[out / "holiday" / name] for name in done
    }


def test_a_folder_that_was_begun_otherwise_or_has_changed_is_not_gone_on_with(
    assets: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with av.open(str(assets / "demo.mp4")) as demo:
        for index, frame in zip(range(4), demo.decode(video=0), strict=False):
            frame.to_image().save(folder / f"{index}.png")
    settings = BatchSettings(tmp_path / "out", video=False)
    (job,) = plan([str(folder)], settings).jobs
    stopping = threading.Event()
    with Batch(settings, SMALL, stopping=stopping) as batch:
        assert batch.run(job, on_result=lambda _: stopping.set()).status == "stopped"
    (told,) = plan([str(folder)], settings).failures
    assert "was begun and not finished; go on with --resume" in told[1]
    (folder / "4.png").write_bytes((folder / "1.png").read_bytes())
    (outcome,) = run(replace(settings, resume=True), folder)
    assert outcome.error == (
        f"{folder} was begun with other source; resume it as it was begun, or begin anew with --force."
    )
    (outcome,) = run(replace(settings, force=True), folder)
    assert (outcome.error, outcome.summary.frames) == (None, 5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_says_how_to_go_on_and_can(
    clip: Path, unbroken_parts: bytes, tmp_path: Path, number: signal.Signals
) -> None:
    running = start(tmp_path, clip)
    wait_for(lambda: len(list(tmp_path.glob("talk.unfinished/*.npz"))), 2, running)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert out == ""
    assert "the same command with --resume goes on" in err
    assert "Traceback" not in err
    running = start(tmp_path, clip, "--no-video", "--resume")
    _, err = running.communicate(timeout=280)
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


def test_all_that_is_kept_is_passed_on_once_and_in_order_also_what_an_earlier_run_kept(
    clip: Path, tmp_path: Path
) -> None:
    journal, stopping = Journal(tmp_path / "journal", raw=True), threading.Event()
    journal.begin({})
    passed: list[int] = []
    with (
        livefg.Pipeline(replace(SMALL, hands=0, faces=0, decide=False)) as pipeline,
        Selected(open_source(clip), Choice()) as source,
    ):

        def look(until: float) -> bool:
            stopping.clear()
            return look_at_all(
                source,
                pipeline,
                journal,
                stopping=stopping,
                on_result=lambda result: stopping.set() if result.frame >= until else None,
                on_kept=lambda result: passed.append(result.frame),
                frames_a_part=20,
            )

        assert not look(until=70)
        assert passed == list(range(60))
        for _ in range(2):  # the second time, the journal is complete
            passed.clear()
            assert look(until=math.inf)
            assert passed == list(range(180))


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
