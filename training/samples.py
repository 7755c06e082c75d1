"""The table of samples: hands as perception gives them, each with its label and where it comes from.

Everything that can be learned from becomes such a table first: pictures, clips, landmark files, recordings,
rendered hands. What a source does not know is NaN, so that a table with flat points can stand beside others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from livefg.errors import LivefgError
from livefg.perception.hand_picture import decoded
from training.files import write_whole

__all__ = ["CROP_SIDE", "POINTS", "ByteArray", "FloatArray", "Rejection", "Samples", "TextArray"]

POINTS = 21
"""Points of a hand, in MediaPipe's order: 0 the wrist, 1-4 the thumb, 5-8 the index finger, 17-20 the little one."""
CROP_SIDE = 64
"""Pixels along the side of a hand's picture."""
FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
TextArray = npt.NDArray[np.str_]

_FORMAT = 1
_TEXTS = ("label", "person", "session", "source", "licence", "item")
_COLUMNS = ("landmarks", "world", "right")
_NO_PICTURES = np.zeros((0, CROP_SIDE, CROP_SIDE, 3), np.uint8)
_QUALITY = 80


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
    `crop` (N,) int64 is the row of its picture among `pictures` (M, 64, 64, 3), which parts of a table share, or -1
    where there is none: few sources have pictures, and most networks look at none.
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
    crop: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    pictures: ByteArray = field(default_factory=lambda: _NO_PICTURES)

    def __post_init__(self) -> None:
        count = len(self.landmarks)
        if not len(self.pictures) and len(self.crop) != count:
            object.__setattr__(self, "crop", np.full(count, -1, np.int64))
        self._require("crop", np.int64, (count,))
        self._require("pictures", np.uint8, (len(self.pictures), CROP_SIDE, CROP_SIDE, 3))
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
        pictures: ByteArray | None = None,
    ) -> Self:
        """Make a table from what is known; points may be (N, 21, 2) or (N, 21, 3). Raises ValueError if they misfit.

        `person` defaults to the source's name, `session` to the person's; `pictures` are one a row.
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
            crop=np.full(count, -1, np.int64)
            if pictures is None
            else np.arange(len(pictures), dtype=np.int64),
            pictures=_NO_PICTURES if pictures is None else pictures,
        )

    @classmethod
    def empty(cls) -> Self:
        """A table without rows."""
        return cls.build(np.zeros((0, POINTS, 3), np.float32), [], source="", licence="")

    @classmethod
    def concatenate(cls, tables: Iterable[Samples]) -> Self:
        """One table after the other."""
        parts = list(tables) or [cls.empty()]
        columns = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)
        }
        before = np.cumsum([0, *(len(part.pictures) for part in parts[:-1])])
        columns["crop"] = np.concatenate(
            [
                np.where(part.crop < 0, -1, part.crop + start)
                for part, start in zip(parts, before, strict=True)
            ]
        )
        return cls(**columns)

    def take(self, rows: npt.NDArray[Any] | Sequence[int] | slice) -> Self:
        """The rows that an index array, a mask or a slice names."""
        columns = {name: getattr(self, name)[rows] for name in (*_COLUMNS, *_TEXTS, "crop")}
        return type(self)(**columns, pictures=self.pictures)

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

    @property
    def has_crop(self) -> npt.NDArray[np.bool_]:
        """(N,): whether there is a picture of the hand."""
        return self.crop >= 0

    def crops(self) -> ByteArray:
        """(N, 64, 64, 3): the pictures of the hands, black where there is none."""
        found = np.zeros((len(self), CROP_SIDE, CROP_SIDE, 3), np.uint8)
        found[self.has_crop] = self.pictures[self.crop[self.has_crop]]
        return found

    def save(self, path: Path, *, half: bool = False) -> None:
        """Write the table as a compressed `.npz`, whole or not at all; `half` rounds numbers to float16.

        Pictures are stored as WebP, so that they come back nearly the same. Raises LivefgError if that fails.
        """
        content = BytesIO()
        arrays = {name: getattr(self, name) for name in (*_COLUMNS, *_TEXTS)}
        if half:
            arrays = {
                name: array.astype(np.float16) if np.issubdtype(array.dtype, np.floating) else array
                for name, array in arrays.items()
            }
        if self.has_crop.any():
            arrays |= _as_thumbnails(self)
        np.savez_compressed(content, format=np.int64(_FORMAT), **arrays)
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: Path, *, source: str = "", licence: str = "unknown", pictures: bool = False) -> Self:
        """Read what `save` wrote, or any npz with `landmarks` and `label`, perhaps `world` and `right`.

        `source` (default: the file's name) and `licence` stand in where the file names none. With `pictures` those of
        the hands are read too, also the thumbnails of recordings. Raises LivefgError that says what is wrong with the
        file.
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
                own: dict[str, Any] = {name: np.array(value, np.str_) for name, value in texts.items()}
                if pictures:
                    own["crop"], own["pictures"] = _thumbnails_in(data, len(table))
                return replace(table, **own)
        except (OSError, EOFError, ValueError) as error:
            raise LivefgError(f"{path} cannot be read as a table of samples ({error}).") from error


def _floats(value: npt.ArrayLike | None, shape: tuple[int, ...]) -> FloatArray:
    return np.full(shape, np.nan, np.float32) if value is None else np.asarray(value, np.float32)


def _as_thumbnails(samples: Samples) -> dict[str, npt.NDArray[Any]]:
    """The pictures as recordings store them: files one after the other, and their lengths (0: none)."""
    files = []
    for place in samples.crop.tolist():
        content = BytesIO()
        if place >= 0:
            Image.fromarray(samples.pictures[place]).save(content, "WEBP", quality=_QUALITY, method=6)
        files.append(content.getvalue())
    return {
        "thumbnails": np.frombuffer(b"".join(files), np.uint8),
        "thumbnail_bytes": np.array([len(file) for file in files], np.int64),
    }


def _thumbnails_in(data: Mapping[str, Any], count: int) -> tuple[npt.NDArray[np.int64], ByteArray]:
    """`crop` and `pictures` of a table of `count` rows, from an npz file that may hold pictures."""
    if "thumbnails" not in data or "thumbnail_bytes" not in data:
        return np.full(count, -1, np.int64), _NO_PICTURES
    content, lengths = data["thumbnails"].tobytes(), data["thumbnail_bytes"]
    if lengths.shape != (count,) or lengths.sum() != len(content):
        raise ValueError("its thumbnails do not fit its rows")
    ends = np.cumsum(lengths)
    files = [content[end - length : end] for end, length in zip(ends, lengths, strict=True) if length]
    crop = np.where(lengths > 0, np.cumsum(lengths > 0) - 1, -1).astype(np.int64)
    return crop, np.stack([decoded(file, CROP_SIDE) for file in files]) if files else _NO_PICTURES
