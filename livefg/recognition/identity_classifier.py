"""Who it is, or honestly unknown: a calibrated softmax over the enrolled people and `unknown`, ready at once.

The cosine of a face and a person's prototype becomes a likelihood ratio (how much more often is so high a cosine seen
for the same person than for another?), and Bayes' rule makes probabilities of the ratios of all people. The people
share one half of the prior and strangers have the other, so that a larger gallery asks for more similarity. One name
can only be sure if no other is likely too: the threshold on the probability is a margin as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

from livefg import paths
from livefg.errors import LivefgError
from livefg.gallery.people import UNKNOWN, Gallery
from livefg.results import FloatArray, Label

__all__ = ["CALIBRATION_FORMAT", "FEATURES", "Calibration", "IdentityClassifier", "as_unknown", "features"]

CALIBRATION_FORMAT = 1
_BEST = 5
_FILE = "identity_calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """What cosines mean: fitted offline on people of several picture sets, see docs/identity.md.

    The likelihood ratio of "the same person" to "another" is exp(`weights` times `features`), but neither less than
    `floor`, since some good pictures of a person are like no other, nor more than `ceiling`, since no more was seen. A
    name is answered from a probability of `threshold` on.
    """

    weights: tuple[float, ...]
    floor: float
    ceiling: float
    threshold: float

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a calibration, by default the shipped one. Raises LivefgError if it is missing or not understood."""
        path = path or paths.shipped_models_dir() / _FILE
        try:
            data = json.loads(path.read_bytes())
            if data["format"] != CALIBRATION_FORMAT:
                raise LivefgError(
                    f"The calibration {path} has format {data['format']!r}; this livefg reads {CALIBRATION_FORMAT}."
                )
            return cls(
                tuple(float(data["weights"][name]) for name in FEATURES),
                *(float(data[name]) for name in ("floor", "ceiling", "threshold")),
            )
        except OSError as error:
            raise LivefgError(f"The calibration {path} cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LivefgError(f"The calibration {path} cannot be understood ({error}).") from error


FEATURES = ("constant", "cosine", "pictures", "quality", "cosine_quality")
"""What the likelihood ratio depends on, in the order of the weights."""


def features(cosines: FloatArray, pictures: FloatArray, qualities: FloatArray) -> FloatArray:
    """FEATURES of comparisons (..., 5) from their cosines, how many pictures the prototype is made of (>= 1), and the
    quality 0..1 of the view; all broadcast.
    """
    more = 1.0 - 1.0 / pictures
    columns = np.broadcast_arrays(1.0, cosines, more, qualities, cosines * qualities)
    return np.stack(columns, axis=-1).astype(np.float32)


def as_unknown(label: Label) -> Label:
    """The same scores with `unknown` as the answer: as sure as it is that the best name is wrong."""
    return label if label.name == UNKNOWN else Label(UNKNOWN, 1.0 - label.confidence, label.scores)


@cache
def _shipped_calibration() -> Calibration:
    return Calibration.load()


class IdentityClassifier:
    """Tells the people of a gallery apart from each other and from strangers; making one takes no time."""

    def __init__(self, gallery: Gallery, calibration: Calibration | None = None) -> None:
        """`calibration` is by default the shipped one. Raises LivefgError if that cannot be read."""
        self.calibration = calibration or _shipped_calibration()
        self.labels: tuple[str, ...] = (*gallery.names, UNKNOWN)
        self._prototypes = np.array([person.prototype for person in gallery.people], np.float32).reshape(
            -1, 128
        )
        self._pictures = np.array([len(person.portraits) for person in gallery.people], np.float32)

    def probabilities(self, embeddings: FloatArray, qualities: FloatArray) -> FloatArray:
        """Probabilities (n, labels) of views, each row summing to 1.

        `embeddings` are (n, 128) of length 1, `qualities` (n,) 0..1.
        """
        cosines = embeddings @ self._prototypes.T
        logits = np.zeros((len(embeddings), len(self.labels)), np.float32)
        logits[:, :-1] = self._ratios(cosines, qualities[:, None]) - np.log(max(1, len(self.labels) - 1))
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)

    def _ratios(self, cosines: FloatArray, qualities: FloatArray) -> FloatArray:
        """Logarithms of the likelihood ratios (n, people) of cosines."""
        calibration = self.calibration
        ratios = features(cosines, self._pictures, qualities) @ np.array(calibration.weights, np.float32)
        return np.clip(
            np.logaddexp(ratios, np.float32(np.log(calibration.floor))),
            None,
            np.float32(np.log(calibration.ceiling)),
        )

    def label(self, probabilities: FloatArray) -> Label:
        """The answer that probabilities (labels,) mean, with the five best as scores.

        If no name reaches the threshold it is `unknown`, with the probability that the best name is wrong.
        """
        order = np.argsort(-probabilities, kind="stable")[:_BEST]
        scores = {self.labels[place]: float(probabilities[place]) for place in order}
        best, confidence = next(iter(scores.items()))
        label = Label(best, confidence, scores)
        return label if confidence >= self.calibration.threshold else as_unknown(label)

    def __call__(self, embedding: FloatArray, quality: float) -> Label:
        """The answer for one view: its embedding (128,) and its quality 0..1."""
        return self.label(self.probabilities(embedding[None], np.array([quality], np.float32))[0])
