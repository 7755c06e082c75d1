"""The overlay as a whole: what is drawn for a `FrameResult`, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from livefg.overlay.chips import Chip, Row, chip_size, display_name, draw_chip
from livefg.overlay.draw import ImageArray, is_drawable
from livefg.overlay.events import draw_pills, draw_rings, pill_rects
from livefg.overlay.faces import draw_face
from livefg.overlay.hands import draw_hand
from livefg.overlay.help import draw_help
from livefg.overlay.hud import Hud, draw_hud, hud_rects
from livefg.overlay.layout import Placement, Rect, place_chips
from livefg.overlay.shown import mirrored_result, scaled_result
from livefg.overlay.style import FACE, KNOWN, SIDE_COLOURS, Colour, Scale
from livefg.overlay.trail import Trail
from livefg.results import Event, Face, Frame, FrameResult, Hand

__all__ = ["Overlay"]

_SMALL_FACE = 70  # pixels at 640x480, below which a chip is smaller and shorter
_SMALL_HAND = 60


@dataclass(frozen=True, slots=True)
class Overlay:
    """Draws results on pictures; holds settings only.

    `landmarks`: skeletons, contours and axes; `boxes`: the corners around faces and hands; `chips`: names,
    gestures and expressions with their confidence; `events`: pills and rings.
    """

    landmarks: bool = True
    boxes: bool = True
    chips: bool = True
    events: bool = True

    def compose(
        self,
        frame: Frame,
        result: FrameResult,
        *,
        mirror: bool = False,
        size: tuple[int, int] | None = None,
        trail: Trail | None = None,
        hud: Hud | None = None,
        show_help: bool = False,
    ) -> ImageArray:
        """A new picture (height, width, 3) uint8 RGB: the frame with everything on it, for a person to see.

        `mirror` flips the picture before anything is drawn, so that text stays readable and sides stay the
        person's own. `size` is the (width, height) of the new picture where it is not the frame's: lines and
        text are sharp in any size. `trail` carries events and the places of labels from one picture to the
        next; without one, only the result's own events are shown. The frame may be newer than the one that
        the result is of.
        """
        width, height = size or (frame.width, frame.height)
        image, shown = frame.image, result
        if (width, height) != (frame.width, frame.height):
            image = _resized(image, width, height)
            shown = scaled_result(shown, width, height)
        if mirror:
            image = cv2.flip(image, 1).astype(np.uint8, copy=False)
            shown = mirrored_result(shown)
        if image is frame.image:
            image = image.copy()
        self.draw(
            image,
            shown,
            events=trail.add(result) if trail else None,
            now=max(frame.time, result.time),
            mirrored=frame.mirrored != mirror,
            keep_free=hud_rects(hud, width, height) if hud else (),
            trail=trail,
        )
        if hud:
            draw_hud(image, hud)
        if show_help:
            draw_help(image)
        return image

    def draw(
        self,
        image: ImageArray,
        result: FrameResult,
        *,
        events: Sequence[Event] | None = None,
        now: float | None = None,
        mirrored: bool = False,
        keep_free: Sequence[Rect] = (),
        trail: Trail | None = None,
    ) -> None:
        """Draw `result` in place on `image`, (height, width, 3) uint8 RGB of the frame's size.

        `events` flash and fade by their age at `now` seconds (defaults: the result's events and time).
        `mirrored` says that picture and coordinates are a mirror image of the scene. No label is put on
        `keep_free`. `trail` remembers where labels are.
        """
        now = result.time if now is None else now
        shown_events = () if not self.events else result.events if events is None else events
        scale = Scale.of(image.shape[1], image.shape[0])
        faces = [face for face in result.faces if is_drawable(face.box)]
        hands = [hand for hand in result.hands if is_drawable(hand.box)]
        for face in faces:
            colour = _face_colour(face)
            draw_face(image, face, colour, scale, contours=self.landmarks, box=self.boxes, mirrored=mirrored)
        for hand in hands:
            draw_hand(image, hand, scale, skeleton=self.landmarks, box=self.boxes)
        draw_rings(image, shown_events, result, now)
        if self.chips:
            size = (image.shape[1], image.shape[0])
            pills = pill_rects(shown_events, result, now, size)
            _draw_chips(image, faces, hands, scale, [*keep_free, *pills], trail or Trail())
        draw_pills(image, shown_events, result, now)


def _resized(image: ImageArray, width: int, height: int) -> ImageArray:
    smaller = width < image.shape[1]
    resized = cv2.resize(
        image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    )
    return resized.astype(np.uint8, copy=False)


def _face_colour(face: Face) -> Colour:
    known = face.identity is not None and face.identity.name != "unknown"
    return KNOWN if known else FACE


def _draw_chips(
    image: ImageArray,
    faces: Sequence[Face],
    hands: Sequence[Hand],
    scale: Scale,
    keep_free: Sequence[Rect],
    trail: Trail,
) -> None:
    keys = [("face", face.track) for face in faces] + [("hand", hand.track) for hand in hands]
    chips = [(_face_chip(face, scale), face.box, _SMALL_FACE) for face in faces]
    chips += [(_hand_chip(hand), hand.box, _SMALL_HAND) for hand in hands]
    scales = [scale.smaller() if box[2] - box[0] < small * scale.unit else scale for _, box, small in chips]
    placements = [
        Placement(chip_size(chip, size), box, trail.places.get(key))
        for (chip, box, _), size, key in zip(chips, scales, keys, strict=True)
    ]
    places = place_chips(placements, (image.shape[1], image.shape[0]), scale.gap, keep_free)
    for (chip, _, _), size, place in zip(chips, scales, places, strict=True):
        draw_chip(image, chip, place.left, place.top, size)
    trail.places = {key: place.kind for key, place in zip(keys, places, strict=True)}


def _face_chip(face: Face, scale: Scale) -> Chip:
    small = face.box[2] - face.box[0] < _SMALL_FACE * scale.unit
    rows: list[Row] = []
    if face.identity is not None:
        name = "Unknown" if face.identity.name == "unknown" else face.identity.name
        rows.append(Row(display_name(name), face.identity.confidence, strong=True, bar=not small))
    else:
        rows.append(Row(f"Face {face.track}", face.confidence, strong=face.expression is None, bar=False))
    if face.expression is not None and not small:
        rows.append(Row(display_name(face.expression.name), face.expression.confidence))
    return Chip(tuple(rows), _face_colour(face))


def _hand_chip(hand: Hand) -> Chip:
    rows: list[Row] = []
    if hand.gesture is not None:
        none = hand.gesture.name == "none"
        name = "No gesture" if none else display_name(hand.gesture.name)
        rows.append(Row(name, hand.gesture.confidence, strong=not none))
    rows.append(Row(f"{hand.side.capitalize()} hand", hand.side_confidence, strong=not rows, bar=False))
    return Chip(tuple(rows), SIDE_COLOURS[hand.side])
