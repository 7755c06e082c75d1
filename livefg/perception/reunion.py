"""New faces that are old ones: who comes back, and who was followed under another face's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from livefg.perception.geometry import Region
from livefg.perception.tracks import FaceMemory, LostTracks, NewFace, Reunion
from livefg.results import ImageArray
from livefg.workers import Chain

__all__ = ["Comer", "recall"]

_JUST_LOST = 0.15  # seconds in which nobody else takes one's place


class FaceTrack(Protocol):
    """A track with its id, last seen at `time` (seconds)."""

    id: int
    time: float


Track = TypeVar("Track", bound=FaceTrack)


class Comer(NamedTuple):
    """A newly found face, where it is, and whether it touches one that is followed."""

    face: NewFace
    region: Region
    touches: bool


def recall(
    image: ImageArray,
    time: float,
    comers: Sequence[Comer],
    lost: LostTracks[Track],
    followed: Mapping[int, Track],
    memory: FaceMemory | None,
) -> Chain[list[Track | None]]:
    """The tracks that new faces belong to: lost ones, or followed ones that have gone over to another face.

    What a face looks like decides, if there is a `memory` and it can tell; else the place where a track was lost.
    """
    found: list[Track | None] = [None] * len(comers)
    if memory:
        found = [
            lost.recall(comer.region, time, lambda track: time - track.time < _JUST_LOST) for comer in comers
        ]
    open_places = [place for place, track in enumerate(found) if track is None]
    reunions = [Reunion(None, frozenset())] * len(open_places)
    if memory and open_places:
        known = {track.id: track for track in lost.remembered(time)}
        faces = [comers[place].face for place in open_places]
        reunions = yield from memory.recall(image, faces, known)
        for place, reunion in zip(open_places, reunions, strict=True):
            if reunion.same is not None:
                found[place] = known.get(reunion.same) or followed.get(reunion.same)
    for track in found:
        if track is not None:
            lost.take(track)
    for place, reunion in zip(open_places, reunions, strict=True):
        if found[place] is None:
            found[place] = _by_place(comers[place], time, lost, reunion)
    return found


def _by_place(comer: Comer, time: float, lost: LostTracks[Track], reunion: Reunion) -> Track | None:
    # Of a face that comes out from behind another one not enough is seen to say who it is not.
    others: frozenset[int] = frozenset() if comer.touches else reunion.others
    return lost.recall(comer.region, time, lambda track: track.id not in others)
