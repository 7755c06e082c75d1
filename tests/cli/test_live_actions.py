"""`livefg live --actions`: events set something off, and only when asked."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from livefg.cli.live import command


@pytest.fixture
def actions(tmp_path: Path) -> Path:
    path = tmp_path / "actions.toml"
    path.write_text('[[actions]]\non = "*"\ncommand = ["python3", "-c", "pass", "{label}"]\n')
    return path


def live(*arguments: str) -> tuple[int, str]:
    short = ("--source", "demo", "--headless", "--duration", "6", "--statistics", "0", "--device", "cpu")
    result = CliRunner().invoke(command, [*short, *arguments], catch_exceptions=False)
    return result.exit_code, result.stderr


def test_a_dry_run_says_what_the_demo_would_set_off(actions: Path) -> None:
    status, said = live("--actions", str(actions), "--dry-run")
    assert status == 0
    assert "start: would run python3 -c pass " in said


def test_without_the_flag_nothing_is_set_off() -> None:
    status, said = live("--faces", "0")
    assert status == 0
    assert "would" not in said


def test_a_dry_run_without_actions_is_wrong_use() -> None:
    status, said = live("--dry-run")
    assert status == 2
    assert "add --actions FILE" in said


def test_an_unknown_motion_is_named() -> None:
    result = CliRunner().invoke(command, ["--source", "demo", "--headless", "--motions", "swipe_left,jump"])
    assert result.exit_code == 1
    assert "There is no motion 'jump'; there are swipe_left" in str(result.exception)
