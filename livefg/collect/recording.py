"""What is kept of a gesture that somebody showed: plain values, and their form as bytes of a file.

The file is a NumPy archive whose arrays `landmarks`, `world`, `right`, `label`, `person`, `session` and `item` are
those of the table of samples that training reads; what else is in it (sides, times, thumbnails) is for people.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.errors import LivefgError
from livefg.results import FloatArray, Side

__all__ = ["Example", "Recording", "check_label", "decode", "encode"]

_FORMAT = 1
_LONGEST_LABEL = 60
_POINTS = 21
_LINES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One hand that shows the gesture.

    `landmarks` (21, 3) are in pixels and `world` (21, 3) in metres, as in `Hand`, not smoothed. `right` is the
    probability 0..1 that it looks like a right hand in the picture as it is; `side` is the person's own. `time` is in
    seconds on the source's clock, `item` names the picture or frame, `thumbnail` is a small JPEG of the hand.
    """

    landmarks: FloatArray
    world: FloatArray
    right: float
    side: Side
    time: float
    item: str
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Examples of one gesture that one person showed in one go: `session` names when, and is unlike any other."""

    label: str
    person: str
    session: str
    examples: tuple[Example, ...]


def check_label(label: str, what: str = "gesture") -> str:
    """A name as it is kept: any script, composed (NFC), one line, no blanks at its ends; `what` is called so.

    Raises LivefgError if nothing of it can be seen, or it is too long or has control characters.
    """
    cleaned = unicodedata.normalize("NFC", label).strip()
    kinds = {unicodedata.category(character) for character in cleaned}
    if kinds & _LINES:
        raise LivefgError(f"{cleaned!a} has control characters; the name of a {what} is one line of text.")
    if kinds <= {"Zs"}:
        raise LivefgError(f"The name of a {what} needs at least one character that can be seen.")
    if len(cleaned) > _LONGEST_LABEL:
        raise LivefgError(f"{cleaned[:20]!r}... is longer than {_LONGEST_LABEL} characters.")
    return cleaned


def encode(recording: Recording) -> bytes:
    """The bytes of a file with this recording; coordinates keep the precision of float32."""
    examples = recording.examples
    thumbnails = [example.thumbnail or b"" for example in examples]
    count = len(examples)
    arrays: dict[str, npt.NDArray[Any]] = {
        "recording": np.int64(_FORMAT),  # type: ignore[dict-item]
        "landmarks": np.array([example.landmarks for example in examples], np.float32),
        "world": np.array([example.world for example in examples], np.float32),
        "right": np.array([example.right for example in examples], np.float32),
        "label": np.array([recording.label] * count, np.str_),
        "person": np.array([recording.person] * count, np.str_),
        "session": np.array([f"{recording.person}/{recording.session}"] * count, np.str_),
        "item": np.array([example.item for example in examples], np.str_),
        "side": np.array([example.side for example in examples], np.str_),
        "time": np.array([example.time for example in examples], np.float64),
        "thumbnails": np.frombuffer(b"".join(thumbnails), np.uint8),
        "thumbnail_bytes": np.array([len(thumbnail) for thumbnail in thumbnails], np.int64),
    }
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def decode(content: bytes, source: str) -> Recording:
    """The recording in a file's bytes; `source` names the file in messages.

    Raises LivefgError in one sentence if it is no recording, is damaged, or is of another version.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as data:
            version = int(data["recording"])
            if version != _FORMAT:
                raise LivefgError(f"{source} has format {version}; this livefg reads {_FORMAT}.")
            return _recording(data)
    except (KeyError, ValueError, IndexError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise LivefgError(f"{source} is damaged, or no recording of a gesture ({error}).") from error


def _recording(data: Any) -> Recording:
    landmarks, world = data["landmarks"], data["world"]
    count = len(landmarks)
    if not count or landmarks.shape != (count, _POINTS, 3) or world.shape != (count, _POINTS, 3):
        raise ValueError("it holds no hands")
    labels, people, sessions = (set(data[name].tolist()) for name in ("label", "person", "session"))
    if len(labels) != 1 or len(people) != 1 or len(sessions) != 1:
        raise ValueError("it mixes labels, people or sessions")
    person = people.pop()
    pictures = data["thumbnails"].tobytes()
    ends = np.cumsum(data["thumbnail_bytes"]).tolist()
    examples = tuple(
        Example(
            landmarks=landmarks[row],
            world=world[row],
            right=float(data["right"][row]),
            side="right" if data["side"][row] == "right" else "left",
            time=float(data["time"][row]),
            item=str(data["item"][row]),
            thumbnail=pictures[start:end] or None,
        )
        for row, (start, end) in enumerate(zip([0, *ends], ends, strict=False))
    )
    return Recording(labels.pop(), person, sessions.pop().removeprefix(f"{person}/"), examples)
