"""The live loop: newest wins, drops are counted, ages stay flat, and it always ends cleanly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from fakes import FakePipeline, FakeSource, HandClock, ListSink, make_frame, make_result, wait_until

from livefg.errors import LivefgError
from livefg.loop import LiveLoop, View
from livefg.loop.still_there import still_there
from livefg.results import Box, Event, Face, ImageArray
from livefg.sinks.queued import QueuedSink

FRAME = 1 / 30


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def event(label: str) -> Event:
    return Event("gesture", label, "start", 1, 0.0, 0.9)


def thread_names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def next_view(views: Iterator[View | None]) -> View:
    """The next view that is there, as a display that never sleeps would see it."""
    for view in views:
        if view is not None:
            return view
    raise AssertionError("the loop ended")


def test_every_frame_is_seen_in_order_while_perception_keeps_up(clock: HandClock) -> None:
    source, pipeline = FakeSource(), FakePipeline()
    shown = []
    with LiveLoop(source, pipeline, clock=clock) as loop:
        views = iter(loop)
        for _ in range(20):
            source.give(clock=clock)
            shown.append(next(views).result.frame)
        statistics = loop.statistics()
    assert shown == list(range(20))
    assert (statistics.captured, statistics.processed, statistics.dropped) == (20, 20, 0)
    assert statistics.camera_fps == pytest.approx(30)
    assert statistics.fps == pytest.approx(30)


def test_slow_perception_takes_the_newest_frame_and_ages_stay_flat(clock: HandClock) -> None:
    """Perception takes the time of thirty frames, twelve times: nothing piles up, each is one turn old."""
    turn_frames, turns = 30, 12
    source, pipeline = FakeSource(), FakePipeline(hold=True)
    ages = []
    with LiveLoop(source, pipeline, clock=clock, patience=1e9) as loop:
        views = loop.views(wait=0.001)
        source.give(clock=clock)
        wait_until(lambda: len(pipeline.seen) == 1)
        for turn in range(turns):
            source.give(turn_frames, clock=clock)
            wait_until(lambda: loop.statistics().captured == source.given)
            pipeline.release()
            wait_until(lambda turn=turn: len(pipeline.seen) == turn + 2)
            ages.append(clock() - next_view(views).result.time)
            assert next(views) is None  # which says that it has been shown
        statistics = loop.statistics()
        pipeline.release()
    assert pipeline.seen == [turn * turn_frames for turn in range(turns + 1)]
    assert ages == pytest.approx([turn_frames * FRAME] * turns)
    assert statistics.dropped == turns * (turn_frames - 1)
    assert statistics.age_p95_ms == pytest.approx(1000 * turn_frames * FRAME)


def test_a_slow_display_gets_the_newest_result_and_ages_stay_flat(clock: HandClock) -> None:
    """The display takes thirty frames' time a picture while perception keeps up."""
    turn_frames, turns = 30, 12
    source, pipeline = FakeSource(), FakePipeline()
    shown, ages = [], []
    with LiveLoop(source, pipeline, clock=clock) as loop:
        views = iter(loop)
        for _ in range(turns):
            for _ in range(turn_frames):
                source.give(clock=clock)
                wait_until(lambda: loop.statistics().processed == source.given)
            view = next(views)
            shown.append(view.result.frame)
            ages.append(clock() - view.result.time)
        statistics = loop.statistics()
    assert shown == [turn_frames * (turn + 1) - 1 for turn in range(turns)]
    assert ages == pytest.approx([0.0] * turns)
    # A picture is seen until the next one is asked for: one turn of the display, never two.
    assert statistics.age_p95_ms == pytest.approx(1000 * turn_frames * FRAME)
    assert statistics.dropped == 0


def test_a_slow_recording_loses_counted_frames_and_holds_nobody_up(clock: HandClock) -> None:
    source, pipeline, file = FakeSource(), FakePipeline(), ListSink(hold=True)
    recorder = QueuedSink(file, lossless=False, capacity=4)
    with LiveLoop(source, pipeline, clock=clock) as loop:
        loop.add_sink(recorder)
        views = iter(loop)
        for _ in range(50):
            source.give(clock=clock)
            next(views)
        wait_until(lambda: loop.statistics().processed == 50)
        while_recording = loop.statistics()
        file.release(50)
        loop.remove_sink(recorder)
        recorder.close()
        afterwards = loop.statistics()
    assert while_recording.shown >= 49
    assert while_recording.dropped == 0
    assert file.written == sorted(file.written)
    assert len(file.written) + afterwards.record_dropped == 50
    assert afterwards.record_dropped >= 50 - 4 - 1 - 1
    assert file.ended == "closed"


