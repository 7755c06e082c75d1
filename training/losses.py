"""What a network is asked to make small; each takes logits (N, K) and class numbers (N,) and gives a value a row."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["LOSSES", "LossName", "cross_entropy", "focal", "loss_of", "weston_watkins"]

LossName = Literal["cross_entropy", "focal", "weston_watkins"]
LOSSES: tuple[LossName, ...] = ("cross_entropy", "focal", "weston_watkins")


def cross_entropy(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Minus the logarithm of the softmax probability of the right class; `smoothing` 0..1 spreads the target."""
    return functional.cross_entropy(logits, target, reduction="none", label_smoothing=smoothing)


def focal(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """Cross-entropy weighted by (1 - p)^gamma, p the right class's probability (Lin et al. 2017, arXiv:1708.02002)."""
    right = _picked(functional.log_softmax(logits, dim=1), target)
    return -((1 - right.exp()) ** gamma) * right


def weston_watkins(logits: Tensor, target: Tensor, margin: float = 1.0) -> Tensor:
    """The multiclass hinge loss of Weston and Watkins (1999): max(0, margin + s_j - s_y), summed over wrong classes."""
    violations = (margin + logits - _picked(logits, target).unsqueeze(1)).clamp(min=0)
    wrong = torch.ones_like(logits).scatter(1, target.unsqueeze(1), 0.0)
    return (violations * wrong).sum(dim=1)


def loss_of(
    name: LossName,
    logits: Tensor,
    target: Tensor,
    *,
    gamma: float = 2.0,
    margin: float = 1.0,
    smoothing: float = 0.0,
) -> Tensor:
    """The loss called `name`, a value a row."""
    if name == "focal":
        return focal(logits, target, gamma)
    if name == "weston_watkins":
        return weston_watkins(logits, target, margin)
    return cross_entropy(logits, target, smoothing)


def _picked(values: Tensor, target: Tensor) -> Tensor:
    return values.gather(1, target.unsqueeze(1)).squeeze(1)
