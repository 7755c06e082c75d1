"""How many threads compute: what the system allows, and fast cores only."""

from pathlib import Path

import pytest

from livefg import threads


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores without quota or hybrid cores; files in this folder change it."""
    monkeypatch.setattr(threads, "_allowed", lambda: frozenset(range(8)))
    monkeypatch.setattr(threads, "_FAST_CORES", tmp_path / "fast")
    monkeypatch.setattr(threads, "_QUOTA", tmp_path / "quota")
    return tmp_path


def test_all_cores_count_and_four_are_used(machine: Path) -> None:
    assert threads.usable_cores() == 8
    assert threads.usual_threads() == 4


def test_of_a_hybrid_processor_the_performance_cores_count(machine: Path) -> None:
    (machine / "fast").write_text("0-1,4\n")
    assert threads.usable_cores() == threads.usual_threads() == 3


@pytest.mark.parametrize(("quota", "cores"), [("max 100000", 8), ("150000 100000", 2), ("20000 100000", 1)])
def test_a_container_uses_no_more_than_its_quota(machine: Path, quota: str, cores: int) -> None:
    (machine / "quota").write_text(quota)
    assert threads.usable_cores() == cores


@pytest.mark.parametrize("content", ["", "none", "1-x"])
def test_files_that_cannot_be_understood_change_nothing(machine: Path, content: str) -> None:
    (machine / "fast").write_text(content)
    (machine / "quota").write_text(content)
    assert threads.usable_cores() == 8


def test_a_process_that_is_held_to_one_core_uses_one_thread(
    monkeypatch: pytest.MonkeyPatch, machine: Path
) -> None:
    monkeypatch.setattr(threads, "_allowed", lambda: frozenset({5}))
    assert threads.usual_threads() == 1
