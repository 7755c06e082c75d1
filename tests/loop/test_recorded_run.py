"""The recorded path: everything in order, nothing lost, whoever is slow."""

from __future__ import annotations

import threading

import pytest
from fakes import FakePipeline, ListSink, ListSource, make_frame, wait_until

from livefg.errors import LivefgError
from livefg.loop import decode_ahead, run_recorded
from livefg.results import FrameResult
from livefg.sinks.queued import QueuedSink


def test_nothing_is_lost_when_a_sink_is_slow() -> None:
    file = ListSink(hold=True)
    sink = QueuedSink(file, lossless=True, capacity=2)
    source, pipeline = ListSource(make_frame(index) for index in range(40)), FakePipeline()
    done: list[int] = []
    runner = threading.Thread(target=lambda: done.append(run_recorded(source, pipeline, [sink])))
    runner.start()
    wait_until(lambda: len(pipeline.seen) >= 3)
    # One frame is in the sink, two wait for it, and the pipeline has one more in its hands.
    assert len(pipeline.seen) <= 4
    file.release(40)
    runner.join()
    sink.close()
    assert done == [40]
    assert file.written == list(range(40))
    assert sink.dropped == 0


def test_results_are_reported_in_order() -> None:
    results: list[FrameResult] = []
    source = ListSource(make_frame(index) for index in range(10))
    assert run_recorded(source, FakePipeline(), on_result=results.append) == 10
    assert [result.frame for result in results] == list(range(10))


def test_a_source_that_breaks_raises_after_what_it_gave_was_written() -> None:
    sink = ListSink()
    source = ListSource([make_frame(index) for index in range(5)], LivefgError("clip.mp4 breaks off."))
    with pytest.raises(LivefgError, match="breaks off"):
        run_recorded(source, FakePipeline(), [sink])
    assert sink.written == [0, 1, 2, 3, 4]


def test_a_sink_that_fails_ends_the_run_and_the_threads() -> None:
    sink = ListSink()
    sink.error = LivefgError("The disk is full.")
    source = ListSource(make_frame(index) for index in range(1000))
    with pytest.raises(LivefgError, match="disk is full"):
        run_recorded(source, FakePipeline(), [sink])
    assert "livefg-decode" not in {thread.name for thread in threading.enumerate()}


def test_a_run_that_is_stopped_ends_at_the_next_frame() -> None:
    stopping = threading.Event()
    source, sink = ListSource(make_frame(index) for index in range(1000)), ListSink()
    count = run_recorded(
        source,
        FakePipeline(),
        [sink],
        stopping=stopping,
        on_result=lambda result: stopping.set() if result.frame == 6 else None,
    )
    assert count == 7
    assert sink.written == list(range(7))


def test_decoding_stays_a_bounded_number_of_frames_ahead() -> None:
    read: list[int] = []

    class Counting(ListSource):
        def __iter__(self):  # type: ignore[no-untyped-def]
            for frame in super().__iter__():
                read.append(frame.index)
                yield frame

    frames = decode_ahead(Counting(make_frame(index) for index in range(100)), threading.Event(), capacity=3)
    assert next(frames).index == 0
    wait_until(lambda: len(read) == 5)
    frames.close()
    assert len(read) == 5
