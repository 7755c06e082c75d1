"""What the ONNX files of all classifiers have in common: the contract's metadata, how torch's graph gets in, and the
proof that ONNX Runtime makes the same of it.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper
from torch import Tensor, nn
from torch.onnx import TrainingMode

from livefg.errors import LivefgError

__all__ = ["AboutClassifier", "largest_gap", "sealed", "traced"]

_OUTPUT = "probabilities"
_OPSET = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutClassifier:
    """What the file of every classifier says of itself; see the classifier metadata contract in docs/models.md."""

    temperature: float
    reject_reason: str
    loss: str
    training_data: str
    split: str
    licence: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    created: date = field(default_factory=date.today)

    def contract(
        self, task: str, labels: Sequence[str], *, reject_threshold: float, activation: str
    ) -> dict[str, str]:
        """The metadata that every classifier has: every value a text, structured ones as JSON."""
        return {
            "livefg.task": task,
            "livefg.format": "1",
            "livefg.labels": json.dumps(labels),
            "livefg.temperature": f"{self.temperature:.6g}",
            "livefg.reject_threshold": f"{reject_threshold:.6g}",
            "livefg.reject_reason": self.reject_reason,
            "livefg.loss": self.loss,
            "livefg.activation": activation,
            "livefg.training_data": self.training_data,
            "livefg.split": self.split,
            "livefg.metrics": json.dumps(self.metrics, sort_keys=True),
            "livefg.licence": self.licence,
            "livefg.created": self.created.isoformat(),
        }


def traced(
    module: nn.Module,
    examples: Sequence[Tensor],
    inputs: Sequence[str],
    *,
    long: Sequence[str] = (),
    as_trained: bool = False,
) -> onnx.ModelProto:
    """The graph of a module for any number N of what `examples` have two or more of, with one output.

    Inputs that are `long` have a second axis of any length, T. With `as_trained` normalisations do not vanish into
    convolutions, so that somebody can go on from the weights.
    """
    content = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter that needs no further package is called old by the newer one, and a recurrent unit is exported
        # for any batch: its first state is zeros.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(examples),
            content,  # type: ignore[arg-type]
            input_names=list(inputs),
            output_names=[_OUTPUT],
            dynamic_axes={
                name: {0: "N", 1: "T"} if name in long else {0: "N"} for name in (*inputs, _OUTPUT)
            },
            opset_version=_OPSET,
            training=TrainingMode.PRESERVE if as_trained else TrainingMode.EVAL,
            dynamo=False,
        )
    return onnx.load_model_from_string(content.getvalue())


def sealed(model: onnx.ModelProto, metadata: Mapping[str, str]) -> bytes:
    """The file's content, the same for the same graph and metadata. Raises what `onnx.checker` finds wrong."""
    helper.set_model_props(model, dict(sorted(metadata.items())))
    model.producer_name, model.producer_version = "livefg", ""
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def largest_gap(
    content: bytes,
    module: nn.Module,
    inputs: Sequence[str],
    examples: Iterable[Sequence[Tensor]],
    tolerance: float,
) -> float:
    """By how much ONNX Runtime's probabilities differ at most from those of the module that the file was made of.

    Each of the `examples` has a tensor for each of the `inputs`. Raises LivefgError if it is more than `tolerance`.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    module.eval()
    gaps = []
    for example in examples:
        given = {name: one.numpy() for name, one in zip(inputs, example, strict=True)}
        with torch.no_grad():
            expected = module(*example).numpy()
        gaps.append(np.abs(session.run(None, given)[0] - expected).max())
    gap = float(np.max(gaps))  # a NaN stays one, and is no agreement
    if not gap <= tolerance:
        raise LivefgError(
            f"ONNX Runtime disagrees with torch (a probability is off by {gap:.1e}), so no model file was written."
        )
    return gap
