"""Measures a finished classifier on examples, through the same file and run-time that the live loop uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.recognition.gestures import crop_side
from training.augment import Batch
from training.calibration import softmax
from training.evaluation import Evaluation, evaluate, under_conditions
from training.inference import still
from training.samples import FloatArray
from training.sources.dataset import DatasetFile, Gathered, gather, with_pictures_only

__all__ = ["measure"]

_AT_ONCE = 256
_TINY = 1e-12


def measure(
    classifier: Classifier,
    dataset: DatasetFile,
    progress: Callable[[str, int, int], None] | None = None,
    *,
    conditions: bool = True,
) -> tuple[Evaluation, Gathered]:
    """How right `classifier` is about a dataset, and what of it could not be used.

    With `conditions`, also under changes of growing strength. Raises LivefgError if nothing can be examined.
    """
    pictures = crop_side(classifier.network) is not None
    gathered = with_pictures_only(gather(dataset, progress, pictures=pictures), needed=pictures)
    samples = gathered.samples
    if not len(samples):
        raise LivefgError(f"There is no hand to examine in {dataset.root}.")
    batch = still(samples, np.zeros(len(samples), np.int64))

    def classify(some: Batch) -> FloatArray:
        pieces = [slice(start, start + _AT_ONCE) for start in range(0, len(some.landmarks), _AT_ONCE)]
        inputs: list[npt.NDArray[Any]] = [some.landmarks, some.world, some.right]
        inputs += [] if some.crop is None else [some.crop]
        return np.concatenate([classifier.classify(*(array[one] for array in inputs)) for one in pieces])

    info, chances = classifier.info, classify(batch)
    before = None
    if info.temperature != 1:
        # The file's probabilities are those of logits over the temperature; this takes it out again.
        before = softmax(np.log(np.maximum(chances, _TINY)), 1 / info.temperature)
    found = evaluate(samples, chances, info.labels, info.reject_threshold, before)
    if conditions:
        found = replace(
            found, conditions=under_conditions(samples, classify, classifier.labels, dataset.directions)
        )
    about = {
        "model": classifier.network.name,
        "dataset": dataset.name,
        "rejected": gathered.reasons(),
        "samples": samples.counts(),
    }
    return replace(found, about=about), gathered
