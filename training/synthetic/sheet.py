"""Contact sheets: rendered pictures side by side, with true joints and found landmarks, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from training.synthetic.scene import SIZE, decoded
from training.synthetic.shards import Shard, read_arrays

__all__ = ["write_sheets"]

_COLUMNS, _ROWS = 8, 4
_TRUE, _FOUND = (0, 220, 0), (255, 220, 0)


def write_sheets(folder: Path, wanted: Sequence[Shard]) -> list[Path]:
    """Write one PNG a class under `folder`/sheets from its first samples: green true joints, yellow landmarks."""
    paths = []
    for label in dict.fromkeys(shard.label for shard in wanted):
        first = next(shard for shard in wanted if shard.label == label)
        pictures, seen = read_arrays(first.pictures(folder)), read_arrays(first.landmarks(folder))
        sheet = np.zeros((_ROWS * SIZE, _COLUMNS * SIZE, 3), np.uint8)
        starts = [0, *pictures["ends"][:-1]]
        for cell in range(min(_ROWS * _COLUMNS, len(starts))):
            tile = decoded(pictures["jpeg"][starts[cell] : pictures["ends"][cell]].tobytes())
            if seen["found"][cell]:
                _mark(tile, seen["landmarks"][cell], _FOUND)
            _mark(tile, pictures["joints"][cell], _TRUE)
            name = str(pictures["pose"][cell])
            cv2.putText(tile, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
            row, column = divmod(cell, _COLUMNS)
            sheet[row * SIZE : (row + 1) * SIZE, column * SIZE : (column + 1) * SIZE] = tile
        path = folder / "sheets" / f"{label}.png"
        path.parent.mkdir(exist_ok=True)
        small = cv2.resize(sheet, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(path), small[..., ::-1])
        paths.append(path)
    return paths


def _mark(tile: np.ndarray, points: np.ndarray, colour: tuple[int, int, int]) -> None:
    for x, y in points[:, :2]:
        cv2.circle(tile, (round(float(x)), round(float(y))), 2, colour, -1)