def test_the_picture_goes_on_while_perception_is_stuck_and_never_goes_back(clock: HandClock) -> None:
    source, pipeline = FakeSource(), FakePipeline(hold=True)
    with LiveLoop(source, pipeline, clock=clock, patience=0.5) as loop:
        views = loop.views(wait=0.001)
        source.give(clock=clock)
        pipeline.release()
        first = next_view(views)
        assert next(views) is None
        source.give(clock=clock)
        wait_until(lambda: len(pipeline.seen) == 2)
        pictures = []
        for _ in range(3):
            source.give(20, clock=clock)
            wait_until(lambda: loop.statistics().captured == source.given)
            view = next_view(views)
            assert not view.fresh
            assert view.result.frame == first.result.frame
            pictures.append(view.frame.index)
        pipeline.release()
        late = next_view(views)
        pipeline.release()
    assert pictures == [21, 41, 61]
    assert late.fresh
    assert late.result.frame == 1
    assert late.frame.index == 61


def test_who_is_gone_is_not_drawn_around_while_perception_is_stuck(clock: HandClock) -> None:
    noise = np.random.default_rng(0)
    somebody, nobody = (noise.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(2))
    source, pipeline = FakeSource(), FakePipeline(hold=True)
    drawn = []
    with LiveLoop(source, pipeline, clock=clock, patience=0.1) as loop:
        views = loop.views(wait=0.001)

        def shown(image: ImageArray) -> View:
            source.give(10, clock=clock, image=image)
            wait_until(lambda: loop.statistics().captured == source.given)
            return next_view(views)

        source.give(clock=clock, image=somebody)
        pipeline.release()
        assert next_view(views).to_draw.faces
        assert next(views) is None  # which says that it has been shown
        source.give(clock=clock, image=somebody)
        wait_until(lambda: len(pipeline.seen) == 2)
        for image in (somebody, nobody, np.roll(somebody, 3, axis=1), nobody[::-1]):
            view = shown(np.ascontiguousarray(image))
            assert view.result.faces
            drawn.append((len(view.to_draw.faces), len(view.to_draw.hands)))
        pipeline.release()
        late = next_view(views)
        pipeline.release()
    assert drawn == [(1, 1), (0, 0), (1, 1), (0, 0)]
    assert (late.fresh, late.result.frame) == (True, 1)
    assert late.result.faces
    assert not late.to_draw.faces


@pytest.mark.parametrize("box", [(-40.0, 5.0, -2.0, 30.0), (50.0, 40.0, 90.0, 70.0), (3.0, 3.0, 3.2, 3.1)])
def test_what_lies_at_the_edge_or_beyond_is_compared_too(box: Box) -> None:
    own, newer = (np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8) for seed in (1, 2))
    frame = make_frame(0)
    result = replace(make_result(frame), faces=(Face(1, box, 0.9),))
    assert not still_there(result, own, newer).faces
    assert len(still_there(result, own, own).faces) == (box[2] > 0.5 and box[2] - box[0] > 1)


def test_on_a_plain_wall_nothing_has_gone_until_something_comes() -> None:
    result = make_result(make_frame(0))
    wall = np.full((48, 64, 3), 90, np.uint8)
    something = wall.copy()
    something[10:40, 20:50] = np.random.default_rng(3).integers(0, 256, (30, 30, 3), np.uint8)
    assert still_there(result, wall, wall + np.uint8(1)).hands
    assert not still_there(result, wall, something).hands


def test_a_picture_of_another_size_shows_nobody_who_was_seen_before() -> None:
    result = make_result(make_frame(0))
    assert not still_there(result, np.zeros((48, 64, 3), np.uint8), np.zeros((96, 128, 3), np.uint8)).faces


