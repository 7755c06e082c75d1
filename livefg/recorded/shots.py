"""Where a film is cut: nothing that is seen after a cut is where, or what, it was before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from livefg.results import Face, Frame, FrameResult, Hand, ImageArray

__all__ = ["Shots"]

_COLUMNS, _ROWS = 32, 24
# Mean difference of two pictures, in grey levels, from which on they may be of two shots, and how many times the usual
# difference of neighbours in this shot it must be: a swung camera changes much from every frame to the next. In 22
# clips, neighbours in a shot reach 15; cuts in a film begin at 28, those between two of the clips at 41.
_LEAST, _TIMES = 18.0, 5.0
_MEMORY = 0.85

Seen = TypeVar("Seen", bound=Face | Hand)


class Shots:
    """Tells cuts, and gives the tracks of every shot numbers of their own. Frames must come in order."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.int16] | None = None
        self._usual = 0.0
        self._base = {"face": 0, "hand": 0}
        self._highest = {"face": 0, "hand": 0}

    def begins_with(self, frame: Frame) -> bool:
        """Whether this frame is the first of a new shot; the film's first is not."""
        now, before = _samples(frame.image), self._before
        self._before = now
        if before is None or before.shape != now.shape:
            return False
        difference = float(np.abs(now - before).mean())
        cut = difference >= _LEAST and difference >= _TIMES * self._usual
        # What follows at once is rather a camera that goes on to swing than another cut.
        self._usual = difference if cut else _MEMORY * self._usual + (1 - _MEMORY) * difference
        return cut

    def next(self) -> None:
        """A new shot begins, whose tracks are counted from 1 by those who follow them."""
        self._base = dict(self._highest)

    def numbered(self, result: FrameResult) -> FrameResult:
        """The result of a frame in this shot with numbers for its tracks that none had in the shots before."""
        faces, hands = self._base["face"], self._base["hand"]
        if faces or hands:
            result = replace(
                result,
                faces=_moved(result.faces, faces),
                hands=_moved(result.hands, hands),
                events=tuple(
                    replace(event, track=event.track + (faces if event.kind in {"face", "head"} else hands))
                    for event in result.events
                ),
            )
        self._highest["face"] = max([self._highest["face"], *(face.track for face in result.faces)])
        self._highest["hand"] = max([self._highest["hand"], *(hand.track for hand in result.hands)])
        return result


def _moved(seen: tuple[Seen, ...], by: int) -> tuple[Seen, ...]:
    return tuple(replace(one, track=one.track + by) for one in seen)


def _samples(image: ImageArray) -> npt.NDArray[np.int16]:
    """Pixels from a grid over the picture (rows, columns, 3): enough to tell one place from another."""
    rows = np.linspace(0, image.shape[0] - 1, 2 * _ROWS + 1).astype(int)[1::2]
    columns = np.linspace(0, image.shape[1] - 1, 2 * _COLUMNS + 1).astype(int)[1::2]
    return np.asarray(image[rows[:, None], columns], np.int16)
