"""The one vocabulary of livefg: what a frame is, and what was seen in it.

Every stage of the pipeline adds to these values, every sink reads them, every test compares them. They are
frozen: a stage returns a changed copy (`dataclasses.replace`) instead of changing what another stage holds.

Conventions: pixels are in the full frame with the origin at the top left corner, x to the right, y down; times
are seconds (monotonic at grab for live sources, media time for files); angles are degrees; a side is the
person's own, whether or not the picture is mirrored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

__all__ = [
    "JSONL_VERSION",
    "Box",
    "Event",
    "EventKind",
    "Face",
    "FaceState",
    "Frame",
    "FrameResult",
    "Hand",
    "HeadPose",
    "Label",
    "Phase",
    "Side",
]

JSONL_VERSION = 1
"""Version of the JSON line; raised when a field changes its meaning or goes away."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; may reach beyond the frame."""
Side = Literal["left", "right"]
EventKind = Literal["gesture", "motion", "head", "face", "rule"]
Phase = Literal["start", "end"]

FloatArray = npt.NDArray[np.float32]
ImageArray = npt.NDArray[np.uint8]

_PIXEL_DIGITS = 2
_SCORE_DIGITS = 4
_TIME_DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a source.

    `image` is (height, width, 3) uint8 in RGB order, C-contiguous, and never written to after creation.
    `index` counts the frames of the source from 0, dropped ones included. `time` is in seconds (see the module).
    `source` names where it came from. `mirrored` says that the picture is a mirror image of the scene (as many
    webcam programs deliver it), so that sides and directions can be told as the person's own.
    """

    image: ImageArray
    index: int
    time: float
    source: str
    mirrored: bool = False

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])


@dataclass(frozen=True, slots=True)
class Label:
    """An answer with a confidence: `name`, its probability 0..1, and the probabilities of the labels considered."""

    name: str
    confidence: float
    scores: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: `label`, `confidence`, `scores`."""
        return {
            "label": self.name,
            "confidence": _score(self.confidence),
            "scores": {name: _score(value) for name, value in self.scores.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        return cls(data["label"], data["confidence"], dict(data["scores"]))


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Orientation of a head in degrees; (0, 0, 0) looks straight into the camera.

    Positive `yaw`: the face turns to the person's own left. Positive `pitch`: it looks up. Positive `roll`: the
    head tilts toward the person's own right shoulder. Each lies in -180..180.
    """

    yaw: float
    pitch: float
    roll: float

    def to_dict(self) -> dict[str, float]:
        """The JSON form: `yaw`, `pitch`, `roll`."""
        return {"yaw": round(self.yaw, 2), "pitch": round(self.pitch, 2), "roll": round(self.roll, 2)}


@dataclass(frozen=True, slots=True)
class FaceState:
    """What eyes and mouth do. `eyes_open`, `mouth_open` and `smile` are 0..1.

    `gaze` says where the eyes look relative to the head, as the person would say it: `centre`, `left`, `right`, `up`
    or `down`. `blinks_per_minute` is None until the face was watched for ten seconds.
    """

    eyes_open: float
    mouth_open: float
    smile: float
    gaze: Label | None = None
    blinks_per_minute: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        rate = self.blinks_per_minute
        return {
            "eyes_open": _score(self.eyes_open),
            "mouth_open": _score(self.mouth_open),
            "smile": _score(self.smile),
            "gaze": self.gaze.to_dict() if self.gaze else None,
            "blinks_per_minute": None if rate is None else round(rate, 2),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        return cls(**{**data, "gaze": _as_label(data["gaze"])})


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face that is being tracked.

    `track` stays the same while the face is followed. `confidence` is the probability 0..1 that it is a face.
    `points` are the five alignment points (5, 2) in pixels: the eye on the picture's left, the eye on its right,
    nose tip, mouth corner on the left, mouth corner on the right. `landmarks` are the 478 mesh points (478, 3):
    x, y in pixels, z in the same unit, smaller is nearer; smoothed over time, while `raw_landmarks` are as the
    network gave them. Faces that are too small for the mesh have a box and points only. `blendshapes` are 52
    coefficients 0..1 by their ARKit names. `filled`: not seen in this frame, but put between the frames before
    and after it, which only the recorded mode does.
    """

    track: int
    box: Box
    confidence: float
    points: FloatArray | None = None
    landmarks: FloatArray | None = None
    raw_landmarks: FloatArray | None = None
    blendshapes: Mapping[str, float] | None = None
    pose: HeadPose | None = None
    identity: Label | None = None
    expression: Label | None = None
    state: FaceState | None = None
    filled: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; points and landmarks are left out."""
        return {
            "track": self.track,
            "box": _box(self.box),
            "confidence": _score(self.confidence),
            "identity": self.identity.to_dict() if self.identity else None,
            "expression": self.expression.to_dict() if self.expression else None,
            "pose": self.pose.to_dict() if self.pose else None,
            "blendshapes": (
                {name: _score(value) for name, value in self.blendshapes.items()}
                if self.blendshapes
                else None
            ),
            **({"state": self.state.to_dict()} if self.state else {}),
            **_filled(self.filled),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`, without what the JSON form leaves out."""
        pose = data["pose"]
        return cls(
            track=data["track"],
            box=_as_box(data["box"]),
            confidence=data["confidence"],
            identity=_as_label(data["identity"]),
            expression=_as_label(data["expression"]),
            pose=HeadPose(**pose) if pose else None,
            blendshapes=data["blendshapes"],
            state=FaceState.from_dict(data["state"]) if "state" in data else None,
            filled=data.get("filled", False),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A hand that is being tracked.

    `side` is the person's own, with `side_confidence` 0.5..1. `landmarks` are the 21 points (21, 3) in MediaPipe's
    order: x, y in pixels, z in the same unit relative to the wrist, smaller is nearer; smoothed over time, while
    `raw_landmarks` are as the network gave them. `world_landmarks` (21, 3) are in metres around the hand's centre,
    in the picture's orientation. `filled`: as for a face.
    """

    track: int
    side: Side
    box: Box
    confidence: float
    landmarks: FloatArray
    side_confidence: float = 1.0
    raw_landmarks: FloatArray | None = None
    world_landmarks: FloatArray | None = None
    gesture: Label | None = None
    filled: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; raw and world landmarks are left out."""
        return {
            "track": self.track,
            "side": self.side,
            "box": _box(self.box),
            "confidence": _score(self.confidence),
            "landmarks": [[round(float(v), _PIXEL_DIGITS) for v in point] for point in self.landmarks],
            "gesture": self.gesture.to_dict() if self.gesture else None,
            **_filled(self.filled),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`, without what the JSON form leaves out."""
        return cls(
            track=data["track"],
            side=data["side"],
            box=_as_box(data["box"]),
            confidence=data["confidence"],
            landmarks=np.asarray(data["landmarks"], np.float32).reshape(21, 3),
            gesture=_as_label(data["gesture"]),
            filled=data.get("filled", False),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that began or ended: a held gesture, a motion, a head movement, a face that came or went.

    `track` is the hand or face it belongs to, `time` the moment in seconds, `confidence` 0..1 (at an end: the peak).
    """

    kind: EventKind
    label: str
    phase: Phase
    track: int
    time: float
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "kind": self.kind,
            "label": self.label,
            "phase": self.phase,
            "track": self.track,
            "time": round(self.time, _TIME_DIGITS),
            "confidence": _score(self.confidence),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        return cls(**data)


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Everything that was seen in one frame.

    `frame` is the frame's index, `time` its time in seconds, `width` and `height` the picture's size in pixels.
    `seconds` holds how long each stage took, by the stage's name; it is not part of the JSON form.
    """

    source: str
    frame: int
    time: float
    width: int
    height: int
    faces: tuple[Face, ...] = ()
    hands: tuple[Hand, ...] = ()
    events: tuple[Event, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as documented in docs/jsonl.md; raises nothing, rounds pixels to 0.01 and scores to 1e-4."""
        return {
            "source": self.source,
            "frame": self.frame,
            "time": round(self.time, _TIME_DIGITS),
            "width": self.width,
            "height": self.height,
            "faces": [face.to_dict() for face in self.faces],
            "hands": [hand.to_dict() for hand in self.hands],
            "events": [event.to_dict() for event in self.events],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`, without what the JSON form leaves out. Raises KeyError for a missing field."""
        return cls(
            source=data["source"],
            frame=data["frame"],
            time=data["time"],
            width=data["width"],
            height=data["height"],
            faces=tuple(Face.from_dict(face) for face in data["faces"]),
            hands=tuple(Hand.from_dict(hand) for hand in data["hands"]),
            events=tuple(Event.from_dict(event) for event in data["events"]),
        )

    def to_json(self) -> str:
        """One line of JSON without a line break; names in any script stay readable."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Inverse of `to_json`. Raises ValueError if the line is not JSON, KeyError for a missing field."""
        return cls.from_dict(json.loads(line))


def _filled(filled: bool) -> dict[str, bool]:
    """The field is there only where it is true, so that what was seen costs nothing."""
    return {"filled": True} if filled else {}


def _score(value: float) -> float:
    return round(float(value), _SCORE_DIGITS)


def _box(box: Box) -> list[float]:
    return [round(float(value), _PIXEL_DIGITS) for value in box]


def _as_box(values: list[float]) -> Box:
    left, top, right, bottom = values
    return (left, top, right, bottom)


def _as_label(data: Mapping[str, Any] | None) -> Label | None:
    return Label.from_dict(data) if data else None
