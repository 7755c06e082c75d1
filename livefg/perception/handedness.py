"""Left or right: the one place that knows about mirrored pictures.

The landmark network gives the probability that a hand *looks like* a right hand in a picture that is not mirrored
(MediaPipe before 0.10.15 named it as if the picture were). Everything inside livefg speaks of hands in that way;
only `SideVote.answer` turns it into the person's own side.
"""

from __future__ import annotations

import math

from livefg.results import Hand, Side

__all__ = ["SideVote", "apparent_right", "right_probability"]


def right_probability(network_output: float) -> float:
    """Probability that the hand is a right hand if the picture is not mirrored, from the network's output."""
    return network_output


def apparent_right(hand: Hand, mirrored: bool) -> float:
    """Probability that a hand looks like a right hand in the picture as it is (mirrored or not), 0..1.

    This is what a gesture network wants beside the landmarks: a left hand in a mirror has the shape of a right one.
    """
    looks_right = (hand.side == "right") != mirrored
    return hand.side_confidence if looks_right else 1.0 - hand.side_confidence


class SideVote:
    """The side of one tracked hand, decided over time so that a doubtful frame cannot flip it.

    `memory` 0..1 is the weight of the past against each new frame; 0 takes every frame at its word.
    """

    __slots__ = ("_log_odds", "_memory")

    def __init__(self, memory: float = 0.9) -> None:
        self._memory = memory
        self._log_odds: float | None = None

    def add(self, right: float) -> None:
        """Take in one more frame's probability that the hand looks like a right hand."""
        odds = math.log(max(right, 1e-6) / max(1 - right, 1e-6))
        past = odds if self._log_odds is None else self._log_odds
        self._log_odds = self._memory * past + (1 - self._memory) * odds

    def agrees(self, right: float) -> bool:
        """Whether a new probability does not contradict what is known: both sure, and of opposite sides."""
        known = self._log_odds or 0.0
        return not (abs(known) > 1.0 and abs(right - 0.5) > 0.3 and (right > 0.5) != (known > 0))

    def answer(self, mirrored: bool) -> tuple[Side, float]:
        """The person's own side and its confidence, 0.5..1."""
        right = 1 / (1 + math.exp(-(self._log_odds or 0.0)))
        if mirrored:
            right = 1 - right
        return ("right", right) if right >= 0.5 else ("left", 1 - right)
