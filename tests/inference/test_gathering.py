"""On an accelerator requests of several hands, frames and cameras go together; what is seen stays the same."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from fake_devices import FakeDevices

from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.between import SparingLook
from livefg.results import Frame, FrameResult

COUNT = 30


@pytest.fixture
def frames(demo_frames: list[Frame]) -> list[Frame]:
    """Frames in which hands come, move and stay."""
    return demo_frames[90 : 90 + COUNT]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeDevices:
    return FakeDevices(monkeypatch, tmp_path)


def settings(device: str) -> PipelineSettings:
    return PipelineSettings(device=device, identity=False, expressions=False, faces=1)


def watched(device: str, frames: list[Frame], *, sparing: bool) -> list[FrameResult]:
    with Pipeline(settings(device)) as pipeline:
        return [result for _, result in SparingLook(pipeline, sparing=sparing).stream(frames)]


def same(ours: list[FrameResult], theirs: list[FrameResult]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.frame == other.frame
        assert [hand.track for hand in one.hands] == [hand.track for hand in other.hands]
        for mine, his in zip((*one.hands, *one.faces), (*other.hands, *other.faces), strict=True):
            assert mine.landmarks is not None
            assert his.landmarks is not None
            np.testing.assert_allclose(mine.landmarks, his.landmarks, atol=0.01)
        assert [hand.gesture and hand.gesture.name for hand in one.hands] == [
            hand.gesture and hand.gesture.name for hand in other.hands
        ]
        assert [event.label for event in one.events] == [event.label for event in other.events]


@pytest.mark.parametrize("sparing", [False, True])
def test_a_recording_gives_the_same_results_when_frames_are_searched_together(
    card: FakeDevices, frames: list[Frame], sparing: bool
) -> None:
    expected = watched("cpu", frames, sparing=sparing)
    assert any(result.hands for result in expected)
    assert not card.sizes
    card.batches.clear()
    same(watched("cuda", frames, sparing=sparing), expected)
    assert 8 in card.batches["palm_detector"]
    assert set(card.sizes) <= {1, 2, 4, 8}


def test_several_cameras_share_batches_and_see_what_each_sees_alone(
    card: FakeDevices, frames: list[Frame]
) -> None:
    expected = watched("cpu", frames, sparing=False)
    seen: dict[int, list[FrameResult]] = {}

    def look(number: int, pipeline: Pipeline) -> None:
        seen[number] = [pipeline.process(frame) for frame in frames]

    with Pipeline(settings("cuda")) as first, Pipeline(settings("cuda"), beside=first) as second:
        card.batches.clear()
        threads = [
            Thread(target=look, args=(number, pipeline)) for number, pipeline in enumerate((first, second))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    same(seen[0], expected)
    same(seen[1], expected)
    assert any(size > 1 for size in card.batches["hand_landmarks"])


def test_no_more_frames_are_read_than_are_searched_together(card: FakeDevices, frames: list[Frame]) -> None:
    read = 0

    def counted() -> Iterator[Frame]:
        nonlocal read
        for frame in frames:
            read += 1
            yield frame

    with Pipeline(settings("cuda")) as pipeline:
        stream = pipeline.stream(counted())
        next(stream)
        assert read <= 3 * 8
        assert len(list(stream)) == len(frames) - 1


def test_gestures_run_where_they_are_fastest_unless_they_are_named(card: FakeDevices) -> None:
    assert PipelineSettings(device="cuda").device_of("gestures") == "auto"
    assert PipelineSettings(device="cuda").device_of("hands") == "cuda"
    assert PipelineSettings(device="gestures=cuda").device_of("gestures") == "cuda"
    assert PipelineSettings(device="cpu").device_of("gestures") == "cpu"
