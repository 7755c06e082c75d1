"""The measurement of identities: nobody is shown a picture he was enrolled with, and figures mean what they say."""

from pathlib import Path

import numpy as np
import pytest
from identities import GOOD, look, somebody

pytest.importorskip("torch", reason="fitting the calibration needs the training extra")

from livefg.gallery.enrolment import LEAST_QUALITY
from livefg.recognition.identity_embedding import ViewMeasures
from training.identity.calibration import fit, left_out
from training.identity.conditions import CONDITIONS
from training.identity.figures import identify, verify
from training.identity.pictures import SETS, pictures
from training.identity.trials import pairs, sessions
from training.identity.views import Views


def made_up(people: int = 24, each: int = 8, cosine: float = 0.75) -> Views:
    """Views of people made of numbers, a third of them in each of the sets that the fit wants."""
    sets = ["lfw", "orl", "actors", "films"]
    rows = [
        (look(somebody(100 + person), cosine, number), sets[person % 4], f"P{person}", f"P{person}-{number}")
        for person in range(people)
        for number in range(each)
    ]
    embeddings, kinds, names, files = zip(*rows, strict=True)
    return Views(
        np.stack(embeddings),
        np.tile(np.array(GOOD, np.float32), (len(rows), 1)),
        np.array(kinds),
        np.array(names),
        np.full(len(rows), "as it is"),
        np.array(files),
    )


def test_nobody_is_shown_a_picture_that_he_was_enrolled_with() -> None:
    views = made_up()
    for session in sessions(views, views, people=5, pictures=3, count=5):
        enrolled = np.concatenate(
            [[portrait.embedding for portrait in person.portraits] for person in session.gallery.people]
        )
        assert (session.embeddings @ enrolled.T).max() < 0.99


def test_strangers_are_strangers_and_the_truth_is_the_truth() -> None:
    views = made_up()
    for session in sessions(views, views, people=5, pictures=2, count=5, strangers=20):
        shown = views.people[session.rows]
        names = [person.name for person in session.gallery.people]
        for name, place in zip(shown, session.truth, strict=True):
            assert name not in names if place < 0 else name == names[place]
        assert (session.truth < 0).sum() == 20


def test_of_strangers_none_is_shown_more_often_than_anybody_else() -> None:
    few, many = made_up(people=12), made_up(people=12, each=60)
    often = few.people == "P11"
    views = Views.concatenate([few.where(~often), many.where(many.people == "P11")])
    for session in sessions(views, views, people=3, pictures=2, count=8, strangers=40, views_each=5):
        names, counts = np.unique(views.people[session.rows[session.truth < 0]], return_counts=True)
        assert len(names) >= 8
        assert counts.max() <= 5


def test_only_pictures_that_livefg_would_take_are_enrolled() -> None:
    views = made_up(people=8)
    poor = np.arange(len(views.people)) % 2 == 0
    views.measures[poor, ViewMeasures._fields.index("sharpness")] = -2.6
    for session in sessions(views, views, people=4, pictures=3, count=5):
        enrolled = [portrait for person in session.gallery.people for portrait in person.portraits]
        assert min(portrait.quality for portrait in enrolled) >= LEAST_QUALITY


def test_views_that_were_not_found_take_no_part() -> None:
    views = made_up(people=4)
    views.embeddings[0] = np.nan
    same, other = pairs(views)
    assert len(same) + len(other) == 31 * 30 // 2
    assert views.qualities[0] == 1.0
    assert not views.found[0]


def test_people_who_differ_clearly_are_verified_without_error() -> None:
    result = verify(made_up())
    assert (result.auc, result.eer, result.accepted) == (pytest.approx(1.0), 0.0, 1.0)
    chance = made_up(cosine=0.0)
    assert verify(chance).auc == pytest.approx(0.5, abs=0.1)


def test_people_are_left_out_whole() -> None:
    views = made_up()
    tested = []
    for others, left in left_out(views, ways=2):
        assert not set(others.people) & set(left.people)
        assert [len(set(left.people[left.sets == name])) for name in ("lfw", "orl", "films")] == [3, 3, 3]
        tested += sorted(set(left.people))
    assert sorted(tested) == sorted([*set(views.people)] * 2)


def test_a_calibration_fitted_on_some_names_the_others() -> None:
    views = made_up()
    parts = [(left, left, fit(others, count=4)) for others, left in left_out(views)]
    result = identify(parts, people=3, pictures=3, count=10)
    assert (result.rank1, result.named, result.misnamed, result.false_names) == (1.0, 1.0, 0.0, 0.0)
    assert result.ece < 0.05


def test_views_survive_a_file(tmp_path: Path) -> None:
    views = made_up(people=2)
    views.save(tmp_path / "views.npz")
    loaded = Views.load(tmp_path / "views.npz")
    assert np.array_equal(loaded.embeddings, views.embeddings)
    assert loaded.files.tolist() == views.files.tolist()


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_every_condition_gives_a_picture_and_keeps_the_original(name: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 180, 3), np.uint8)
    before = image.copy()
    changed = CONDITIONS[name](image, (40.0, 50.0, 140.0, 170.0))
    assert changed.dtype == np.uint8
    assert changed.ndim == 3
    assert np.array_equal(image, before)
    assert name == "as it is" or changed.shape != image.shape or not np.array_equal(changed, image)


@pytest.mark.shared
def test_all_sets_are_there(shared: Path) -> None:
    found = pictures(shared / "data" / "faces")
    assert {picture.set for picture in found} == set(SETS)
    assert sum(picture.person == "Doc_Rivers" for picture in found) == 2, (
        "who goes by two names is one person"
    )
    assert all(picture.path.is_file() for picture in found)
