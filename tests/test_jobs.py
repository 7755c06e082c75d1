"""From inputs to jobs: patterns, folders and files, and what stands in the way of a result."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from livefg.batch import Batch
from livefg.jobs import BatchSettings, Plan, plan
from livefg.pipeline import PipelineSettings


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """Videos in folders below one another, one of them hidden, and a text."""
    for name in ("a.mp4", "b.MOV", "notes.txt", "deep/er/c.mkv", ".hidden/d.mp4"):
        path = tmp_path / "talks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "talks"


def stems(found: Plan) -> list[str]:
    return [job.stem.name for job in found.jobs]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp4", ["a"]),
        ("*", ["a", "b"]),
        ("**/*", ["a", "b", "c"]),
        ("**/*.mkv", ["c"]),
        ("?.M*", ["b"]),
    ],
)
def test_a_pattern_is_what_matches_it(talks: Path, pattern: str, expected: list[str]) -> None:
    assert sorted(stems(plan([str(talks / pattern)], BatchSettings(talks / "out")))) == expected


def test_a_pattern_that_matches_nothing_is_told(talks: Path) -> None:
    found = plan([str(talks / "*.avi")], BatchSettings(talks / "out"))
    assert found.failures == [(str(talks / "*.avi"), f"{talks / '*.avi'} does not exist.")]


def test_a_file_with_a_star_in_its_name_is_a_file(talks: Path) -> None:
    (talks / "odd[1].mp4").touch()
    assert stems(plan([str(talks / "odd[1].mp4")], BatchSettings(talks / "out"))) == ["odd[1]"]


def test_a_folder_is_every_video_below_it_once(talks: Path) -> None:
    found = plan([str(talks), str(talks / "a.mp4")], BatchSettings(talks / "out"))
    assert sorted(stems(found)) == ["a", "b", "c"]


def test_the_results_of_a_job_lie_side_by_side(talks: Path) -> None:
    (job,) = plan([str(talks / "a.mp4")], BatchSettings(talks / "out")).jobs
    assert [path.name for path in (job.data, job.meta, job.unfinished, job.stem)] == [
        "a.jsonl",
        "a.meta.json",
        "a.unfinished",
        "a",
    ]


def results_of(stem: str, out: Path) -> None:
    """What a finished run leaves in `out`."""
    out.mkdir(exist_ok=True)
    for name in (f"{stem}.jsonl", f"{stem}.mp4", f"{stem}.png"):
        (out / name).touch()
    (out / f"{stem}-clips").mkdir()
    (out / f"{stem}-clips" / "001-00m02s-victory.mp4").touch()
    files = [f"{stem}.jsonl", f"{stem}.mp4", f"{stem}.png"]
    (out / f"{stem}.meta.json").write_text(json.dumps({"files": files}))


@pytest.mark.parametrize("pattern", ["", "**/*"])
def test_results_that_lie_in_a_folder_of_recordings_are_no_recordings(talks: Path, pattern: str) -> None:
    for stem in ("a", "b"):
        results_of(stem, talks / "out")
    found = plan([str(talks / pattern)], BatchSettings(talks / "out", force=True))
    assert sorted(stems(found)) == ["a", "b", "c"]
    assert found.failures == []


def test_results_beside_the_recordings_are_no_recordings(talks: Path) -> None:
    results_of("b", talks)
    (talks / "a.mp4").unlink()
    found = plan([str(talks)], BatchSettings(talks, force=True))
    assert sorted(stems(found)) == ["b", "c"]
    assert sorted(Path(job.source).name for job in found.jobs) == ["b.MOV", "c.mkv"]


def test_results_of_another_run_can_be_inputs(talks: Path) -> None:
    results_of("a", talks / "blurred")
    found = plan([str(talks / "blurred")], BatchSettings(talks / "out"))
    assert {Path(job.source).name for job in found.jobs} >= {"a.mp4", "001-00m02s-victory.mp4"}


def test_annotated_pictures_are_not_annotated_again(talks: Path) -> None:
    for name in ("portrait.jpg", "out/talks/portrait.jpg"):
        (talks / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(talks / name), np.zeros((8, 8, 3), np.uint8))
    settings = BatchSettings(talks / "out", force=True)
    (job,) = (job for job in plan([str(talks)], settings).jobs if job.kind == "folder")
    with Batch(settings, PipelineSettings(hands=0, faces=0)) as batch:
        assert batch.run(job).summary.frames == 1
