"""What one who shows picture after picture keeps between them; the overlay itself keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping

from livefg.overlay.events import EVENT_SECONDS
from livefg.results import Event, FrameResult

__all__ = ["Trail"]


class Trail:
    """The events of the last moments, and where each label was, so that labels stay put. One for each window or file.

    `places` maps the kind and track of a face or hand to the kind of place that its label had.
    """

    def __init__(self) -> None:
        self.places: Mapping[tuple[str, int], int | None] = {}
        self._events: tuple[Event, ...] = ()

    def add(self, result: FrameResult) -> tuple[Event, ...]:
        """Take in the events of `result`; gives those that are still to be seen at `result.time`, oldest first.

        A result that is shown again adds nothing; a clock that went back (a clip that starts again) empties
        the trail.
        """
        kept = [event for event in self._events if 0 <= result.time - event.time < EVENT_SECONDS]
        self._events = (*kept, *(event for event in result.events if event not in kept))
        return self._events
