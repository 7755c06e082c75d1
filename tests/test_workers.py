"""The worker pool: chains run to their ends, in lanes, side by side, and errors reach whoever waits."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial

import pytest

from livefg.workers import Chain, WorkerPool, run_chain, timed


def sums(*batches: list[int]) -> Chain[int]:
    """Adds up all numbers, each made by a job of its own."""
    total = 0
    for batch in batches:
        total += sum((yield [partial(int, number) for number in batch]))
    return total


@pytest.fixture(params=[1, 2, 4])
def pool(request: pytest.FixtureRequest) -> Iterator[WorkerPool]:
    with WorkerPool(request.param) as pool:
        yield pool


def test_a_chain_gets_its_results_in_the_order_of_its_jobs(pool: WorkerPool) -> None:
    def chain() -> Chain[list[int]]:
        return (yield [partial(int, number) for number in range(20)])

    assert pool.start(chain(), "lane").result(60) == list(range(20))


def test_a_chain_gives_the_same_answer_with_and_without_a_pool(pool: WorkerPool) -> None:
    assert pool.start(sums([1, 2], [], [3]), "lane").result(60) == run_chain(sums([1, 2], [], [3])) == 6


def test_a_chain_without_any_job_ends(pool: WorkerPool) -> None:
    assert pool.start(sums(), "lane").result(60) == 0
    assert pool.start(sums([]), "lane").result(60) == 0


def test_chains_of_one_lane_run_one_after_the_other(pool: WorkerPool) -> None:
    log: list[tuple[int, str]] = []

    def chain(number: int) -> Chain[None]:
        log.append((number, "begins"))
        yield [lambda: None, lambda: None]
        yield [lambda: None]
        log.append((number, "ends"))

    futures = [pool.start(chain(number), "lane") for number in range(10)]
    for future in futures:
        future.result(60)
    assert log == [(number, what) for number in range(10) for what in ("begins", "ends")]


def test_a_chain_started_here_runs_in_the_calling_thread_and_the_others_help(pool: WorkerPool) -> None:
    names: list[list[str]] = []

    def chain() -> Chain[int]:
        names.append((yield [lambda: threading.current_thread().name]))
        return sum((yield [partial(int, number) for number in range(20)]))

    for _ in range(20):
        assert pool.start(chain(), "lane", here=True).result(60) == 190
    assert names[0] == [threading.current_thread().name]


def test_a_shared_pool_leaves_chains_started_here_to_its_own_threads(pool: WorkerPool) -> None:
    def chain() -> Chain[list[str]]:
        return (yield [lambda: threading.current_thread().name])

    pool.shared = True
    (name,) = pool.start(chain(), "lane", here=True).result(60)
    assert name.startswith("livefg-worker")


def test_a_chain_started_here_waits_for_the_earlier_ones_of_its_lane(pool: WorkerPool) -> None:
    log: list[str] = []
    go = threading.Event()

    def chain(name: str) -> Chain[str]:
        yield [partial(go.wait, 5)]
        log.append(name)
        return name

    earlier = pool.start(chain("earlier"), "lane")
    later = pool.start(chain("later"), "lane", here=True)
    go.set()
    assert (later.result(60), earlier.result(60)) == ("later", "earlier")
    assert log == ["earlier", "later"]


def test_closing_waits_for_who_works_on_a_chain_of_its_own() -> None:
    pool, begun, go = WorkerPool(1), threading.Event(), threading.Event()

    def chain() -> Chain[None]:
        begun.set()
        go.wait(60)
        yield [lambda: None]

    futures: list[Future[None]] = []
    caller = threading.Thread(target=lambda: futures.append(pool.start(chain(), "lane", here=True)))
    closing = threading.Thread(target=pool.close)
    caller.start()
    assert begun.wait(60)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go.set()
    caller.join(60)
    closing.join(60)
    assert not closing.is_alive()
    assert futures[0].cancelled()


def test_an_error_in_a_chain_started_here_reaches_the_future(pool: WorkerPool) -> None:
    def chain() -> Chain[None]:
        yield [lambda: None, partial(int, "x"), lambda: None]

    with pytest.raises(ValueError, match="x"):
        pool.start(chain(), "lane", here=True).result(60)
    assert pool.start(sums([1, 2]), "lane").result(60) == 3


def test_chains_of_different_lanes_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=5)

    def chain() -> Chain[bool]:
        yield [meeting.wait]  # passes only if the other chain's job runs at the same time
        return True

    with WorkerPool(2) as pool:
        futures = [pool.start(chain(), lane) for lane in ("left", "right")]
        assert all(future.result(60) for future in futures)


@pytest.mark.parametrize("place", ["before", "job", "after"])
def test_an_error_reaches_whoever_waits_and_the_lane_goes_on(pool: WorkerPool, place: str) -> None:
    def fail() -> None:
        raise ValueError(place)

    def chain() -> Chain[None]:
        if place == "before":
            fail()
        yield [fail if place == "job" else lambda: None, lambda: None]
        fail()

    broken, following = pool.start(chain(), "lane"), pool.start(sums([1, 2]), "lane")
    with pytest.raises(ValueError, match=place):
        broken.result(60)
    assert following.result(60) == 3


def test_a_closed_pool_cancels_what_waits_and_takes_nothing_new() -> None:
    pool = WorkerPool(1)
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        leave.wait(5)

    def chain() -> Chain[None]:
        yield [hold]
        yield [hold]

    running, waiting = pool.start(chain(), "lane"), pool.start(sums([1]), "lane")
    entered.wait(5)
    leave.set()
    pool.close()
    assert waiting.cancelled()
    assert running.done()
    with pytest.raises(RuntimeError, match="closed"):
        pool.start(sums([1]), "lane")


def test_a_pool_without_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one thread"):
        WorkerPool(0)


def test_a_timed_chain_gives_the_same_answer_and_adds_up_its_time_under_its_name(pool: WorkerPool) -> None:
    seconds: dict[str, float] = {}
    answer = pool.start(timed(sums([1, 2], [], [3]), "sums", seconds), "lane").result(60)
    assert answer == 6
    assert list(seconds) == ["sums"]
    assert seconds["sums"] > 0
