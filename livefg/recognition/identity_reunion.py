"""Which track a face belongs to, where place and motion cannot tell: after an absence, after faces have met.

Two people whose faces are well seen are told apart by one look nearly always; what is between the two limits is left to
the place where a face is. See docs/identity.md for how often that goes wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from livefg.perception.tracks import Reunion
from livefg.recognition.identity_embedding import View
from livefg.recognition.identity_votes import GOOD_QUALITY, OTHER_PERSON, Votes

__all__ = ["Verdict", "judge", "reunite"]

_SAME_PERSON = 0.4
"""From this cosine on a good look shows the same person: so high are 2 in 1000 pairs of two people."""
_MARGIN = 0.1
"""Two tracks whose cosines lie closer together than this look alike."""


class Verdict(NamedTuple):
    """What a look says about a track in doubt: it is `same`, it is `instead` another one, it is somebody `else`, or it
    cannot tell.
    """

    kind: Literal["same", "instead", "else", "unclear"]
    track: int = 0


def reunite(views: Sequence[View | None], lost: Mapping[int, Votes]) -> list[Reunion]:
    """Which lost track each of some new faces is, and which it is not; no track is given to two faces.

    Of a face that was not seen well nothing is said, nor of tracks that were not. Who looks like two lost tracks is
    neither: then it is the place that decides between them.
    """
    cosines = [_cosines(view, lost) for view in views]
    pairs = [(cosine, face, track) for face, row in enumerate(cosines) for track, cosine in row.items()]
    pairs.sort(key=lambda pair: -pair[0])
    same: dict[int, int] = {}
    for cosine, face, track in pairs:
        if cosine < _SAME_PERSON:
            break
        if face in same or track in same.values():
            continue
        rivals = [
            other for other, rival in cosines[face].items() if other != track and rival > cosine - _MARGIN
        ]
        if all(rival in same.values() for rival in rivals):
            same[face] = track
    return [
        Reunion(same.get(face), frozenset(track for track, cosine in row.items() if cosine < OTHER_PERSON))
        for face, row in enumerate(cosines)
    ]


def judge(view: View, own: Votes, candidates: Mapping[int, Votes]) -> Verdict:
    """Whether a look at a track shows who was seen there before (`own`), or one of the candidates."""
    mine = own.similarity(view.embedding)
    if view.quality < GOOD_QUALITY:
        return Verdict("unclear")
    cosines = _cosines(view, candidates)
    best = max(cosines, key=cosines.__getitem__, default=None)
    ahead = cosines[best] if best is not None else -1.0
    if best is not None and ahead >= _SAME_PERSON and (mine is None or ahead > mine + _MARGIN):
        return Verdict("instead", best)
    if mine is None:
        return Verdict("unclear")
    if mine >= _SAME_PERSON:
        return Verdict("same")
    return Verdict("else" if mine < OTHER_PERSON else "unclear")


def _cosines(view: View | None, tracks: Mapping[int, Votes]) -> dict[int, float]:
    """Cosines of a good look with the tracks that were seen well."""
    if view is None or view.quality < GOOD_QUALITY:
        return {}
    found = {track: votes.similarity(view.embedding) for track, votes in tracks.items()}
    return {track: cosine for track, cosine in found.items() if cosine is not None}
