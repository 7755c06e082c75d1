"""Judging whether a camera or stream is well, and when to try again if it is not."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from livefg.results import ImageArray

__all__ = ["BackOff", "Patience", "PictureWatch"]

_BLACK = 16
"""Brightest value that still counts as black; a camera in a dark room has noise above it."""
_FLAT = 3
"""Largest spread of a channel in a picture that counts as one colour, as the green of an empty buffer."""
_SAMPLE = 16
_ROWS = 60
_LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, in seconds, a live source may misbehave before something is done about it.

    `answer`: from opening to the first picture. `silence`: without any picture. `blank`: with pictures of one
    colour. `same`: with identical pictures. `retry` and `retry_most`: the first and the longest wait between
    two attempts to reopen; each wait is twice the one before.
    """

    answer: float = 10.0
    silence: float = 5.0
    blank: float = 3.0
    same: float = 5.0
    retry: float = 0.5
    retry_most: float = 30.0


class BackOff:
    """Waits that double from `first` to `most` seconds, until `reset`."""

    def __init__(self, first: float, most: float) -> None:
        self._first = self._next = first
        self._most = most

    def wait(self) -> float:
        """Seconds to wait this time."""
        now, self._next = self._next, min(2 * self._next, self._most)
        return now

    def reset(self) -> None:
        """Begin with the first wait again."""
        self._next = self._first


class PictureWatch:
    """Notices pictures that show nothing: black, of one colour, or the same over and over.

    Reopening cures a driver but not a lens cap: each time it did not help the watch waits twice as long, up
    to a minute, before it asks again; a good picture makes it quick once more.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since: dict[str, float] = {}
        self._print: int | None = None
        self._factor = 1.0
        self.trouble: str | None = None
        """What has been wrong for longer than patience allows; None while pictures are good."""

    def check(self, image: ImageArray, now: float) -> str | None:
        """Judge an RGB picture seen at `now` (seconds); returns the trouble when it is time to reopen."""
        blank = _blank(image)
        sample = zlib.crc32(image[:: max(1, len(image) // _ROWS)].tobytes())
        same, self._print = sample == self._print, sample
        if not blank and not same:
            self._since.clear()
            self._factor = 1.0
            self.trouble = None
            return None
        what = blank or "the same picture over and over"
        limit = self._patience.blank if blank else self._patience.same
        since = self._since.setdefault(what, now)
        if now - since >= limit:
            self.trouble = f"gives {what}"
        if now - since >= min(limit * self._factor, max(limit, _LONGEST)):
            self._factor *= 2
            self._since[what] = now
            return self.trouble
        return None


def _blank(image: ImageArray) -> str | None:
    sample = image[::_SAMPLE, ::_SAMPLE].reshape(-1, 3)
    brightest = sample.max(axis=0)
    if brightest.max() <= _BLACK:
        return "black pictures"
    if (brightest - sample.min(axis=0)).max() <= _FLAT:
        return "pictures of a single colour"
    return None
