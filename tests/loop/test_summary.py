"""What a run saw, added up."""

from __future__ import annotations

from dataclasses import replace

from fakes import make_frame, make_result

from livefg.loop.summary import Held, Summary
from livefg.results import Event


def test_frames_faces_hands_and_gestures_are_counted() -> None:
    summary = Summary()
    for index in range(4):
        summary.add(make_result(make_frame(index), gesture="victory" if index < 3 else "none"))
    summary.add(replace(make_result(make_frame(4)), faces=(), hands=()))
    assert summary.to_dict() == {
        "frames": 5,
        "frames_with_faces": 4,
        "frames_with_hands": 4,
        "most_faces": 1,
        "most_hands": 1,
        "gesture_frames": {"victory": 3},
        "held": [],
    }


def test_what_is_held_runs_from_its_start_to_its_end_with_its_best_confidence() -> None:
    summary = Summary()
    summary.add(make_result(make_frame(0, 0.0), Event("gesture", "victory", "start", 2, 0.0, 0.7)))
    summary.add(make_result(make_frame(1, 1.0), Event("face", "face", "start", 1, 1.0, 0.9)))
    summary.add(make_result(make_frame(2, 2.0), Event("gesture", "victory", "end", 2, 1.9, 0.95)))
    assert summary.held == [Held("gesture", "victory", "left", 0.0, 1.9, 0.95)]


def test_what_has_not_ended_reaches_to_the_last_frame() -> None:
    summary = Summary()
    summary.add(make_result(make_frame(0, 0.0), Event("gesture", "victory", "start", 2, 0.0, 0.7)))
    summary.add(make_result(make_frame(1, 3.0)))
    assert summary.held[0].end == 3.0


def test_a_rule_that_tells_of_a_moment_does_not_last() -> None:
    summary = Summary()
    summary.add(make_result(make_frame(0, 0.0), Event("rule", "next_page", "start", 2, 0.0, 0.7)))
    summary.add(make_result(make_frame(1, 1.0), Event("rule", "volume", "start", 2, 1.0, 0.7)))
    summary.add(make_result(make_frame(2, 3.0), Event("rule", "volume", "end", 2, 3.0, 0.7)))
    assert [(held.label, held.start, held.end) for held in summary.held] == [
        ("next_page", 0.0, 0.0),
        ("volume", 1.0, 3.0),
    ]
