"""Does what events set off: in a thread of its own, at a bounded rate, so that the picture never waits for it."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from livefg.actions.base import Action, ActionFailedError, Happening
from livefg.actions.settings import ActionSettings, Bound
from livefg.results import Event, Frame, FrameResult

__all__ = ["ActionRunner"]

_QUEUE = 32
_MINUTE = 60.0


@dataclass(slots=True)
class _Ready:
    """An action with what it is bound to, when it was done last (seconds), and what it last failed with."""

    bound: Bound
    action: Action
    done: float = -math.inf
    failure: str = ""


class ActionRunner:
    """Takes results as a sink does and does what their events set off. Use as a context manager, or call `close`.

    In a `dry_run` it only says what it would do. `on_notice` gets a sentence for that and for each new failure, from
    another thread. What comes sooner than an action's cooldown, or beyond so many a minute, is left out and counted in
    `held_back`; so is what comes while 32 wait. Raises LivefgError if an action lacks what it needs.
    """

    def __init__(
        self,
        settings: ActionSettings,
        on_notice: Callable[[str], None],
        *,
        dry_run: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notice, self._dry_run, self._clock = on_notice, dry_run, clock
        self._per_minute = settings.per_minute
        self._recent: deque[float] = deque()
        self.held_back = 0
        """How many actions were left out because they came too soon, too often, or too fast to be done."""
        self.dropped = 0
        """Always 0: no frame is lost here. For those who ask every sink."""
        with ExitStack() as stack:
            self.broadcaster = _broadcaster(settings) if settings.websocket and not dry_run else None
            if self.broadcaster:
                stack.callback(self.broadcaster.close)
            self._ready: list[_Ready] = []
            for bound in settings.actions:
                one = _Ready(bound, bound.make(self.broadcaster, partial(self._failed, bound)))
                stack.callback(one.action.close)
                self._ready.append(one)
            self._closing = stack.pop_all()
        self._queue: queue.Queue[tuple[_Ready, Happening] | None] = queue.Queue(_QUEUE)
        self._thread = threading.Thread(target=self._work, name="livefg-actions", daemon=True)
        self._thread.start()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - a sink's signature
        """Note what the events of a result set off; returns at once."""
        sides = {hand.track: hand.side for hand in result.hands}
        for event in result.events:
            side = sides.get(event.track) if event.kind in {"gesture", "motion", "rule"} else None
            happening = Happening(event, result.source, side)
            for one in self._ready:
                if _concerns(one.bound, happening):
                    self._put(one, happening)

    def close(self) -> None:
        """Do what is still waiting, then give back what the actions hold; calling it again does nothing."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._closing.close()

    def _put(self, one: _Ready, happening: Happening) -> None:
        now = self._clock()
        while self._recent and self._recent[0] <= now - _MINUTE:
            self._recent.popleft()
        if now - one.done < one.bound.cooldown or len(self._recent) >= self._per_minute:
            self.held_back += 1
            return
        try:
            self._queue.put_nowait((one, happening))
        except queue.Full:
            self.held_back += 1
            return
        one.done = now
        self._recent.append(now)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            one, happening = item
            if self._dry_run:
                self._notice(f"{_told(happening.event)}: would {one.action.describe(happening)}")
                continue
            try:
                one.action.run(happening)
                one.failure = ""
            except ActionFailedError as error:
                if str(error) != one.failure:
                    one.failure = str(error)
                    self._failed(one.bound, str(error))

    def _failed(self, bound: Bound, cause: str) -> None:
        self._notice(f"The {bound.where} failed: {cause}.")


def _concerns(bound: Bound, happening: Happening) -> bool:
    event = happening.event
    return (
        bound.on in {"*", event.label}
        and bound.kind in {None, event.kind}
        and bound.phase == event.phase
        and bound.side in {None, happening.side}
    )


def _told(event: Event) -> str:
    return f"{event.label} {event.phase}"


def _broadcaster(settings: ActionSettings) -> Any:
    from livefg.actions.web import Broadcaster  # noqa: PLC0415 - an optional package

    assert settings.websocket is not None
    return Broadcaster(*settings.websocket)
