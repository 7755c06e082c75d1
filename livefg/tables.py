"""Results as a table: one row a face or hand a frame, the same columns whatever was seen. See docs/tables.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from livefg.errors import LivefgError
from livefg.perception.blendshapes import BLENDSHAPE_NAMES
from livefg.results import Box, Face, FaceState, FrameResult, Hand, Label

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMNS", "HAND_POINTS", "Column", "arrow_schema", "record_batch", "require_pyarrow", "rows"]

ColumnType = Literal["text", "integer", "number", "truth"]
Cell = str | int | float | bool | None

HAND_POINTS = (
    "wrist",
    *(f"thumb_{joint}" for joint in ("cmc", "mcp", "ip", "tip")),
    *(
        f"{finger}_{joint}"
        for finger in ("index", "middle", "ring", "little")
        for joint in ("mcp", "pip", "dip", "tip")
    ),
)
"""The 21 points of a hand in the order of `Hand.landmarks`."""


class Column(NamedTuple):
    """A column of the table: its name and the type of its cells, any of which may be empty."""

    name: str
    type: ColumnType


_BLENDSHAPES = tuple(sorted(name for name in BLENDSHAPE_NAMES if not name.startswith("_")))

COLUMNS: tuple[Column, ...] = (
    Column("source", "text"),
    Column("frame", "integer"),
    Column("time", "number"),
    Column("kind", "text"),
    Column("track", "integer"),
    Column("confidence", "number"),
    Column("filled", "truth"),
    *(Column(name, "number") for name in ("left", "top", "right", "bottom")),
    Column("side", "text"),
    Column("gesture", "text"),
    Column("gesture_confidence", "number"),
    Column("identity", "text"),
    Column("identity_confidence", "number"),
    Column("expression", "text"),
    Column("expression_confidence", "number"),
    *(Column(name, "number") for name in ("yaw", "pitch", "roll", "eyes_open", "mouth_open", "smile")),
    Column("gaze", "text"),
    Column("gaze_confidence", "number"),
    Column("blinks_per_minute", "number"),
    *(Column(f"{point}_{axis}", "number") for point in HAND_POINTS for axis in "xyz"),
    *(Column(f"blendshape_{name}", "number") for name in _BLENDSHAPES),
)

_NO_STATE: tuple[Cell, ...] = (None,) * 6
_NO_LANDMARKS: tuple[Cell, ...] = (None,) * (3 * len(HAND_POINTS))
_NO_BLENDSHAPES: tuple[Cell, ...] = (None,) * len(_BLENDSHAPES)


def rows(result: FrameResult) -> Iterator[tuple[Cell, ...]]:
    """One row for each face, then one for each hand, in the order of `COLUMNS`; numbers rounded as in the JSON line."""
    where = (result.source, result.frame, round(result.time, 6))
    for face in result.faces:
        yield (*where, *_face_cells(face))
    for hand in result.hands:
        yield (*where, *_hand_cells(hand))


def require_pyarrow() -> None:
    """Raise LivefgError, naming the cure, if pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401, PLC0415 - an optional extra
    except ImportError:
        raise LivefgError(
            "Tables need pyarrow, which is not installed; run `pip install 'livefg[table]'`."
        ) from None


def arrow_schema() -> pa.Schema:
    """The columns as an Arrow schema: strings, 64-bit integers and floats, booleans; all may be null."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "truth": pa.bool_()}
    return pa.schema([pa.field(column.name, types[column.type]) for column in COLUMNS])


def record_batch(cells: Iterable[tuple[Cell, ...]]) -> pa.RecordBatch:
    """Rows as an Arrow record batch."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra

    schema = arrow_schema()
    columns: list[Any] = list(zip(*cells, strict=True)) or [()] * len(COLUMNS)
    return pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _face_cells(face: Face) -> tuple[Cell, ...]:
    pose = face.pose.to_dict() if face.pose else dict.fromkeys(("yaw", "pitch", "roll"))
    blendshapes = (
        tuple(_score(face.blendshapes.get(name)) for name in _BLENDSHAPES)
        if face.blendshapes
        else _NO_BLENDSHAPES
    )
    return (
        "face",
        face.track,
        _score(face.confidence),
        face.filled,
        *_box_cells(face.box),
        *(None, None, None),
        *_label_cells(face.identity),
        *_label_cells(face.expression),
        *(pose["yaw"], pose["pitch"], pose["roll"]),
        *_state_cells(face.state),
        *_NO_LANDMARKS,
        *blendshapes,
    )


def _hand_cells(hand: Hand) -> tuple[Cell, ...]:
    return (
        "hand",
        hand.track,
        _score(hand.confidence),
        hand.filled,
        *_box_cells(hand.box),
        hand.side,
        *_label_cells(hand.gesture),
        *(None, None, None, None),
        *(None, None, None),
        *_NO_STATE,
        *(round(value, 2) for value in hand.landmarks.ravel().astype(float).tolist()),
        *_NO_BLENDSHAPES,
    )


def _state_cells(state: FaceState | None) -> tuple[Cell, ...]:
    if state is None:
        return _NO_STATE
    values = state.to_dict()
    opened = (values["eyes_open"], values["mouth_open"], values["smile"])
    return (*opened, *_label_cells(state.gaze), values["blinks_per_minute"])


def _box_cells(box: Box) -> tuple[Cell, ...]:
    return tuple(round(float(value), 2) for value in box)


def _label_cells(label: Label | None) -> tuple[Cell, Cell]:
    return (label.name, _score(label.confidence)) if label else (None, None)


def _score(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
