"""Pieces of the data set: which samples each holds, and its two files, pictures and landmarks.

A file appears whole or not at all, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from training.synthetic.poses import CLASSES
from training.synthetic.scene import Sample, Setting

__all__ = ["NONE_FACTOR", "Shard", "read_arrays", "shards", "write_arrays", "write_pictures"]

NONE_FACTOR = 4
"""How many times more samples `none` gets than a gesture: there are more ways to show nothing."""
_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Shard:
    """The samples `start` to `stop` (without it) of a class, all made from one seed."""

    label: str
    start: int
    stop: int
    seed: int

    @property
    def name(self) -> str:
        """What its files are called, before the suffix."""
        return f"{self.label}-{self.seed}-{self.start:06}-{self.stop:06}"

    def pictures(self, folder: Path) -> Path:
        """The file with pictures and truth."""
        return folder / "pictures" / f"{self.name}.npz"

    def landmarks(self, folder: Path) -> Path:
        """The file with what perception found."""
        return folder / "landmarks" / f"{self.name}.npz"


def shards(per_class: int, seed: int) -> list[Shard]:
    """All shards of a data set, the first of every class before the second of any."""
    listed = [
        Shard(label, start, min(start + _LENGTH, count), seed)
        for label in CLASSES
        for count in (per_class * (NONE_FACTOR if label == "none" else 1),)
        for start in range(0, count, _LENGTH)
    ]
    return sorted(listed, key=lambda shard: shard.start / (NONE_FACTOR if shard.label == "none" else 1))


def write_pictures(path: Path, samples: Iterable[Sample]) -> None:
    """Write samples: `jpeg` (bytes of all pictures) with `ends` (n,), the truth and the settings, by their names."""
    chosen = list(samples)
    jpegs = [np.frombuffer(one.jpeg, np.uint8) for one in chosen]
    columns: dict[str, npt.NDArray[Any]] = {
        "jpeg": np.concatenate(jpegs),
        "ends": np.cumsum([len(jpeg) for jpeg in jpegs]),
        "label": np.array([one.label for one in chosen]),
        "pose": np.array([one.pose for one in chosen]),
        "side": np.array([one.side for one in chosen]),
        "joints": np.array([one.joints for one in chosen], np.float32),
    }
    for field in fields(Setting):
        columns[field.name] = np.array([getattr(one.setting, field.name) for one in chosen])
    write_arrays(path, columns)


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write a compressed npz file, the same bytes for the same arrays; it appears whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, np.ascontiguousarray(array), allow_pickle=False)
            # A fixed date: the file must not differ from one run to the next.
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data.getvalue())
    beside.replace(path)


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an npz file. Raises LivefgError if it is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise LivefgError(
            f"{path} cannot be read ({error}); delete it, and the next run makes it anew."
        ) from error
