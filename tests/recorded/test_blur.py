"""Faces made unrecognisable: whose, in every frame of them, so that nobody knows them again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import make_frame
from films import FPS, face, film, highest

from livefg import LivefgError
from livefg.gallery.people import Gallery, Person, Portrait
from livefg.inference.network import Network
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.identity_embedding import NETWORK, FaceEmbedder
from livefg.recognition.identity_votes import OTHER_PERSON
from livefg.recorded.blur import Blur, FaceCover, StillCover, blurred
from livefg.recorded.decisions import decide
from livefg.results import Face, Frame, Label


def cover_of(faces: Sequence[Sequence[Face]], *who: str) -> FaceCover:
    """The cover of a film with these faces in its frames."""
    blur = Blur.of(who)
    assert blur
    return FaceCover(blur, decide(film(len(faces), faces=lambda index: faces[index]), highest))


@pytest.mark.parametrize(
    ("who", "covered"),
    [
        (("all",), {"Ann", "unknown", None}),
        (("unknown",), {"unknown", None}),
        (("Ann",), {"Ann"}),
        (("Bob", "unknown"), {"unknown", None}),
        (("Bob",), set()),
    ],
)
def test_whose_faces_are_covered(who: tuple[str, ...], covered: set[str | None]) -> None:
    blur = Blur.of(who)
    assert blur
    names: tuple[str | None, ...] = ("Ann", "unknown", None)
    assert {name for name in names if blur.covers(Label(name, 0.9) if name else None)} == covered
    assert Blur.of(()) is None


def test_every_frame_of_a_face_is_covered_also_those_in_which_it_was_lost() -> None:
    seen = [
        [] if 30 <= index < 60 or index < 10 or index >= 80 else [face(100.0 + index)] for index in range(120)
    ]
    cover = cover_of(seen, "all")
    for index in range(95):  # from before it was found until after it was last seen
        x = 100 + min(max(index, 10), 79)
        regions = cover.regions(index / FPS)
        assert len(regions) == 1
        left, top, right, bottom = regions[0]
        assert left < x - 60
        assert right > x + 60
        assert top < 40
        assert bottom > 160
    assert cover.regions(110 / FPS) == []


def test_a_person_is_covered_in_the_frames_before_anybody_knew_who_it_was() -> None:
    seen = [[face(300, None if index < 60 else "Ann")] for index in range(90)]
    assert all(cover_of(seen, "Ann").regions(index / FPS) for index in range(90))
    assert not any(cover_of(seen, "unknown").regions(index / FPS) for index in range(90))


def test_a_face_that_moves_fast_is_covered_where_it_was_and_where_it_goes() -> None:
    seen = [[face(100.0 + 25 * index)] for index in range(20)]
    left, _, right, _ = cover_of(seen, "all").regions(10 / FPS)[0]
    assert left < 350 - 25 - 50
    assert right > 350 + 25 + 50


def test_nothing_is_drawn_over_a_covered_face_and_others_stay() -> None:
    seen = [[face(150, "Ann"), face(450, "Bob", track=2)] for _ in range(30)]
    cover = cover_of(seen, "Ann")
    result = film(30, faces=lambda index: seen[index])[15]
    image = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    frame, shown = cover(Frame(image, 15, 15 / FPS, "film"), result)
    assert [face.identity and face.identity.name for face in shown.faces] == ["Bob"]
    assert np.array_equal(frame.image[:, 400:500], image[:, 400:500])
    assert not np.array_equal(frame.image[60:140, 110:190], image[60:140, 110:190])


def test_a_frame_without_covered_faces_stays_as_it_is() -> None:
    cover = cover_of([[face(300, "Bob")]] * 10, "Ann")
    frame = make_frame(3, 3 / FPS, (640, 480))
    assert cover(frame, film(4)[3])[0].image is frame.image


def test_what_is_left_of_a_face_tells_nothing_apart_from_its_colours() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 255, (200, 200, 3)).astype(np.uint8)
    before = image.copy()
    covered = blurred(image, [(50, 50, 150, 150)])
    assert np.array_equal(image, before)
    inner = covered[65:135, 65:135].astype(float)
    assert np.abs(np.diff(inner, axis=0)).max() < 8  # no edge is left
    assert np.array_equal(covered[:45], before[:45])


@pytest.mark.parametrize(
    "region", [(-50.0, -50.0, 30.0, 30.0), (90.0, 90.0, 300.0, 300.0), (500.0, 0.0, 600.0, 10.0)]
)
def test_faces_at_the_rim_are_covered_as_far_as_they_are_there(
    region: tuple[float, float, float, float],
) -> None:
    assert blurred(np.zeros((100, 100, 3), np.uint8), [region]).shape == (100, 100, 3)


def test_stills_are_covered_by_what_is_seen_in_each() -> None:
    blur = Blur.of(["unknown"])
    assert blur
    image = np.random.default_rng(2).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    result = film(1, faces=lambda index: [face(150, "unknown"), face(450, "Bob", track=2)])[0]
    frame, shown = StillCover(blur)(Frame(image, 0, 0.0, "a.jpg"), result)
    assert len(shown.faces) == 1
    assert not np.array_equal(frame.image[80:120, 130:170], image[80:120, 130:170])
    assert np.array_equal(frame.image[80:120, 430:470], image[80:120, 430:470])


def test_nobody_would_be_known_again(demo_frames: list[Frame]) -> None:
    blur = Blur.of(["all"])
    assert blur
    embed = FaceEmbedder(Network.load(NETWORK, "cpu"))
    with Pipeline(PipelineSettings(device="cpu", hands=0, stills=True)) as pipeline:
        result = pipeline.process(demo_frames[10])
    (found,) = result.faces
    assert found.points is not None
    covered, _ = StillCover(blur)(demo_frames[10], result)
    views = [embed(frame.image, found.points, 1.0) for frame in (demo_frames[10], demo_frames[200], covered)]
    plain, later, blank = (view.embedding for view in views if view is not None)
    assert float(plain @ later) > 0.9
    assert abs(float(plain @ blank)) < OTHER_PERSON


def test_a_name_is_taken_as_it_was_enrolled_and_nobody_elses() -> None:
    portrait = Portrait(np.eye(1, 128, dtype=np.float32)[0], 0.9)
    gallery = Gallery.of([Person("Zoë", (portrait,))])
    blur = Blur.of(["zoë", "unknown"])
    assert blur
    assert blur.of_people(gallery) == Blur(unknown=True, names=frozenset({"Zoë"}))
    with pytest.raises(LivefgError, match="Nobody called 'Zoe' is enrolled"):
        Blur(names=frozenset({"Zoe"})).of_people(gallery)
