"""Recordings on the disk: whole, private, found again, removed without a trace."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from shown import hand, seen

from livefg.collect import Collector, Recording, RecordingStore, check_label
from livefg.collect.file_names import new_session
from livefg.errors import LivefgError


def recorded(
    label: str = "hush", person: str = "me", count: int = 3, session: str | None = None
) -> Recording:
    collector = Collector(label, person, count=count, session=session)
    for index in range(count):
        collector.see(*seen(index, hand(turn=12 * index, side="left" if index % 2 else "right")))
    return collector.recording


@pytest.fixture
def store(tmp_path: Path) -> RecordingStore:
    return RecordingStore(tmp_path / "data" / "recordings")


def test_what_was_saved_is_loaded_as_it_was(store: RecordingStore) -> None:
    recording = recorded(person="Anna Müller", session="20260131-174502")
    path = store.save(recording)
    assert path.name == "hush-20260131-174502.npz"
    (stored,) = store.load()
    found = stored.recording
    assert found is not None
    assert (found.label, found.person, found.session) == ("hush", "Anna Müller", "20260131-174502")
    for ours, theirs in zip(recording.examples, found.examples, strict=True):
        np.testing.assert_array_equal(ours.landmarks, theirs.landmarks)
        np.testing.assert_array_equal(ours.world, theirs.world)
        for name in ("right", "side", "time", "item", "thumbnail"):
            assert getattr(ours, name) == getattr(theirs, name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_only_the_owner_can_read_them(store: RecordingStore) -> None:
    path = store.save(recorded())
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.folder.stat().st_mode & 0o777 == 0o700


def test_labels_of_any_script_are_kept_and_make_a_file_name(store: RecordingStore) -> None:
    for label in ("тишина", "静か", "a/b: c?", "../up"):
        assert store.save(recorded(label)).parent == store.folder
    assert set(store.counts()) == {"тишина", "静か", "a/b: c?", "../up"}


def test_nothing_is_ever_written_over(store: RecordingStore) -> None:
    recording = recorded(session="20260131-174502")
    assert store.save(recording) != store.save(recording)
    assert store.counts() == {"hush": 6}


def test_examples_are_counted_by_label(store: RecordingStore) -> None:
    assert store.counts() == {}
    store.save(recorded("hush", count=3))
    store.save(recorded("hush", "anna", count=2))
    store.save(recorded("none", count=4))
    assert store.counts() == {"hush": 5, "none": 4}


def test_removing_a_label_leaves_nothing_of_it_and_everything_else(store: RecordingStore) -> None:
    store.save(recorded("hush"))
    store.save(recorded("hush", "anna"))
    kept = store.save(recorded("none"))
    assert store.remove("hush") == 6
    assert list(store.folder.iterdir()) == [kept]
    with pytest.raises(LivefgError, match="Nothing is recorded of 'hush'; there is none"):
        store.remove("hush")


def test_a_damaged_file_is_told_and_keeps_nothing_else_from_being_read(store: RecordingStore) -> None:
    good = store.save(recorded("hush"))
    (store.folder / "a.npz").write_bytes(good.read_bytes()[:-100])
    (store.folder / "b.npz").write_bytes(b"nonsense")
    (store.folder / "c.npz").write_bytes(b"")
    np.savez(store.folder / "d.npz", landmarks=np.zeros((2, 21, 3)))
    np.savez(store.folder / "e.npz", recording=np.int64(2))
    faults = [one.fault for one in store.load() if one.fault]
    assert len(faults) == 5
    assert all("damaged, or no recording" in fault for fault in faults[:4])
    assert "has format 2; this livefg reads 1" in faults[4]
    assert store.counts() == {"hush": 3}


def test_a_store_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LivefgError, match="cannot be saved"):
        RecordingStore(tmp_path / "file" / "recordings").save(recorded())


def test_names_are_composed_and_trimmed() -> None:
    assert check_label("  cafe\u0301 ") == "caf\u00e9"


def test_sessions_of_files_differ_by_name() -> None:
    assert new_session("a b").endswith("-a_b")
