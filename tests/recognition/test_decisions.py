"""Decisions over time: flicker makes no events, a lasting posture makes one start and one end."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from livefg.recognition.decisions import Decider, DecisionSettings
from livefg.results import Event, Face, FrameResult, Hand, Label

RATE = 30.0


def hand(scores: dict[str, float], track: int = 1) -> Hand:
    name = max(scores, key=scores.__getitem__)
    gesture = Label(name, scores[name], scores)
    return Hand(track, "right", (0, 0, 9, 9), 1.0, np.zeros((21, 3), np.float32), gesture=gesture)


def posture(name: str, confidence: float = 0.95, track: int = 1) -> Hand:
    scores = dict.fromkeys(("none", "victory", "closed_fist"), (1 - confidence) / 2)
    scores[name] = confidence
    return hand(scores, track)


def moved(shown: Hand, x: float) -> Hand:
    """The same hand with a palm of 100 pixels at x."""
    points = np.zeros((21, 3), np.float32)
    points[[5, 9, 13, 17], 1] = -100
    points[:, 0] += x
    return replace(shown, landmarks=points)


def watch(
    moments: Iterable[list[Hand]], settings: DecisionSettings | None = None, rate: float = RATE
) -> list[Event]:
    decider = Decider(settings)
    events: list[Event] = []
    for index, hands in enumerate(moments):
        result = FrameResult("test", index, index / rate, 640, 480, hands=tuple(hands))
        events += decider(result).events
    return events


def told(events: list[Event]) -> list[tuple[str, str, int]]:
    return [(event.label, event.phase, event.track) for event in events]


def test_a_lasting_posture_makes_one_start_and_one_end() -> None:
    events = watch([[posture("none")]] * 10 + [[posture("victory")]] * 30 + [[posture("none")]] * 20)
    assert told(events) == [("victory", "start", 1), ("victory", "end", 1)]
    start, end = events
    assert 10 / RATE + 0.3 <= start.time <= 10 / RATE + 0.55
    assert 40 / RATE <= end.time <= 40 / RATE + 0.3
    assert end.confidence == pytest.approx(0.95, abs=0.02), "an end tells the peak"


def test_a_posture_passed_through_makes_no_event() -> None:
    assert watch([[posture("none")]] * 10 + [[posture("victory")]] * 4 + [[posture("none")]] * 10) == []


@pytest.mark.parametrize("rate", [10.0, 30.0, 60.0])
def test_a_posture_begins_when_the_hand_comes_to_rest_and_not_on_its_way(rate: float) -> None:
    way = [[moved(posture("victory"), 200 * index / rate)] for index in range(int(1.5 * rate))]
    assert watch(way, rate=rate) == [], "two palm lengths a second are too fast"
    held = [[moved(posture("victory"), 300)]] * int(1.5 * rate)
    events = watch(way + held, rate=rate)
    assert told(events) == [("victory", "start", 1)]
    assert 1.5 < events[0].time < 2.1 + 1 / rate


def test_a_posture_that_was_held_goes_on_while_the_hand_carries_it_away() -> None:
    held = [[moved(posture("victory"), 0)]] * 20
    carried = [[moved(posture("victory"), 10 * index)] for index in range(30)]
    assert told(watch(held + carried)) == [("victory", "start", 1)]


def test_a_hand_that_trembles_is_held_and_one_that_creeps_too() -> None:
    rng = np.random.default_rng(0)
    moments = [[moved(posture("victory"), 0.6 * index + rng.normal(0, 1.5))] for index in range(40)]
    assert told(watch(moments)) == [("victory", "start", 1)]


def test_what_the_network_would_not_answer_does_not_begin() -> None:
    settings = DecisionSettings(enter=0.6)
    decider = Decider(
        settings, lambda scores: Label("none" if max(scores.values()) < 0.8 else "victory", 0.9, scores)
    )
    for index in range(60):
        result = FrameResult("test", index, index / RATE, 9, 9, hands=(posture("victory", 0.7),))
        assert decider(result).events == ()


def test_flicker_around_the_threshold_makes_one_event() -> None:
    flicker = [[posture("victory", 0.75 if index % 2 else 0.5)] for index in range(60)]
    assert told(watch(flicker)) == [("victory", "start", 1)]


def test_one_posture_ends_before_the_next_starts() -> None:
    events = watch([[posture("victory")]] * 30 + [[posture("closed_fist")]] * 30)
    assert told(events) == [("victory", "start", 1), ("victory", "end", 1), ("closed_fist", "start", 1)]


def test_none_is_an_answer_and_no_event() -> None:
    assert watch([[posture("none", 0.99)]] * 60) == []


def test_the_same_label_waits_for_its_cool_down() -> None:
    settings = DecisionSettings(cooldown=1.0, smoothing=0.0, hold=0.1)
    moments = [[posture("victory")]] * 10 + [[posture("none")]] * 3 + [[posture("victory")]] * 60
    starts = [event.time for event in watch(moments, settings) if event.phase == "start"]
    assert len(starts) == 2
    assert starts[1] >= 10 / RATE + 1.0


def test_each_track_is_decided_by_itself() -> None:
    moments = [[posture("victory", track=1), posture("closed_fist", track=2)]] * 20
    moments += [
        [posture("closed_fist", track=2), posture("victory", track=1)]
    ] * 20  # only their order changes
    assert sorted(told(watch(moments))) == [("closed_fist", "start", 2), ("victory", "start", 1)]


def test_a_hand_that_is_away_for_a_moment_goes_on_and_one_that_leaves_ends() -> None:
    moments: list[list[Hand]] = (
        [[posture("victory")]] * 20 + [[]] * 8 + [[posture("victory")]] * 20 + [[]] * 30
    )
    assert told(watch(moments)) == [("victory", "start", 1), ("victory", "end", 1)]


@pytest.mark.parametrize("rate", [10.0, 30.0, 60.0])
def test_the_hold_is_in_seconds_at_any_frame_rate(rate: float) -> None:
    events = watch([[posture("victory")]] * int(2 * rate), rate=rate)
    assert told(events) == [("victory", "start", 1)]
    assert 0.3 <= events[0].time <= 0.3 + 2 / rate


def test_scores_stay_probabilities_and_the_label_is_their_best() -> None:
    decider = Decider()
    for index, name in enumerate(["none"] * 5 + ["victory"] * 10):
        result = decider(FrameResult("test", index, index / RATE, 9, 9, hands=(posture(name),)))
        gesture = result.hands[0].gesture
        assert gesture is not None
        assert sum(gesture.scores.values()) == pytest.approx(1.0)
        assert gesture.confidence == max(gesture.scores.values()) == gesture.scores[gesture.name]


def test_faces_that_come_and_go_are_told() -> None:
    decider, events = Decider(), []
    for index in range(120):
        faces = (Face(3, (0, 0, 9, 9), 0.98),) if 10 <= index < 60 else ()
        events += decider(FrameResult("test", index, index / RATE, 9, 9, faces=faces)).events
    assert [(event.kind, event.label, event.phase, event.track) for event in events] == [
        ("face", "face", "start", 3),
        ("face", "face", "end", 3),
    ]


def test_a_reset_forgets_what_was_held() -> None:
    decider = Decider()
    for index in range(20):
        decider(FrameResult("test", index, index / RATE, 9, 9, hands=(posture("victory"),)))
    decider.reset()
    assert decider(FrameResult("other", 0, 0.0, 9, 9, hands=(posture("victory"),))).events == ()


def test_an_answer_of_one_network_ends_when_another_with_other_labels_takes_over() -> None:
    other = hand({"none": 0.02, "wave": 0.98})
    events = watch([[posture("victory")]] * 20 + [[other]] * 30)
    assert told(events) == [("victory", "start", 1), ("victory", "end", 1), ("wave", "start", 1)]


def test_a_smoothed_score_that_is_too_low_is_answered_as_the_network_would() -> None:
    decider = Decider(answer=lambda scores: Label("none", 0.9, scores))
    result = decider(FrameResult("test", 0, 0.0, 9, 9, hands=(posture("victory"),)))
    assert result.hands[0].gesture == Label("none", 0.9, posture("victory").gesture.scores)
