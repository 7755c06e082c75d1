"""Fewer looks than frames: what hardly moves is put between its sights, and nobody can tell from the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from livefg.inference.network import Network
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.between import SparingLook
from livefg.recorded.decisions import decide
from livefg.recorded.hindsight import in_hindsight
from livefg.recorded.look import Looker
from livefg.recorded.midway import midway
from livefg.results import Face, Frame, FrameResult, Hand, Label

SETTINGS = PipelineSettings(device="cpu", faces=1, decide=False, search_interval=0.1)


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline(SETTINGS) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def exact() -> Iterator[Pipeline]:
    with Pipeline(replace(SETTINGS, exact=True)) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def frames(demo_frames: list[Frame]) -> list[Frame]:
    return demo_frames[120:240]


def seen(pipeline: Pipeline, frames: list[Frame]) -> list[FrameResult]:
    """The results in hindsight."""
    pipeline.reset()
    found = list(Looker(pipeline, shots=True, sparing=True).results(frames))
    return list(in_hindsight(found, decide(found, pipeline.answer)))


def offsets(ones: list[FrameResult], others: list[FrameResult], kind: str) -> list[float]:
    """How far landmarks lie apart on average in pixels, for everything that both saw."""
    found = []
    for one, other in zip(ones, others, strict=True):
        there: dict[int, Face | Hand] = {thing.track: thing for thing in getattr(other, kind)}
        for thing in getattr(one, kind):
            twin = there.get(thing.track)
            if twin is not None and twin.landmarks is not None:
                way = thing.landmarks[:, :2] - twin.landmarks[:, :2]
                found.append(float(np.linalg.norm(way, axis=1).mean()))
    return found


def test_landmarks_are_within_half_a_pixel_of_those_of_looks_at_every_frame(
    pipeline: Pipeline, exact: Pipeline, frames: list[Frame]
) -> None:
    thorough, sparing = seen(exact, frames), seen(pipeline, frames)
    for kind in ("hands", "faces"):
        apart = offsets(thorough, sparing, kind)
        assert np.mean(apart) <= 0.5
        assert len(apart) >= 0.98 * sum(len(getattr(result, kind)) for result in thorough)
    assert [result.frame for result in sparing] == [frame.index for frame in frames]
    labels = [
        [(event.label, event.phase) for result in run for event in result.events if event.kind == "gesture"]
        for run in (thorough, sparing)
    ]
    assert labels[0] == labels[1]


def test_steady_faces_are_looked_at_in_every_other_frame(
    pipeline: Pipeline, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    lanes = pipeline._perception.lanes

    def counted(frame: Frame) -> dict[str, object]:
        found = dict(lanes(frame))
        faces = found["faces"]

        def watched():  # type: ignore[no-untyped-def]
            looks.append(frame.index)
            return (yield from faces)

        return {**found, "faces": watched()}

    monkeypatch.setattr(pipeline._perception, "lanes", counted)
    pipeline.reset()
    results = [result for _, result in SparingLook(pipeline).stream(frames)]
    assert all(result.faces for result in results)
    assert 0.45 * len(frames) < len(looks) < 0.7 * len(frames)


def test_of_the_looks_at_a_face_that_keeps_still_few_are_computed(
    pipeline: Pipeline, frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []
    run = Network.__call__

    def counted(network: Network, *inputs: Any) -> Any:
        runs.append(network.report.name)
        return run(network, *inputs)

    monkeypatch.setattr(Network, "__call__", counted)
    seen(pipeline, frames)
    assert 0.05 * len(frames) < runs.count("face_mesh") < 0.25 * len(frames)


@pytest.mark.parametrize("step", [2, 3])
def test_films_with_few_frames_a_second_are_looked_at_in_every_frame(
    pipeline: Pipeline, frames: list[Frame], step: int
) -> None:
    few = frames[::step]
    pipeline.reset()
    expected = [result.to_json() for _, result in pipeline.stream(few)]
    pipeline.reset()
    assert [result.to_json() for _, result in SparingLook(pipeline).stream(few)] == expected


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_every_frame_comes_however_few_there_are(pipeline: Pipeline, frames: list[Frame], count: int) -> None:
    pipeline.reset()
    results = list(SparingLook(pipeline).stream(frames[:count]))
    assert [(frame.index, result.frame) for frame, result in results] == [
        (frame.index, frame.index) for frame in frames[:count]
    ]
    assert all(result.faces for _, result in results)


def test_a_frame_that_was_left_out_at_the_end_is_looked_at(pipeline: Pipeline, frames: list[Frame]) -> None:
    for count in (30, 31):
        pipeline.reset()
        *_, (_, last) = SparingLook(pipeline).stream(frames[:count])
        assert last.faces
        assert not last.faces[0].filled


def test_what_lies_between_has_places_and_scores_between_and_the_nearer_name() -> None:
    shape = np.zeros((21, 3), np.float32)
    hand = Hand(1, "left", (0, 0, 10, 10), 0.9, shape, raw_landmarks=shape)
    first = replace(hand, gesture=Label("ok", 0.8, {"ok": 0.8, "none": 0.2}))
    second = replace(
        hand,
        box=(10, 0, 20, 10),
        confidence=0.7,
        raw_landmarks=shape + 10,
        landmarks=shape + 10,
        gesture=Label("none", 0.6, {"ok": 0.4, "none": 0.6}),
    )
    found = midway(first, second, 0.25)
    assert found.box == (2.5, 0, 12.5, 10)
    assert found.raw_landmarks is not None
    assert found.raw_landmarks[0].tolist() == [2.5, 2.5, 2.5]
    assert found.confidence == 0.7
    assert found.gesture is not None
    assert (found.gesture.name, found.gesture.scores["ok"]) == ("ok", pytest.approx(0.7))
