"""Several loops in one thread: all are seen, one may end before the others, an error ends all."""

from __future__ import annotations

import pytest
from fakes import FakePipeline, FakeSource

from livefg.errors import LivefgError
from livefg.loop import LiveLoop, Together


def loops_of(*sources: FakeSource) -> list[LiveLoop]:
    return [LiveLoop(source, FakePipeline()) for source in sources]


def test_views_of_all_loops_come_with_their_places() -> None:
    first, second = FakeSource(), FakeSource()
    with Together(loops_of(first, second)) as together:
        first.give(2)
        second.give(1)
        seen: set[int] = set()
        for view in together.views():
            if view:
                seen.add(view[0])
            if seen == {0, 1}:
                break
    assert first.given == 2


def test_the_others_go_on_when_one_source_ends_and_all_end_with_the_last() -> None:
    first, second = FakeSource(), FakeSource()
    with Together(loops_of(first, second)) as together:
        first.end()
        second.give(1)
        places = []
        for view in together.views():
            if view:
                places.append(view[0])
                second.end()
    assert places == [1]
    assert together.line().startswith("1: ")
    assert "\n2: " in together.line()


def test_an_error_of_one_source_ends_all() -> None:
    first, second = FakeSource(), FakeSource()
    first.fail(LivefgError("The camera is gone."))
    with pytest.raises(LivefgError, match="camera is gone"), Together(loops_of(first, second)) as together:
        for _ in together.views():
            pass
    assert second.closed.is_set()


def test_stopping_ends_all() -> None:
    with Together(loops_of(FakeSource(), FakeSource())) as together:
        for _ in together.views():
            together.stop()
