"""`livefg process`: results for every input, one clear sentence for each failure, nothing written over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

from livefg import FrameResult

if TYPE_CHECKING:
    from conftest import Ended

Run = Callable[..., "Ended"]


def lines(path: Path) -> list[FrameResult]:
    return [FrameResult.from_json(line) for line in path.read_text("utf-8").splitlines()]


def test_a_video_gives_data_and_annotated_video_and_prints_their_names(
    livefg: Run, clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = livefg("process", clip, "--out", out)
    assert ended.code == 0
    assert ended.out.splitlines() == [str(out / f"clip.{end}") for end in ("jsonl", "mp4", "meta.json")]
    results = lines(out / "clip.jsonl")
    assert [result.frame for result in results] == list(range(20))
    assert [result.time for result in results] == pytest.approx([index / 30 for index in range(20)], abs=1e-5)
    assert all(len(result.faces) == 1 for result in results)
    assert {hand.side for hand in results[-1].hands} == {"left", "right"}
    with av.open(str(out / "clip.mp4")) as video:
        assert video.streams.video[0].frames == 20
    assert sorted(path.name for path in out.iterdir()) == ["clip.jsonl", "clip.meta.json", "clip.mp4"]


def test_progress_and_devices_are_told_on_stderr(livefg: Run, clip: Path, tmp_path: Path) -> None:
    ended = livefg("process", clip, "--out", tmp_path, "--no-video")
    assert "20 frames in" in ended.err
    assert "x real time" in ended.err
    assert "hand_landmarks: cpu" in ended.err
    assert not (tmp_path / "clip.mp4").exists()


def test_an_existing_result_is_kept_unless_forced(livefg: Run, clip: Path, tmp_path: Path) -> None:
    existing = tmp_path / "clip.jsonl"
    existing.write_text("precious\n")
    ended = livefg("process", clip, "--out", tmp_path, "--no-video")
    assert ended.code == 1
    assert (
        ended.err.splitlines()[-1] == f"livefg: {existing} exists already; with --force it is written again."
    )
    assert existing.read_text() == "precious\n"
    assert livefg("process", clip, "--out", tmp_path, "--no-video", "--force").code == 0
    assert len(lines(existing)) == 20


def test_a_broken_file_is_told_at_the_end_and_the_others_are_done(
    livefg: Run, clip: Path, tmp_path: Path
) -> None:
    broken, empty = tmp_path / "broken.mp4", tmp_path / "empty.mov"
    broken.write_bytes(b"this is no video" * 100)
    empty.touch()
    out = tmp_path / "out"
    ended = livefg("process", broken, clip, empty, "missing.mp4", "--out", out, "--no-video")
    assert ended.code == 1
    told = [line for line in ended.err.splitlines() if line.startswith("livefg: ")]
    assert len(told) == 3
    assert all(any(name in line for line in told) for name in ("broken.mp4", "empty.mov", "missing.mp4"))
    assert ended.out.splitlines() == [str(out / "clip.jsonl"), str(out / "clip.meta.json")]
    assert sorted(path.name for path in out.iterdir()) == ["clip.jsonl", "clip.meta.json"]


def test_inputs_of_the_same_name_do_not_clobber_one_another(livefg: Run, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = shutil.copy(clip, tmp_path / "other" / "clip.mkv")
    ended = livefg("process", clip, other, clip, "--out", tmp_path / "out", "--no-video")
    assert ended.code == 0
    assert {path.name for path in (tmp_path / "out").glob("*.jsonl")} == {"clip-2.jsonl", "clip.jsonl"}


def test_a_result_never_lies_over_an_original(livefg: Run, clip: Path, tmp_path: Path) -> None:
    original = Path(shutil.copy(clip, tmp_path / "clip.mp4"))
    before = original.read_bytes()
    ended = livefg("process", original, "--out", tmp_path, "--force")
    assert ended.code == 1
    assert "would lie over an original; choose another folder with --out" in ended.err
    assert original.read_bytes() == before


def test_a_folder_of_pictures_gives_one_file_with_a_line_a_picture(
    livefg: Run, pictures: Path, tmp_path: Path
) -> None:
    ended = livefg("process", pictures, "--out", tmp_path)
    assert ended.code == 0
    results = lines(tmp_path / "holiday.jsonl")
    assert [result.source for result in results] == ["a.jpg", "b.png", "beach/c.jpg"]
    assert [len(result.hands) for result in results] == [0, 2, 1]
    assert all(len(result.faces) == 1 for result in results)
    assert ended.out.splitlines() == [str(tmp_path / "holiday.jsonl"), str(tmp_path / "holiday")]
    for name in ("a.jpg", "b.png", "beach/c.jpg"):
        with Image.open(tmp_path / "holiday" / name) as after, Image.open(pictures / name) as before:
            annotated, plain = np.asarray(after, int), np.asarray(before, int)
        assert annotated.shape == plain.shape
        assert np.abs(annotated - plain).max() > 50


def test_a_picture_is_judged_by_itself_whatever_came_before_it(
    livefg: Run, pictures: Path, tmp_path: Path
) -> None:
    assert livefg("process", pictures, "--out", tmp_path, "--no-video").code == 0
    assert livefg("process", pictures / "b.png", "--out", tmp_path, "--no-video").code == 0
    among_others, alone = lines(tmp_path / "holiday.jsonl")[1], lines(tmp_path / "b.jsonl")[0]
    for one, other in zip(among_others.hands, alone.hands, strict=True):
        assert np.array_equal(one.landmarks, other.landmarks)
        assert one.gesture == other.gesture


def test_one_picture_gives_data_and_an_annotated_picture(livefg: Run, pictures: Path, tmp_path: Path) -> None:
    ended = livefg("process", pictures / "a.jpg", "--out", tmp_path)
    assert ended.out.splitlines() == [str(tmp_path / "a.jsonl"), str(tmp_path / "a.jpg")]
    assert len(lines(tmp_path / "a.jsonl")) == 1


def test_a_folder_with_pictures_and_videos_gives_both(
    livefg: Run, clip: Path, pictures: Path, tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(pictures, mixed)
    shutil.copy(clip, mixed / "beach" / "film.mp4")
    assert livefg("process", mixed, "--out", tmp_path / "out", "--no-video").code == 0
    assert {path.name for path in (tmp_path / "out").glob("*.jsonl")} == {"film.jsonl", "mixed.jsonl"}


def test_a_picture_that_cannot_be_read_is_told_and_the_others_are_done(
    livefg: Run, pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(pictures, folder)
    (folder / "aa.jpg").write_bytes(b"no picture at all")
    ended = livefg("process", folder, "--out", tmp_path / "out", "--no-video")
    assert ended.code == 1
    assert "aa.jpg" in ended.err
    assert ended.err.splitlines()[-1] == f"livefg: {folder}: 1 of 4 pictures could not be read."
    assert [result.source for result in lines(tmp_path / "out" / "mixed.jsonl")] == [
        "a.jpg",
        "b.png",
        "beach/c.jpg",
    ]


def test_a_file_whose_name_is_a_number_is_not_a_camera(
    livefg: Run, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, tmp_path / "0")
    assert livefg("process", "0", "--out", "out", "--no-video").code == 0
    assert len(lines(tmp_path / "out" / "0.jsonl")) == 20


def test_an_empty_folder_is_told(livefg: Run, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    ended = livefg("process", tmp_path / "nothing", "--out", tmp_path / "out")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"livefg: {tmp_path / 'nothing'} holds no pictures and no videos.\n"


def test_json_prints_one_object_and_nothing_else(livefg: Run, clip: Path, tmp_path: Path) -> None:
    ended = livefg("process", clip, "missing.mp4", "--out", tmp_path, "--no-video", "--json")
    summary = json.loads(ended.out)
    assert (ended.code, summary["done"], summary["failed"]) == (1, 1, 1)
    done = next(item for item in summary["inputs"] if item["status"] == "done")
    assert done["files"] == [str(tmp_path / "clip.jsonl"), str(tmp_path / "clip.meta.json")]
    assert done["seen"]["frames"] == done["seen"]["frames_with_faces"] == 20
    assert done["media_seconds"] == pytest.approx(20 / 30, abs=0.01)
    assert {device["name"] for device in summary["devices"]} >= {"hand_landmarks", "face_mesh"}


def test_wrong_use_exits_with_2(livefg: Run, tmp_path: Path) -> None:
    assert livefg("process", "--out", tmp_path).code == 2
    assert livefg("process", "clip.mp4").code == 2
