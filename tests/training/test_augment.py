"""Changed copies of hands stay what they are, or get the name of what they became."""

import numpy as np
import pytest

from tests.training.hands import ONE, OPEN, hand, many
from training.augment import Augmentation, augment, sides_guessed
from training.directions import Direction, off_by, point_where_named, relabel_turned
from training.samples import Samples

UP = Direction("pointing_up", 5, 8, 0.0, 50.0, "point")
LABELS = ("none", "pointing_up", "point")
STILL = Augmentation.none()


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], np.float32)


def copies(samples: Samples, how: Augmentation, seed: int = 0) -> np.ndarray:
    label = np.zeros(len(samples), np.int64)
    rng = np.random.default_rng(seed)
    return augment(samples.landmarks, samples.world, samples.right, label, rng, how).landmarks


@pytest.fixture
def samples() -> Samples:
    return many({"open_palm": OPEN}, count=200)


def test_no_augmentation_changes_nothing_but_the_place(samples: Samples) -> None:
    palm = [0, 5, 9, 13, 17]
    centred = samples.landmarks - samples.landmarks[:, palm].mean(axis=1, keepdims=True)
    assert copies(samples, STILL) == pytest.approx(centred, abs=0.01)


@pytest.mark.parametrize("name", ["roll", "tilt", "perspective", "stretch", "bend", "noise", "hide"])
def test_each_kind_of_change_moves_points(samples: Samples, name: str) -> None:
    values = dict.fromkeys(Augmentation.__slots__, 0.0)
    moved = copies(samples, Augmentation(**{**values, "tilt": 10.0, name: getattr(Augmentation(), name)}))
    plain = copies(samples, STILL)
    assert np.abs(moved - plain).max() > 1


def test_the_same_seed_gives_the_same_copies(samples: Samples) -> None:
    assert np.array_equal(copies(samples, Augmentation(), 3), copies(samples, Augmentation(), 3))
    assert not np.array_equal(copies(samples, Augmentation(), 3), copies(samples, Augmentation(), 4))


def test_flat_hands_stay_flat_and_finite() -> None:
    flat = Samples.build(hand(ONE)[None, :, :2].repeat(50, axis=0), ["x"] * 50, source="s", licence="MIT")
    label = np.zeros(50, np.int64)
    batch = augment(flat.landmarks, flat.world, flat.right, label, np.random.default_rng(0), Augmentation())
    assert not batch.depth.any()
    assert np.isfinite(batch.landmarks).all()
    assert (batch.landmarks[..., 2] == 0).all()
    assert (batch.world == 0).all()


def test_an_unknown_side_is_guessed_from_the_palm_and_half_the_draws_doubt_it() -> None:
    right = hand(OPEN)[None].repeat(1000, axis=0)
    unknown = np.full(1000, np.nan, np.float32)
    assert sides_guessed(right, unknown).mean() == 1.0
    assert sides_guessed(right * [-1, 1, 1], unknown).mean() == 0.0
    draws = np.random.default_rng(0).random(1000, np.float32)
    assert sides_guessed(right, unknown, draws).mean() == pytest.approx(0.5, abs=0.06)
    assert sides_guessed(right, np.zeros(1000, np.float32), draws).mean() == 0.0


def test_directions_are_measured_clockwise_from_up() -> None:
    upright = np.zeros((1, 21, 3), np.float32)
    upright[0, 8] = (0, -1, 0)
    aside = np.zeros((1, 21, 3), np.float32)
    aside[0, 8] = (1, 0, 0)
    assert off_by(upright, UP)[0] == pytest.approx(0)
    assert off_by(aside, UP)[0] == pytest.approx(90)
    assert off_by(aside, Direction("x", 5, 8, 90, 50, "y"))[0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("degrees", "name"), [(0, "pointing_up"), (40, "pointing_up"), (90, "point"), (180, "point")]
)
def test_a_finger_that_is_turned_away_gets_another_name(degrees: float, name: str) -> None:
    label, sure = relabel_turned(turned(hand(ONE), degrees)[None], np.array([1]), LABELS, [UP])
    assert (LABELS[label[0]], bool(sure[0])) == (name, True)


def test_a_finger_between_two_names_is_in_doubt_and_does_not_count() -> None:
    _, sure = relabel_turned(turned(hand(ONE), 55)[None], np.array([1]), LABELS, [UP])
    assert not sure[0]
    slanted = Samples.build(turned(hand(ONE), 55)[None], ["pointing_up"], source="s", licence="MIT")
    assert len(point_where_named(slanted, [UP])) == 0


def test_samples_are_named_by_where_they_point() -> None:
    both = np.stack([hand(ONE), turned(hand(ONE), -120)])
    samples = Samples.build(both, ["pointing_up", "pointing_up"], source="s", licence="MIT")
    assert point_where_named(samples, [UP]).label.tolist() == ["pointing_up", "point"]


def test_turning_while_training_renames_too() -> None:
    points = hand(ONE)[None].repeat(300, axis=0)
    how = Augmentation(**{**dict.fromkeys(Augmentation.__slots__, 0.0), "any_roll": 1.0})
    batch = augment(
        points,
        np.full_like(points, np.nan),
        np.ones(300, np.float32),
        np.ones(300, np.int64),
        np.random.default_rng(0),
        how,
        LABELS,
        [UP],
    )
    angle = off_by(batch.landmarks, UP)
    assert set(batch.label[angle > 70].tolist()) == {LABELS.index("point")}
    assert set(batch.label[angle < 45].tolist()) == {LABELS.index("pointing_up")}
    assert (batch.weight[(angle > 51) & (angle < 59)] == 0).all()
