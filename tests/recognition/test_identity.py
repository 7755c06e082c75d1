"""The identity stage: who is looked at when, what a changed gallery does, who comes back."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from identities import face, somebody
from onnx_files import save_identities

from livefg import LivefgError
from livefg.gallery import Gallery, GalleryFile, Portrait
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.perception.tracks import NewFace
from livefg.recognition import identity
from livefg.recognition.identity import Identifier
from livefg.recognition.identity_model import load_identities
from livefg.results import Face, Frame, ImageArray
from livefg.workers import run_chain

PEOPLE = [somebody(seed) for seed in (1, 2, 3)]  # red, green and blue faces
RATE = 30.0


class FakeNetwork:
    """Knows a face by its colour, and counts how often it is asked."""

    report = SimpleNamespace(name="face_embedder")

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, aligned: np.ndarray) -> list[np.ndarray]:
        self.runs += 1
        return [PEOPLE[int(aligned[0].mean(axis=(0, 1)).argmax())][None]]


def picture(*colours: int) -> ImageArray:
    """Faces side by side, each 200 pixels wide, with detail in one colour."""
    noise = np.random.default_rng(0).integers(0, 256, (100, 50 * len(colours)), np.uint8)
    detail = cv2.resize(noise, (200 * len(colours), 400), interpolation=cv2.INTER_CUBIC)
    image = np.repeat((detail // 4)[:, :, None], 3, axis=2)
    for place, colour in enumerate(colours):
        image[:, 200 * place : 200 * (place + 1), colour] = detail[:, 200 * place : 200 * (place + 1)]
    return np.ascontiguousarray(image, np.uint8)


def at(place: int, track: int | None = None) -> Face:
    return face(track if track is not None else place + 1, left=200.0 * place + 50, width=100.0)


class Tracks:
    """Takes down what is asked of the tracks."""

    def __init__(self) -> None:
        self.exchanged: list[set[int]] = []
        self.parted: list[int] = []

    def exchange(self, one: int, other: int) -> None:
        self.exchanged.append({one, other})

    def part(self, track: int) -> int:
        self.parted.append(track)
        return 100 + len(self.parted)


class Stage:
    """An identifier, the network behind it, and the frames that it has seen."""

    def __init__(
        self,
        file: GalleryFile,
        *,
        tracked: bool = True,
        remembers: bool = False,
        trained: Classifier | None = None,
    ) -> None:
        self.network = FakeNetwork()
        self.loads = 0
        self.notices: list[str] = []
        self.identifier = Identifier(
            self._load, file, trained=trained, tracked=tracked, on_notice=self.notices.append
        )
        self.tracks = Tracks()
        if remembers:
            self.identifier.attach(self.tracks)
        self.identifier.wait(may_be_needed=True)
        self.frames = 0

    def _load(self) -> Any:
        self.loads += 1
        return self.network

    def faces(self, image: ImageArray, faces: Sequence[Face]) -> tuple[Face, ...]:
        frame = Frame(image, self.frames, self.frames / RATE, "test")
        self.frames += 1
        return run_chain(self.identifier.steps(frame, tuple(faces)))

    def see(self, image: ImageArray, faces: Sequence[Face]) -> list[str | None]:
        return [one.identity.name if one.identity else None for one in self.faces(image, faces)]

    def places(self, image: ImageArray, faces: Sequence[Face]) -> dict[int, int]:
        """Which track is where."""
        return {one.track: round(one.box[0] - 50) // 200 for one in self.faces(image, faces)}

    def watch_places(self, image: ImageArray, faces: Sequence[Face], count: int) -> list[dict[int, int]]:
        return [self.places(image, faces) for _ in range(count)]

    def watch(self, image: ImageArray, faces: Sequence[Face], count: int) -> list[list[str | None]]:
        return [self.see(image, faces) for _ in range(count)]


@pytest.fixture
def file(tmp_path: Path) -> GalleryFile:
    return GalleryFile(tmp_path / "livefg" / "people.jsonl")


def put(file: GalleryFile, name: str, person: int) -> None:
    with file.edit() as edit:
        edit.gallery = edit.gallery.with_portraits(name, [Portrait(PEOPLE[person], 1.0)])


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


class TestRecall:
    """Faces that come back."""

    @pytest.fixture
    def stage(self, file: GalleryFile) -> Stage:
        """One that has seen a red face as track 1 and a green one as track 2."""
        put(file, "Somebody", 2)
        stage = Stage(file)
        stage.watch(picture(0, 1), [at(0), at(1)], 10)
        return stage

    @staticmethod
    def recall(stage: Stage, colour: int, lost: set[int]) -> tuple[int | None, set[int]]:
        found = at(0)
        assert found.points is not None
        ((same, others),) = run_chain(
            stage.identifier.recall(picture(colour), [NewFace(found.points, 0.99)], lost)
        )
        return same, set(others)

    def test_a_face_is_known_again_and_not_taken_for_another(self, stage: Stage) -> None:
        assert self.recall(stage, 0, {1, 2}) == (1, {2})
        assert self.recall(stage, 1, {1, 2}) == (2, {1})
        assert self.recall(stage, 2, {1, 2}) == (None, {1, 2})

    def test_only_lost_tracks_come_into_question(self, stage: Stage) -> None:
        assert self.recall(stage, 0, {2, 9}) == (None, {2})

    def test_a_poor_view_says_nothing(self, stage: Stage) -> None:
        found = at(0)
        assert found.points is not None
        flat = np.full((400, 200, 3), 90, np.uint8)
        said = run_chain(stage.identifier.recall(flat, [NewFace(found.points, 0.99)], {1, 2}))
        assert said == [(None, frozenset())]

    def test_faces_that_flicker_cannot_ask_without_end(self, stage: Stage) -> None:
        before = stage.network.runs
        answers = [self.recall(stage, 0, {1, 2}) for _ in range(50)]
        assert stage.network.runs - before <= 8
        assert answers[-1] == (None, set())

    def test_of_whom_nobody_asks_for_nothing_is_said(self, tmp_path: Path) -> None:
        stage = Stage(GalleryFile(tmp_path / "none.jsonl"))
        assert self.recall(stage, 0, {1}) == (None, set())

    def test_two_new_faces_are_not_the_same_lost_one(self, stage: Stage) -> None:
        points = at(0).points
        assert points is not None
        faces = [NewFace(points, 0.99)] * 2
        said = run_chain(stage.identifier.recall(picture(0), faces, {1, 2}))
        assert [reunion.same for reunion in said] == [1, None]


class TestIds:
    """Ids that place and motion got wrong, with nobody enrolled."""

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Stage:
        """One that has seen a red face as track 1 and a green one as track 2."""
        stage = Stage(GalleryFile(tmp_path / "none.jsonl"), remembers=True)
        stage.watch(picture(0, 1), [at(0), at(1)], 10)
        return stage

    def test_nobody_is_named(self, stage: Stage) -> None:
        assert stage.see(picture(0, 1), [at(0), at(1)]) == [None, None]

    def test_a_face_is_looked_at_once_and_then_rarely(self, stage: Stage) -> None:
        assert stage.network.runs == 2
        stage.watch(picture(0, 1), [at(0), at(1)], 300)
        assert stage.network.runs <= 2 + 2 * 3, "ten seconds"

    def test_who_comes_back_is_known_again(self, stage: Stage) -> None:
        assert TestRecall.recall(stage, 1, {1, 2}) == (2, {1})

    def test_after_faces_met_each_has_its_own_id_in_the_very_frame(self, stage: Stage) -> None:
        stage.watch(picture(0, 1), [at(0), face(2, left=70.0)], 3)
        assert stage.places(picture(1, 0), [at(0, 1), at(1, 2)]) == {1: 1, 2: 0}
        assert stage.tracks.exchanged == [{1, 2}]
        stage.watch(picture(1, 0), [at(1, 1), at(0, 2)], 10)
        assert (stage.tracks.exchanged, stage.tracks.parted) == ([{1, 2}], [])

    def test_the_face_in_front_takes_its_id_from_the_track_that_ran_into_it(self, stage: Stage) -> None:
        stage.watch(picture(0, 1), [at(0), face(2, left=70.0)], 3)
        assert stage.places(picture(1), [at(0, 1)]) == {2: 0}, "the other track was given up"
        assert TestRecall.recall(stage, 0, {1}) == (1, set())

    def test_who_is_one_of_two_who_met_is_not_looked_for_in_the_other(self, stage: Stage) -> None:
        stage.watch(picture(0, 1), [face(1, left=84.0), face(2, left=174.0)], 3)
        before = stage.network.runs
        stage.watch(picture(0, 1), [at(0), face(2, left=200.0)], 30)
        assert stage.network.runs - before == 1
        assert stage.tracks.exchanged == []

    def test_somebody_else_under_the_same_id_gets_a_new_one(self, stage: Stage) -> None:
        stage.watch(picture(0, 1), [at(1, 2)], 10)
        seen = stage.watch_places(picture(2, 1), [at(0), at(1)], 4)
        assert stage.tracks.parted == [1]
        assert seen[0] == {1: 0, 2: 1}, "one look is not enough"
        assert seen[-1] == {101: 0, 2: 1}

    def test_a_face_that_is_seen_well_only_later_takes_its_old_id_then(self, stage: Stage) -> None:
        stage.watch(picture(0, 1), [at(0)], 10)
        blurred = np.full((400, 400, 3), 90, np.uint8)
        assert stage.places(blurred, [at(1, 3)]) == {3: 1}
        stage.watch(blurred, [at(1, 3)], 5)
        while not stage.tracks.exchanged:
            seen = stage.places(picture(0, 1), [at(1, 3)])
        assert stage.tracks.exchanged == [{2, 3}]
        assert seen == {2: 1}
        assert stage.frames <= 30, "soon"

    def test_a_face_that_jumps_is_looked_at(self, stage: Stage) -> None:
        before = stage.network.runs
        stage.watch(picture(0, 1, 2), [at(2, 1), at(1)], 8)
        assert stage.network.runs - before >= 2
        assert stage.tracks.parted == [1]

    def test_of_two_who_look_alike_neither_takes_the_others_id(self, stage: Stage, tmp_path: Path) -> None:
        twins = Stage(GalleryFile(tmp_path / "none.jsonl"), remembers=True)
        twins.watch(picture(0, 0), [at(0), at(1)], 10)
        twins.watch(picture(0, 0), [at(0), face(2, left=70.0)], 3)
        assert twins.places(picture(0, 0), [at(0), at(1)]) == {1: 0, 2: 1}
        assert TestRecall.recall(twins, 0, {1, 2}) == (None, set()), "the place decides"

    def test_a_reset_forgets_everybody(self, stage: Stage) -> None:
        stage.identifier.reset()
        assert TestRecall.recall(stage, 0, {1, 2}) == (None, set())

    def test_without_its_network_the_stream_goes_on_and_it_is_said_once(self, tmp_path: Path) -> None:
        def load() -> Any:
            raise LivefgError("The file face_embedder.onnx is missing.")

        notices: list[str] = []
        identifier = Identifier(load, GalleryFile(tmp_path / "none.jsonl"), on_notice=notices.append)
        identifier.attach(Tracks())
        with pytest.raises(LivefgError):
            identifier.wait(may_be_needed=True)
        for number in range(3):
            frame = Frame(picture(0), number, number / RATE, "test")
            assert [one.track for one in run_chain(identifier.steps(frame, (at(0),)))] == [1]
        assert len(notices) == 1
        assert "by their place alone" in notices[0]
        assert identifier.reports == ()


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
