"""What the loop says about itself."""

from __future__ import annotations

import pytest

from livefg.loop.statistics import Meter, Statistics


def test_rates_and_ages_are_those_of_the_last_seconds() -> None:
    meter = Meter(start=0.0, window=5.0)
    for number in range(100):
        now = number * 0.1
        meter.captured(now)
        meter.processed(now, 0.5 if now < 4 else 0.02, {"hands": 0.01})
        meter.shown(now, 3.0 if now < 4 else 0.03)
    statistics = meter.snapshot(9.9)
    assert statistics.camera_fps == pytest.approx(10)
    assert statistics.fps == pytest.approx(10)
    assert statistics.age_p95_ms == pytest.approx(30)
    assert statistics.model_ms == pytest.approx(20)
    assert statistics.stage_ms == {"hands": pytest.approx(10)}
    assert statistics.processed == 100


def test_nothing_is_claimed_before_the_first_frame() -> None:
    statistics = Meter(start=0.0).snapshot(1.0)
    assert (statistics.fps, statistics.age_p50_ms, statistics.model_ms) == (0.0, None, None)
    assert "age" not in statistics.line()


def test_the_line_for_people_names_rates_ages_and_losses() -> None:
    line = Statistics(
        seconds=754.2,
        captured=900,
        dropped=3,
        fps=29.97,
        camera_fps=30.0,
        age_p50_ms=14.2,
        age_p95_ms=21.7,
        model_ms=8.4,
        record_dropped=2,
    ).line()
    assert line == (
        "12:34  30.0 fps (camera 30.0)  age p50 14 ms, p95 22 ms  model 8.4 ms  "
        "3 of 900 frames dropped  2 not recorded"
    )
