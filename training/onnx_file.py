"""What the ONNX files of all classifiers have in common: the contract's metadata, and how torch's graph gets in."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import onnx
import torch
from onnx import helper
from torch import Tensor, nn
from torch.onnx import TrainingMode

__all__ = ["OUTPUT", "contract", "sealed", "traced"]

OUTPUT = "probabilities"
_OPSET = 17


def contract(
    task: str,
    labels: Sequence[str],
    *,
    temperature: float,
    reject_threshold: float,
    reject_reason: str,
    loss: str,
    activation: str,
    training_data: str,
    split: str,
    metrics: Mapping[str, Any],
    licence: str,
    created: date,
) -> dict[str, str]:
    """The metadata that every classifier has, see docs/models.md: every value a text, structured ones as JSON."""
    return {
        "livefg.task": task,
        "livefg.format": "1",
        "livefg.labels": json.dumps(labels),
        "livefg.temperature": f"{temperature:.6g}",
        "livefg.reject_threshold": f"{reject_threshold:.6g}",
        "livefg.reject_reason": reject_reason,
        "livefg.loss": loss,
        "livefg.activation": activation,
        "livefg.training_data": training_data,
        "livefg.split": split,
        "livefg.metrics": json.dumps(metrics, sort_keys=True),
        "livefg.licence": licence,
        "livefg.created": created.isoformat(),
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
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "N", 1: "T"} if name in long else {0: "N"} for name in (*inputs, OUTPUT)},
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
