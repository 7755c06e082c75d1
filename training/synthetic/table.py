"""One table out of all shards: everything for study, or only what training needs, small enough to ship."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.synthetic.shards import Shard, read_arrays, write_arrays

__all__ = ["compact", "joined", "trusted", "write_table"]

Table = dict[str, npt.NDArray[Any]]

_TRUSTED_WITHIN = 0.3
_TIPS_WITHIN = 0.6
_TIPS = [4, 8, 12, 16, 20]
_PIXEL_STEPS = 4
_METRE_STEPS = 2000


def joined(folder: Path, wanted: Sequence[Shard]) -> Table:
    """Truth, settings and landmarks of all shards, a row a sample; the pictures are left out.

    Beside the columns of `shards.write_pictures` and `perceive.perceived` there are `index` and `seed` (n,), from
    which, with the label, `scene.sample` makes the picture again.
    """
    parts: list[Table] = []
    for shard in wanted:
        pictures = read_arrays(shard.pictures(folder))
        del pictures["jpeg"], pictures["ends"]
        rows = np.arange(shard.start, shard.stop)
        own = {"index": rows, "seed": np.full(len(rows), shard.seed)}
        parts.append(pictures | read_arrays(shard.landmarks(folder)) | own)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def trusted(table: Table) -> npt.NDArray[np.bool_]:
    """(n,): whether a sample's landmarks show what its label says, as `compact` explains."""
    tips = np.linalg.norm((table["landmarks"][:, _TIPS, :2] - table["joints"][:, _TIPS]), axis=2).max(axis=1)
    shown = (table["error"] < _TRUSTED_WITHIN) & (tips < _TIPS_WITHIN * table["palm"])
    return np.asarray(table["found"] & shown)


def compact(table: Table) -> Table:
    """The rows whose landmarks show what the label says, in the order of labels and samples, as float16.

    Where perception saw a finger elsewhere (a stretched one curled, say), the landmarks show another gesture than the
    picture, and would teach the wrong one: so the median of all distances from the true joints, and the farthest
    fingertip, must lie within 0.3 and 0.6 palms.

    `landmarks` (n, 21, 3) pixels in steps of 1/4, `world` (n, 21, 3) metres in steps of 1/2000, `right` (n,), `label`
    (n,), and `item` (n,), the pose's name and the sample's number. `training.samples.Samples.load` reads it. The
    steps are far below the landmarks' own error, and make the file smaller by a third.
    """
    good = np.flatnonzero(trusted(table))
    order = good[np.lexsort((table["index"][good], table["label"][good]))]
    named = table["pose"][order].tolist(), table["index"][order].tolist()
    return {
        "landmarks": (np.round(table["landmarks"][order] * _PIXEL_STEPS) / _PIXEL_STEPS).astype(np.float16),
        "world": (np.round(table["world"][order] * _METRE_STEPS) / _METRE_STEPS).astype(np.float16),
        "right": table["right"][order].astype(np.float16),
        "label": table["label"][order],
        "item": np.array([f"{pose} {index}" for pose, index in zip(*named, strict=True)], np.str_),
    }


def write_table(path: Path, table: Table) -> None:
    """Write a table as npz; it appears whole."""
    write_arrays(path, table)
