"""People made of numbers, for tests of what is done with embeddings."""

from collections.abc import Sequence

import numpy as np

from livefg.gallery import Gallery, Portrait
from livefg.recognition.identity_classifier import Calibration
from livefg.recognition.identity_embedding import View, ViewMeasures
from livefg.results import Face, FloatArray

GOOD = ViewMeasures(60.0, -1.3, 0.1, 40.0, 1.0)
CALIBRATION = Calibration((-4.0, 24.0, -2.0, -8.0, 12.0), floor=0.01, ceiling=3e4, threshold=0.97)


def somebody(seed: int) -> FloatArray:
    """The direction (128,) in which the embeddings of a person lie; those of two people are nearly at right angles."""
    direction = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return np.asarray(direction / np.linalg.norm(direction), np.float32)


def look(person: FloatArray, cosine: float = 0.75, seed: int = 0) -> FloatArray:
    """An embedding (128,) with this cosine to the person's direction."""
    aside = np.random.default_rng([seed, int(abs(person[0]) * 1e9)]).normal(size=128)
    aside -= (aside @ person) * person
    aside /= np.linalg.norm(aside)
    return np.asarray(cosine * person + np.sqrt(1 - cosine**2) * aside, np.float32)


def view(embedding: FloatArray, measures: ViewMeasures = GOOD) -> View:
    return View(embedding, measures)


def enrolled(*people: tuple[str, Sequence[FloatArray]]) -> Gallery:
    gallery = Gallery()
    for name, embeddings in people:
        gallery = gallery.with_portraits(name, [Portrait(embedding, 1.0) for embedding in embeddings])
    return gallery


def face(track: int = 1, left: float = 100.0, width: float = 100.0, confidence: float = 1.0) -> Face:
    """A face with the points of the template, `width` pixels wide."""
    template = [[0.34, 0.46], [0.66, 0.46], [0.5, 0.64], [0.37, 0.82], [0.63, 0.82]]
    points = np.array(template, np.float32) * width + np.array([left, 100.0], np.float32)
    return Face(track, (left, 100.0, left + width, 100.0 + width), confidence, points=points)
