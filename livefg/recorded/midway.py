"""What lies between two sights of one face or hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from livefg.results import Box, Face, FloatArray, Hand, Label

__all__ = ["midway", "size_of"]

Seen = TypeVar("Seen", bound=Face | Hand)


def size_of(box: Box) -> float:
    """The longer side of a box in pixels."""
    return max(box[2] - box[0], box[3] - box[1])


def midway(before: Seen, after: Seen, share: float) -> Seen:
    """The face or hand at `share` (0..1) of the way from one sight of it to the next.

    Places, blendshapes and scores lie between; everything else, names of answers included, is that of the nearer
    sight. The confidence is the lower one.
    """
    nearer = before if share < 0.5 else after
    values: dict[str, Any] = {
        "box": tuple(
            float(first + share * (second - first))
            for first, second in zip(before.box, after.box, strict=True)
        ),
        "confidence": min(before.confidence, after.confidence),
        "landmarks": _points(before.landmarks, after.landmarks, share),
        "raw_landmarks": _points(before.raw_landmarks, after.raw_landmarks, share),
    }
    if isinstance(before, Face) and isinstance(after, Face):
        values["points"] = _points(before.points, after.points, share)
        values["blendshapes"] = _numbers(before.blendshapes, after.blendshapes, share)
    elif isinstance(before, Hand) and isinstance(after, Hand):
        values["world_landmarks"] = _points(before.world_landmarks, after.world_landmarks, share)
        values["gesture"] = _label(before.gesture, after.gesture, share)
    result: Seen = replace(nearer, **values)
    return result


def _points(before: FloatArray | None, after: FloatArray | None, share: float) -> FloatArray | None:
    if before is None or after is None:
        return None
    return np.asarray(before + np.float32(share) * (after - before), np.float32)


def _numbers(
    before: Mapping[str, float] | None, after: Mapping[str, float] | None, share: float
) -> Mapping[str, float] | None:
    if before is None or after is None:
        return None
    return {name: value + share * (after.get(name, value) - value) for name, value in before.items()}


def _label(before: Label | None, after: Label | None, share: float) -> Label | None:
    nearer = before if share < 0.5 else after
    scores = _numbers(before.scores if before else None, after.scores if after else None, share)
    if nearer is None or scores is None:
        return nearer
    return Label(nearer.name, scores.get(nearer.name, nearer.confidence), scores)
