"""From which probability on each motion is believed: chosen by people who taught nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livefg.results import EventKind
from training.motion_data.takes import Take, mirrored_label
from training.motion_evaluation import Score, chances_of, watched
from training.motion_networks import MotionNetwork

__all__ = ["Thresholds", "chosen_thresholds"]

_GRID = (0.6, 0.7, 0.77, 0.83, 0.88, 0.92, 0.95, 0.97)
_PRICES = tuple(float(price) for price in np.geomspace(0.05, 10, 16))
"""How many missed motions a false alarm may be worth."""
Seen = list[tuple[Take, npt.NDArray[np.float64]]]
"""Takes, with the probabilities (L, K) whenever a network is asked."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The threshold of every label, and the false alarms a minute that people who mean nothing cause with them."""

    enter: dict[str, float]
    rate: float


def chosen_thresholds(
    network: MotionNetwork,
    temperature: float,
    moving: Sequence[Take],
    idle: Sequence[Take],
    false_alarms: float,
    known: Mapping[str, float] | None = None,
) -> Thresholds:
    """Thresholds with which `idle` people cause at most so many false alarms a minute, and few motions are missed.

    Every label's threshold is the one at which its misses, and its false alarms at a common price, cost least; the
    price rises until people who mean nothing are left alone. Mirror images share a threshold. Those in `known` stay as
    they are. If no price is high enough, the highest is taken.
    """
    labels = network.labels[1:]
    seen = [[(take, chances_of(network, temperature, take)) for take in takes] for takes in (moving, idle)]
    known = dict(known or {})
    costs = [_counted(network, seen, dict.fromkeys(labels, enter) | known) for enter in _GRID]
    enter, rate = dict.fromkeys(labels, _GRID[-1]) | known, 0.0
    for price in _PRICES:
        enter = {label: _cheapest(costs, label, price) for label in labels} | known
        rate = _rate(network, seen[1], enter)
        if rate <= false_alarms:
            break
    return Thresholds(enter, rate)


def _counted(network: MotionNetwork, seen: Sequence[Seen], enter: Mapping[str, float]) -> Score:
    total = Score()
    for take, chances in (one for part in seen for one in part):
        found = watched(take, chances, network.labels, _kind(network), enter)
        total.add(take, take.spans, found, network.labels[1:])
    return total


def _cheapest(costs: Sequence[Score], label: str, price: float) -> float:
    """The threshold at which a label and its mirror image cost least."""

    def cost(score: Score) -> float:
        return sum(
            score.motions.get(one, 0) - score.detected.get(one, 0) + price * score.false.get(one, 0)
            for one in {label, mirrored_label(label)}
        )

    return _GRID[min(range(len(_GRID)), key=lambda place: cost(costs[place]))]


def _rate(network: MotionNetwork, idle: Seen, enter: Mapping[str, float]) -> float:
    found = sum(len(watched(take, chances, network.labels, _kind(network), enter)) for take, chances in idle)
    return found / max(1e-9, sum(take.duration for take, _ in idle) / 60)


def _kind(network: MotionNetwork) -> EventKind:
    return "motion" if network.shape.subject == "hand" else "head"
