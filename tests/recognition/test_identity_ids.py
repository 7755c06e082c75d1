"""What faces look like decides whose track is whose: who comes back, and ids that place and motion got wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from identities import face
from identity_stage import RATE, Stage, Tracks, at, picture, put

from livefg import LivefgError
from livefg.gallery import GalleryFile
from livefg.perception.tracks import NewFace
from livefg.recognition.identity import Identifier
from livefg.results import Frame
from livefg.workers import run_chain


@pytest.fixture
def file(tmp_path: Path) -> GalleryFile:
    return GalleryFile(tmp_path / "livefg" / "people.jsonl")


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
