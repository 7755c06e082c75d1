"""A name needs more than one look, does not flicker, and goes when the face is another's."""

import pytest
from identities import CALIBRATION, GOOD, enrolled, look, somebody, view

from livefg.recognition.identity_classifier import IdentityClassifier
from livefg.recognition.identity_votes import Votes
from livefg.results import FloatArray

ANNA, BO, STRANGER = somebody(1), somebody(2), somebody(3)
PEOPLE = IdentityClassifier(enrolled(("Anna", [ANNA]), ("Bo", [BO])), CALIBRATION)


def told(*embeddings: FloatArray, quality_loss: float = 0.0, votes: Votes | None = None) -> list[str | None]:
    """What is said after each look."""
    votes = votes or Votes()
    answers = []
    for embedding in embeddings:
        votes = votes.add(view(embedding, GOOD._replace(confidence=GOOD.confidence - quality_loss))) or votes
        votes.decide(PEOPLE)
        answers.append(votes.answer.name if votes.answer else None)
    return answers


def looks(person: FloatArray, count: int, cosine: float = 0.75) -> list[FloatArray]:
    return [look(person, cosine, seed) for seed in range(count)]


def test_the_second_look_gives_the_name() -> None:
    assert told(*looks(ANNA, 4)) == [None, "Anna", "Anna", "Anna"]


def test_a_stranger_is_called_so_after_the_third() -> None:
    assert told(*looks(STRANGER, 4)) == [None, None, "unknown", "unknown"]


def test_of_bad_views_alone_nothing_is_said() -> None:
    assert told(*looks(STRANGER, 4), quality_loss=0.35) == [None] * 4


def test_one_look_that_resembles_somebody_does_not_give_a_stranger_a_name() -> None:
    stranger = looks(STRANGER, 3)
    assert told(stranger[0], look(ANNA), *stranger[1:]) == [None, None, None, "unknown"]
    assert told(*stranger, look(ANNA), look(STRANGER, 0.75, 7)) == [None, None, *["unknown"] * 3]


def test_one_look_at_somebody_else_does_not_change_a_name() -> None:
    assert told(*looks(ANNA, 3), look(BO), *looks(ANNA, 2)) == [None, *["Anna"] * 5]


def test_a_track_that_goes_over_to_another_face_forgets_the_first() -> None:
    answers = told(*looks(ANNA, 6), *looks(BO, 4))
    assert answers[:7] == [None, *["Anna"] * 6]
    assert answers[7:] == ["Bo"] * 3


def test_a_name_holds_through_poor_looks() -> None:
    votes = Votes()
    assert told(*looks(ANNA, 3), votes=votes)[-1] == "Anna"
    assert told(*[look(ANNA, 0.3, seed) for seed in range(3)], votes=votes) == ["Anna"] * 3


def test_a_name_that_is_held_comes_with_its_present_probability() -> None:
    votes = Votes()
    told(*looks(ANNA, 3), *[look(ANNA, 0.3, seed) for seed in range(3)], votes=votes)
    assert votes.answer is not None
    assert votes.answer.confidence == votes.answer.scores["Anna"]


def test_looks_together_are_surer_than_each() -> None:
    faint = looks(ANNA, 6, cosine=0.42)
    alone = PEOPLE(faint[0], 1.0)
    assert alone.name == "unknown"
    assert told(*faint)[-1] == "Anna"


def test_of_two_who_look_alike_neither_name_is_given_however_often_one_looks() -> None:
    twin = look(ANNA, 0.97)
    people = IdentityClassifier(enrolled(("Anna", [ANNA]), ("Ann", [twin])))
    votes, answers = Votes(), []
    for seed in range(30):
        votes.add(view(look(ANNA if seed % 2 else twin, 0.8, seed)))
        votes.decide(people)
        answers.append(votes.answer.name if votes.answer else None)
    assert set(answers) == {None, "unknown"}


def test_what_was_seen_can_be_compared_only_if_it_was_seen_well() -> None:
    votes = Votes()
    assert votes.similarity(ANNA) is None
    votes.add(view(ANNA, GOOD._replace(sharpness=-2.6)))
    assert votes.similarity(ANNA) is None
    votes.add(view(ANNA))
    assert votes.similarity(ANNA) == pytest.approx(1.0, abs=1e-5)
