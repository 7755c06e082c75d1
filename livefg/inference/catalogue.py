"""The networks that are installed, each with what its file and the manifest say about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier, ClassifierInfo
from livefg.inference.manifest import Manifest, ModelFile, user_models
from livefg.inference.sessions import GraphNode, inspect_graph

__all__ = ["ModelSummary", "catalogue", "summarise"]


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """One network: `size` in bytes, `fault` a sentence about what is wrong with it, or None.

    `shipped` says that it came with livefg. `licence`, `source`, `notice` and `parity` are the manifest's, or the
    classifier's own word for a user's file. `classifier` is what a classifier says about itself; other
    networks have none.
    """

    name: str
    path: Path
    shipped: bool
    size: int
    licence: str
    source: str
    notice: str
    parity: Any
    inputs: tuple[GraphNode, ...]
    outputs: tuple[GraphNode, ...]
    classifier: ClassifierInfo | None
    fault: str | None

    @property
    def task(self) -> str | None:
        """What a classifier is for."""
        return self.classifier.task if self.classifier else None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names; the classifier's task and labels stand beside them."""
        return {
            **asdict(self),
            "path": str(self.path),
            "task": self.task,
            "labels": list(self.classifier.labels) if self.classifier else [],
            "inputs": [str(node) for node in self.inputs],
            "outputs": [str(node) for node in self.outputs],
            "classifier": self.classifier.to_dict() if self.classifier else None,
        }


def catalogue() -> list[ModelSummary]:
    """Every installed network: the shipped ones in the manifest's order, then the user's own by name.

    Raises LivefgError if the manifest itself cannot be read; what is wrong with a network is its `fault`.
    """
    manifest = Manifest.load()
    shipped = [ModelFile(name, manifest.path(name), manifest) for name in manifest.entries]
    return [summarise(model) for model in [*shipped, *user_models()]]


def summarise(model: ModelFile) -> ModelSummary:
    """Read and check one network: its file, its graph and, if it is a classifier, its contract."""
    entry = model.manifest.entry(model.name) if model.manifest else None
    inputs: tuple[GraphNode, ...] = ()
    outputs: tuple[GraphNode, ...] = ()
    info: ClassifierInfo | None = None
    fault: str | None = None
    size = 0
    try:
        content = model.read()
        size = len(content)
        inputs, outputs, metadata = inspect_graph(content, model.path)
        # What a user puts into the models folder is meant as a classifier.
        if entry is None or "livefg.task" in metadata:
            info = ClassifierInfo.from_metadata(metadata, str(model.path))
            Classifier.load(model, "cpu")
        if entry is None and model.name in Manifest.load().entries:
            fault = f"{model.path} has the name of a shipped network and is found by its path only."
    except LivefgError as error:
        fault = str(error)
    return ModelSummary(
        name=model.name,
        path=model.path,
        shipped=entry is not None,
        size=size,
        licence=entry.licence if entry else info.licence if info else "",
        source=entry.source if entry else info.training_data if info else "",
        notice=entry.notice if entry else "",
        parity=entry.parity if entry else {},
        inputs=inputs,
        outputs=outputs,
        classifier=info,
        fault=fault,
    )
