"""Pictures to measure with, made from the demo clip: other sizes, and other numbers of faces and hands.

A composed scene is a grey picture on which the face and the hands of the clip, cut out with what is around them, stand
side by side, each in motion as in the clip and at a moment of its own. What is found in them is counted, not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice

import cv2
import numpy as np

from livefg.errors import LivefgError
from livefg.results import Frame, ImageArray
from livefg.sources import open_source

__all__ = ["MOST", "SIZES", "Scene", "endless_frames", "fitted", "frames_of"]

SIZES = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160))
"""Widths and heights that are measured."""
MOST = 4
"""Faces and hands in a composed scene at most."""

_GREY = 110
# Frames of the clip without a hand, and some in which both are whole; they are played to and fro.
_WITHOUT_HANDS, _WITH_HANDS = range(30), range(110, 220)
_FACE = (200, 50, 400, 300)  # left, top, right, bottom in the clip's pixels
_HANDS = ((20, 100, 212, 400), (430, 100, 630, 400))
_SLOT_WIDTH, _SLOT_HEIGHT, _FACE_HEIGHT = 240, 320, 270
_APART = 17  # frames between the moments at which neighbours are shown


@dataclass(frozen=True, slots=True)
class Scene:
    """A number of faces and hands, 0..4 each, in a picture of 960x640 pixels."""

    faces: int
    hands: int

    def __str__(self) -> str:
        return f"{self.faces} face{'s' * (self.faces != 1)}, {self.hands} hand{'s' * (self.hands != 1)}"


def endless_frames(source: str) -> Iterator[Frame]:
    """The frames of a recorded source over and over, with times and indices that go on growing."""
    with open_source(source) as opened:
        if opened.info.live:
            raise LivefgError(
                f"{opened.info.name} is live; measure with a recorded video, so that runs compare."
            )
        index, offset = 0, 0.0
        while True:
            last = 0.0
            for frame in opened:
                last = frame.time
                yield replace(frame, index=index, time=offset + frame.time)
                index += 1
            offset += last + 1 / (opened.info.fps or 30)


def frames_of(
    source: str, size: tuple[int, int] | None = None, scene: Scene | None = None
) -> Iterator[Frame]:
    """Endless frames of a source, enlarged or shrunk to `size` (width, height), or a scene of the demo clip."""
    if scene:
        yield from _composed(scene)
        return
    for frame in endless_frames(source):
        if size is None or size == (frame.width, frame.height):
            yield frame
        else:
            yield replace(frame, image=fitted(frame.image, *size))


def fitted(image: ImageArray, width: int, height: int) -> ImageArray:
    """The picture as large as it fits, with its edges repeated to either side."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    left, top = (width - inner.shape[1]) // 2, (height - inner.shape[0]) // 2
    right, bottom = width - inner.shape[1] - left, height - inner.shape[0] - top
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)


def _composed(scene: Scene) -> Iterator[Frame]:
    with open_source("demo") as clip:
        pictures = [frame.image for frame in islice(clip, _WITH_HANDS.stop)]
    faces, hands = (_to_and_fro(pictures[part.start : part.stop]) for part in (_WITHOUT_HANDS, _WITH_HANDS))
    for index in count():
        canvas = np.full((_FACE_HEIGHT + _SLOT_HEIGHT, MOST * _SLOT_WIDTH, 3), _GREY, np.uint8)
        for slot in range(scene.faces):
            _put(canvas, faces[(index + slot * _APART) % len(faces)], _FACE, slot, 0)
        for slot in range(scene.hands):
            _put(canvas, hands[(index + slot * _APART) % len(hands)], _HANDS[slot % 2], slot, _FACE_HEIGHT)
        yield Frame(canvas, index, index / 30, str(scene))


def _to_and_fro(pictures: list[ImageArray]) -> list[ImageArray]:
    return pictures + pictures[-2:0:-1]


def _put(
    canvas: ImageArray, picture: ImageArray, part: tuple[int, int, int, int], slot: int, top: int
) -> None:
    left_from, top_from, right_from, bottom_from = part
    cut = picture[top_from:bottom_from, left_from:right_from]
    left = slot * _SLOT_WIDTH + (_SLOT_WIDTH - cut.shape[1]) // 2
    canvas[top + 10 : top + 10 + cut.shape[0], left : left + cut.shape[1]] = cut
