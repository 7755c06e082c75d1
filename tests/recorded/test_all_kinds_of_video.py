"""All kinds of video through the whole run: frames and times as ffprobe tells them, sound in sync, bad files told."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from videos import make_video, probe

from livefg.batch import Batch, BatchSettings, Outcome, plan
from livefg.pipeline import PipelineSettings
from livefg.result_file import open_results

NOTHING = PipelineSettings(hands=0, faces=0)

pytestmark = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")


def run(out: Path, *inputs: Path) -> list[Outcome]:
    """Everything but the networks."""
    settings = BatchSettings(out)
    with Batch(settings, NOTHING) as batch:
        return [batch.run(job) for job in plan(map(str, inputs), settings).jobs]


def ffprobe_times(path: Path) -> list[float]:
    """Times of all frames in seconds from the file's start, as ffprobe tells them."""
    asked = ["-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time:format=start_time"]
    told = subprocess.run(
        ["ffprobe", "-v", "quiet", *asked, "-of", "json", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    data = json.loads(told.stdout)
    start = float(data["format"].get("start_time", 0.0))
    return [float(frame["best_effort_timestamp_time"]) - start for frame in data["frames"]]


def rotated(path: Path) -> Path:
    """A film that a phone held upright took: stored lying, to be turned."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=Fraction(30), options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_rotation(90)
        for index in range(12):
            picture = np.full((64, 96, 3), index * 9, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    return path


def cut_short(path: Path, audio: str | None = None) -> Path:
    """A film whose second half is missing."""
    whole = make_video(path.with_name("whole.mkv"), range(0, 4000, 40), Fraction(1, 1000), audio=audio)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    whole.unlink()
    return path


KINDS: dict[str, Callable[[Path], Path]] = {
    "turned.mp4": rotated,
    "vfr.mkv": lambda path: make_video(path, [0, 33, 50, 200, 1200, 1233, 1300], Fraction(1, 1000)),
    "ntsc.mp4": lambda path: make_video(
        path, range(0, 40 * 1001, 1001), Fraction(1, 30000), rate=Fraction(30000, 1001)
    ),
    "late.mkv": lambda path: make_video(path, range(5000, 6000, 40), Fraction(1, 1000)),
    "one.mp4": lambda path: make_video(path, [0], Fraction(1, 30)),
    "large.mp4": lambda path: make_video(path, range(3), Fraction(1, 25), size=(3840, 2160)),
    "cut.mkv": cut_short,
}


@pytest.mark.parametrize("name", KINDS)
def test_frames_and_times_are_those_that_ffprobe_tells(tmp_path: Path, name: str) -> None:
    path = KINDS[name](tmp_path / name)
    expected = ffprobe_times(path)
    (outcome,) = run(tmp_path / "out", path)
    assert outcome.status == "done", outcome.error
    results = list(open_results(tmp_path / "out" / f"{path.stem}.jsonl"))
    assert [result.time for result in results] == pytest.approx(expected, abs=1e-5)
    assert [result.frame for result in results] == list(range(len(expected)))
    film = ffprobe_times(tmp_path / "out" / f"{path.stem}.mp4")
    assert film == pytest.approx([time - expected[0] for time in expected], abs=2e-3)


def test_a_turned_film_stands_upright_in_data_and_picture(tmp_path: Path) -> None:
    (outcome,) = run(tmp_path / "out", rotated(tmp_path / "turned.mp4"))
    assert outcome.status == "done", outcome.error
    result = next(iter(open_results(tmp_path / "out" / "turned.jsonl")))
    assert (result.width, result.height) == (64, 96)
    assert probe(tmp_path / "out" / "turned.mp4").size == (64, 96)


@pytest.mark.parametrize("audio", [None, "libopus"])
def test_a_film_that_breaks_off_is_done_to_where_it_does_and_says_so(
    tmp_path: Path, audio: str | None
) -> None:
    (outcome,) = run(tmp_path / "out", cut_short(tmp_path / "cut.mkv", audio))
    assert outcome.status == "done", outcome.error
    assert any("breaks off" in note for note in outcome.notes)


@pytest.mark.parametrize(
    ("audio", "suffix"), [("aac", "mp4"), ("pcm_s16le", "mkv"), ("libopus", "mkv"), (None, "mp4")]
)
def test_sound_stays_with_the_picture(tmp_path: Path, audio: str | None, suffix: str) -> None:
    path = make_video(
        tmp_path / f"talk.{suffix}",
        range(0, 3000, 40),
        Fraction(1, 1000),
        rate=Fraction(25),
        audio=audio,
        flash_at=1.2,
    )
    (outcome,) = run(tmp_path / "out", path)
    assert outcome.status == "done", outcome.error
    before, after = probe(path), probe(tmp_path / "out" / "talk.mp4")
    assert after.flashes == pytest.approx(before.flashes, abs=1e-3)
    assert bool(after.audio_codec) == bool(audio)
    if audio:
        assert after.clicks == pytest.approx([1.2], abs=0.02)


def test_each_bad_file_gets_its_sentence_and_leaves_nothing_behind(tmp_path: Path) -> None:
    empty, text, sound = tmp_path / "empty.mp4", tmp_path / "notes.mp4", tmp_path / "headless.mp4"
    empty.touch()
    text.write_text("not a video at all\n" * 500)
    whole = make_video(tmp_path / "whole.mp4", range(50), Fraction(1, 25))
    sound.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    outcomes = run(tmp_path / "out", empty, text, sound)
    assert [outcome.status for outcome in outcomes] == ["failed"] * 3
    for outcome, path in zip(outcomes, (empty, text, sound), strict=True):
        assert outcome.error
        assert str(path) in outcome.error
        assert "\n" not in outcome.error
    assert not (tmp_path / "out").exists()


def test_a_part_in_which_there_is_nothing_gets_a_sentence(tmp_path: Path) -> None:
    from livefg.sources.selected import Choice

    path = make_video(tmp_path / "short.mp4", range(30), Fraction(1, 30))
    settings = BatchSettings(tmp_path / "out", choice=Choice(start=60))
    with Batch(settings, NOTHING) as batch:
        outcome = batch.run(plan([str(path)], settings).jobs[0])
    assert outcome.error
    assert "has no frame in the time that was asked for" in outcome.error


@pytest.mark.shared
def test_the_clips_of_the_shared_data_lose_no_frame(shared: Path, tmp_path: Path) -> None:
    clips = [
        *(shared / "data/video").glob("ageitgey/*.mp4"),
        *(shared / "data/video").glob("*/hand-gesture.mp4"),
    ]
    for outcome in run(tmp_path, *clips):
        assert outcome.status == "done", outcome.error
        name = Path(outcome.source)
        expected = ffprobe_times(name)
        found = list(open_results(tmp_path / f"{name.stem}.jsonl"))
        assert [result.time for result in found] == pytest.approx(expected, abs=1e-5)
        assert len(ffprobe_times(tmp_path / f"{name.stem}.mp4")) == len(expected)
