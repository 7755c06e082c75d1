"""The common form of all that moves: a track of landmarks or head poses with real times, and what happens in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.files import write_whole

__all__ = [
    "MIRRORED",
    "FloatArray",
    "Span",
    "Take",
    "labels_of",
    "load_take",
    "mirrored_label",
    "save_take",
    "varied",
]

FloatArray = npt.NDArray[np.float32]

MIRRORED = {
    "swipe_left": "swipe_right",
    "swipe_right": "swipe_left",
    "circle_clockwise": "circle_counterclockwise",
    "circle_counterclockwise": "circle_clockwise",
}
"""What a motion becomes when the other hand does it in a mirror; motions that are not named here stay what they are."""


def mirrored_label(label: str) -> str:
    """The label of the mirror image of a motion."""
    return MIRRORED.get(label, label)


_FORMAT = 1
_TEXTS = ("person", "session", "source", "licence")


@dataclass(frozen=True, slots=True)
class Span:
    """A motion from `start` to `end` in seconds.

    `ready` is when enough of it has been seen to name it: its end for a stroke, earlier for what goes on and on (the
    second wave, the first full turn of a circle). `ignore` marks motions that nothing can be said about: they are
    neither learned nor counted.
    """

    label: str
    start: float
    end: float
    ready: float
    ignore: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One hand (or head) followed for a while.

    `times` (F,) float64 in seconds, rising. `values` (F, 21, 3) float32 are landmarks as `Hand` has them, in a picture
    that is not mirrored; of a head (F, 3), yaw, pitch and roll in degrees as `HeadPose` has them. Frames in which
    nothing was found are missing. `right` says which hand it is. `person`, `session` and `source` are what may not be
    split; `licence` is the source's.
    """

    times: npt.NDArray[np.float64]
    values: FloatArray
    spans: tuple[Span, ...] = ()
    right: bool = True
    person: str = ""
    session: str = ""
    source: str = ""
    licence: str = ""
    duration: float = field(default=0.0)

    def __post_init__(self) -> None:
        if len(self.times) != len(self.values):
            raise ValueError(f"{len(self.times)} times for {len(self.values)} frames")
        if len(self.times) and (np.diff(self.times) <= 0).any():
            raise ValueError("the times of a take do not rise")
        if not self.duration and len(self.times):
            object.__setattr__(self, "duration", float(self.times[-1] - self.times[0]))

    def mirrored(self) -> Self:
        """The same as the other hand would do it, in pixels around x = 0."""
        turned = self.values.copy()
        turned[..., 0] *= -1
        spans = tuple(replace(span, label=mirrored_label(span.label)) for span in self.spans)
        return replace(self, values=turned, spans=spans, right=not self.right)

    def sampled(self, fps: float, rng: np.random.Generator, dropped: float = 0.0) -> Self:
        """The frames that a camera of about `fps` frames a second catches, a share `dropped` of them lost."""
        if not len(self.times):
            return self
        begin, end = float(self.times[0]), float(self.times[-1])
        wanted = np.arange(begin, end, 1 / fps) + rng.uniform(-0.1, 0.1) / fps
        rows = np.clip(np.searchsorted(self.times, wanted), 0, len(self.times) - 1)
        near = np.abs(self.times[rows] - wanted) < max(0.02, 0.6 / fps)
        rows = np.unique(rows[near & (rng.random(len(rows)) >= dropped)])
        return replace(self, times=self.times[rows], values=self.values[rows])


def varied(take: Take, rng: np.random.Generator) -> Take:
    """The same motions a little faster or slower, larger or smaller, and turned in the picture."""
    pace, size, angle = (
        float(np.exp(rng.normal(0, 0.12))),
        float(np.exp(rng.normal(0, 0.1))),
        rng.normal(0, 0.1),
    )
    values = take.values.copy()
    if values.ndim == 3:
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = values[..., 0].copy(), values[..., 1].copy()
        values[..., 0], values[..., 1] = x * cos - y * sin, x * sin + y * cos
        # The hand keeps its size while its way grows or shrinks.
        centre = values.mean(axis=1, keepdims=True)
        values += (size - 1) * (centre - centre.mean(axis=0, keepdims=True))
    spans = tuple(
        replace(span, start=span.start * pace, end=span.end * pace, ready=span.ready * pace)
        for span in take.spans
    )
    return replace(take, times=take.times * pace, values=values, spans=spans, duration=take.duration * pace)


def save_take(path: Path, take: Take) -> None:
    """Write a take as a compressed `.npz`, whole or not at all. Raises LivefgError if that fails."""
    content = BytesIO()
    about = {name: getattr(take, name) for name in _TEXTS} | {"right": take.right, "duration": take.duration}
    spans = [asdict(span) for span in take.spans]
    np.savez_compressed(
        content,
        format=np.int64(_FORMAT),
        times=take.times,
        values=take.values,
        about=np.array(json.dumps({**about, "spans": spans}, ensure_ascii=False)),
    )
    write_whole(path, content.getvalue())


def load_take(path: Path) -> Take:
    """Read what `save_take` wrote. Raises LivefgError that says what is wrong with the file."""
    try:
        with np.load(path, allow_pickle=False) as data:
            if int(data["format"]) != _FORMAT:
                raise LivefgError(f"{path} is a recording of another version of livefg.")
            about = json.loads(str(data["about"]))
            spans = tuple(Span(**span) for span in about.pop("spans"))
            return Take(data["times"], data["values"], spans, **about)
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise LivefgError(f"{path} cannot be read as a recording of a motion ({error}).") from error


def labels_of(takes: Iterable[Take]) -> Sequence[str]:
    """The labels of all spans, in alphabetical order."""
    return sorted({span.label for take in takes for span in take.spans if not span.ignore})
