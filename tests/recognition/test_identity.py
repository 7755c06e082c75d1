"""The identity stage: who is looked at when, and what a changed gallery does."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from identities import face
from identity_stage import PEOPLE, FakeNetwork, Stage, at, picture, put
from onnx_files import save_identities

from livefg import LivefgError
from livefg.gallery import Gallery, GalleryFile
from livefg.inference.manifest import ModelFile
from livefg.recognition import identity
from livefg.recognition.identity import Identifier
from livefg.recognition.identity_model import load_identities
from livefg.results import Face, Frame
from livefg.workers import run_chain


@pytest.fixture
def file(tmp_path: Path) -> GalleryFile:
    return GalleryFile(tmp_path / "livefg" / "people.jsonl")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gallery file is looked at for every frame."""
    monkeypatch.setattr(identity, "_FILE_SECONDS", 0.0)


def test_while_nobody_is_enrolled_nothing_is_loaded_and_nobody_is_named(file: GalleryFile) -> None:
    stage = Stage(file)
    assert stage.watch(picture(0), [at(0)], 5) == [[None]] * 5
    assert (stage.loads, stage.network.runs, stage.identifier.reports) == (0, 0, ())


def test_people_of_a_trained_classifier_are_named_without_anybody_enrolled(
    file: GalleryFile, tmp_path: Path, at_once: None
) -> None:
    path = save_identities(tmp_path / "ours.onnx", {"Red": PEOPLE[0]})
    stage = Stage(file, trained=load_identities(ModelFile("ours", path), "cpu"))
    image = picture(0, 1)
    assert stage.watch(image, [at(0), at(1)], 40)[-1] == ["Red", "unknown"]
    put(file, "Green", 1)
    assert stage.watch(image, [at(0), at(1)], 40)[-1] == ["Red", "Green"]


def test_a_name_comes_within_half_a_second_and_a_stranger_is_unknown(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file)
    seen = stage.watch(picture(0, 1), [at(0), at(1)], 30)
    assert seen[15] == ["Anna", "unknown"]
    assert {answers[0] for answers in seen} == {None, "Anna"}
    assert {answers[1] for answers in seen} == {None, "unknown"}


def test_looks_become_rare_once_a_face_is_known(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file)
    stage.watch(picture(0), [at(0)], 30)
    first = stage.network.runs
    stage.watch(picture(0), [at(0)], 300)
    assert first <= 4
    assert stage.network.runs - first <= 6, "about one in two seconds"


def test_many_faces_do_not_ask_for_more_looks_than_the_budget_has(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file)
    crowd = [at(0, track) for track in range(60)]
    for count in range(90):
        before = stage.network.runs
        stage.see(picture(1), crowd)
        assert stage.network.runs - before <= 1, f"one look a frame (frame {count})"
    assert stage.network.runs <= 8 + 3 * 8 + 1


def test_new_faces_come_before_those_that_are_known(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file)
    stage.watch(picture(0, 0), [at(0)], 75)
    seen = stage.watch(picture(0, 0), [at(0), at(1)], 6)
    assert seen[-1] == ["Anna", "Anna"]


def test_pictures_are_named_each_by_itself(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file, tracked=False)
    assert stage.see(picture(0, 1, 0), [at(0), at(1), at(2)]) == ["Anna", "unknown", "Anna"]
    assert stage.see(picture(1), [at(0)]) == ["unknown"], "the same track id means nothing here"


def test_a_face_without_points_has_no_identity(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    pointless = Face(1, (0, 0, 9, 9), 0.9)
    assert Stage(file, tracked=False).see(picture(0), [pointless]) == [None]
    assert Stage(file).watch(picture(0), [pointless], 3) == [[None]] * 3


@pytest.mark.usefixtures("at_once")
def test_who_is_enrolled_renamed_or_forgotten_while_it_runs_is_noticed(file: GalleryFile) -> None:
    put(file, "Bo", 1)
    stage = Stage(file)
    assert stage.watch(picture(0), [at(0)], 20)[-1] == ["unknown"]
    put(file, "Anna", 0)
    assert stage.see(picture(0), [at(0)]) == ["Anna"], "the looks so far are enough"
    with file.edit() as edit:
        edit.gallery = edit.gallery.renamed("Anna", "Cleo")
    assert stage.see(picture(0), [at(0)]) == ["Cleo"]
    with file.edit() as edit:
        edit.gallery = edit.gallery.without("Cleo")
    assert stage.see(picture(0), [at(0)]) == ["unknown"]
    with file.edit() as edit:
        edit.gallery = Gallery()
    assert stage.see(picture(0), [at(0)]) == [None]


@pytest.mark.usefixtures("at_once")
def test_the_first_person_may_be_enrolled_while_it_runs(file: GalleryFile) -> None:
    stage = Stage(file)
    stage.watch(picture(0), [at(0)], 3)
    put(file, "Anna", 0)
    stage.see(picture(0), [at(0)])
    stage.identifier.wait()
    assert stage.watch(picture(0), [at(0)], 10)[-1] == ["Anna"]
    assert stage.loads == 1


@pytest.mark.usefixtures("at_once")
def test_a_gallery_that_gets_damaged_keeps_its_people_and_is_told(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file)
    stage.watch(picture(0), [at(0)], 10)
    file.path.write_bytes(b"garbage")
    assert stage.watch(picture(0), [at(0)], 3)[-1] == ["Anna"]
    assert len(stage.notices) == 1
    assert "damaged" in stage.notices[0]


def test_who_was_away_for_a_moment_is_looked_at_again(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    put(file, "Bo", 1)
    stage = Stage(file)
    assert stage.watch(picture(0), [at(0)], 20)[-1] == ["Anna"]
    stage.watch(picture(0), [], 15)
    assert stage.watch(picture(1), [at(0)], 8)[-1] == ["Bo"]


def test_a_gallery_that_is_damaged_at_the_start_is_an_error(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    file.path.write_bytes(b"garbage")
    with pytest.raises(LivefgError, match="damaged"):
        Stage(file)


def test_after_faces_touched_both_are_looked_at_again(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    put(file, "Bo", 1)
    stage = Stage(file)
    apart = [at(0), at(1)]
    assert stage.watch(picture(0, 1), apart, 20)[-1] == ["Anna", "Bo"]
    stage.watch(picture(0, 1), [at(0), face(2, left=70.0)], 3)
    # The trackers have swapped the faces.
    seen = stage.watch(picture(1, 0), apart, 10)
    assert seen[-1] == ["Bo", "Anna"]


def test_a_reset_forgets_who_was_there(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    stage = Stage(file)
    stage.watch(picture(0), [at(0)], 10)
    stage.identifier.reset()
    stage.frames = 0
    assert stage.see(picture(1), [at(0)]) == [None]


def test_a_stream_goes_on_while_the_network_loads(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    gate, network = threading.Event(), FakeNetwork()

    def load() -> Any:
        assert gate.wait(60)
        return network

    identifier = Identifier(load, file)
    frame = Frame(picture(0), 0, 0.0, "test")
    (waiting,) = run_chain(identifier.steps(frame, (at(0),)))
    assert waiting.identity is None
    gate.set()
    assert len(identifier.reports) == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions that hold")
def test_a_gallery_that_may_not_be_read_is_an_error(file: GalleryFile) -> None:
    put(file, "Anna", 0)
    file.path.chmod(0)
    with pytest.raises(LivefgError, match="cannot be read"):
        Stage(file)
