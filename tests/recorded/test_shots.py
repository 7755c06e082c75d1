"""Cuts: told from motion, and the end of all that was followed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import OK_SCORES, face, film, hand

from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.look import Looker
from livefg.recorded.shots import Shots
from livefg.results import Event, Frame
from livefg.sources import open_source


def cuts(frames: list[Frame]) -> list[int]:
    """Places in the list of the first frames of shots."""
    shots = Shots()
    return [place for place, frame in enumerate(frames) if shots.begins_with(frame)]


def test_a_clip_without_cuts_has_none(demo_frames: list[Frame]) -> None:
    assert cuts(demo_frames) == []


def test_another_place_is_a_cut_and_a_camera_that_swings_is_not() -> None:
    scene = np.random.default_rng(5).integers(0, 255, (8, 24, 3), np.uint8)
    wide = cv2.resize(scene, (1800, 600), interpolation=cv2.INTER_CUBIC)
    ways = [0, 1, 2, 3, 5, 8, 12, 16, 20, 25, 30, 36, 42, *[48] * 15]
    swing = [Frame(wide[:480, x : x + 640].copy(), 0, 0.0, "swing") for x in np.cumsum(ways).tolist()]
    other = [Frame(255 - frame.image, 0, 0.0, "other") for frame in swing[:5]]
    still = [swing[0]] * 5
    assert cuts(swing) == []
    assert cuts([*still, *other[:1] * 15, *still]) == [5, 20]


@pytest.mark.shared
def test_the_cuts_of_a_film_are_found(shared: Path) -> None:
    film = open_source(shared / "data/video/ageitgey/short_hamilton_clip.mp4")
    assert cuts(list(film)) == [20, 82, 211]


def test_tracks_of_every_shot_have_numbers_of_their_own() -> None:
    shots = Shots()
    (result,) = film(1, lambda index: [hand(300, OK_SCORES, track=2)], lambda index: [face(300)])
    result = replace(
        result,
        events=(
            Event("motion", "wave", "start", 2, 0.0, 0.9),
            Event("head", "nod", "start", 1, 0.0, 0.9),
        ),
    )
    found = []
    for _ in range(3):
        numbered = shots.numbered(result)
        found.append(
            (numbered.hands[0].track, numbered.faces[0].track, [event.track for event in numbered.events])
        )
        shots.next()
    assert found == [(2, 1, [2, 1]), (4, 2, [4, 2]), (6, 3, [6, 3])]


def test_a_cut_ends_the_tracks(demo_frames: list[Frame]) -> None:
    frames = demo_frames[150:165]
    turned = [replace(frame, image=frame.image[:, ::-1].copy()) for frame in frames]
    with Pipeline(PipelineSettings(device="cpu", faces=1, decide=False)) as pipeline:
        results = list(Looker(pipeline, shots=True, sparing=True).results([*frames, *turned]))
        assert len(results) == 30
        before, after = (
            {face.track for result in half for face in result.faces} for half in (results[:15], results[15:])
        )
        assert before
        assert after
        assert not before & after
        pipeline.reset()
        one = list(Looker(pipeline, shots=False, sparing=True).results([*frames, *turned]))
        assert {face.track for result in one for face in result.faces} & before
