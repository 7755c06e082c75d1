"""The canonical face of MediaPipe's geometry pipeline, as the small JSON file that livefg's head pose reads.

The upstream file is a protocol buffer (GeometryPipelineMetadata, Apache-2.0) inside `face_landmarker.task`: field
1 holds the canonical mesh, whose field 3 is a list of vertices (x, y, z in centimetres, u, v), field 2 the
landmarks that decide the pose with their weights.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from livefg.errors import LivefgError

__all__ = ["canonical_face_json"]

_MEMBER = "geometry_pipeline_metadata_landmarks.binarypb"
_VALUES_A_VERTEX = 5
_VERTICES = 468


def canonical_face_json(task: Path) -> str:
    """The canonical face in `face_landmarker.task` as JSON: `points` (468 x 3, centimetres) and `weights` by index."""
    try:
        with zipfile.ZipFile(task) as archive:
            data = archive.read(_MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise LivefgError(f"{task} does not hold the canonical face ({_MEMBER}): {error}.") from error
    vertices: list[float] = []
    weights: dict[str, float] = {}
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            for inner, content in _fields(value):
                if inner == 3:
                    vertices += _floats(content)
        elif field == 2 and isinstance(value, bytes):
            basis = dict(_fields(value))
            index, weight = basis.get(1, 0), basis[2]
            weights[str(index)] = _floats(weight)[0]
    points = [vertices[i : i + 3] for i in range(0, len(vertices), _VALUES_A_VERTEX)]
    if len(points) != _VERTICES or not weights:
        raise LivefgError(
            f"{task} holds a canonical face of {len(points)} points where {_VERTICES} were expected."
        )
    return json.dumps(
        {
            "source": "MediaPipe canonical face model, Apache-2.0",
            "unit": "centimetre",
            "weights": {index: round(weight, 6) for index, weight in weights.items()},
            "points": [[round(value, 6) for value in point] for point in points],
        },
        separators=(",", ":"),
    )


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and raw values of one protocol buffer message."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        match key & 7:
            case 0:
                number, place = _varint(data, place)
                yield key >> 3, number
            case 2:
                length, place = _varint(data, place)
                yield key >> 3, data[place : place + length]
                place += length
            case 5:
                yield key >> 3, data[place : place + 4]
                place += 4
            case kind:
                raise LivefgError(f"The canonical face is not readable: protocol buffer wire type {kind}.")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _floats(value: int | bytes) -> list[float]:
    assert isinstance(value, bytes)
    return list(struct.unpack(f"<{len(value) // 4}f", value))
