"""Media time is exact where time stamps are good and strictly increasing where they are not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from livefg.sources.base import StrictClock
from livefg.sources.timing import MediaClock, cadence

PERIOD = 0.04


def stamped(
    pts: list[int | None], dts: list[int | None] | None = None, origin: int = 0
) -> tuple[list[float], MediaClock]:
    """Times of frames with stamps in milliseconds."""
    clock = MediaClock(Fraction(origin, 1000), PERIOD)

    def seconds(stamp: int | None) -> Fraction | None:
        return None if stamp is None else Fraction(stamp, 1000)

    pairs = zip(pts, dts or [None] * len(pts), strict=True)
    return [clock.stamp(seconds(p), seconds(d)) for p, d in pairs], clock


def test_good_time_stamps_are_kept_exactly() -> None:
    times, clock = stamped([1400, 1440, 1433 + 47, 1613], origin=1400)
    assert times == [0.0, 0.04, 0.08, 0.213]
    assert (clock.absent, clock.moved) == (0, 0)


def test_a_film_that_begins_before_its_own_zero_begins_at_zero() -> None:
    assert stamped([-80, -40, 0])[0] == [0.0, 0.04, 0.08]


def test_frames_without_time_stamps_follow_at_the_films_rate() -> None:
    times, clock = stamped([None, None, 80, None])
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert clock.absent == 2


def test_two_frames_that_changed_places_cost_no_exactness_after_them() -> None:
    times, clock = stamped([0, 80, 40, 120])
    assert times[0] < times[1] < times[2] < times[3] == 0.12
    assert clock.moved == 1


def test_equal_time_stamps_become_increasing() -> None:
    times, _ = stamped([0, 40, 40, 40, 80])
    assert times == sorted(set(times))
    assert times[-1] == 0.08


def test_a_clock_that_is_set_back_goes_on_where_it_was() -> None:
    times, _ = stamped([9000, 9040, 0, 40, 80], origin=9000)
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16])


def test_decoding_times_serve_where_presentation_times_are_in_disorder() -> None:
    disorder = [0, 160, 80, 40, 120, 320, 240, 200, 280, 480, 400, 360, 440]
    times, clock = stamped([*disorder], [*range(0, 40 * len(disorder), 40)])
    assert times == sorted(set(times))
    assert times[6:] == pytest.approx([0.04 * i for i in range(6, 13)])
    assert clock.moved <= 3


def test_frames_that_fell_into_a_gap_are_counted() -> None:
    assert stamped([0, 40, 200, 240])[1].missing == 3
    assert stamped([0, 40, 85, 120])[1].missing == 0


@pytest.mark.parametrize(
    ("declared", "kept"),
    [(Fraction(30000, 1001), 30000 / 1001), (Fraction(1000), 30.0), (None, 30.0), (Fraction(0), 30.0)],
)
def test_a_declared_rate_counts_only_if_the_frames_bear_it_out(
    declared: Fraction | None, kept: float
) -> None:
    rate = cadence([i / 30 for i in range(50)], declared)
    assert rate.fps == pytest.approx(kept, rel=1e-3)
    assert not rate.variable


def test_too_few_frames_say_nothing_about_the_rate() -> None:
    assert cadence([0.0], None) == (None, False)
    assert cadence([0.0, 0.5], Fraction(25)) == (25.0, False)


def test_the_order_of_packets_does_not_matter_for_the_cadence() -> None:
    assert cadence([0.0, 0.12, 0.04, 0.08, 0.24, 0.16, 0.2], None).fps == pytest.approx(25)


def test_a_strict_clock_never_repeats_itself() -> None:
    clock = StrictClock()
    times = [clock.stamp(time) for time in (1.0, 1.0, 1.0, 0.5, 1.5)]
    assert times == sorted(set(times))
    assert (times[0], times[-1]) == (1.0, 1.5)
