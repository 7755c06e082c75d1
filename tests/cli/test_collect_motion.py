"""What was recorded of motions, listed and removed by command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livefg import paths
from livefg.cli.collect_motion import MotionRequest, _keep
from livefg.collect.takes import Span, Take, motions_folder, save_take

if TYPE_CHECKING:
    from conftest import Ended

Run = Callable[..., "Ended"]


def take_of(label: str, count: int, person: str) -> Take:
    times = np.arange(0, 60, 0.1)
    spans = tuple(Span(label, 3.0 * n, 3.0 * n + 0.5, 3.0 * n + 0.5) for n in range(count))
    return Take(times, np.zeros((len(times), 21, 3), np.float32), spans, person=person)


@pytest.fixture(autouse=True)
def takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three recordings, in a folder that stands in for the user's own data."""
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "data" / "livefg")
    for label, count, person in (("flick", 10, "ana"), ("flick", 4, "ben"), ("knock", 1, "ana")):
        save_take(take_of(label, count, person))


def test_motions_are_listed_with_their_repetitions(livefg: Run) -> None:
    listed = livefg("collect", "--motion", "--list").out
    assert re.search(r"^flick +14  in 2 recordings of ana, ben$", listed, re.MULTILINE)
    assert re.search(r"^knock +1  in 1 recording of ana$", listed, re.MULTILINE)
    told = json.loads(livefg("collect", "--motion", "--list", "--json").out)
    assert told["folder"] == str(motions_folder())
    assert told["labels"][0] == {
        "label": "flick",
        "repetitions": 14,
        "recordings": 2,
        "people": ["ana", "ben"],
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_recorded_and_where_is_told(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(motions_folder().iterdir())
    request = MotionRequest("tap", "cem", 10, 0.0, "demo", False, True, "cpu", as_json)
    _keep(request, take_of("tap", 8, "cem"), 8)
    (path,) = set(motions_folder().iterdir()) - before
    said = capsys.readouterr()
    if as_json:
        told = {"label": "tap", "person": "cem", "repetitions": 8, "recording": str(path)}
        assert json.loads(said.out) == told
    else:
        assert said.out == f"tap: 8 of 10 repetitions in {path}\n"
    assert said.err.startswith("The same command again adds more")


def test_removing_a_motion_leaves_the_others(livefg: Run) -> None:
    for path in list(motions_folder().iterdir()):
        path.with_name(path.name + ".partial").write_bytes(b"half")
    assert livefg("collect", "--motion", "--remove", " flick").out.strip() == "flick: 2 recordings removed"
    assert not list(motions_folder().glob("flick*"))
    assert "flick" not in livefg("collect", "--motion", "--list").out
    assert "knock" in livefg("collect", "--motion", "--list").out
    gone = livefg("collect", "--motion", "--remove", "flick")
    assert gone.code == 1
    assert "There is no recording of the motion 'flick'; there is knock." in gone.err


def test_a_recording_that_cannot_be_read_is_told_and_left_out(livefg: Run) -> None:
    (motions_folder() / "broken.npz").write_bytes(b"no recording")
    listed = livefg("collect", "--motion", "--list")
    assert "knock" in listed.out
    assert "broken.npz cannot be read" in listed.err
