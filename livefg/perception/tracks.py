"""Track ids: who gets a new one, and who gets the old one back after a moment out of sight."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from livefg.perception.geometry import Region
from livefg.results import FloatArray, ImageArray
from livefg.workers import Chain

__all__ = ["FaceMemory", "FaceTracks", "LostTracks", "NewFace", "Reunion", "TrackIds"]

State = TypeVar("State")


class TrackIds:
    """Hands out ids from 1; an id is never used twice before `reset`."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> int:
        """An id that nobody had yet."""
        self._last += 1
        return self._last

    def reset(self) -> None:
        """Begin again at 1."""
        self._last = 0


class NewFace(NamedTuple):
    """A newly found face: its alignment points (5, 2) in pixels, the detector's confidence 0..1."""

    points: FloatArray
    confidence: float


class Reunion(NamedTuple):
    """What a face says about lost tracks: which one it is (None: it cannot tell), and which it is not."""

    same: int | None
    others: frozenset[int]


class FaceTracks(Protocol):
    """Ids of faces, which may turn out to be wrong once a face has been looked at."""

    def exchange(self, one: int, other: int) -> None:
        """Two tracks, followed or lost, have each other's id: give them back."""
        ...

    def part(self, track: int) -> int:
        """A track has gone over to somebody new: give it a new id, which is returned, and call the old one lost."""
        ...


class FaceMemory(Protocol):
    """Remembers what the faces of tracks look like."""

    def attach(self, tracks: FaceTracks) -> None:
        """From now on, remember the faces of these tracks, and put their ids right where they are wrong."""
        ...

    def recall(
        self, image: ImageArray, faces: Sequence[NewFace], lost: Collection[int]
    ) -> Chain[list[Reunion]]:
        """Compare newly found faces to the tracks with these ids; no track is given to two faces."""
        ...


@dataclass(frozen=True, slots=True)
class _Lost(Generic[State]):
    state: State
    region: Region
    time: float


class LostTracks(Generic[State]):
    """Remembers tracks for `memory` seconds after they were last seen, so that they can take up their ids again.

    A lost track is taken for the same object again within `reach` times its size, a distance that grows while it
    is away up to that limit; by its place for `place_memory` seconds at most (default: as long as it is remembered).
    """

    _INITIAL_REACH = 0.5
    _GROWTH = 8.0

    def __init__(self, memory: float, reach: float, place_memory: float | None = None) -> None:
        self._memory = memory
        self._place_memory = memory if place_memory is None else place_memory
        self._reach = reach
        self._lost: list[_Lost[State]] = []

    def add(self, state: State, region: Region, time: float) -> None:
        """Remember a track that was last seen in `region` at `time` (seconds)."""
        self._lost.append(_Lost(state, region, time))

    def recall(self, region: Region, time: float, fits: Callable[[State], bool]) -> State | None:
        """Take out and return the nearest remembered track that could now be in `region` and that `fits`."""
        self._forget(time)
        best, least = None, math.inf
        for lost in self._lost:
            if time - lost.time > self._place_memory:
                continue
            distance = math.hypot(region.x - lost.region.x, region.y - lost.region.y) / lost.region.size
            reach = min(self._reach, self._INITIAL_REACH + self._GROWTH * (time - lost.time))
            growth = region.size / lost.region.size
            if distance < min(reach, least) and 0.5 < growth < 2.0 and fits(lost.state):
                best, least = lost, distance
        if best is None:
            return None
        self._lost.remove(best)
        return best.state

    def remembered(self, time: float) -> list[State]:
        """All tracks that are remembered at `time`."""
        self._forget(time)
        return [lost.state for lost in self._lost]

    def all(self) -> list[State]:
        """All tracks that have not been forgotten yet."""
        return [lost.state for lost in self._lost]

    def take(self, state: State) -> None:
        """Take out a track that was found again by other means."""
        self._lost = [lost for lost in self._lost if lost.state is not state]

    def clear(self) -> None:
        """Forget everything."""
        self._lost.clear()

    def _forget(self, time: float) -> None:
        self._lost = [lost for lost in self._lost if time - lost.time <= self._memory]
