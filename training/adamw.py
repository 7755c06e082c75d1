"""AdamW (Loshchilov and Hutter 2019), as torch's own computes it, without what torch's own brings along.

The first step of any optimizer of torch's loads its compiler, which takes 1.6 s: a third of the time in which a few
gestures are added to those that ship.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["AdamW"]

_FIRST, _SECOND = 0.9, 0.999
_TINY = 1e-8


class AdamW:
    """Steps along running means of the gradients over the root of those of their squares; weights decay beside that.

    `rate` is the learning rate and may be changed between steps.
    """

    def __init__(self, parameters: Iterable[Tensor], rate: float, weight_decay: float) -> None:
        self.rate = rate
        self._decay = weight_decay
        self._parameters = list(parameters)
        self._means = [torch.zeros_like(one) for one in self._parameters]
        self._squares = [torch.zeros_like(one) for one in self._parameters]
        self._steps = 0

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradients, which are forgotten; one without has a gradient of zeros."""
        gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in self._parameters]
        self._steps += 1
        torch._foreach_mul_(self._parameters, 1 - self.rate * self._decay)
        torch._foreach_lerp_(self._means, gradients, 1 - _FIRST)
        torch._foreach_mul_(self._squares, _SECOND)
        torch._foreach_addcmul_(self._squares, gradients, gradients, 1 - _SECOND)
        spread = torch._foreach_sqrt(self._squares)
        torch._foreach_div_(spread, math.sqrt(1 - _SECOND**self._steps))
        torch._foreach_add_(spread, _TINY)
        torch._foreach_addcdiv_(self._parameters, self._means, spread, -self.rate / (1 - _FIRST**self._steps))
        for one in self._parameters:
            one.grad = None

    def state(self) -> dict[str, Tensor]:
        """What it remembers, by name, to go on from there with `restore`."""
        kinds = {"mean": self._means, "square": self._squares}
        tensors = {f"{kind}/{place}": one for kind, all_ in kinds.items() for place, one in enumerate(all_)}
        return {"steps": torch.tensor(self._steps), **tensors}

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor]) -> None:
        """Go on from a `state` of the same parameters."""
        self._steps = int(state["steps"])
        for kind, mine in (("mean", self._means), ("square", self._squares)):
            for place, one in enumerate(mine):
                one.copy_(state[f"{kind}/{place}"])
