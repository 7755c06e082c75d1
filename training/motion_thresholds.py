"""From which probability on each motion is believed: chosen by people who taught nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livefg.results import EventKind
from training.motion_data.takes import Take, mirrored_label
from training.motion_evaluation import Score, chances_of, watched
from training.motion_networks import MotionNetwork

__all__ = ["Thresholds", "chosen_thresholds"]

_GRID = (
    *(0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.79, 0.82, 0.85, 0.87, 0.89, 0.91, 0.925, 0.94),
    *(0.95, 0.96, 0.97, 0.98, 0.99),
)
_PRICES = tuple(float(price) for price in np.geomspace(0.02, 30, 60))
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
    price is the lowest at which people who mean nothing are left alone. So no motion could be found more often for
    less. One label has few false alarms, so those of an average label, and misses at the average rate, are counted
    with its own. Mirror images share a threshold. Those in `known` stay as they are.
    """
    labels = network.labels[1:]
    movers, others = (
        [(take, chances_of(network, temperature, take)) for take in takes] for takes in (moving, idle)
    )
    known = dict(known or {})
    costs = []
    for level in _GRID:
        enter = dict.fromkeys(labels, level) | known
        costs.append(_counted(network, [*movers, *others], enter))

    def at(price: float) -> Thresholds:
        enter = {label: _cheapest(costs, labels, label, price) for label in labels} | known
        idle_score = _counted(network, others, enter)
        return Thresholds(enter, sum(idle_score.false.values()) / max(1e-9, idle_score.minutes))

    place = bisect_left(_PRICES, -false_alarms, hi=len(_PRICES) - 1, key=lambda price: -at(price).rate)
    return at(_PRICES[place])


def _counted(network: MotionNetwork, seen: Seen, enter: Mapping[str, float]) -> Score:
    kind: EventKind = "motion" if network.shape.subject == "hand" else "head"
    total = Score()
    for take, chances in seen:
        total.add(take, take.spans, watched(take, chances, network.labels, kind, enter), network.labels[1:])
    return total


def _cheapest(costs: Sequence[Score], labels: Sequence[str], label: str, price: float) -> float:
    """The threshold at which a label and its mirror image cost least."""

    def cost(score: Score) -> float:
        shown, found = sum(score.motions.values()), sum(score.detected.values())
        missed = (shown - found) / max(1, shown)
        false = sum(score.false.values()) / len(labels)
        return sum(
            score.motions.get(one, 0) * (1 + missed)
            - score.detected.get(one, 0)
            + price * (score.false.get(one, 0) + false)
            for one in {label, mirrored_label(label)}
        )

    return _GRID[min(range(len(_GRID)), key=lambda place: cost(costs[place]))]
