"""Classifiers: networks that say in their own file what they tell apart and how far they can be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.inference.bindings import Array
from livefg.inference.manifest import ModelFile
from livefg.inference.network import Network, NetworkReport
from livefg.results import Label

__all__ = ["CLASSIFIER_FORMAT", "Classifier", "ClassifierInfo", "Task", "is_gesture"]

Task = Literal["gesture", "motion", "identity", "expression"]
CLASSIFIER_FORMAT = "1"
"""The version of the metadata contract that this livefg reads."""

_OUTPUT = "probabilities"
_PREFIX = "livefg."
_BEST_IDENTITIES = 5
_SUM_TOLERANCE = 1e-3
# What a classifier answers when it is not sure enough.
_REJECTED: dict[Task, str] = {
    "gesture": "none",
    "motion": "none",
    "identity": "unknown",
    "expression": "unknown",
}
# A hand that surely shows a gesture, but leaves open which of two: the likelier one is named.
_LIKELIER = 0.5
_NOT_NONE = 0.01


@dataclass(frozen=True, slots=True)
class ClassifierInfo:
    """What a classifier's file says about it.

    `labels` are in the order of the output. `temperature` (> 0) is what the logits were divided by. Below
    `reject_threshold` (0..1) the answer is "none" or "unknown"; `reject_reason` says how it was chosen.
    `metrics` were measured as `split` says; `created` is a date.
    """

    task: Task
    labels: tuple[str, ...]
    temperature: float
    reject_threshold: float
    reject_reason: str
    loss: str
    activation: str
    training_data: str
    split: str
    metrics: Mapping[str, Any]
    licence: str
    created: date

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str) -> Self:
        """Read and check the metadata of a model file; `source` names the file in messages.

        Raises LivefgError that says in one sentence what is missing or wrong.
        """
        read = _Reader(metadata, source)
        version = read.text("format")
        if version != CLASSIFIER_FORMAT:
            raise LivefgError(
                f"The classifier {source} has format {version!r}; this livefg reads {CLASSIFIER_FORMAT!r}."
            )
        return cls(
            task=read.task(),
            labels=read.labels(),
            temperature=read.number("temperature", lowest=1e-6, highest=1e6),
            reject_threshold=read.number("reject_threshold", lowest=0.0, highest=1.0),
            reject_reason=read.text("reject_reason"),
            loss=read.text("loss"),
            activation=read.text("activation"),
            training_data=read.text("training_data"),
            split=read.text("split"),
            metrics=read.mapping("metrics"),
            licence=read.text("licence"),
            created=read.date("created"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return {**asdict(self), "labels": list(self.labels), "created": self.created.isoformat()}


class Classifier:
    """A network that ends in probabilities, with their labels. It may be called from several threads."""

    def __init__(self, network: Network, task: Task | None = None) -> None:
        """Check that `network` keeps the contract (and is for `task`, if given). Raises LivefgError."""
        source = str(network.path)
        self.network = network
        self.info = ClassifierInfo.from_metadata(network.metadata, source)
        if task is not None and self.info.task != task:
            raise LivefgError(f"The classifier {source} is for {self.info.task}, not for {task}.")
        self._output = _check_outputs(network, len(self.info.labels), source)

    @classmethod
    def load(
        cls,
        which: str | Path | ModelFile,
        device: str = "auto",
        threads: int = 1,
        *,
        task: Task | None = None,
    ) -> Self:
        """Load a classifier as `Network.load` does and check its contract. Raises LivefgError."""
        return cls(Network.load(which, device, threads), task)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the probabilities."""
        return self.info.labels

    @property
    def report(self) -> NetworkReport:
        """Where the network runs and how fast."""
        return self.network.report

    def __call__(self, *inputs: Array) -> list[Label]:
        """One answer for each example in the batch; the inputs are the graph's."""
        return [self.label(row) for row in self.classify(*inputs)]

    def classify(self, *inputs: Array) -> npt.NDArray[np.float32]:
        """Probabilities [N, labels] float32; each row sums to 1. The inputs are the graph's."""
        return np.asarray(self.network(*inputs)[self._output], np.float32)

    def label(self, probabilities: npt.NDArray[np.float32]) -> Label:
        """The answer that `probabilities` [labels] mean; see `answer`."""
        return self.answer(dict(zip(self.labels, probabilities.tolist(), strict=True)))

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The answer that probabilities by label mean, with those scores, highest first.

        If the best stays below the reject threshold, the answer is "none" (gestures, motions) or "unknown"
        (identities, expressions), with the probability that the best is wrong as its confidence; of gestures,
        `is_gesture` decides. Of identities, which may be many, only the five best are kept.
        """
        most = _BEST_IDENTITIES if self.info.task == "identity" else len(scores)
        order = sorted(scores, key=scores.__getitem__, reverse=True)[:most]
        ranked = {name: scores[name] for name in order}
        best, confidence = next(iter(ranked.items()))
        rejected = _REJECTED[self.info.task]
        none = scores.get(rejected, 1.0) if self.info.task == "gesture" else 1.0
        if is_gesture(confidence, none, self.info.reject_threshold):
            return Label(best, confidence, ranked)
        return Label(rejected, confidence if best == rejected else 1.0 - confidence, ranked)


def is_gesture(best: Any, none: Any, threshold: float) -> Any:
    """Whether a hand is given its likeliest gesture, of probability `best`, and not `none`; of numbers or arrays.

    It is if that reaches the threshold, or if it is likelier than all others together and `none` as good as excluded:
    two gestures that look alike share the probability, and either is nearer to the truth than none.
    """
    return (best >= threshold) | ((best >= _LIKELIER) & (none <= _NOT_NONE))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one value after the other and says which one is wrong."""

    metadata: Mapping[str, str]
    source: str

    def text(self, key: str) -> str:
        value = self.metadata.get(_PREFIX + key, "").strip()
        if not value:
            raise self.error(f"has no {_PREFIX}{key} in its metadata")
        return value

    def task(self) -> Task:
        value = self.text("task")
        for task in get_args(Task):
            if task == value:
                return task  # type: ignore[no-any-return]
        raise self.error(f"has the unknown task {value!r} (known: {', '.join(get_args(Task))})")

    def labels(self) -> tuple[str, ...]:
        labels = self._json("labels")
        if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
            raise self.error("has labels that are not a list of names")
        if len(set(labels)) != len(labels):
            raise self.error("has a label twice")
        if len(labels) < 2:
            raise self.error("has fewer than two labels")
        return tuple(labels)

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self._json(key)
        if not isinstance(value, dict):
            raise self.error(f"has {_PREFIX}{key} that is not a JSON object")
        return value

    def number(self, key: str, lowest: float, highest: float) -> float:
        text = self.text(key)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            raise self.error(
                f"has {_PREFIX}{key} {text!r} where a number from {lowest:g} to {highest:g} is needed"
            )
        return value

    def date(self, key: str) -> date:
        text = self.text(key)
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise self.error(
                f"has {_PREFIX}{key} {text!r} where a date such as 2026-01-31 is needed"
            ) from None

    def _json(self, key: str) -> Any:
        try:
            return json.loads(self.text(key))
        except ValueError:
            raise self.error(f"has {_PREFIX}{key} that is not JSON") from None

    def error(self, what: str) -> LivefgError:
        return LivefgError(f"The classifier {self.source} {what}.")


def _check_outputs(network: Network, labels: int, source: str) -> int:
    """The place of the probabilities among the outputs, once they have proved to be probabilities."""
    if _OUTPUT not in network.output_names:
        found = ", ".join(network.output_names)
        raise LivefgError(f"The classifier {source} has no output called {_OUTPUT!r} (it has {found}).")
    place = network.output_names.index(_OUTPUT)
    rows = network(*network.sample_inputs())[place]
    if rows.ndim != 2 or rows.shape[1] != labels:
        raise LivefgError(
            f"The classifier {source} names {labels} labels and gives an output of shape {list(rows.shape)}."
        )
    if rows.min() < 0 or abs(float(rows.sum(axis=1).max()) - 1) > _SUM_TOLERANCE:
        raise LivefgError(
            f"The classifier {source} does not end in probabilities: a row of its output sums to "
            f"{rows[0].sum():.3f}."
        )
    return place
