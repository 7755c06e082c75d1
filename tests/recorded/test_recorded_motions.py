"""Motions with hindsight: what comes after counts as much as what came before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

import livefg
from livefg.paths import assets_dir
from livefg.pipeline import PipelineSettings
from livefg.recognition.motion import MotionRecognizer, Watch
from livefg.recognition.motion_decisions import MotionSettings, MotionWatch
from livefg.recorded.motions import MotionHistory, clear_motions
from livefg.recorded.rows import RowFile
from livefg.results import FrameResult

ENTER = {"swipe_left": 0.8, "swipe_right": 0.8, "wave": 0.8, "none": 0.5}
FPS = 25.0


class Thinking:
    """In the place of a recognizer: has these scores in these frames, of one hand."""

    def __init__(self, scores: Sequence[Mapping[str, float]], settings: MotionSettings | None = None) -> None:
        self._thoughts = scores
        self._settings = settings
        self._watch: Watch

    def watched_by(self, watch: Callable[..., Watch]) -> Thinking:
        self._watch = watch("motion", ENTER, self._settings)
        return self

    def __call__(self, result: FrameResult, mirrored: bool) -> None:
        assert not mirrored
        self._watch.see(1, self._thoughts[result.frame], result.time)


def thought(*parts: tuple[str, float, int]) -> list[Mapping[str, float]]:
    """Scores of frames: a label, its score, and for how many frames; the rest is for none."""
    scores: list[Mapping[str, float]] = []
    for label, score, frames in parts:
        quiet = dict.fromkeys(ENTER, 0.0)
        scores += [{**quiet, "none": 1 - score, label: score}] * frames
    return scores


def motions(
    scores: Sequence[Mapping[str, float]], settings: MotionSettings | None = None
) -> list[tuple[str, int, int]]:
    """Label, first and last frame of what is found."""
    recognizer: Any = Thinking(scores, settings)
    history = MotionHistory(cast("MotionRecognizer", recognizer), RowFile())
    for frame in range(len(scores)):
        history.add(FrameResult("film", frame, frame / FPS, 640, 480))
    return [(motion.label, motion.first, motion.last) for motion in history.motions()]


def live(scores: Sequence[Mapping[str, float]]) -> list[str]:
    """What starts live with the same scores."""
    watch = MotionWatch("motion", ENTER)
    events = [event for frame, row in enumerate(scores) for event in watch.see(1, row, frame / FPS)]
    return [event.label for event in events if event.phase == "start"]


def test_a_hand_that_draws_back_before_it_swipes_made_one_swipe_that_way() -> None:
    scores = thought(
        ("none", 1.0, 20),
        ("swipe_right", 0.86, 5),
        ("none", 1.0, 6),
        ("swipe_left", 0.98, 6),
        ("none", 1.0, 30),
    )
    assert live(scores) == ["swipe_right"]
    assert [label for label, _, _ in motions(scores)] == ["swipe_left"]


def test_scores_alone_are_decided_upon_as_those_of_a_film_are() -> None:
    scores = thought(("none", 1.0, 20), ("swipe_right", 0.86, 5), ("none", 1.0, 6), ("swipe_left", 0.98, 6))
    times = [frame / FPS for frame in range(len(scores))]
    rows = np.array([[row[label] for label in ENTER] for row in scores])
    found = clear_motions(times, rows, tuple(ENTER), ENTER)
    assert [(one.label, round(one.start * FPS), round(one.end * FPS)) for one in found] == motions(scores)


def test_the_way_back_is_none_and_the_same_motion_later_is_another() -> None:
    there, back = ("swipe_left", 0.97, 6), ("swipe_right", 0.9, 6)
    scores = thought(
        ("none", 1.0, 20), there, ("none", 1.0, 5), back, ("none", 1.0, 40), there, ("none", 1.0, 20)
    )
    assert [label for label, _, _ in motions(scores)] == ["swipe_left", "swipe_left"]


def test_a_motion_begins_and_ends_where_it_is_clear_without_the_lag_of_live() -> None:
    scores = thought(("none", 1.0, 20), ("wave", 0.97, 20), ("none", 1.0, 20))
    ((label, first, last),) = motions(scores)
    assert label == "wave"
    assert abs(first - 20) <= 1
    assert abs(last - 39) <= 1


def test_a_moment_is_no_motion_and_what_is_not_watched_for_is_none() -> None:
    assert motions(thought(("none", 1.0, 20), ("wave", 0.99, 1), ("none", 1.0, 20))) == []
    scores = thought(("none", 1.0, 20), ("wave", 0.99, 20), ("none", 1.0, 20))
    assert motions(scores, MotionSettings(only=("swipe_left",))) == []
    assert len(motions(scores, MotionSettings(only=("wave",)))) == 1


def test_a_hand_that_was_away_made_no_motion_meanwhile() -> None:
    recognizer: Any = Thinking(thought(("wave", 0.97, 210)))
    history = MotionHistory(cast("MotionRecognizer", recognizer), RowFile())
    for frame in (*range(10), *range(200, 210)):
        history.add(FrameResult("film", frame, frame / FPS, 640, 480))
    assert [(motion.first, motion.last) for motion in history.motions()] == [(0, 9), (200, 209)]


def test_the_motions_of_a_film_are_found() -> None:
    settings = PipelineSettings(device="cpu", faces=0, gestures=False, search_interval=0.1)
    results = livefg.process(assets_dir() / "demo.mp4", settings, start=7.4, end=10.8)
    found = [(event.label, event.phase) for result in results for event in result.events]
    for label in ("wave", "swipe_left"):
        assert found.count((label, "start")) == found.count((label, "end")) == 1
    assert len(found) == 4
