"""One table of settings, one file that sets them, and flags that overrule the file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from livefg import paths
from livefg.cli import settings as settings_command
from livefg.cli.options import pipeline_options, pipeline_settings
from livefg.errors import LivefgError
from livefg.pipeline import PipelineSettings
from livefg.recognition.decisions import DecisionSettings
from livefg.recognition.rules import Rule
from livefg.settings import TABLE, Settings, load_settings, section, settings_file, template


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write the user's settings file."""
    monkeypatch.setattr(paths, "user_config_dir", lambda: tmp_path / "config")

    def write(text: str) -> Path:
        settings_file().parent.mkdir(exist_ok=True)
        settings_file().write_text(text, encoding="utf-8")
        return settings_file()

    return write


def pipeline(*flags: str) -> PipelineSettings:
    """What a command with these flags would run."""
    found: list[PipelineSettings] = []

    @click.command()
    @pipeline_options
    def command(**options: Any) -> None:
        found.append(pipeline_settings(options))

    command.main(list(flags), standalone_mode=False)
    return found[0]


def tabled() -> dict[str, Any]:
    """The defaults of what the table holds; rules have no defaults."""
    return {name: value for name, value in asdict(Settings()).items() if name != "rules"}


def test_every_number_of_the_decisions_is_in_the_table() -> None:
    assert {setting.name for setting in section("decisions")} == set(asdict(DecisionSettings()))
    assert {setting.section for setting in TABLE} == set(tabled())


@pytest.mark.usefixtures("write")
def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings() == Settings()
    assert pipeline().decisions == DecisionSettings()


def test_the_file_changes_what_it_names_and_nothing_else(write: Callable[[str], Path]) -> None:
    write('[decisions]\nhold = 1\nenter = 0.9\n[collect]\nperson = " anna "\ncount = 30\n')
    found = load_settings()
    assert found.decisions == DecisionSettings(hold=1.0, enter=0.9)
    assert isinstance(found.decisions.hold, float)
    assert (found.collect.person, found.collect.count) == ("anna", 30)


def test_a_flag_comes_before_the_file(write: Callable[[str], Path]) -> None:
    write("[decisions]\nhold = 1\nenter = 0.9\n")
    assert pipeline("--hold", "0").decisions == DecisionSettings(hold=0.0, enter=0.9)
    assert pipeline("--gesture-model", "mine").gesture_model == "mine"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[decisions]\nhold = -1", r"decisions\.hold in .* is -1 where a number from 0 to 60 is needed"),
        ("[decisions]\nenter = true", "is True where a number from 0 to 1"),
        ("[decisions]\nenter = nan", "is nan where a number from 0 to 1"),
        ("[decisions]\nenter = '0.5'", "is '0.5' where a number from 0 to 1"),
        ("[collect]\ncount = 2.5", "is 2.5 where a whole number from 1 to 10000"),
        ("[collect]\nperson = ' '", "is ' ' where a text is needed"),
        ("[decisions]\nholds = 1", r"decisions\.holds in .* is no setting; there are decisions\.smoothing"),
        ("hold = 1", "hold in .* is no setting"),
        ("[decisions]\nleave = 0.7", r"cannot begin at 0\.6 and end below 0\.7"),
        ("[decisions", "are not valid TOML"),
        ("[[decisions]]\nhold = 1", "decisions in .* is no setting"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_sentence(
    write: Callable[[str], Path], text: str, sentence: str
) -> None:
    write(text)
    with pytest.raises(LivefgError, match=sentence):
        load_settings()


@pytest.mark.usefixtures("write")
def test_what_is_wrong_with_a_flag_is_one_sentence() -> None:
    with pytest.raises(LivefgError, match=r"--enter is 1\.5 where a number from 0 to 1 is needed"):
        pipeline("--enter", "1.5")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(settings_command.command, arguments)


@pytest.mark.usefixtures("write")
def test_a_file_to_fill_in_is_written_once_and_changes_nothing() -> None:
    assert run("--init").output.strip() == str(settings_file())
    assert load_settings() == Settings()
    again = run("--init")
    assert "exists already; it stays as it is" in str(again.exception)


def test_the_file_to_fill_in_holds_every_default() -> None:
    filled = "\n".join(line.removeprefix("# ") if " = " in line else line for line in template().splitlines())
    found = tomllib.loads(filled)
    assert found == tabled()


def test_the_documentation_shows_the_defaults() -> None:
    text = (Path(__file__).parents[1] / "docs" / "gestures.md").read_text("utf-8")
    shown = text.partition("```toml")[2].partition("```")[0]
    assert tomllib.loads(shown) == tabled()


def test_the_table_is_shown_with_what_was_changed(write: Callable[[str], Path]) -> None:
    path = write("[decisions]\nhold = 0.5\n")
    lines = run().output.splitlines()
    assert lines[0] == str(path)
    (hold,) = [line for line in lines if line.startswith("decisions.hold")]
    assert hold.split()[1:3] == ["0.5", "s"]
    assert hold.endswith("(default: 0.3)")
    listed = {row["name"]: row for row in json.loads(run("--json").output)["settings"]}
    assert listed["decisions.hold"]["value"] == 0.5
    assert listed["collect.count"]["value"] == listed["collect.count"]["default"] == 20


def test_rules_of_the_file_reach_the_pipeline(write: Callable[[str], Path]) -> None:
    write('[[rules]]\nname = "next_page"\non = "swipe_left"\nposture = "open_palm"')
    assert pipeline().rules == (Rule("next_page", on="swipe_left", posture="open_palm"),)


def test_a_wrong_rule_names_the_file(write: Callable[[str], Path]) -> None:
    path = write('[[rules]]\non = "swipe_left"')
    with pytest.raises(LivefgError, match="has no name") as error:
        load_settings()
    assert str(path) in str(error.value)


@pytest.mark.usefixtures("write")
def test_motions_are_all_some_or_none() -> None:
    assert pipeline().motions
    assert not pipeline("--motions", "none").motions
    assert pipeline("--motions", "wave, tap").motion_decisions.only == ("wave", "tap")
