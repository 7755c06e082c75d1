"""A small table of rendered hands with their pictures, for networks that look at pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livefg.perception.hand_picture import hand_crop
from livefg.perception.hand_regions import hand_box
from training.samples import CROP_SIDE, Samples
from training.synthetic.scene import decoded
from training.synthetic.shards import NONE_FACTOR, Shard, read_arrays
from training.synthetic.table import trusted

__all__ = ["pictured_hands"]

_NOT_BY_THE_HAND = frozenset({"mute"})
"""A finger before the lips is an upright finger to who sees the hand alone."""
_SESSIONS = 10


def pictured_hands(folder: Path, wanted: Sequence[Shard], per_label: int) -> Samples:
    """The first well-found samples of each class with pictures of the hands, `none` four times as many.

    The samples are dealt out to sessions, so that some can be put aside.
    """
    taken: Counter[str] = Counter()
    parts = []
    for shard in wanted:
        most = per_label * (NONE_FACTOR if shard.label == "none" else 1)
        if shard.label in _NOT_BY_THE_HAND or taken[shard.label] >= most:
            continue
        pictures = read_arrays(shard.pictures(folder))
        table = pictures | read_arrays(shard.landmarks(folder))
        rows = np.flatnonzero(trusted(table))[: most - taken[shard.label]]
        taken[shard.label] += len(rows)
        if not len(rows):
            continue
        starts = [0, *pictures["ends"][:-1].tolist()]
        images = [decoded(pictures["jpeg"][starts[row] : pictures["ends"][row]].tobytes()) for row in rows]
        points = table["landmarks"][rows]
        parts.append(
            Samples.build(
                points,
                [shard.label] * len(rows),
                world=table["world"][rows],
                right=table["right"][rows],
                source="rendered",
                licence="MIT",
                person="rendered",
                session=[f"rendered/{(shard.start + row) % _SESSIONS}" for row in rows.tolist()],
                item=[f"{shard.label} {shard.start + row}" for row in rows.tolist()],
                pictures=np.stack(
                    [
                        hand_crop(image, hand_box(one), CROP_SIDE)
                        for image, one in zip(images, points, strict=True)
                    ]
                ),
            )
        )
    return Samples.concatenate(parts)
