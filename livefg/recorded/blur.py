"""Faces made unrecognisable: which, where, and also in the frames in which the face was lost for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from livefg.gallery import Gallery
from livefg.recorded.decisions import Decisions, FaceHistory
from livefg.results import Box, Frame, FrameResult, ImageArray, Label

__all__ = ["Blur", "Cover", "FaceCover", "StillCover", "blurred"]

_BEFORE, _AFTER = 0.6, 0.6
"""Seconds for which a face is covered before it was first seen and after it was last seen."""
_LONGEST_GAP = 3.0
"""Seconds for which a face may be out of sight and stay covered on its way: as long as a track is remembered."""
_MARGIN = 0.3
"""What is covered around the box of a face, in parts of its size: hair, ears and chin."""
_GROWTH = 1.0
"""By how many sizes a second the cover grows where the face was not seen, for it may move."""
_CELLS = 6
"""Cells to which the longer side of a face is reduced: what is left of it tells nobody who it was."""
_FEATHER = 0.08


@dataclass(frozen=True, slots=True)
class Blur:
    """Whose faces are made unrecognisable: of all, of those who are unknown, or of these people by name."""

    everyone: bool = False
    unknown: bool = False
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, words: Sequence[str]) -> Blur | None:
        """From the words `all`, `unknown` and names of people; None without any."""
        if not words:
            return None
        names = frozenset(word for word in words if word not in {"all", "unknown"})
        return cls("all" in words, "unknown" in words, names)

    def of_people(self, gallery: Gallery) -> Blur:
        """The same with the names as they were enrolled.

        Raises LivefgError for a name that nobody has: a slip of the pen must not leave a face uncovered.
        """
        return replace(self, names=frozenset(gallery.person(name).name for name in self.names))

    def covers(self, identity: Label | None) -> bool:
        """Whether a face of this identity is made unrecognisable; one that nobody named counts as unknown."""
        if self.everyone:
            return True
        if identity is None or identity.name == "unknown":
            return self.unknown
        return identity.name in self.names


class Cover(Protocol):
    """Covers faces in frames as they come."""

    def __call__(self, frame: Frame, result: FrameResult) -> tuple[Frame, FrameResult]:
        """The frame with the faces covered, and the result without them."""
        ...


class _Sights(NamedTuple):
    """When and where a face was seen that is to be covered: times (n,) in seconds, boxes (n, 4) in pixels."""

    times: npt.NDArray[np.float64]
    boxes: npt.NDArray[np.float32]


class FaceCover:
    """Covers faces in the frames of a recording whose `decisions` are known."""

    def __init__(self, blur: Blur, decisions: Decisions) -> None:
        self._blur = blur
        self._decisions = decisions
        self._sights = {
            track: sights
            for track, history in decisions.faces.items()
            if (sights := self._sights_of(track, history)) is not None
        }

    def regions(self, time: float) -> list[Box]:
        """The boxes in pixels to cover at `time` (seconds), margins included."""
        return [
            region for sights in self._sights.values() if (region := _region_at(sights, time)) is not None
        ]

    def __call__(self, frame: Frame, result: FrameResult) -> tuple[Frame, FrameResult]:
        """The frame with the faces covered, and the result without them: no name and no line is drawn over them."""
        regions = self.regions(frame.time)
        return _covered(frame, result, self._blur, regions)

    def _sights_of(self, track: int, history: FaceHistory) -> _Sights | None:
        times = np.asarray(history.times)
        names = self._decisions.identities[track]
        wanted = np.zeros(len(times), bool)
        for place, (since, label) in enumerate(names):
            until = names[place + 1][0] if place + 1 < len(names) else np.inf
            if self._blur.covers(label):
                wanted |= (times >= since) & (times < until)
        if not wanted.any():
            return None
        return _Sights(times[wanted], np.asarray(history.boxes, np.float32).reshape(-1, 4)[wanted])


class StillCover:
    """Covers faces in pictures that have nothing to do with each other, by what was seen in each."""

    def __init__(self, blur: Blur) -> None:
        self._blur = blur

    def __call__(self, frame: Frame, result: FrameResult) -> tuple[Frame, FrameResult]:
        """The frame with the faces covered, and the result without them."""
        boxes = [face.box for face in result.faces if self._blur.covers(face.identity)]
        return _covered(frame, result, self._blur, [_widened(np.array(box), 0.0) for box in boxes])


def _covered(
    frame: Frame, result: FrameResult, blur: Blur, regions: Sequence[Box]
) -> tuple[Frame, FrameResult]:
    kept = tuple(face for face in result.faces if not blur.covers(face.identity))
    image = blurred(frame.image, regions) if regions else frame.image
    return replace(frame, image=image), replace(result, faces=kept)


def blurred(image: ImageArray, regions: Sequence[Box]) -> ImageArray:
    """A copy of the picture in which these boxes, with round corners, hold nothing but a few patches of colour."""
    result = image.copy()
    for region in regions:
        _cover(result, region)
    return result


def _region_at(sights: _Sights, time: float) -> Box | None:
    times, boxes = sights
    after = int(np.searchsorted(times, time))
    before = after - 1
    if after < len(times) and abs(times[after] - time) < 1e-6:
        # Whatever lies between this frame and its neighbours: a face that moves fast is not where it was measured.
        low, high = max(after - 1, 0), min(after + 2, len(times))
        near = boxes[low:high][np.abs(times[low:high] - time) < 0.2]
        return _widened(np.array([*near[:, :2].min(axis=0), *near[:, 2:].max(axis=0)]), 0.0)
    inside = before >= 0 and after < len(times)
    if inside and times[after] - times[before] <= _LONGEST_GAP:
        share = (time - times[before]) / (times[after] - times[before])
        box = boxes[before] + share * (boxes[after] - boxes[before])
        return _widened(box, min(time - times[before], times[after] - time))
    if before >= 0 and time - times[before] <= _AFTER:
        return _widened(boxes[before], time - times[before])
    if after < len(times) and times[after] - time <= _BEFORE:
        return _widened(boxes[after], times[after] - time)
    return None


def _widened(box: npt.NDArray[np.floating], unseen: float) -> Box:
    """The box with its margin, wider the longer the face was not seen, `unseen` in seconds."""
    left, top, right, bottom = (float(value) for value in box)
    margin = (_MARGIN + _GROWTH * unseen) * max(right - left, bottom - top)
    return left - margin, top - margin, right + margin, bottom + margin


def _cover(image: ImageArray, region: Box) -> None:
    """Cover one region in place."""
    height, width = image.shape[:2]
    left, top = max(0, int(region[0])), max(0, int(region[1]))
    right, bottom = min(width, int(np.ceil(region[2]))), min(height, int(np.ceil(region[3])))
    if right - left < 1 or bottom - top < 1:
        return
    part = image[top:bottom, left:right]
    longer = max(part.shape[:2])
    cells = [max(1, round(_CELLS * side / longer)) for side in (part.shape[1], part.shape[0])]
    size = (part.shape[1], part.shape[0])
    coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    rows = (np.arange(top, bottom) + 0.5 - (region[1] + region[3]) / 2) / max((region[3] - region[1]) / 2, 1)
    columns = (np.arange(left, right) + 0.5 - (region[0] + region[2]) / 2) / max(
        (region[2] - region[0]) / 2, 1
    )
    # A rounded box rather than an oval: the margin is for the corners of the box, too.
    distance = (np.abs(rows)[:, None] ** 4 + np.abs(columns)[None] ** 4) ** 0.25
    share = np.clip((1.0 - distance) / _FEATHER, 0.0, 1.0)[:, :, None]
    part[:] = np.round(part + share * (smooth.astype(np.float64) - part)).astype(np.uint8)
