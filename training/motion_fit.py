"""Learning motions: windows in, a network out; the same data and seed give the same weights on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.calibration import softmax
from training.losses import LossName, loss_of
from training.motion_networks import MotionNetwork, MotionShape
from training.motion_windows import NONE, Windows
from training.threads import one_thread

__all__ = ["MotionFit", "chances_of_right", "fit_motions", "go_on", "logits_of_steps"]

_BATCH = 256
_STANDARD = 4096
_EASY = 0.08
_SLOWER = 0.6


@dataclass(frozen=True, slots=True)
class MotionFit:
    """How a network learns: the loss, how many batches of 256 windows, and the part of them without motion (0..1)."""

    loss: LossName = "cross_entropy"
    smoothing: float = 0.02
    batches: int = 3000
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    averaging: float = 0.995
    none_share: float = 0.6
    seed: int = 0


def fit_motions(
    windows: Windows,
    shape: MotionShape,
    labels: Sequence[str],
    settings: MotionFit,
    on_batch: Callable[[int, float], None] | None = None,
    start: Mapping[str, Tensor] | None = None,
    known: int = 0,
) -> MotionNetwork:
    """A network in evaluation mode that learned from the windows; `on_batch` is told the number and the loss.

    `start` are weights to begin with, what is usual included. The first `known` labels' answers stay as they are, and
    only those to the others are learned, from what the network sees already: nothing can be forgotten.
    """
    with one_thread():
        return _fitted(windows, shape, labels, settings, on_batch, start, known)


def _fitted(
    windows: Windows,
    shape: MotionShape,
    labels: Sequence[str],
    settings: MotionFit,
    on_batch: Callable[[int, float], None] | None,
    start: Mapping[str, Tensor] | None,
    known: int,
) -> MotionNetwork:
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    network = MotionNetwork(shape, labels)
    chance = _chances(windows, tuple(labels).index(NONE), len(labels), settings.none_share)
    some = torch.from_numpy(rng.choice(len(windows), min(_STANDARD, len(windows)), p=chance))
    if start:
        network.load_state_dict(start)
    else:
        network.standardise(windows.steps[some].float())
    cumulative = np.cumsum(chance)
    cumulative /= cumulative[-1]
    if known:
        network.body.requires_grad_(False)
    learned = [one for one in network.parameters() if one.requires_grad]
    decay = 0.0 if known else settings.weight_decay
    optimizer = torch.optim.AdamW(learned, settings.learning_rate, weight_decay=decay)
    average = {name: value.detach().clone() for name, value in network.state_dict().items()}
    for number in range(settings.batches):
        progress = number / settings.batches
        rate = min(1.0, progress / 0.05 + 0.02) * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate
        rows = torch.from_numpy(np.searchsorted(cumulative, rng.random(_BATCH), side="right"))
        network.train()
        logits = network.of_members(windows.steps[rows].float())
        target = torch.from_numpy(windows.label)[rows].repeat(shape.members)
        loss = loss_of(settings.loss, logits, target, smoothing=settings.smoothing).mean()
        optimizer.zero_grad()
        # The sum over members: each goes its own way as fast as it would alone.
        (shape.members * loss).backward()  # type: ignore[no-untyped-call]
        if known:
            for one in learned:
                assert one.grad is not None
                one.grad[:known] = 0
        torch.nn.utils.clip_grad_norm_(learned, math.sqrt(shape.members))
        optimizer.step()
        keep = min(settings.averaging, (number + 1) / (number + 10))
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                average[name].mul_(keep).add_(value.detach(), alpha=1 - keep)
        if on_batch:
            on_batch(number, float(loss.detach()))
    network.load_state_dict(average)
    return network.eval()


def go_on(
    network: MotionNetwork,
    windows: Windows,
    settings: MotionFit,
    rounds: int,
    on_batch: Callable[[int, float], None] | None = None,
) -> MotionNetwork:
    """What becomes of a network that learns for `rounds` more, from what it is not sure of above all.

    Before each round every window is looked at; what the network is sure of is drawn a twelfth as often as what it is
    wrong about. The batches of the settings are shared by the rounds, each of which is gentler than the one before.
    """
    each = settings.batches // rounds
    for number in range(rounds):
        unsure = (_EASY + 1 - chances_of_right(network, windows)).astype(np.float32)
        weighed = Windows(windows.steps, windows.label, windows.weight * unsure)
        gentler = replace(
            settings,
            batches=each,
            learning_rate=settings.learning_rate / 2 * _SLOWER**number,
            seed=settings.seed + 1 + number,
        )
        told = _counted_on(on_batch, number * each)
        network = fit_motions(
            weighed, network.shape, network.labels, gentler, told, start=network.state_dict()
        )
    return network


def _counted_on(
    on_batch: Callable[[int, float], None] | None, before: int
) -> Callable[[int, float], None] | None:
    return on_batch and (lambda number, loss: on_batch(before + number, loss))


def chances_of_right(network: MotionNetwork, windows: Windows) -> npt.NDArray[np.float64]:
    """The probability (N,) that a network gives to what each window shows."""
    chances = softmax(logits_of_steps(network, windows.steps))
    return np.asarray(chances[np.arange(len(chances)), windows.label])


def logits_of_steps(network: MotionNetwork, steps: torch.Tensor) -> npt.NDArray[np.float32]:
    """Logits (N, K) of even steps (N, STEPS, channels), without learning."""
    network.eval()
    with torch.no_grad(), one_thread():
        return np.concatenate([network.of_steps(part.float()).numpy() for part in torch.split(steps, 2048)])


def _chances(windows: Windows, none: int, count: int, none_share: float) -> npt.NDArray[np.float64]:
    """How often each window is drawn: motions alike, `none` as often as asked."""
    chance = np.zeros(len(windows))
    present = [label for label in range(count) if (windows.label == label).any()]
    motions = max(1, sum(label != none for label in present))
    for label in present:
        mine = windows.label == label
        share = none_share if label == none else (1 - none_share) / motions
        weight = windows.weight[mine].astype(np.float64)
        chance[mine] = share * weight / weight.sum()
    return np.asarray(chance / chance.sum())
