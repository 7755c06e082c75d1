"""The proof that a converted network answers as its upstream does; what differs is not written."""

from __future__ import annotations

from typing import Any

import numpy as np

from livefg.errors import LivefgError
from training.convert.references import Case, cpu_session

__all__ = ["check_parity", "largest_differences"]


def check_parity(name: str, model: bytes, case: Case, tolerance: float) -> dict[str, Any]:
    """How far `model` (ONNX) is from `case`, for the manifest.

    All examples go through it as one batch, while upstream took them one by one. Raises LivefgError, naming
    the output that is worst, if any differs by more than `tolerance`.
    """
    differences = largest_differences(model, case)
    worst = max(differences, key=lambda output: differences[output])
    # `not <=` rather than `>`, so that NaN does not pass.
    if not differences[worst] <= tolerance:
        raise LivefgError(
            f"The converted network {name} is not written: its output {worst} is off by {differences[worst]:.2g} "
            f"where {tolerance:g} is allowed."
        )
    return {
        "reference": case.runtime,
        "examples": len(next(iter(case.inputs.values()))),
        "tolerance": tolerance,
        "max_abs": differences,
    }


def largest_differences(model: bytes, case: Case) -> dict[str, float]:
    """The largest absolute difference from `case` by output, to two digits."""
    session = cpu_session(model)
    names = list(case.outputs)
    answers = session.run(names, dict(case.inputs))
    differences = {}
    for name, answer in zip(names, answers, strict=True):
        expected = case.outputs[name]
        if answer.shape != expected.shape:
            raise LivefgError(
                f"The output {name} has the shape {answer.shape} where {expected.shape} is expected."
            )
        differences[name] = float(f"{np.abs(answer - expected).max():.2g}")
    return differences
