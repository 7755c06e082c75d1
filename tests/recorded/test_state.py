"""A pipeline's memory in a file: taken out in the middle of a film and put back, nothing tells that it was."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace

import numpy as np
import pytest

from livefg.perception.smoothing import OneEuroFilter
from livefg.perception.tracks import LostTracks, TrackIds
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.decisions import Decider
from livefg.recorded.state import capture, restore
from livefg.results import Frame, Label


def through_a_file(root: object, into: object) -> None:
    """Carry the memory of one object over to another, by way of text."""
    data, arrays = capture(root)
    restore(into, json.loads(json.dumps(data)), [array.copy() for array in arrays])


@pytest.mark.parametrize("at", [7, 25])
def test_a_pipeline_goes_on_where_another_one_was(demo_frames: list[Frame], at: int) -> None:
    frames = demo_frames[150:190]
    settings = PipelineSettings(device="cpu")
    with Pipeline(settings) as unbroken:
        expected = [result.to_json() for _, result in unbroken.stream(frames)]
        unbroken.reset()
        first = [result.to_json() for _, result in unbroken.stream(frames[:at])]
        with Pipeline(settings) as other:
            list(other.stream(demo_frames[100:103]))  # what it saw before does not matter
            through_a_file(unbroken, other)
            second = [result.to_json() for _, result in other.stream(frames[at:])]
    assert first + second == expected


def test_a_filter_keeps_values_speed_and_time() -> None:
    one, other = OneEuroFilter(1.0, 6.0), OneEuroFilter(1.0, 6.0)
    for tick in range(5):
        one(np.full((3, 2), tick, np.float32), tick / 30, 10.0)
    through_a_file(one, other)
    new = np.full((3, 2), 9.0, np.float32)
    assert np.array_equal(one(new, 0.2, 10.0), other(new, 0.2, 10.0))


def test_one_thing_known_in_two_places_stays_one() -> None:
    ids = TrackIds()
    one, other = LostTracks[TrackIds](1.0, 1.0), LostTracks[TrackIds](1.0, 1.0)
    one._lost = [ids, ids]  # type: ignore[list-item]
    through_a_file(one, other)
    assert other._lost[0] is other._lost[1]  # type: ignore[comparison-overlap]
    assert other._lost[0] is not ids  # type: ignore[comparison-overlap]


def test_containers_keep_their_kinds() -> None:
    one, other = TrackIds(), TrackIds()
    values = {
        1: deque([np.float32(0.5), None], maxlen=3),
        "a": (1, frozenset({2})),
        "label": [Label("ok", 0.5, {"ok": 0.5})],
    }
    one._last = values  # type: ignore[assignment]
    through_a_file(one, other)
    assert other._last == values  # type: ignore[comparison-overlap]
    assert other._last[1].maxlen == 3  # type: ignore[index]


def test_equipment_stays_what_the_new_pipeline_has() -> None:
    one, other = (
        Decider(answer=lambda scores: Label("one", 1.0)),
        Decider(answer=lambda scores: Label("other", 1.0)),
    )
    through_a_file(one, other)
    assert other._answer({}).name == "other"


def test_equipment_among_memory_is_refused() -> None:
    holder = TrackIds()
    holder._last = [1, print]  # type: ignore[assignment]
    with pytest.raises(TypeError, match="_last holds a builtin_function_or_method"):
        capture(holder)


@pytest.mark.parametrize("name", ["os:system", "livefg.cli:main", "livefg.perception.hands:math"])
def test_a_file_cannot_name_any_other_class(name: str) -> None:
    with pytest.raises(ValueError, match="is not a class"):
        restore(TrackIds(), {"object": name, "number": 0, "state": {}}, [])


def test_settings_are_not_carried_over() -> None:
    settings = PipelineSettings(hands=0, faces=0)
    with Pipeline(settings) as one, Pipeline(replace(settings, workers=1)) as other:
        through_a_file(one, other)
        assert other.settings.workers == 1
