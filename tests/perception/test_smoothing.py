"""The One-Euro filter: still when the object is still, quick when it moves, at any frame rate."""

import numpy as np
import pytest

from livefg.perception.smoothing import OneEuroFilter


def run(values: np.ndarray, rate: float, size: float = 100.0) -> np.ndarray:
    smooth = OneEuroFilter(min_cutoff=1.5, beta=12.0)
    return np.array([smooth(value, i / rate, size) for i, value in enumerate(values.astype(np.float32))])


def test_noise_on_a_still_point_is_mostly_removed() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (300, 21, 3))
    assert run(noise, 30)[30:].std() < 0.5 * noise.std()


def test_a_quick_movement_is_followed_with_little_lag() -> None:
    path = np.linspace(0, 300, 30)[:, None]  # three times its own size in a second
    assert np.abs(run(path, 30)[10:] - path[10:]).max() < 15


def test_the_lag_does_not_depend_on_the_frame_rate() -> None:
    slow, quick = (run(np.linspace(0, 200, rate * 2)[:, None], rate)[-1, 0] for rate in (15, 60))
    assert slow == pytest.approx(quick, abs=3)


def test_near_and_far_objects_are_smoothed_alike() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (100, 2))
    assert run(noise * 5, 30, size=500.0) == pytest.approx(run(noise, 30, size=100.0) * 5, abs=1e-3)


def test_a_repeated_time_changes_nothing() -> None:
    smooth = OneEuroFilter(1.0, 1.0)
    first = smooth(np.zeros(2, np.float32), 1.0, 10.0)
    assert smooth(np.ones(2, np.float32), 1.0, 10.0) is first
