"""What a hand's posture is called: landmarks to a label, through any classifier that keeps the model file contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from livefg.inference.classifier import Classifier
from livefg.perception.handedness import apparent_right
from livefg.results import Hand, Label

__all__ = ["GestureRecognizer"]


class GestureRecognizer:
    """Names the posture of hands, each by itself.

    The classifier takes the landmarks in pixels (n, 21, 3), the world landmarks in metres (n, 21, 3) and the
    probability that each hand looks like a right hand in the picture as it is (n,).
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __call__(self, hands: Sequence[Hand], mirrored: bool) -> tuple[Hand, ...]:
        """The same hands, each with its gesture."""
        seen = [hand for hand in hands if hand.world_landmarks is not None]
        if not seen:
            return tuple(hands)
        probabilities = self._classifier.classify(
            np.stack([hand.landmarks for hand in seen]),
            np.stack([np.asarray(hand.world_landmarks) for hand in seen]),
            np.array([apparent_right(hand, mirrored) for hand in seen], np.float32),
        )
        labels = {
            hand.track: self._classifier.label(row) for hand, row in zip(seen, probabilities, strict=True)
        }
        return tuple(replace(hand, gesture=labels.get(hand.track)) for hand in hands)

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that scores by label mean: the highest, or `none` where it is too low to be believed."""
        return self._classifier.answer(scores)
