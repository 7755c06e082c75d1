"""The table of samples: hands as perception gives them, each with its label and where it comes from.

Everything that can be learned from becomes such a table first: pictures, clips, landmark files, recordings,
rendered hands. What a source does not know is NaN, so that a table with flat points can stand beside others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.files import write_whole

__all__ = ["POINTS", "FloatArray", "Rejection", "Samples", "TextArray"]

POINTS = 21
"""Points of a hand, in MediaPipe's order: 0 the wrist, 1-4 the thumb, 5-8 the index finger, 17-20 the little one."""
FloatArray = npt.NDArray[np.float32]
TextArray = npt.NDArray[np.str_]

_FORMAT = 1
_TEXTS = ("label", "person", "session", "source", "licence", "item")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that gave no sample: in which source, which item (a file, a row), and why in a few words."""

    source: str
    item: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """N labelled hands, one a row.

    `landmarks` (N, 21, 3) float32: x to the right, y down and z (smaller is nearer) in pixels or any other unit
    that is the same along x and y; z is NaN where only flat points are known. `world` (N, 21, 3) float32 in
    metres, NaN where unknown. `right` (N,) float32: the probability 0..1 that the hand looks like a right hand in
    the picture as it is, NaN where unknown. `label` (N,) is a name. `person` and `session` are what may not be
    split between training and validation; `source` is the data set, `licence` its licence, `item` the file or row.
    """

    landmarks: FloatArray
    world: FloatArray
    right: FloatArray
    label: TextArray
    person: TextArray
    session: TextArray
    source: TextArray
    licence: TextArray
    item: TextArray

    def __post_init__(self) -> None:
        count = len(self.landmarks)
        for name in ("landmarks", "world"):
            self._require(name, np.float32, (count, POINTS, 3))
        self._require("right", np.float32, (count,))
        for name in _TEXTS:
            self._require(name, np.str_, (count,))
        if not np.isfinite(self.landmarks[..., :2]).all():
            raise ValueError("landmarks hold an x or y that is not a number")
        if not (self.label != "").all():
            raise ValueError("a sample has no label")

    def _require(self, name: str, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
        array = getattr(self, name)
        if not np.issubdtype(array.dtype, dtype) or array.shape != shape:
            raise ValueError(
                f"{name} has shape {array.shape} of {array.dtype} where {shape} of {dtype.__name__} is needed"
            )

    def __len__(self) -> int:
        return len(self.landmarks)

    @classmethod
    def build(
        cls,
        landmarks: npt.ArrayLike,
        label: Sequence[str],
        *,
        source: str,
        licence: str,
        world: npt.ArrayLike | None = None,
        right: npt.ArrayLike | None = None,
        person: str | Sequence[str] = "",
        session: str | Sequence[str] = "",
        item: Sequence[str] | None = None,
    ) -> Self:
        """Make a table from what is known; points may be (N, 21, 2) or (N, 21, 3). Raises ValueError if they misfit.

        `person` defaults to the source's name, `session` to the person's.
        """
        points = np.asarray(landmarks, np.float32)
        count = len(points)
        if points.ndim == 3 and points.shape[-1] == 2:
            points = np.concatenate([points, np.full((count, POINTS, 1), np.nan, np.float32)], axis=-1)

        def text(value: str | Sequence[str]) -> TextArray:
            return np.array([value] * count if isinstance(value, str) else list(value), np.str_)

        people = text(person or source)
        return cls(
            landmarks=points,
            world=_floats(world, (count, POINTS, 3)),
            right=_floats(right, (count,)),
            label=text(label),
            person=people,
            session=text(session) if len(session) else people,
            source=text(source),
            licence=text(licence),
            item=text(item if item is not None else [str(row) for row in range(count)]),
        )

    @classmethod
    def empty(cls) -> Self:
        """A table without rows."""
        return cls.build(np.zeros((0, POINTS, 3), np.float32), [], source="", licence="")

    @classmethod
    def concatenate(cls, tables: Iterable[Samples]) -> Self:
        """One table after the other."""
        parts = list(tables) or [cls.empty()]
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def take(self, rows: npt.NDArray[Any] | Sequence[int] | slice) -> Self:
        """The rows that an index array, a mask or a slice names."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def relabelled(self, name: Callable[[str], str | None]) -> Self:
        """The same samples with the labels that `name` gives; those for which it gives None are left out."""
        names = [name(label) for label in self.label.tolist()]
        kept = self.take(np.array([new is not None for new in names], bool))
        return replace(kept, label=np.array([new for new in names if new is not None], np.str_))

    def counts(self) -> dict[str, int]:
        """How many samples each label has, by name."""
        return dict(sorted(Counter(self.label.tolist()).items()))

    @property
    def has_depth(self) -> npt.NDArray[np.bool_]:
        """(N,): whether z of the landmarks and the world landmarks are known."""
        known = np.isfinite(self.world).all(axis=(1, 2)) & np.isfinite(self.landmarks).all(axis=(1, 2))
        return np.asarray(known)

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write the table as a compressed `.npz`, whole or not at all; `half` rounds numbers to float16.

        Raises LivefgError if that fails.
        """
        content = BytesIO()
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        if half:
            arrays = {
                name: array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
                for name, array in arrays.items()
            }
        np.savez_compressed(content, format=np.int64(_FORMAT), **arrays)
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: Path, *, source: str = "", licence: str = "unknown") -> Self:
        """Read what `save` wrote, or any npz with `landmarks` and `label`, perhaps `world` and `right`.

        `source` (default: the file's name) and `licence` stand in where the file names none. Raises LivefgError that
        says what is wrong with the file.
        """
        try:
            with np.load(path, allow_pickle=False) as data:
                for name in ("landmarks", "label"):
                    if name not in data:
                        raise LivefgError(
                            f"{path} is not a table of samples: it has no array called {name!r}."
                        )
                known = {name: data[name] for name in data.files if name in {*_TEXTS, "world", "right"}}
                texts = {name: known[name].tolist() for name in _TEXTS[1:] if name in known}
                table = cls.build(
                    data["landmarks"].astype(np.float32),
                    known["label"].tolist(),
                    world=known.get("world"),
                    right=known.get("right"),
                    source=source or path.stem,
                    licence=licence,
                )
                own = {name: np.array(value, np.str_) for name, value in texts.items()}
                return replace(table, **own)  # type: ignore[arg-type]
        except (OSError, EOFError, ValueError) as error:
            raise LivefgError(f"{path} cannot be read as a table of samples ({error}).") from error


def _floats(value: npt.ArrayLike | None, shape: tuple[int, ...]) -> FloatArray:
    return np.full(shape, np.nan, np.float32) if value is None else np.asarray(value, np.float32)
