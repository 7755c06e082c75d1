"""Recordings of motion: a track of landmarks or head poses with real times, and what happens in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from livefg import paths
from livefg.collect.file_names import RECORDING_SUFFIX, free_file, new_session
from livefg.errors import LivefgError
from livefg.private_files import make_private_folder, write_private
from livefg.results import FloatArray

__all__ = [
    "MIRRORED",
    "Span",
    "Take",
    "load_take",
    "mirrored_label",
    "motions_folder",
    "recorded_motions",
    "save_take",
]

MIRRORED = {
    "swipe_left": "swipe_right",
    "swipe_right": "swipe_left",
    "circle_clockwise": "circle_counterclockwise",
    "circle_counterclockwise": "circle_clockwise",
}
"""What a motion becomes when the other hand does it in a mirror; motions that are not named here stay what they are."""

_FORMAT = 1
_TEXTS = ("person", "session", "source", "licence")


def mirrored_label(label: str) -> str:
    """The label of the mirror image of a motion."""
    return MIRRORED.get(label, label)


@dataclass(frozen=True, slots=True)
class Span:
    """A motion from `start` to `end` in seconds.

    `ready` is when enough of it has been seen to name it: its end for a stroke, earlier for what goes on and on (the
    second wave, the first full turn of a circle). `ignore` marks motions that nothing can be said about: they are
    neither learned nor counted. `again` says that it is done again and again: any number of events is right.
    """

    label: str
    start: float
    end: float
    ready: float
    ignore: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One hand (or head) followed for a while.

    `times` (F,) float64 in seconds, rising. `values` (F, 21, 3) float32 are landmarks as `Hand` has them, in a picture
    that is not mirrored; of a head (F, 3), yaw, pitch and roll in degrees as `HeadPose` has them. Frames in which
    nothing was found are missing. `right` says which hand it is. `person`, `session` and `source` are what may not be
    split; `licence` is the source's. Raises ValueError if times and values do not fit.
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

    @property
    def labels(self) -> tuple[str, ...]:
        """The motions that it shows, in alphabetical order; `none` alone if it shows none."""
        return tuple(sorted({span.label for span in self.spans if span.label})) or ("none",)

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


def motions_folder() -> Path:
    """Where the user's recordings of motions are kept; it may not exist yet."""
    return paths.user_recordings_dir() / "motions"


def save_take(take: Take, folder: Path | None = None) -> Path:
    """Keep a take, for its owner only, under a name of its labels and its session, or the time if it has none.

    A file that is there already is never written over. Raises LivefgError if it cannot be saved.
    """
    folder = folder or motions_folder()
    about = {name: getattr(take, name) for name in _TEXTS} | {"right": take.right, "duration": take.duration}
    spans = [asdict(span) for span in take.spans]
    content = BytesIO()
    np.savez_compressed(
        content,
        format=np.int64(_FORMAT),
        times=take.times,
        values=take.values,
        about=np.array(json.dumps({**about, "spans": spans}, ensure_ascii=False)),
    )
    path = free_file(folder, "-".join(take.labels), take.session or new_session())
    try:
        make_private_folder(folder)
        write_private(path, content.getvalue())
    except OSError as error:
        raise LivefgError(
            f"The recording {path} cannot be saved ({(error.strerror or str(error)).lower()})."
        ) from error
    return path


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


def recorded_motions() -> tuple[list[tuple[Path, Take]], list[LivefgError]]:
    """The user's recordings of motions with their files, and what is wrong with those that cannot be read."""
    recorded: list[tuple[Path, Take]] = []
    faults: list[LivefgError] = []
    for path in sorted(motions_folder().glob(f"*{RECORDING_SUFFIX}")):
        try:
            recorded.append((path, load_take(path)))
        except LivefgError as fault:
            faults.append(fault)
    return recorded, faults
