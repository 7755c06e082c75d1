"""What a hand's posture is called: landmarks to a label, through any classifier that keeps the model file contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.perception.handedness import apparent_right
from livefg.results import Hand, Label

__all__ = ["GestureRecognizer", "load_gestures"]

_INPUTS = ((21, 3), (21, 3), ())
"""For each hand: landmarks in pixels, world landmarks in metres, the probability that it looks like a right hand."""


def load_gestures(model: ModelFile, device: str = "auto") -> Classifier:
    """Load a gesture classifier and check that it can be asked about hands.

    Raises LivefgError, in one sentence, if the file is missing, damaged, for another task, or takes something else
    than landmarks (N, 21, 3), world landmarks (N, 21, 3) and the probability of a right hand (N,).
    """
    classifier = Classifier.load(model.name if model.manifest else model.path, device, task="gesture")
    shapes = tuple(shape[1:] for shape in classifier.network.input_shapes)
    fits = len(shapes) == len(_INPUTS) and all(
        len(found) == len(wanted)
        and all(
            not isinstance(size, int) or size == needed for size, needed in zip(found, wanted, strict=True)
        )
        for found, wanted in zip(shapes, _INPUTS, strict=True)
    )
    if not fits:
        found = ", ".join(str(list(shape)) for shape in classifier.network.input_shapes)
        raise LivefgError(
            f"The classifier {model.path} takes {found} where a gesture classifier takes landmarks [N, 21, 3], "
            "world landmarks [N, 21, 3] and right [N]."
        )
    return classifier


class GestureRecognizer:
    """Names the posture of hands, each by itself, with a classifier as `load_gestures` gives it."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    @property
    def classifier(self) -> Classifier:
        """What names the postures now."""
        return self._classifier

    def use(self, classifier: Classifier) -> None:
        """Name postures with another classifier from the next call on; may be called from any thread."""
        self._classifier = classifier

    def __call__(self, hands: Sequence[Hand], mirrored: bool) -> tuple[Hand, ...]:
        """The same hands, each with its gesture."""
        seen = [hand for hand in hands if hand.world_landmarks is not None]
        if not seen:
            return tuple(hands)
        classifier = self._classifier
        probabilities = classifier.classify(
            np.stack([hand.landmarks for hand in seen]),
            np.stack([np.asarray(hand.world_landmarks) for hand in seen]),
            np.array([apparent_right(hand, mirrored) for hand in seen], np.float32),
        )
        labels = {hand.track: classifier.label(row) for hand, row in zip(seen, probabilities, strict=True)}
        return tuple(replace(hand, gesture=labels.get(hand.track)) for hand in hands)

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that scores by label mean: the highest, or `none` where it is too low to be believed."""
        return self._classifier.answer(scores)
