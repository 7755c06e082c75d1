"""What a hand's features do and do not depend on."""

import numpy as np
import pytest
import torch

from tests.training.hands import ONE, OPEN, hand
from training.features import HandFeatures

FLAT = HandFeatures(("flat", "angles"))
ALL = HandFeatures(("flat", "angles", "world"))


def seen(points: np.ndarray, right: float = 1.0, features: HandFeatures = ALL) -> np.ndarray:
    landmarks = torch.tensor(points, dtype=torch.float32)[None]
    world = (landmarks - landmarks.mean(dim=1, keepdim=True)) / 1000
    with torch.no_grad():
        return features(landmarks, world, torch.tensor([right]))[0].numpy()


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])


def test_place_and_size_in_the_picture_do_not_matter() -> None:
    assert seen(hand(ONE) * 3 + [400, 100, 0]) == pytest.approx(seen(hand(ONE)), abs=1e-3)


def test_a_left_hand_looks_like_the_right_hand_in_a_mirror() -> None:
    mirrored = hand(ONE) * [-1, 1, 1]
    assert seen(mirrored, right=0.0) == pytest.approx(seen(hand(ONE), right=1.0), abs=1e-4)
    assert np.abs(seen(mirrored, right=1.0) - seen(hand(ONE), right=1.0)).max() > 0.1


def test_a_turn_in_the_picture_leaves_the_shape_and_shows_in_the_direction_alone() -> None:
    upright, turned_over = (
        seen(points, features=HandFeatures(("flat",))) for points in (hand(ONE), turned(hand(ONE), 180))
    )
    assert turned_over[:42] == pytest.approx(upright[:42], abs=1e-4)
    assert turned_over[42:] == pytest.approx(-upright[42:], abs=1e-4)


def test_distances_and_bends_ignore_a_turn() -> None:
    angles = HandFeatures(("angles",))
    assert seen(turned(hand(OPEN), 70), features=angles) == pytest.approx(
        seen(hand(OPEN), features=angles), abs=1e-4
    )


def test_different_gestures_differ() -> None:
    assert np.abs(seen(hand(ONE)) - seen(hand(OPEN))).max() > 0.5


def test_features_have_the_size_that_they_say() -> None:
    assert seen(hand(ONE)).shape == (ALL.size,)
    assert seen(hand(ONE), features=FLAT).shape == (FLAT.size,)


def test_a_hand_without_depth_shows_nothing_of_the_world_landmarks() -> None:
    landmarks = torch.tensor(hand(ONE))[None]
    right, flat = torch.ones(1), torch.zeros(1)
    some, other = torch.rand(1, 21, 3), torch.rand(1, 21, 3)
    assert torch.equal(ALL(landmarks, some, right, flat), ALL(landmarks, other, right, flat))
    assert not torch.equal(ALL(landmarks, some, right), ALL(landmarks, other, right))


def test_usual_features_have_mean_zero_and_deviation_one() -> None:
    features = HandFeatures(("world",))
    raw = torch.randn(500, features.size) * 3 + 2
    features.standardise(raw, torch.ones(500))
    usual = (raw - features.mean) * features.scale
    assert usual.mean(dim=0).abs().max() < 1e-4
    assert usual.std(dim=0) == pytest.approx(1.0, abs=0.01)


def test_coinciding_points_give_finite_features() -> None:
    assert np.isfinite(seen(np.zeros((21, 3)))).all()
