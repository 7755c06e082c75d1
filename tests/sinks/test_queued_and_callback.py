"""A sink in its own thread, and a function as a sink."""

from __future__ import annotations

import pytest
from fakes import ListSink, make_frame, make_result, wait_until

from livefg.errors import LivefgError
from livefg.sinks.callback import CallbackSink
from livefg.sinks.queued import QueuedSink


def write(sink: QueuedSink | CallbackSink, count: int) -> None:
    for index in range(count):
        frame = make_frame(index)
        sink.write(frame, make_result(frame))


def test_a_live_recorder_that_falls_behind_leaves_frames_out_and_counts_them() -> None:
    file = ListSink(hold=True)
    with QueuedSink(file, lossless=False, capacity=3) as sink:
        write(sink, 1)
        wait_until(lambda: sink.waiting == 0)
        write(sink, 10)
        assert sink.dropped == 7
        file.release(20)
    assert file.written == [0, 0, 1, 2]
    assert file.ended == "closed"


def test_closing_waits_until_all_is_written() -> None:
    file = ListSink()
    with QueuedSink(file, lossless=True, capacity=100) as sink:
        write(sink, 50)
    assert file.written == list(range(50))


@pytest.mark.parametrize("lossless", [True, False])
def test_an_error_of_the_sink_is_raised_where_it_is_written_to_and_the_file_left_unfinished(
    lossless: bool,
) -> None:
    file = ListSink()
    file.error = LivefgError("The disk is full.")

    def record() -> None:
        with QueuedSink(file, lossless=lossless, capacity=2) as sink:
            while True:
                write(sink, 1)

    with pytest.raises(LivefgError, match="disk is full"):
        record()
    assert file.ended == "abandoned"


def test_an_error_at_the_very_end_is_raised_by_closing() -> None:
    file = ListSink(hold=True)
    file.error = LivefgError("The disk is full.")
    sink = QueuedSink(file, lossless=True)
    write(sink, 1)
    file.release()
    with pytest.raises(LivefgError, match="disk is full"):
        sink.close()
    assert file.ended == "abandoned"


def test_an_interrupted_run_abandons_the_file_with_what_was_queued() -> None:
    file = ListSink()

    def interrupt() -> None:
        with QueuedSink(file, lossless=True) as sink:
            write(sink, 3)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert (file.written, file.ended) == ([0, 1, 2], "abandoned")


def test_a_function_is_called_with_every_frame_and_result() -> None:
    calls: list[tuple[int, int]] = []
    with CallbackSink(lambda frame, result: calls.append((frame.index, result.frame))) as sink:
        write(sink, 3)
    assert calls == [(0, 0), (1, 1), (2, 2)]
