"""One picture for several sinks: faces covered, overlay drawn, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from livefg.overlay import Overlay, Trail
from livefg.results import Frame, FrameResult
from livefg.sinks.files import FileSink

if TYPE_CHECKING:
    from livefg.recorded.blur import Cover

__all__ = ["ComposedSink"]


class ComposedSink:
    """Covers faces (`cover`), draws the overlay, and passes each picture on to `sinks`, which must not draw again."""

    def __init__(self, sinks: Sequence[FileSink], overlay: Overlay, cover: Cover | None = None) -> None:
        self._sinks = tuple(sinks)
        self._overlay = overlay
        self._cover = cover
        self._trail = Trail()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Compose one picture and pass it on."""
        shown = result
        if self._cover:
            frame, shown = self._cover(frame, result)
        composed = replace(frame, image=self._overlay.compose(frame, shown, trail=self._trail))
        for sink in self._sinks:
            sink.write(composed, result)

    def close(self) -> None:
        """Close all sinks."""
        for sink in self._sinks:
            sink.close()

    def abandon(self) -> None:
        """Abandon all sinks."""
        for sink in self._sinks:
            sink.abandon()
