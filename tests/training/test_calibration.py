"""Confidence, its temperature, and the threshold."""

import numpy as np
import pytest

from training.calibration import (
    expected_calibration_error,
    fit_temperature,
    reject_threshold,
    reliability,
    softmax,
)


def draw(logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Classes drawn with the probabilities that the logits say."""
    return (softmax(logits).cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)


def test_the_temperature_of_overconfident_logits_is_found() -> None:
    rng = np.random.default_rng(1)
    honest = rng.normal(0, 2, (20000, 4))
    target = draw(honest, rng)
    assert fit_temperature(honest * 3, target) == pytest.approx(3.0, rel=0.05)
    assert fit_temperature(honest / 2, target) == pytest.approx(0.5, rel=0.05)


def test_the_right_temperature_lowers_the_calibration_error() -> None:
    rng = np.random.default_rng(2)
    honest = rng.normal(0, 2, (20000, 4))
    target = draw(honest, rng)

    def error(temperature: float) -> float:
        chances = softmax(honest * 3, temperature)
        return expected_calibration_error(chances.max(axis=1), chances.argmax(axis=1) == target)

    assert error(3.0) < 0.02 < error(1.0)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence = np.array([0.9] * 10)
    correct = np.array([True] * 6 + [False] * 4)
    assert expected_calibration_error(confidence, correct) == pytest.approx(0.3)


def test_reliability_leaves_empty_bins_out_and_counts_certainty() -> None:
    rows = reliability(np.array([1.0, 1.0, 0.05]), np.array([True, False, False]))
    assert rows == [(0.05, 0.0, pytest.approx(1 / 3)), (1.0, 0.5, pytest.approx(2 / 3))]


def test_the_threshold_keeps_the_rate_of_false_gestures() -> None:
    best = np.linspace(0, 1, 1000, endpoint=False)
    gesture = np.ones(1000, bool)
    threshold = reject_threshold(best, gesture, false_rate=0.1)
    assert (best >= threshold).mean() == pytest.approx(0.1, abs=0.002)


def test_the_threshold_does_not_fall_below_the_lowest_and_stays_reachable() -> None:
    quiet = np.array([0.2, 0.3])
    assert reject_threshold(quiet, np.array([True, True]), 0.01, lowest=0.5) == 0.5
    loud = np.array([0.999, 0.999])
    assert reject_threshold(loud, np.array([True, True]), 0.01) == 0.95


def test_hands_rightly_called_none_do_not_raise_the_threshold() -> None:
    best = np.array([0.99, 0.98, 0.6])
    assert reject_threshold(best, np.array([False, False, False]), 0.0) == 0.5
