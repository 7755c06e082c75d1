"""Confidence that means something: temperature, how far it is off, and when to say `none`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "expected_calibration_error",
    "fit_temperature",
    "reject_threshold",
    "reliability",
    "risk_coverage",
    "softmax",
]

Array = npt.NDArray[np.float64]


def softmax(logits: npt.NDArray[np.floating], temperature: float = 1.0) -> Array:
    """Probabilities (N, K) of logits (N, K) over the temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def fit_temperature(
    logits: npt.NDArray[np.floating], target: npt.NDArray[np.integer], weight: Array | None = None
) -> float:
    """The temperature 0.05..20 that makes the likelihood of `target` (N,) largest (Guo et al. 2017), by bisection."""
    weights = np.ones(len(target)) if weight is None else weight
    rows = np.arange(len(target))
    scores = np.asarray(logits, np.float64)

    def slope(inverse: float) -> float:
        expected = (softmax(scores, 1 / inverse) * scores).sum(axis=1)
        return float((weights * (scores[rows, target] - expected)).sum())

    low, high = 1 / 20, 1 / 0.05
    for _ in range(60):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float(1 / np.sqrt(low * high))


def reliability(
    confidence: Array, correct: npt.NDArray[np.bool_], bins: int = 15, weight: Array | None = None
) -> list[tuple[float, float, float]]:
    """For each of `bins` equal parts of 0..1 that is not empty: mean confidence, accuracy, share of the answers."""
    weights = np.ones(len(confidence)) if weight is None else weight
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = weights.sum()
    rows = []
    for number in range(bins):
        mine = place == number
        mass = weights[mine].sum()
        if mass > 0:
            rows.append(
                (
                    float((weights[mine] * confidence[mine]).sum() / mass),
                    float((weights[mine] * correct[mine]).sum() / mass),
                    float(mass / total),
                )
            )
    return rows


def risk_coverage(
    confidence: Array, correct: npt.NDArray[np.bool_], points: int = 200
) -> list[tuple[float, float, float]]:
    """(least confidence, share of answers at least as sure, their accuracy), from all answers to the surest.

    At most so many points, one for each step of the confidence; see El-Yaniv and Wiener 2010.
    """
    order = np.argsort(-confidence, kind="stable")
    sure = confidence[order]
    if not len(sure):
        return []
    # Answers that are equally sure cannot be told apart by a threshold.
    last = np.flatnonzero(np.append(np.diff(sure) != 0, True))
    kept = last[np.unique(np.linspace(0, len(last) - 1, min(points, len(last))).round().astype(int))][::-1]
    accuracy = (np.cumsum(correct[order])[kept] / (kept + 1)).tolist()
    shares = ((kept + 1) / len(sure)).tolist()
    return list(zip(sure[kept].tolist(), shares, accuracy, strict=True))


def expected_calibration_error(
    confidence: Array, correct: npt.NDArray[np.bool_], bins: int = 15, weight: Array | None = None
) -> float:
    """The mean gap between confidence and accuracy over `reliability`'s bins, 0..1 (ECE)."""
    return sum(
        share * abs(mean - accuracy)
        for mean, accuracy, share in reliability(confidence, correct, bins, weight)
    )


def reject_threshold(
    best: Array, is_gesture: npt.NDArray[np.bool_], false_rate: float, lowest: float = 0.5
) -> float:
    """The least threshold with which at most `false_rate` of the hands without a gesture get one.

    `best` (M,) is the highest probability of each hand that shows none, `is_gesture` whether that was a gesture's. At
    least `lowest`, and at most 0.95: a network that needs more cannot keep the rate.
    """
    false = np.sort(best[is_gesture])[::-1]
    allowed = int(false_rate * len(best))
    needed = float(np.nextafter(false[allowed], 1.0)) if allowed < len(false) else 0.0
    return float(np.clip(needed, lowest, 0.95))
