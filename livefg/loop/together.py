"""Several live loops seen from one thread, as a window toolkit wants it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Self

from livefg.loop.live import LiveLoop, View

__all__ = ["Together"]

_PAUSE_SECONDS = 0.003


class Together:
    """Runs several loops side by side. Use as a context manager and iterate over `views`.

    An error of one loop ends all of them; a loop whose source ends leaves the others running.
    """

    def __init__(self, loops: Sequence[LiveLoop]) -> None:
        self.loops = tuple(loops)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for loop in self.loops:
                stack.enter_context(loop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def stop(self) -> None:
        """End all loops soon; may be called from any thread and from a signal handler."""
        for loop in self.loops:
            loop.stop()

    def views(self) -> Iterator[tuple[int, View] | None]:
        """The newest view of each loop in turn, with the loop's place, or None when there is nothing new.

        Ends when all loops have ended. Raises the error of a loop.
        """
        running = {place: loop.views(wait=0.0) for place, loop in enumerate(self.loops)}
        while running:
            idle = True
            for place, views in list(running.items()):
                try:
                    view = next(views)
                except StopIteration:
                    del running[place]
                    continue
                if view is not None:
                    idle = False
                    yield place, view
            if idle:
                yield None
                time.sleep(_PAUSE_SECONDS)

    def line(self) -> str:
        """How each loop is doing, one line a loop."""
        return "\n".join(f"{place + 1}: {loop.statistics().line()}" for place, loop in enumerate(self.loops))
