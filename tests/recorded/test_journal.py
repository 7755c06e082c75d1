"""The journal of an unfinished run: what is put in comes out, part by part, and damage is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from films import face, film, hand

from livefg import LivefgError
from livefg.recorded.journal import Journal
from livefg.results import Face, FrameResult, HeadPose

OK = {"ok": 0.9, "none": 0.1}


def mesh_face(index: int) -> Face:
    """A face with a mesh that moves by a third of a pixel a frame."""
    mesh = np.random.default_rng(1).uniform(0, 100, (478, 3)).astype(np.float32) + np.float32(index / 3)
    return replace(
        face(50.0 + index / 3, "Ann"), landmarks=mesh, raw_landmarks=mesh + 1, pose=HeadPose(1.0, 2.0, 3.0)
    )


def results() -> list[FrameResult]:
    found = film(
        20, lambda index: [hand(300 + index, OK)] * (index % 3), lambda index: [mesh_face(index), face(400)]
    )
    return [replace(result, time=result.time + 1e-9) for result in found]


def kept(path: Path, *, raw: bool) -> Journal:
    journal = Journal(path / "clip.unfinished", raw=raw)
    journal.begin({"mode": "recorded"})
    everything = results()
    journal.append(everything[:12], ({"value": 1}, [np.arange(3)]))
    journal.append(everything[12:], ({"value": 2}, [np.arange(4), np.float32(0.1)]))
    return journal


@pytest.mark.parametrize("raw", [True, False])
def test_results_come_back_as_they_were(tmp_path: Path, raw: bool) -> None:
    back = list(kept(tmp_path, raw=raw).results())
    for result, before in zip(back, results(), strict=True):
        assert result.to_json() == before.to_json()
        assert result.time == before.time
        expected = before.faces[0].raw_landmarks if raw else before.faces[0].landmarks
        found = result.faces[0].raw_landmarks if raw else result.faces[0].landmarks
        assert found is not None
        assert expected is not None
        assert np.abs(found - expected).max() < 0.1
        assert result.faces[1].landmarks is None
        for one, other in zip(result.hands, before.hands, strict=True):
            points = one.raw_landmarks if raw else one.landmarks
            assert points is not None
            assert np.array_equal(points, other.landmarks)
            assert one.side_confidence == other.side_confidence


def test_the_memory_is_that_of_the_last_part(tmp_path: Path) -> None:
    journal = kept(tmp_path, raw=True)
    state = journal.state()
    assert state is not None
    assert state[0] == {"value": 2}
    assert [array.tolist() for array in state[1]] == [[0, 1, 2, 3], pytest.approx(0.1)]


def test_another_process_finds_what_was_kept(tmp_path: Path) -> None:
    kept(tmp_path, raw=True)
    (tmp_path / "clip.unfinished" / "000000020-000000030.npz.partial").write_bytes(b"half a part")
    found = Journal(tmp_path / "clip.unfinished", raw=True)
    assert (found.exists, found.frames, found.end) == (True, 20, None)
    assert found.run["mode"] == "recorded"
    found.finish({"notes": ["a note"]})
    assert Journal(tmp_path / "clip.unfinished", raw=True).end == {"notes": ["a note"]}


def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    assert kept(tmp_path, raw=True).path.stat().st_mode & 0o077 == 0


def test_beginning_anew_forgets_everything(tmp_path: Path) -> None:
    journal = kept(tmp_path, raw=True)
    journal.begin({})
    assert (journal.frames, list(journal.results()), journal.state()) == (0, [], None)
    journal.remove()
    assert not journal.exists


def test_a_damaged_part_is_told(tmp_path: Path) -> None:
    journal = kept(tmp_path, raw=True)
    part = sorted(journal.path.glob("*.npz"))[1]
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(LivefgError, match=r"is damaged .*begin anew with --force"):
        list(journal.results())


def test_a_part_in_which_nobody_is_seen_is_kept_too(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "clip.unfinished", raw=True)
    journal.begin({})
    journal.append(film(3), None)
    assert [result.frame for result in journal.results()] == [0, 1, 2]
    assert journal.state() is None
