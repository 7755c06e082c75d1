"""When a live picture counts as bad, and how long to wait before trying again."""

from __future__ import annotations

import numpy as np
import pytest

from livefg.sources.health import BackOff, Patience, PictureWatch

PATIENCE = Patience(blank=3.0, same=5.0)
BLACK = np.zeros((48, 64, 3), np.uint8)
GREEN = np.full((48, 64, 3), (0, 135, 0), np.uint8)
SCENE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def noisy(number: int, level: int = 60) -> np.ndarray:
    return np.random.default_rng(number).integers(level - 20, level + 20, (48, 64, 3), np.uint8)


def reopenings(pictures: list[np.ndarray], fps: float = 10.0) -> list[float]:
    watch = PictureWatch(PATIENCE)
    return [i / fps for i, picture in enumerate(pictures) if watch.check(picture, i / fps)]


def test_waits_double_up_to_the_longest_and_begin_anew_after_success() -> None:
    back_off = BackOff(0.5, 3.0)
    assert [back_off.wait() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    back_off.reset()
    assert back_off.wait() == 0.5


def test_a_living_picture_is_never_in_trouble() -> None:
    assert reopenings([noisy(i) for i in range(200)]) == []


def test_a_dark_room_with_noise_is_not_black() -> None:
    assert reopenings([noisy(i, level=25) for i in range(200)]) == []


@pytest.mark.parametrize(
    ("picture", "patience", "words"),
    [(BLACK, 3.0, "black pictures"), (GREEN, 3.0, "single colour"), (SCENE, 5.0, "the same picture")],
)
def test_bad_pictures_are_in_trouble_when_patience_ends(
    picture: np.ndarray, patience: float, words: str
) -> None:
    watch = PictureWatch(PATIENCE)
    watch.check(noisy(1), -1.0)
    for tick in range(100):
        reason = watch.check(picture, tick / 10)
        if reason:
            break
    assert reason is not None
    assert words in reason
    assert tick / 10 == pytest.approx(patience, abs=0.11)
    assert watch.trouble == reason


def test_reopening_that_does_not_help_is_tried_ever_more_rarely() -> None:
    moments = reopenings([BLACK] * 3000)
    gaps = np.diff([0.0, *moments])
    assert gaps[:4].tolist() == pytest.approx([3.0, 6.0, 12.0, 24.0], abs=0.11)
    assert gaps.max() == pytest.approx(60.0, abs=0.11)


def test_one_good_picture_ends_the_trouble() -> None:
    watch = PictureWatch(PATIENCE)
    for tick in range(40):
        watch.check(BLACK, tick / 10)
    assert watch.trouble
    watch.check(noisy(1), 4.0)
    assert watch.trouble is None


def test_short_blinks_are_forgiven() -> None:
    assert reopenings(([BLACK] * 20 + [noisy(1)]) * 10) == []
