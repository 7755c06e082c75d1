"""What is known in the end: answers for whole tracks, events where they began, gaps filled, smooth without lag."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from films import FPS, SHAPE, face, film, hand, highest

from livefg.perception.smoothing import OneEuroFilter
from livefg.recognition.rules import Rule
from livefg.recorded.decisions import decide
from livefg.recorded.hindsight import in_hindsight
from livefg.recorded.smoothing import smooth_scores
from livefg.results import Face, FrameResult, Label

OK = {"ok": 0.9, "none": 0.1}
NONE = {"ok": 0.05, "none": 0.95}


def seen(results: list[FrameResult]) -> list[FrameResult]:
    """The results in hindsight."""
    return list(in_hindsight(results, decide(results, highest)))


def events(results: list[FrameResult], kind: str = "gesture") -> list[tuple[str, str, int]]:
    """Label, phase and frame of the events in hindsight."""
    return [
        (event.label, event.phase, result.frame)
        for result in seen(results)
        for event in result.events
        if event.kind == kind
    ]


def test_a_gesture_begins_with_its_first_frame_and_ends_after_its_last() -> None:
    results = film(90, lambda index: [hand(300, OK if 30 <= index < 60 else NONE)])
    ((label, phase, first), (_, end, last)) = events(results)
    assert (label, phase, end) == ("ok", "start", "end")
    assert abs(first - 30) <= 1
    assert abs(last - 60) <= 1


def test_an_event_has_the_time_of_its_frame() -> None:
    results = seen(film(90, lambda index: [hand(300, OK if 30 <= index < 60 else NONE)]))
    for result in results:
        assert all(event.time == result.time for event in result.events)


def test_a_glimpse_is_no_event_and_a_short_doubt_no_end() -> None:
    assert events(film(90, lambda index: [hand(300, OK if 30 <= index < 33 else NONE)])) == []
    doubt = film(
        90, lambda index: [hand(300, OK if 20 <= index < 70 and index not in {40, 41, 42} else NONE)]
    )
    assert [phase for _, phase, _ in events(doubt)] == ["start", "end"]


def test_one_gesture_after_another_gives_both() -> None:
    two = {"victory": 0.9, "none": 0.1}
    results = film(90, lambda index: [hand(300, OK if index < 45 else two)])
    assert [(label, phase) for label, phase, _ in events(results)] == [
        ("ok", "start"),
        ("ok", "end"),
        ("victory", "start"),
        ("victory", "end"),
    ]


def test_what_lasts_to_the_end_ends_with_the_last_frame() -> None:
    assert events(film(60, lambda index: [hand(300, OK)])) == [("ok", "start", 0), ("ok", "end", 59)]
    assert events(film(60, faces=lambda index: [face(300)]), "face") == [
        ("face", "start", 0),
        ("face", "end", 59),
    ]


def test_a_face_that_is_away_for_less_than_a_second_was_there_all_the_time() -> None:
    results = film(120, faces=lambda index: [] if 40 <= index < 60 or index >= 90 else [face(300)])
    assert events(results, "face") == [("face", "start", 0), ("face", "end", 90)]


def test_a_side_is_decided_by_the_whole_track() -> None:
    results = seen(film(60, lambda index: [hand(300, OK, side="right" if index < 20 else "left")]))
    assert {hand.side for result in results for hand in result.hands} == {"left"}


def test_a_name_counts_for_the_time_before_it_was_found() -> None:
    names = [None] * 30 + ["unknown"] * 60 + ["Ann"] * 60 + ["unknown"] * 30
    results = seen(film(len(names), faces=lambda index: [face(300, names[index])]))
    assert {face.identity.name for result in results for face in result.faces if face.identity} == {"Ann"}
    assert all(face.identity for result in results for face in result.faces)


def test_a_name_that_flickers_in_does_not_count_and_one_that_lasts_does() -> None:
    flicker = ["Ann"] * 60 + ["Bob"] * 5 + ["Ann"] * 60
    results = seen(film(len(flicker), faces=lambda index: [face(300, flicker[index])]))
    assert {face.identity.name for result in results for face in result.faces if face.identity} == {"Ann"}
    change = ["Ann"] * 60 + ["unknown"] * 20 + ["Bob"] * 60
    results = seen(film(len(change), faces=lambda index: [face(300, change[index])]))
    found = [face.identity.name for result in results for face in result.faces if face.identity]
    assert found == ["Ann"] * 70 + ["Bob"] * 70


def test_nobody_known_stays_unknown_and_nobody_asked_stays_nobody() -> None:
    unknown = seen(film(30, faces=lambda index: [face(300, "unknown" if index > 5 else None)]))
    assert {face.identity and face.identity.name for result in unknown for face in result.faces} == {
        "unknown"
    }
    nobody = seen(film(30, faces=lambda index: [face(300)]))
    assert {face.identity for result in nobody for face in result.faces} == {None}


def test_a_short_gap_is_filled_on_the_way_and_says_so() -> None:
    results = seen(film(60, lambda index: [] if 30 <= index < 36 else [hand(200.0 + 2 * index, OK)]))
    assert [len(result.hands) for result in results] == [1] * 60
    assert [result.frame for result in results if result.hands[0].filled] == list(range(30, 36))
    middle = results[33].hands[0].landmarks[:, 0].mean()
    assert middle == pytest.approx(SHAPE[:, 0].mean() + 200 + 66, abs=1.5)
    assert results[33].hands[0].gesture is not None


def test_a_long_gap_stays_empty_and_so_does_one_where_something_else_is() -> None:
    long = seen(film(60, lambda index: [] if 20 <= index < 40 else [hand(300, OK)]))
    assert [len(result.hands) for result in long] == [1] * 20 + [0] * 20 + [1] * 20
    other = seen(film(60, lambda index: [hand(300, OK, track=2 if 30 <= index < 34 else 1)]))
    assert [len(result.hands) for result in other] == [1] * 60


def test_a_hand_that_came_back_elsewhere_is_not_drawn_across_the_picture() -> None:
    results = seen(film(60, lambda index: [] if index == 30 else [hand(100 if index < 30 else 500, OK)]))
    assert [len(result.hands) for result in results] == [1] * 30 + [0] + [1] * 29


def test_nothing_is_lost_and_the_order_is_kept() -> None:
    results = film(200, lambda index: [hand(300, OK)] if index % 7 else [], lambda index: [face(300)])
    assert [result.frame for result in seen(results)] == list(range(200))
    assert seen([]) == []
    assert [result.frame for result in seen(film(1, lambda index: [hand(300, OK)]))] == [0]


@pytest.mark.parametrize("pixels_a_second", [0.0, 600.0])
def test_landmarks_are_nearer_to_the_truth_than_live(pixels_a_second: float) -> None:
    def x(index: int) -> float:
        return 300 + pixels_a_second / 12 * np.sin(index / FPS * 12)

    results = film(150, lambda index: [hand(x(index), OK, noise=index + 1)])
    live = OneEuroFilter(1.0, 6.0)
    errors = []
    for result, finished in zip(results, seen(results), strict=True):
        true = SHAPE + np.array([x(result.frame), 200, 0], np.float32)
        raw = result.hands[0].landmarks
        errors.append([np.abs(raw - true).mean(), np.abs(live(raw, result.time, 100) - true).mean()])
        errors[-1].append(np.abs(finished.hands[0].landmarks - true).mean())
    raw_error, live_error, error = np.mean(errors[10:], axis=0)
    assert error < 0.85 * live_error
    assert error < 0.75 * raw_error


def test_scores_are_smoothed_by_time_not_by_frames() -> None:
    scores = np.zeros((40, 1), np.float32)
    scores[20:] = 1
    even = smooth_scores(np.arange(40) / 30, scores)
    times = np.arange(40) / 30
    times[20:] += 5.0  # a long pause: what comes after it says nothing of what was before
    apart = smooth_scores(times, scores)
    assert 0.2 < even[19, 0] < 0.5
    assert apart[19, 0] < 1e-6
    assert apart[20, 0] > 1 - 1e-6


def test_rules_make_events_of_what_was_decided() -> None:
    results = film(120, lambda index: [hand(300, OK if 30 <= index < 90 else NONE)])
    finished = in_hindsight(results, decide(results, highest), rules=[Rule("volume", hold="ok", seconds=1.0)])
    found = [
        (event.label, event.phase, result.frame)
        for result in finished
        for event in result.events
        if event.kind == "rule"
    ]
    assert [(label, phase) for label, phase, _ in found] == [("volume", "start"), ("volume", "end")]
    assert abs(found[0][2] - 60) <= 2


def test_an_expression_begins_when_it_is_seen_not_when_scores_have_come_up_to_it() -> None:
    smile = Label("happy", 0.7, {"happy": 0.7, "neutral": 0.3})
    calm = Label("neutral", 0.8, {"happy": 0.2, "neutral": 0.8})

    def told(index: int) -> list[Face]:
        label = None if index < 4 else smile if 60 <= index < 90 else calm
        return [replace(face(300), expression=label)]

    results = seen(film(120, faces=told))
    names = [result.faces[0].expression and result.faces[0].expression.name for result in results]
    first, last = names.index("happy"), len(names) - 1 - names[::-1].index("happy")
    assert (names[0], names[-1]) == ("neutral", "neutral")
    assert (first / FPS, last / FPS) == (pytest.approx(1.75, abs=0.04), pytest.approx(2.72, abs=0.04))
    found = results[70].faces[0].expression
    assert found is not None
    assert (found.confidence, found.scores["neutral"]) == (pytest.approx(0.7), pytest.approx(0.3))


def test_a_face_that_was_never_asked_expresses_nothing() -> None:
    assert {result.faces[0].expression for result in seen(film(30, faces=lambda index: [face(300)]))} == {
        None
    }
