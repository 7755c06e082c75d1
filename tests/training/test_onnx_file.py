"""What is written as an ONNX file is proved beside torch."""

from __future__ import annotations

import pytest
import torch

from livefg.errors import LivefgError
from training.onnx_file import largest_gap, sealed, traced


class Scaled(torch.nn.Module):
    """Multiplies by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self.factor


def file_of(module: torch.nn.Module) -> bytes:
    return sealed(traced(module, [torch.ones(2, 3)], ["values"]), {"a": "b"})


def test_the_largest_gap_of_all_examples_is_told_if_it_is_small_enough() -> None:
    examples = [[torch.full((count, 3), float(count))] for count in (1, 4, 2)]
    assert largest_gap(file_of(Scaled(1.0)), Scaled(1.0), ["values"], examples, 0.0) == 0.0
    assert largest_gap(file_of(Scaled(1.5)), Scaled(1.0), ["values"], examples, 2.0) == 2.0


def test_answers_that_differ_too_much_or_are_no_numbers_are_a_disagreement() -> None:
    examples = [[torch.ones(2, 3)], [torch.full((1, 3), torch.nan)]]
    for wrong in (file_of(Scaled(2.0)), file_of(Scaled(1.0))):
        with pytest.raises(LivefgError, match="disagrees"):
            largest_gap(wrong, Scaled(1.0), ["values"], examples, 0.5)
