"""From inputs to jobs: patterns, folders and files, and what stands in the way of a result."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefg.jobs import BatchSettings, Plan, plan


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
