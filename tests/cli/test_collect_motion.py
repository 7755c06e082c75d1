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
from livefg.collect.takes import Span, Take, motions_folder, save_take

if TYPE_CHECKING:
    from conftest import Ended

Run = Callable[..., "Ended"]


def recorded(label: str, count: int, person: str) -> None:
    times = np.arange(0, 60, 0.1)
    spans = tuple(Span(label, 3.0 * n, 3.0 * n + 0.5, 3.0 * n + 0.5) for n in range(count))
    save_take(Take(times, np.zeros((len(times), 21, 3), np.float32), spans, person=person))


@pytest.fixture(autouse=True)
def takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three recordings, in a folder that stands in for the user's own data."""
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "data" / "livefg")
    recorded("flick", 10, "ana")
    recorded("flick", 4, "ben")
    recorded("knock", 1, "ana")


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


def test_removing_a_motion_leaves_the_others(livefg: Run) -> None:
    assert livefg("collect", "--motion", "--remove", "flick").out.strip() == "flick: 2 recordings removed"
    assert "flick" not in livefg("collect", "--motion", "--list").out
    assert "knock" in livefg("collect", "--motion", "--list").out
    gone = livefg("collect", "--motion", "--remove", "flick")
    assert gone.code == 1
    assert "There is no recording of the motion 'flick'." in gone.err


def test_a_recording_that_cannot_be_read_is_told_and_left_out(livefg: Run) -> None:
    (motions_folder() / "broken.npz").write_bytes(b"no recording")
    listed = livefg("collect", "--motion", "--list")
    assert "knock" in listed.out
    assert "broken.npz cannot be read" in listed.err
