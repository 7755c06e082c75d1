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

_GRID = (0.5, 0.6, 0.68, 0.75, 0.8, 0.84, 0.87, 0.9, 0.92, 0.94, 0.955, 0.97, 0.98, 0.99)
_PRICES = tuple(float(price) for price in np.geomspace(0.05, 20, 24))
"""How many missed motions a false alarm of somebody who means nothing may be worth."""
_AMONG_MOTIONS = 0.5
"""What a false alarm of somebody who makes motions costs beside that."""
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
    price rises until people who mean nothing are left alone. So no motion could be found more often for less. Mirror
    images share a threshold. Those in `known` stay as they are. If no price is high enough, the highest is taken.
    """
    labels = network.labels[1:]
    movers, others = (
        [(take, chances_of(network, temperature, take)) for take in takes] for takes in (moving, idle)
    )
    known = dict(known or {})
    costs = []
    for level in _GRID:
        enter = dict.fromkeys(labels, level) | known
        costs.append((_counted(network, movers, enter), _counted(network, others, enter)))
    enter, rate = dict.fromkeys(labels, _GRID[-1]) | known, 0.0
    for price in _PRICES:
        enter = {label: _cheapest(costs, label, price) for label in labels} | known
        rate = _counted(network, others, enter).report()["false_alarms_a_minute"]
        if rate <= false_alarms:
            break
    return Thresholds(enter, rate)


def _counted(network: MotionNetwork, seen: Seen, enter: Mapping[str, float]) -> Score:
    kind: EventKind = "motion" if network.shape.subject == "hand" else "head"
    total = Score()
    for take, chances in seen:
        total.add(take, take.spans, watched(take, chances, network.labels, kind, enter), network.labels[1:])
    return total


def _cheapest(costs: Sequence[tuple[Score, Score]], label: str, price: float) -> float:
    """The threshold at which a label and its mirror image cost least."""

    def cost(moving: Score, idle: Score) -> float:
        return sum(
            moving.motions.get(one, 0)
            - moving.detected.get(one, 0)
            + price * (idle.false.get(one, 0) + _AMONG_MOTIONS * moving.false.get(one, 0))
            for one in {label, mirrored_label(label)}
        )

    return _GRID[min(range(len(_GRID)), key=lambda place: cost(*costs[place]))]