def test_events_of_results_that_nobody_saw_are_handed_on_once(clock: HandClock) -> None:
    source, pipeline = FakeSource(), FakePipeline()
    pipeline.events = {0: (event("first"),), 1: (event("second"),), 3: (event("third"),)}
    with LiveLoop(source, pipeline, clock=clock) as loop:
        for count in (1, 2, 3, 4):
            source.give(clock=clock)
            wait_until(lambda count=count: loop.statistics().processed == count)
        views = iter(loop)
        together = next(views)
        source.give(clock=clock)
        after = next(views)
    assert together.result.frame == 3
    assert [item.label for item in together.result.events] == ["first", "second", "third"]
    assert after.result.events == ()


def test_frames_that_the_camera_dropped_itself_are_counted(clock: HandClock) -> None:
    source = FakeSource()
    with LiveLoop(source, FakePipeline(), clock=clock) as loop:
        views = iter(loop)
        source.give(clock=clock)
        next(views)
        source.skip(5)
        clock.move(5 * FRAME)
        source.give(clock=clock)
        next(views)
        statistics = loop.statistics()
    assert (statistics.captured, statistics.dropped) == (7, 5)
    assert statistics.camera_fps == pytest.approx(30)


def test_the_last_frame_of_a_source_that_ends_is_still_shown() -> None:
    source = FakeSource()
    source.give(3)
    source.end()
    with LiveLoop(source, FakePipeline()) as loop:
        shown = [view.result.frame for view in loop]
    assert shown[-1] == 2


@pytest.mark.parametrize("where", ["source", "pipeline", "sink"])
def test_an_error_in_any_thread_ends_the_loop_and_is_raised_once(where: str) -> None:
    source, pipeline, sink = FakeSource(), FakePipeline(), ListSink()
    error = LivefgError("The camera was unplugged.")
    if where == "pipeline":
        pipeline.error = error
    if where == "sink":
        sink.error = error
    with LiveLoop(source, pipeline) as loop:
        loop.add_sink(sink)
        source.give()
        if where == "source":
            source.fail(error)
        with pytest.raises(LivefgError) as caught:
            list(loop)
    assert caught.value is error
    assert not thread_names() & {"livefg-capture", "livefg-perception"}


def test_an_error_that_nobody_iterated_into_is_raised_on_leaving() -> None:
    source, pipeline = FakeSource(), FakePipeline()
    pipeline.error = ValueError("broken network")

    def watch_nothing() -> None:
        with LiveLoop(source, pipeline):
            source.give()
            wait_until(lambda: bool(pipeline.seen))
            wait_until(lambda: "livefg-perception" not in thread_names())

    with pytest.raises(ValueError, match="broken network"):
        watch_nothing()


def test_stopping_from_another_thread_ends_the_iteration() -> None:
    source = FakeSource()
    with LiveLoop(source, FakePipeline()) as loop:
        threading.Timer(0.01, loop.stop).start()
        assert list(loop) == []


def test_a_capture_thread_that_is_stuck_in_its_source_is_freed_by_closing_the_source() -> None:
    source = FakeSource()
    with LiveLoop(source, FakePipeline()):
        pass
    assert source.closed.is_set()
    wait_until(lambda: "livefg-capture" not in thread_names())


def test_a_paused_camera_is_drained_and_goes_on_with_its_newest_frame(clock: HandClock) -> None:
    source, pipeline = FakeSource("camera"), FakePipeline()
    with LiveLoop(source, pipeline, clock=clock) as loop:
        loop.pause()
        assert loop.paused
        source.give(10, clock=clock)
        wait_until(source._frames.empty)
        loop.pause(False)
        source.give(clock=clock)
        view = next(iter(loop))
    # The tenth may have been on its way when the pause ended.
    assert view.result.frame >= 9
    assert len(pipeline.seen) <= 2


def test_a_paused_recording_waits(clock: HandClock) -> None:
    source, pipeline = FakeSource("video"), FakePipeline()
    with LiveLoop(source, pipeline, clock=clock) as loop:
        loop.pause()
        source.give(clock=clock)
        wait_until(source._frames.empty)
        assert pipeline.seen == []
        loop.pause(False)
        assert next(iter(loop)).result.frame == 0
