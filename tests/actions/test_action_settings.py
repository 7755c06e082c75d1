"""The file of actions: what it may say, and what is said of a wrong one."""

import sys
from pathlib import Path

import pytest

from livefg.actions import load_actions
from livefg.errors import LivefgError

GOOD = """
per_minute = 30
[websocket]
port = 0
[[actions]]
on = "swipe_left"
kind = "motion"
side = "right"
cooldown = 1.0
keys = "Right"
[[actions]]
on = "*"
phase = "end"
broadcast = true
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "actions.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_understood(tmp_path: Path) -> None:
    settings = load_actions(written(tmp_path, GOOD))
    first, second = settings.actions
    assert (first.on, first.kind, first.phase, first.side, first.cooldown) == (
        "swipe_left", "motion", "start", "right", 1.0,
    )  # fmt: skip
    assert (first.does, first.content) == ("keys", "Right")
    assert (second.on, second.kind, second.phase, second.side) == ("*", None, "end", None)
    assert settings.per_minute == 30
    assert settings.websocket == ("127.0.0.1", 0, ()), "nobody outside this machine may listen unless asked"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no [[actions]] sections"),
        ("actions = 3", "has no [[actions]] sections"),
        ("[[actions]]\non = 'x'", "needs exactly one of command, keys"),
        ("[[actions]]\non = 'x'\nkeys = 'a'\npost = 'http://b'", "needs exactly one of command, keys"),
        ("[[actions]]\nkeys = 'a'", "on of action 1"),
        ("[[actions]]\non = 'x'\nkeys = 'a'\nkind = 'sound'", "kind of action 1"),
        ("[[actions]]\non = 'x'\nkeys = 'a'\nphase = 'middle'", "where start or end is needed"),
        ("[[actions]]\non = 'x'\nkeys = 'a'\nside = 'both'", "where left or right is needed"),
        ("[[actions]]\non = 'x'\nkeys = 'a'\ncooldown = -1", "cooldown of action 1"),
        ("[[actions]]\non = 'x'\nrun = 'rm'", "'run' of action 1"),
        ("[[actions]]\non = 'x'\nbroadcast = true", "has no [websocket] section"),
        ("per_minute = 0\n[[actions]]\non = 'x'\nkeys = 'a'", "per_minute of"),
        ("[websocket]\nport = 1e9\n[[actions]]\non = 'x'\nkeys = 'a'", "port of [websocket]"),
        ("[[actions", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_named_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(LivefgError) as error:
        load_actions(written(tmp_path, text))
    assert says in str(error.value)
    assert "actions.toml" in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match=r"none\.toml cannot be read"):
        load_actions(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("command = 'echo hello'", "must be a list of texts"),
        ("command = ['no-such-program-anywhere']", "'no-such-program-anywhere' of action 1"),
        ("post = 'file:///etc/passwd'", "not one of http:// or https://"),
        ("post = 'http://'", "not one of http:// or https://"),
        ("mqtt = {topic = 'all/#'}", "has a wildcard"),
        ("osc = {address = 'label'}", "does not begin with a slash"),
        ("osc = 5", "must be a table"),
    ],
)
def test_what_an_action_cannot_do_is_said_before_anything_happens(
    tmp_path: Path, does: str, says: str
) -> None:
    settings = load_actions(written(tmp_path, f"[[actions]]\non = 'x'\n{does}"))
    with pytest.raises(LivefgError) as error:
        settings.actions[0].make(None, lambda _: None)
    assert says in str(error.value)


def test_a_missing_package_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    settings = load_actions(written(tmp_path, "[[actions]]\non = 'x'\nmqtt = {}"))
    with pytest.raises(LivefgError, match="needs the package paho-mqtt") as error:
        settings.actions[0].make(None, lambda _: None)
    assert 'pip install "livefg[actions]"' in str(error.value)
