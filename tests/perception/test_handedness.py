"""Left and right are the person's own, mirrored or not."""

import numpy as np
import pytest

from livefg.perception.handedness import SideVote, apparent_right
from livefg.results import Hand


def hand(side: str, confidence: float) -> Hand:
    return Hand(1, side, (0, 0, 1, 1), 1.0, np.zeros((21, 3), np.float32), side_confidence=confidence)  # type: ignore[arg-type]


def test_a_mirrored_picture_swaps_the_answer() -> None:
    vote = SideVote()
    vote.add(0.95)
    assert vote.answer(mirrored=False) == ("right", pytest.approx(0.95))
    assert vote.answer(mirrored=True) == ("left", pytest.approx(0.95))


def test_one_doubtful_frame_does_not_flip_a_side_but_many_do() -> None:
    vote = SideVote()
    for _ in range(10):
        vote.add(0.95)
    vote.add(0.1)
    assert vote.answer(mirrored=False)[0] == "right"
    for _ in range(30):
        vote.add(0.1)
    assert vote.answer(mirrored=False)[0] == "left"


def test_without_memory_each_frame_is_taken_at_its_word() -> None:
    vote = SideVote(memory=0.0)
    vote.add(0.99)
    vote.add(0.2)
    assert vote.answer(mirrored=False) == ("left", pytest.approx(0.8))


def test_only_two_sure_and_opposite_opinions_disagree() -> None:
    vote = SideVote()
    assert vote.agrees(0.01), "nothing is known yet"
    vote.add(0.95)
    assert not vote.agrees(0.05)
    assert vote.agrees(0.4)
    assert vote.agrees(0.99)


@pytest.mark.parametrize(
    ("side", "mirrored", "expected"), [("right", False, 0.9), ("left", False, 0.1), ("right", True, 0.1)]
)
def test_a_gesture_network_is_told_what_the_hand_looks_like(
    side: str, mirrored: bool, expected: float
) -> None:
    assert apparent_right(hand(side, 0.9), mirrored) == pytest.approx(expected)
