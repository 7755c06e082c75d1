"""One picture for several sinks: faces covered, overlay drawn, once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livefg.overlay import Overlay, Trail
from livefg.results import Frame, FrameResult
from livefg.sinks.files import Finishing
from livefg.sinks.queued import QueuedSink

if TYPE_CHECKING:
    from livefg.recorded.blur import Cover

__all__ = ["ComposedMark", "ComposedSink"]


@dataclass(frozen=True, slots=True)
class ComposedMark:
    """How far composing is: a copy of its trail, and what the sinks will say when they have come that far."""

    trail: Trail
    sinks: tuple[Future[Any], ...]

    @property
    def done(self) -> bool:
        """Whether all sinks have come that far."""
        return all(sink.done() for sink in self.sinks)


class ComposedSink(Finishing):
    """Covers faces (`cover`), draws the overlay, and passes each picture on to `sinks`, which must not draw again.

    Frames are drawn on themselves: nobody else may need their pictures.

    `trail` is that of an earlier part of the same film.
    """

    def __init__(
        self,
        sinks: Sequence[QueuedSink],
        overlay: Overlay,
        cover: Cover | None = None,
        trail: Trail | None = None,
    ) -> None:
        self._sinks = tuple(sinks)
        self._overlay = overlay
        self._cover = cover
        self._trail = trail or Trail()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Compose one picture and pass it on."""
        shown = result
        if self._cover:
            frame, shown = self._cover(frame, result)
        self._overlay.draw(
            frame.image, shown, events=self._trail.add(shown), mirrored=frame.mirrored, trail=self._trail
        )
        for sink in self._sinks:
            sink.write(frame, result)

    def mark(self) -> ComposedMark:
        """Ask all sinks for what they have made safe, without waiting for it."""
        return ComposedMark(copy(self._trail), tuple(sink.mark() for sink in self._sinks))

    def close(self) -> None:
        """Close all sinks."""
        for sink in self._sinks:
            sink.close()

    def abandon(self) -> None:
        """Abandon all sinks."""
        for sink in self._sinks:
            sink.abandon()
