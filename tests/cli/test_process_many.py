"""`livefg process` on many files: in several processes, from a list, some of it done before, one of them deadly."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import av
import psutil
import pytest
from fakes import wait_until

from livefg.cli.process import _seconds

if TYPE_CHECKING:
    from conftest import Ended

Run = Callable[..., "Ended"]
Start = Callable[..., subprocess.Popen[str]]
NOTHING = ("--hands", 0, "--faces", 0)
PATIENCE_SECONDS = 120.0  # for processes on a busy machine


@pytest.fixture
def clips(clip: Path, tmp_path: Path) -> list[Path]:
    """Three videos and what calls itself one."""
    paths = [Path(shutil.copy(clip, tmp_path / f"{name}.mp4")) for name in "abc"]
    (tmp_path / "broken.mp4").write_bytes(b"no video" * 100)
    return [*paths, tmp_path / "broken.mp4"]


def test_several_processes_give_the_same_results_as_one(
    livefg: Run, clips: list[Path], tmp_path: Path
) -> None:
    options = ("--no-video", "--device", "cpu", "--hands", 1, "--faces", 0)
    alone = livefg("process", *clips, "--out", tmp_path / "alone", *options)
    together = livefg("process", *clips, "--out", tmp_path / "together", "--jobs", 2, "--json", *options)
    assert (alone.code, together.code) == (1, 1)
    summary = json.loads(together.out)
    assert (summary["done"], summary["failed"]) == (3, 1)
    assert {device["name"] for device in summary["devices"]} >= {"hand_landmarks"}
    assert "broken.mp4" in together.err.splitlines()[-1]
    for name in "abc":
        one, other = (tmp_path / folder / f"{name}.jsonl" for folder in ("alone", "together"))
        assert one.read_bytes() == other.read_bytes()


def test_a_list_on_standard_input_is_taken_line_by_line(
    livefg: Run, clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{clips[0]}\n\n{clips[1]}\n"))
    ended = livefg("process", "-", "--out", tmp_path / "out", "--no-video", *NOTHING)
    assert ended.code == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jsonl")) == ["a.jsonl", "b.jsonl"]


def test_resume_does_what_is_missing_and_says_what_is_not(
    livefg: Run, clips: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert livefg("process", clips[0], "--out", out, "--no-video", *NOTHING).code == 0
    before = (out / "a.jsonl").stat().st_mtime_ns
    ended = livefg("process", *clips[:2], "--out", out, "--no-video", "--resume", *NOTHING)
    assert ended.code == 0
    assert f"{clips[0]}: an earlier run finished it." in ended.err
    assert ended.out.splitlines() == [str(out / "b.jsonl"), str(out / "b.meta.json")]
    assert (out / "a.jsonl").stat().st_mtime_ns == before


def test_a_process_that_dies_takes_its_file_with_it_not_the_others(
    start_livefg: Start, assets: Path, clips: list[Path], tmp_path: Path
) -> None:
    """Also the file that another process works on at the time, and those that nobody has begun."""
    films = [Path(shutil.copy(assets / "demo.mp4", tmp_path / f"{name}.mp4")) for name in ("dies", "lives")]
    options = ("--out", "out", "--no-video", "--jobs", "2", "--device", "cpu", "--json")
    running = start_livefg("process", *films, *clips[:2], *options)
    _working_on(running.pid, films[0], tmp_path / "out").kill()
    out, err = running.communicate(timeout=300)
    assert running.returncode == 1, err
    inputs = {Path(item["source"]).name: item for item in json.loads(out)["inputs"]}
    assert "the process that worked on it died" in inputs["dies.mp4"]["error"]
    assert [inputs[name]["status"] for name in ("lives.mp4", "a.mp4", "b.mp4")] == ["done"] * 3
    assert (tmp_path / "out" / "dies.unfinished").is_dir()
    assert {path.stem for path in (tmp_path / "out").glob("*.jsonl")} == {"lives", "a", "b"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_stops_all_processes_and_leaves_none_behind(
    start_livefg: Start, assets: Path, tmp_path: Path, number: signal.Signals
) -> None:
    films = [shutil.copy(assets / "demo.mp4", tmp_path / f"{name}.mp4") for name in "ab"]
    running = start_livefg("process", *films, "--out", "out", "--no-video", "--jobs", "2", "--device", "cpu")
    _begun(tmp_path / "out" / "a.unfinished")
    children = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(number)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "the same command with --resume goes on" in err
    assert not psutil.wait_procs(children, timeout=PATIENCE_SECONDS)[1]


def test_killing_the_first_process_ends_the_others(start_livefg: Start, assets: Path, tmp_path: Path) -> None:
    films = [shutil.copy(assets / "demo.mp4", tmp_path / f"{name}.mp4") for name in "ab"]
    running = start_livefg("process", *films, "--out", "out", "--no-video", "--jobs", "2", "--device", "cpu")
    _begun(tmp_path / "out" / "a.unfinished")
    children = psutil.Process(running.pid).children(recursive=True)
    running.kill()
    running.communicate(timeout=60)
    assert not psutil.wait_procs(children, timeout=PATIENCE_SECONDS)[1]


def _begun(folder: Path) -> None:
    """Wait until the job of `folder` is under way."""
    wait_until(folder.is_dir, PATIENCE_SECONDS)


def _working_on(parent: int, film: Path, out: Path) -> psutil.Process:
    """The process below `parent` that sees a film, once it does."""
    _begun(out / f"{film.stem}.unfinished")
    found: list[psutil.Process] = []

    def seen() -> bool:
        found.extend(_with_open(parent, film))
        return bool(found)

    wait_until(seen, PATIENCE_SECONDS)
    return found[0]


def _with_open(parent: int, file: Path) -> list[psutil.Process]:
    """The processes below `parent` that have a file open."""
    return [
        child
        for child in psutil.Process(parent).children()
        if any(opened.path == str(file) for opened in child.open_files())
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1:30", 90), ("1:02:03.5", 3723.5), ("0", 0), (None, None), ("0.25", 0.25)],
)
def test_times_are_read_as_people_write_them(text: str | None, seconds: float | None) -> None:
    assert _seconds(None, None, text) == seconds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "abc"),
        ("--from", "1:75"),
        ("--from", "-3"),
        ("--from", "10", "--to", "5"),
        ("--every", "0"),
        ("--fps", "0"),
        ("--blur", "all", "--no-video"),
    ],
)
def test_what_makes_no_sense_exits_with_2(
    livefg: Run, clip: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    assert livefg("process", clip, "--out", tmp_path, *options).code == 2


def test_a_graphics_processor_may_be_asked_to_encode(livefg: Run, clip: Path, tmp_path: Path) -> None:
    ended = livefg("process", clip, "--out", tmp_path, "--encoder", "hardware", *NOTHING)
    assert ended.code == 0, ended.err
    assert "graphics processor" in ended.err
    with av.open(str(tmp_path / "clip.mp4")) as video:
        assert video.streams.video[0].codec_context.codec.canonical_name == "h264"


def test_a_name_that_nobody_has_covers_nobody_unnoticed(livefg: Run, clip: Path, tmp_path: Path) -> None:
    ended = livefg("process", clip, "--out", tmp_path / "out", "--blur", "Nobody")
    assert ended.code == 1
    assert "Nobody called 'Nobody' is enrolled" in ended.err
    assert not (tmp_path / "out").exists()
