"""Requests for one network that gather while another run is under way go together, and each gets its own answer."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from livefg.inference import Network, device_thread
from livefg.inference.bindings import BoundRuns, PlainRuns, batched
from livefg.inference.device_thread import DeviceThread

SIZES = (1, 2, 4, 8)
WAIT = 60.0


class Doubling:
    """Doubles what it is given, as soon as it may; notes the batches."""

    def __init__(self, *, held: bool = False) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.batches: list[tuple[int, int]] = []
        if not held:
            self.may_end.set()

    def __call__(self, parts: Sequence[Sequence[np.ndarray]], size: int) -> list[np.ndarray]:
        self.batches.append((len(parts), size))
        self.begun.set()
        assert self.may_end.wait(WAIT)
        return [2 * array for array in batched(parts, size)]


@pytest.fixture
def thread() -> DeviceThread:
    return DeviceThread("test")


def waiting(thread: DeviceThread, count: int) -> None:
    """Wait until so many requests wait."""
    pause = threading.Event()
    for _ in range(10_000):
        if len(thread._requests) == count:
            return
        pause.wait(0.005)
    raise AssertionError("the requests did not come")


def test_requests_that_come_during_a_run_go_together_and_each_gets_its_own(thread: DeviceThread) -> None:
    runs = Doubling(held=True)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(thread.run, runs, [np.zeros((1, 3))], SIZES)
        assert runs.begun.wait(WAIT)
        others = [pool.submit(thread.run, runs, [np.full((1, 3), value)], SIZES) for value in range(5)]
        waiting(thread, 5)
        runs.may_end.set()
        assert first.result()[0].tolist() == [[0, 0, 0]]
        assert [other.result()[0].tolist() for other in others] == [[[2.0 * value] * 3] for value in range(5)]
    assert runs.batches == [(1, 1), (5, 8)]


def test_requests_that_usually_come_together_wait_for_each_other(
    thread: DeviceThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_thread, "_PATIENCE", WAIT)
    runs = Doubling(held=True)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(thread.run, runs, [np.zeros((1, 2))], SIZES)
        assert runs.begun.wait(WAIT)
        second = pool.submit(thread.run, runs, [np.ones((1, 2))], SIZES)
        waiting(thread, 1)
        monkeypatch.setattr(device_thread, "_PATIENCE", 0.0)  # it comes alone, as nobody knew
        runs.may_end.set()
        assert (first.result()[0].tolist(), second.result()[0].tolist()) == ([[0, 0]], [[2, 2]])
        monkeypatch.setattr(device_thread, "_PATIENCE", WAIT)
        for answer in [pool.submit(thread.run, runs, [np.ones((1, 2))], SIZES) for _ in range(2)]:
            assert answer.result()[0].tolist() == [[2, 2]]
    assert runs.batches == [(1, 1), (1, 1), (2, 2)]


def test_no_batch_is_larger_than_the_largest_size(thread: DeviceThread) -> None:
    runs = Doubling(held=True)
    with ThreadPoolExecutor(12) as pool:
        answers = [pool.submit(thread.run, runs, [np.zeros((1, 2))], SIZES)]
        assert runs.begun.wait(WAIT)
        answers += [pool.submit(thread.run, runs, [np.full((3, 2), value)], SIZES) for value in range(4)]
        waiting(thread, 4)
        runs.may_end.set()
        assert [len(answer.result()[0]) for answer in answers] == [1, 3, 3, 3, 3]
    assert runs.batches == [(1, 1), (2, 8), (2, 8)]


def test_other_networks_and_other_shapes_are_not_mixed_in(thread: DeviceThread) -> None:
    runs, others = Doubling(held=True), Doubling()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(thread.run, runs, [np.zeros((1, 2))], SIZES)
        assert runs.begun.wait(WAIT)
        answers = [first]
        for asked, array in (
            (others, np.ones((1, 2))),
            (runs, np.ones((1, 5))),
            (runs, np.ones((1, 2))),
            (runs, np.ones((1, 2), np.float32)),
            (others, np.ones((1, 2))),
        ):
            answers.append(pool.submit(thread.run, asked, [array], SIZES))
            waiting(thread, len(answers) - 1)
        runs.may_end.set()
        assert [answer.result()[0].shape for answer in answers[1:]] == [
            (1, 2),
            (1, 5),
            (1, 2),
            (1, 2),
            (1, 2),
        ]
        assert answers[4].result()[0].dtype == np.float32
    assert others.batches == [(2, 2)]
    assert runs.batches == [(1, 1), (1, 1), (1, 1), (1, 1)]


def test_a_network_with_a_fixed_batch_runs_each_request_by_itself(thread: DeviceThread) -> None:
    runs = Doubling(held=True)
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(thread.run, runs, [np.full(3, value)], ()) for value in range(3)]
        runs.may_end.set()
        assert [answer.result()[0].tolist() for answer in answers] == [[0] * 3, [2] * 3, [4] * 3]
    assert [count for count, _ in runs.batches] == [1, 1, 1]


def test_an_error_reaches_everyone_whose_request_was_in_the_batch_and_nobody_else(
    thread: DeviceThread,
) -> None:
    class Failing(Doubling):
        def __call__(self, parts: Sequence[Sequence[np.ndarray]], size: int) -> list[np.ndarray]:
            super().__call__(parts, size)
            raise RuntimeError("out of memory")

    runs = Failing()
    with pytest.raises(RuntimeError, match="out of memory"):
        thread.run(runs, [np.zeros((1, 2))], SIZES)
    assert thread.run(Doubling(), [np.ones((1, 1))], SIZES)[0].tolist() == [[2]]


def test_work_is_done_by_the_thread_itself_even_when_it_asks_itself(thread: DeviceThread) -> None:
    def outer() -> list[np.ndarray]:
        assert threading.current_thread() is thread._thread
        return thread.run(Doubling(), [np.ones((1, 1))], SIZES)

    assert thread.call(outer)[0].tolist() == [[2]]


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("name", ["hand_landmarks_lite", "blendshapes"])
def test_real_networks_give_the_same_together_as_each_by_itself(
    thread: DeviceThread, name: str, bound: bool
) -> None:
    network = Network.load(name, "cpu")
    session = network._runs._session  # type: ignore[attr-defined]
    runs = BoundRuns(session, "cpu") if bound else PlainRuns(session)
    pictures = network.sample_inputs(12)
    requests = [[array[place : place + 1] for array in pictures] for place in range(12)]
    hold = Doubling(held=True)
    with ThreadPoolExecutor(13) as pool:
        blocking = pool.submit(thread.run, hold, [np.zeros((1, 1))], SIZES)
        assert hold.begun.wait(WAIT)
        answers = [pool.submit(thread.run, runs, request, SIZES) for request in requests]
        waiting(thread, 12)
        hold.may_end.set()
        blocking.result()
        for request, answer in zip(requests, answers, strict=True):
            for together, alone in zip(answer.result(), network(*request), strict=True):
                np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
