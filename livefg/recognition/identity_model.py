"""A classifier of people that was trained (`livefg train faces`), in the place of the prototype softmax."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from livefg.errors import LivefgError
from livefg.gallery.people import UNKNOWN, Gallery
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.recognition.identity_classifier import IdentityClassifier, as_unknown
from livefg.recognition.identity_embedding import EMBEDDING_SIZE, embedding_space
from livefg.results import FloatArray, Label

__all__ = ["SPACE_KEY", "Identities", "TrainedIdentities", "load_identities"]

SPACE_KEY = "livefg.embedding_space"
"""The metadata that says which embeddings a classifier was trained on."""
_BEST = 5
_INPUTS = ((EMBEDDING_SIZE,), ())


class Identities(Protocol):
    """Tells whose an embedding is."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names that it may give, and `unknown`."""
        ...

    def __call__(self, embedding: FloatArray, quality: float) -> Label:
        """The answer for one view: its embedding (128,) and its quality 0..1, with the five best as scores."""
        ...


class TrainedIdentities:
    """Answers for the people that a classifier was trained on, and by their prototypes for those enrolled since.

    What the classifier leaves to `unknown` is shared between strangers and the people of the gallery whom it does not
    know. A name needs the threshold of whichever gave it.
    """

    def __init__(self, classifier: Classifier, gallery: Gallery) -> None:
        self._classifier = classifier
        self._known = classifier.labels
        names = {name.casefold() for name in self._known}
        others = [person for person in gallery.people if person.name.casefold() not in names]
        self._others = IdentityClassifier(Gallery.of(others)) if others else None
        self.labels: tuple[str, ...] = (
            *(name for name in self._known if name != UNKNOWN),
            *(person.name for person in others),
            UNKNOWN,
        )

    def __call__(self, embedding: FloatArray, quality: float) -> Label:
        """The answer for one view: its embedding (128,) and its quality 0..1, with the five best as scores."""
        qualities = np.array([quality], np.float32)
        row = self._classifier.classify(embedding[None], qualities)[0]
        scores = dict(zip(self._known, row.tolist(), strict=True))
        thresholds = dict.fromkeys(self._known, self._classifier.info.reject_threshold)
        if self._others:
            left = scores[UNKNOWN]
            shares = self._others.probabilities(embedding[None], qualities)[0].tolist()
            for name, share in zip(self._others.labels, shares, strict=True):
                scores[name] = left * share
                thresholds[name] = self._others.calibration.threshold
        ranked = dict(sorted(scores.items(), key=lambda item: -item[1])[:_BEST])
        best, confidence = next(iter(ranked.items()))
        label = Label(best, confidence, ranked)
        return label if confidence >= thresholds[best] else as_unknown(label)


def load_identities(model: ModelFile, device: str = "auto") -> Classifier:
    """Load a trained classifier of people and check that it can be asked about embeddings.

    Raises LivefgError, in one sentence, if the file is missing, damaged, for another task, takes something else than
    embeddings (N, 128) and qualities (N,), or was trained on other embeddings than livefg's.
    """
    classifier = Classifier.load(model, device, task="identity")
    shapes = tuple(shape[1:] for shape in classifier.network.input_shapes)
    if shapes != _INPUTS or UNKNOWN not in classifier.labels:
        found = ", ".join(str(list(shape)) for shape in classifier.network.input_shapes)
        raise LivefgError(
            f"The classifier {model.path} takes {found} and knows {len(classifier.labels)} labels where a classifier "
            f"of people takes embeddings [N, 128] and qualities [N] and has {UNKNOWN!r} among its labels."
        )
    space = classifier.network.metadata.get(SPACE_KEY, "one that it does not name")
    if space != embedding_space():
        raise LivefgError(
            f"The classifier {model.path} was trained on another face network ({space} where this livefg has "
            f"{embedding_space()}); train it again."
        )
    return classifier
