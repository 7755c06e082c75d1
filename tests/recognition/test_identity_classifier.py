"""The instant classifier: calibrated names, unknown among the answers, from one picture of one person on."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from identities import CALIBRATION, enrolled, look, somebody

from livefg import LivefgError, paths
from livefg.gallery import Gallery
from livefg.recognition.identity_classifier import FEATURES, Calibration, IdentityClassifier, features

ANNA, BO, STRANGER = somebody(1), somebody(2), somebody(3)


def classifier(gallery: Gallery, calibration: Calibration = CALIBRATION) -> IdentityClassifier:
    return IdentityClassifier(gallery, calibration)


def test_one_person_with_one_picture_is_enough() -> None:
    answer = classifier(enrolled(("Anna", [look(ANNA)])))
    assert answer(look(ANNA, 0.9, seed=5), 1.0).name == "Anna"
    assert answer(look(STRANGER), 1.0).name == "unknown"


def test_probabilities_of_all_answers_sum_to_one() -> None:
    answer = classifier(enrolled(("Anna", [ANNA]), ("Bo", [BO])))
    rows = answer.probabilities(
        np.stack([ANNA, look(BO, 0.4), STRANGER]), np.array([1.0, 0.5, 0.0], np.float32)
    )
    assert rows.shape == (3, 3)
    assert rows.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert answer.labels == ("Anna", "Bo", "unknown")


def test_without_people_everybody_is_unknown() -> None:
    label = classifier(Gallery())(STRANGER, 1.0)
    assert (label.name, label.confidence) == ("unknown", 1.0)


def test_below_the_threshold_the_best_name_stays_in_the_scores() -> None:
    answer = classifier(enrolled(("Anna", [ANNA])))
    label = answer(look(ANNA, 0.42), 1.0)
    assert label.name == "unknown"
    assert 0.5 < label.scores["Anna"] < CALIBRATION.threshold
    assert label.confidence == pytest.approx(1 - label.scores["Anna"])


def test_two_people_who_look_alike_are_not_told_apart_by_chance() -> None:
    twin = look(ANNA, 0.97)
    answer = classifier(enrolled(("Anna", [ANNA]), ("Ann", [twin])))
    middle = (ANNA + twin) / np.linalg.norm(ANNA + twin)
    label = answer(middle, 1.0)
    assert label.name == "unknown", "the threshold is a margin too"
    assert label.scores["Anna"] == pytest.approx(label.scores["Ann"], abs=0.1)


@pytest.mark.parametrize("names", [("Anna", "Ann"), ("Ann", "Anna"), ("Anna", "Ann", "Anne")])
def test_a_face_enrolled_under_several_names_is_unknown_with_little_confidence(
    names: tuple[str, ...],
) -> None:
    """With the shipped calibration: a tie is no answer, in whatever order the people were enrolled."""
    answer = IdentityClassifier(enrolled(*((name, [look(ANNA)]) for name in names)))
    for seed in range(20):
        label = answer(look(ANNA, 0.9, seed=seed), 1.0)
        assert label.name == "unknown"
        shares = [label.scores[name] for name in names]
        assert shares == pytest.approx([1 / len(names)] * len(names), abs=0.01)
        assert label.confidence < 0.7


def test_a_larger_gallery_asks_for_more_similarity() -> None:
    crowd = enrolled(("Anna", [ANNA]), *((f"Person {n}", [somebody(100 + n)]) for n in range(30)))
    shown = look(ANNA, 0.5)
    alone = classifier(enrolled(("Anna", [ANNA])))(shown, 1.0)
    assert classifier(crowd)(shown, 1.0).scores["Anna"] < alone.scores["Anna"]


def test_the_five_best_are_kept_best_first() -> None:
    crowd = enrolled(*((f"Person {n}", [somebody(100 + n)]) for n in range(30)))
    scores = classifier(crowd)(somebody(100), 1.0).scores
    assert len(scores) == 5
    assert next(iter(scores)) == "Person 0"
    assert sorted(scores.values(), reverse=True) == list(scores.values())


def test_confidence_never_claims_more_than_was_measured() -> None:
    assert classifier(enrolled(("Anna", [ANNA])))(ANNA, 1.0).confidence <= 1 - 1 / (CALIBRATION.ceiling + 1)
    assert classifier(enrolled(("Anna", [ANNA])))(-ANNA, 1.0).confidence <= 1 - CALIBRATION.floor / 2


def test_features_have_one_column_for_each_weight() -> None:
    columns = features(
        np.array([[0.5, 0.1]], np.float32), np.array([1, 4], np.float32), np.array([[0.8]], np.float32)
    )
    assert columns.shape == (1, 2, len(FEATURES))
    assert columns[0, 1].tolist() == pytest.approx([1, 0.1, 0.75, 0.8, 0.08])


def test_the_shipped_calibration_is_read_and_says_where_it_comes_from() -> None:
    calibration = Calibration.load()
    assert 0.5 < calibration.threshold < 1
    data = json.loads((paths.shipped_models_dir() / "identity_calibration.json").read_text())
    assert data["fitted_on"]["people"] > 500
    assert "0.1%" in data["threshold_reason"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be understood"),
        ("[]", "cannot be understood"),
        ('{"format": 9}', "format 9"),
        ('{"format": 1, "weights": {}}', "cannot be understood"),
        (None, "cannot be read"),
    ],
)
def test_a_calibration_that_is_damaged_is_one_sentence(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "calibration.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LivefgError, match=re.escape(str(path))) as error:
        Calibration.load(path)
    assert words in str(error.value)
