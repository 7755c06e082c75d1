"""What lasts: a gesture, a motion, somebody's presence."""

from __future__ import annotations

from typing import NamedTuple

from livefg.results import EventKind

__all__ = ["Lasting"]


class Lasting(NamedTuple):
    """Something that began with frame `first` at `start` seconds and was there last in frame `last`."""

    kind: EventKind
    label: str
    track: int
    first: int
    start: float
    last: int
    confidence: float
