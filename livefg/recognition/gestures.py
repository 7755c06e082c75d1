"""What a hand's posture is called: landmarks (and pixels) to a label, by any classifier that keeps the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.inference.network import Network
from livefg.perception.hand_picture import hand_crop
from livefg.perception.handedness import apparent_right
from livefg.results import Hand, ImageArray, Label

__all__ = ["CROP_INPUT", "GestureRecognizer", "crop_side", "load_gestures"]

CROP_INPUT = "crop"
"""The name of the input, after the three of all gesture classifiers, by which one asks for the hands' pictures."""
_INPUTS = ((21, 3), (21, 3), ())
"""For each hand: landmarks in pixels, world landmarks in metres, the probability that it looks like a right hand."""


def crop_side(network: Network) -> int | None:
    """How many pixels wide and high a gesture network wants the picture of a hand; None if it looks at none."""
    if CROP_INPUT not in network.input_names:
        return None
    shape = network.input_shapes[network.input_names.index(CROP_INPUT)]
    return shape[1] if len(shape) > 1 and isinstance(shape[1], int) else None


def load_gestures(model: ModelFile, device: str = "auto") -> Classifier:
    """Load a gesture classifier and check that it can be asked about hands.

    Raises LivefgError, in one sentence, if the file is missing, damaged, for another task, or takes something else
    than landmarks (N, 21, 3), world landmarks (N, 21, 3), the probability of a right hand (N,) and perhaps pictures
    of the hands, `crop` uint8 (N, S, S, 3).
    """
    classifier = Classifier.load(model, device, task="gesture")
    network = classifier.network
    if not _fits(network):
        found = ", ".join(str(list(shape)) for shape in network.input_shapes)
        raise LivefgError(
            f"The classifier {model.path} takes {found} where a gesture classifier takes landmarks [N, 21, 3], "
            "world landmarks [N, 21, 3], right [N] and, if it looks at pixels, crop uint8 [N, S, S, 3]."
        )
    return classifier


def _fits(network: Network) -> bool:
    shapes = tuple(shape[1:] for shape in network.input_shapes)
    side = crop_side(network)
    if side is None:
        wanted: tuple[tuple[int, ...], ...] = _INPUTS
    elif network.input_names[-1] == CROP_INPUT and network.sample_inputs()[-1].dtype == np.uint8:
        wanted = (*_INPUTS, (side, side, 3))
    else:
        return False
    return len(shapes) == len(wanted) and all(
        len(found) == len(sizes)
        and all(
            not isinstance(size, int) or size == needed for size, needed in zip(found, sizes, strict=True)
        )
        for found, sizes in zip(shapes, wanted, strict=True)
    )


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

    def __call__(
        self, hands: Sequence[Hand], mirrored: bool, image: ImageArray | None = None
    ) -> tuple[Hand, ...]:
        """The same hands, each with its gesture; `image` is the frame they were seen in.

        Raises ValueError if the classifier looks at pixels and there is no image.
        """
        seen = [hand for hand in hands if hand.world_landmarks is not None]
        if not seen:
            return tuple(hands)
        classifier = self._classifier
        inputs = [
            np.array([hand.landmarks for hand in seen]),
            np.array([hand.world_landmarks for hand in seen]),
            np.array([apparent_right(hand, mirrored) for hand in seen], np.float32),
        ]
        side = crop_side(classifier.network)
        if side is not None:
            if image is None:
                raise ValueError("this classifier looks at pixels, and no image was given")
            inputs.append(np.stack([hand_crop(image, hand.box, side) for hand in seen]))
        probabilities = classifier.classify(*inputs)
        labels = {hand.track: classifier.label(row) for hand, row in zip(seen, probabilities, strict=True)}
        return tuple(replace(hand, gesture=labels.get(hand.track)) for hand in hands)

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that scores by label mean: the highest, or `none` where it is too low to be believed."""
        return self._classifier.answer(scores)
