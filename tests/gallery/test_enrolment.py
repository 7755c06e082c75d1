"""Enrolment takes good pictures of one person, says what is wrong with others, and leaves out who does not belong."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from identities import GOOD, look, somebody

from livefg import LivefgError
from livefg.gallery import GalleryFile, Portrait
from livefg.gallery.enrolment import Candidate, Enroller, enroll, fault_of, outliers
from livefg.results import Frame, ImageArray
from livefg.sinks.pictures import save_picture

ANNA, BO = somebody(1), somebody(2)


def portraits(person: np.ndarray, count: int, cosine: float = 0.8, seed: int = 0) -> list[Portrait]:
    return [Portrait(look(person, cosine, seed + number), 1.0) for number in range(count)]


def candidates(name: str, taken: list[Portrait]) -> list[Candidate]:
    return [Candidate(f"{name} {number}", portrait) for number, portrait in enumerate(taken)]


@pytest.fixture
def file(tmp_path: Path) -> GalleryFile:
    return GalleryFile(tmp_path / "livefg" / "people.jsonl")


@pytest.fixture(scope="module")
def enroller() -> Enroller:
    return Enroller("cpu", thumbnails=True)


@pytest.fixture(scope="module")
def portrait_picture(demo_frames: list[Frame]) -> ImageArray:
    return demo_frames[0].image


class TestOutliers:
    """Which pictures are of somebody else."""

    def test_pictures_of_one_person_all_belong(self) -> None:
        assert outliers(portraits(ANNA, 5)) == []
        assert outliers(portraits(ANNA, 2)) == []
        assert outliers(portraits(ANNA, 1)) == []
        assert outliers([]) == []

    def test_the_few_who_differ_are_named(self) -> None:
        mixed = [*portraits(ANNA, 2), *portraits(BO, 1), *portraits(ANNA, 2, seed=5)]
        assert outliers(mixed) == [2]

    def test_of_two_that_differ_nobody_can_tell_which_is_wrong(self) -> None:
        assert sorted(outliers([*portraits(ANNA, 1), *portraits(BO, 1)])) == [0, 1]

    def test_who_is_enrolled_already_decides(self) -> None:
        assert outliers([*portraits(ANNA, 1), *portraits(BO, 1)], trusted=portraits(BO, 1, seed=9)) == [0]

    def test_one_picture_is_compared_with_those_that_are_known(self) -> None:
        assert outliers(portraits(BO, 1), trusted=portraits(ANNA, 2)) == [0]


class TestEnroll:
    """From candidates to the file."""

    def test_good_ones_are_added_and_bad_ones_told(self, file: GalleryFile) -> None:
        done = enroll(
            "Anna", [*candidates("anna", portraits(ANNA, 2)), Candidate("dark.jpg", None, "too dark")], file
        )
        assert done.added == ("anna 0", "anna 1")
        assert done.rejected == (("dark.jpg", "too dark"),)
        assert len(file.load().person("Anna").portraits) == 2

    def test_outliers_are_left_out_unless_they_are_wanted(self, file: GalleryFile) -> None:
        mixed = [*candidates("anna", portraits(ANNA, 3)), *candidates("bo", portraits(BO, 1))]
        done = enroll("Anna", mixed, file)
        assert done.rejected == (("bo 0", "it does not look like the person on the other pictures"),)
        assert enroll("Anna", mixed, file, keep_outliers=True).added == ("bo 0",)

    def test_what_was_enrolled_before_is_not_taken_twice(self, file: GalleryFile) -> None:
        enroll("Anna", candidates("anna", portraits(ANNA, 2)), file)
        again = enroll("anna", candidates("anna", portraits(ANNA, 3)), file)
        assert (again.name, again.known, again.added) == ("Anna", ("anna 0", "anna 1"), ("anna 2",))

    def test_where_nothing_is_good_nothing_is_written(self, file: GalleryFile) -> None:
        done = enroll("Anna", [Candidate("a.jpg", None, "no face was found")], file)
        assert done.person is None
        assert not file.path.exists()
        two = [*candidates("anna", portraits(ANNA, 1)), *candidates("bo", portraits(BO, 1))]
        done = enroll("Anna", two, file)
        assert done.person is None
        assert "nobody can tell" in done.rejected[0][1]
        assert not file.path.exists()

    def test_who_looks_like_somebody_else_is_pointed_out(self, file: GalleryFile) -> None:
        enroll("Anna", candidates("anna", portraits(ANNA, 3)), file)
        assert enroll("Annie", candidates("again", portraits(ANNA, 2, seed=7)), file).look_alikes == ("Anna",)
        assert enroll("Bo", candidates("bo", portraits(BO, 2)), file).look_alikes == ()

    def test_of_several_faces_the_one_on_the_other_pictures_is_taken(self, file: GalleryFile) -> None:
        group = Candidate("group", None, "2 faces", (*portraits(BO, 1), *portraits(ANNA, 1, seed=8)))
        assert enroll("Anna", [group], file).person is None, "nobody can tell which one is meant"
        assert not file.path.exists()
        done = enroll("Anna", [group, *candidates("anna", portraits(ANNA, 1))], file)
        assert done.added == ("anna 0", "group")
        assert done.rejected == ()
        (_, taken) = file.load().person("Anna").portraits
        assert taken.embedding @ ANNA > 0.7

    def test_of_several_faces_none_or_two_that_fit_are_not_taken(self, file: GalleryFile) -> None:
        enroll("Anna", candidates("anna", portraits(ANNA, 2)), file)
        without = Candidate("without", None, "2 faces", (*portraits(BO, 1), *portraits(somebody(3), 1)))
        twins = Candidate("twins", None, "2 faces", tuple(portraits(ANNA, 2, seed=8)))
        done = enroll("Anna", [without, twins], file)
        assert done.added == ()
        assert [source for source, _ in done.rejected] == ["without", "twins"]

    def test_the_outcome_as_json_has_no_embeddings(self, file: GalleryFile) -> None:
        assert enroll("Anna", candidates("anna", portraits(ANNA, 1)), file).to_dict() == {
            "name": "Anna",
            "enrolled": True,
            "portraits": 1,
            "added": ["anna 0"],
            "known": [],
            "rejected": [],
            "look_alikes": [],
        }

    def test_a_bad_name_is_refused_before_any_work(self, file: GalleryFile) -> None:
        def never() -> list[Candidate]:
            raise AssertionError("a picture was looked at")
            yield

        with pytest.raises(LivefgError, match="strangers"):
            enroll("Unknown", never(), file)


def test_faults_are_told_by_the_worst() -> None:
    assert fault_of(GOOD) == ""
    assert fault_of(GOOD._replace(eye_distance=1.0)) == "the face is too small (1 pixels between the eyes)"
    assert fault_of(GOOD._replace(sharpness=-2.6)) == "the face is too blurred"
    turned = GOOD._replace(misfit=0.6)
    assert fault_of(turned) == "the face is too turned away"
    assert fault_of(turned, turned=True) == "", "where it is asked for, it is no fault"


class TestPictures:
    """Judging real pictures."""

    def test_the_portrait_is_good(self, enroller: Enroller, portrait_picture: ImageArray) -> None:
        candidate = enroller.candidate_in(portrait_picture, "portrait")
        assert candidate.portrait is not None
        assert candidate.portrait.quality > 0.8
        thumbnail = candidate.portrait.thumbnail
        assert thumbnail is not None
        shown = cv2.imdecode(np.frombuffer(thumbnail, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        assert shown.shape == (112, 112, 3)

    def test_two_faces_are_one_too_many(self, enroller: Enroller, portrait_picture: ImageArray) -> None:
        twins = np.concatenate([portrait_picture, portrait_picture], axis=1)
        assert "2 faces" in enroller.candidate_in(np.ascontiguousarray(twins), "twins").fault

    def test_no_face_and_a_blurred_face_are_told(
        self, enroller: Enroller, portrait_picture: ImageArray
    ) -> None:
        assert enroller.candidate_in(np.zeros((300, 300, 3), np.uint8), "black").fault == "no face was found"
        blurred = np.asarray(cv2.GaussianBlur(portrait_picture, (0, 0), 6), np.uint8)
        assert enroller.candidate_in(blurred, "blurred").fault == "the face is too blurred"

    def test_a_file_that_is_no_picture_is_told(self, enroller: Enroller, tmp_path: Path) -> None:
        path = tmp_path / "note.jpg"
        path.write_text("hello")
        assert "note.jpg is not a picture" in enroller.candidate(path).fault
        assert enroller.candidate(tmp_path / "none.jpg").portrait is None

    def test_a_picture_from_a_file(
        self, enroller: Enroller, portrait_picture: ImageArray, tmp_path: Path
    ) -> None:
        save_picture(portrait_picture, tmp_path / "portrait.png")
        assert enroller.candidate(tmp_path / "portrait.png").portrait is not None
