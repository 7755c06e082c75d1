"""Events on screen: a pill that appears at once and fades, and a ring that leaves the hand or face it belongs
to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from livefg.overlay.chips import display_name, panel_patch, text_patch
from livefg.overlay.draw import (
    ImageArray,
    Patch,
    compose_patch,
    draw_lines,
    is_drawable,
    paste,
    rounded_mask,
    rounded_outline,
    solid_patch,
    translucent,
)
from livefg.overlay.layout import Rect
from livefg.overlay.style import DIM, EVENT_COLOURS, TEXT, Colour, Scale
from livefg.overlay.text import fit_text, line_height, text_width
from livefg.results import Box, Event, FrameResult

__all__ = ["EVENT_SECONDS", "draw_pills", "draw_rings", "pill_rects", "visible_events"]

EVENT_SECONDS = 1.8
"""How long an event stays on screen."""
_HOLD_SECONDS = 1.0  # at full strength, before it fades
_RING_SECONDS = 0.55
_FLASH_SECONDS = 0.25
_MOST_PILLS = 3
# What a face does, other than to come and go; of this the first is drawn when it begins, the second never.
_DONE_BY_FACES = frozenset({"smile", "eyes_closed"})
_DONE_ALL_THE_TIME = frozenset({"blink", "mouth_open", "look_left", "look_right", "look_up", "look_down"})


@dataclass(frozen=True, slots=True)
class _Pill:
    title: str
    detail: str
    colour: Colour
    age: float


def visible_events(events: Sequence[Event], now: float) -> list[Event]:
    """The events to be drawn at time `now` (seconds), newest last: what began, and faces that left.

    What eyes and mouth do all the time (blinks, glances, talking) is not drawn.
    """
    shown = [e for e in events if _is_shown(e) and 0 <= now - e.time < EVENT_SECONDS]
    return sorted(shown, key=lambda event: event.time)[-_MOST_PILLS:]


def _is_shown(event: Event) -> bool:
    if event.kind == "face" and event.label in _DONE_ALL_THE_TIME:
        return False
    return event.phase == "start" or _is_presence(event)


def _is_presence(event: Event) -> bool:
    return event.kind == "face" and event.label not in _DONE_BY_FACES


def pill_rects(
    events: Sequence[Event], result: FrameResult, now: float, picture: tuple[int, int]
) -> list[Rect]:
    """Where `draw_pills` will draw in a picture of (width, height), so that other things can stay away."""
    return [rect for _, rect in _pills(events, result, now, picture)]


def draw_pills(image: ImageArray, events: Sequence[Event], result: FrameResult, now: float) -> None:
    """Draw the pills in place, stacked at the bottom in the middle, the newest lowest."""
    height, width = image.shape[:2]
    scale = Scale.of(width, height)
    for pill, (left, top, _, _) in _pills(events, result, now, (width, height)):
        fade = min(1.0, (EVENT_SECONDS - pill.age) / (EVENT_SECONDS - _HOLD_SECONDS))
        patch = _pill_patch(pill.title, pill.detail, pill.colour, scale, width)
        paste(image, patch if fade == 1.0 else patch.faded(fade), left, top)
        flash = 1.0 - pill.age / _FLASH_SECONDS
        if flash > 0:
            paste(image, _flash_patch(*patch.size, pill.colour).faded(flash), left, top)


def draw_rings(image: ImageArray, events: Sequence[Event], result: FrameResult, now: float) -> None:
    """Draw, in place, a ring that grows from the box of each hand or face whose event has just begun."""
    scale = Scale.of(image.shape[1], image.shape[0])
    for event in events:
        age = now - event.time
        box = _box_of(event, result)
        if event.phase != "start" or not _is_shown(event) or not 0 <= age < _RING_SECONDS:
            continue
        if box is None or not is_drawable(box):
            continue
        progress = age / _RING_SECONDS
        grow = (4 + 16 * progress) * scale.unit
        line = rounded_outline(
            (box[0] - grow, box[1] - grow, box[2] + grow, box[3] + grow), 10 * scale.unit + grow
        )
        thickest = min(3 * scale.unit, max(box[2] - box[0], box[3] - box[1]) / 30)
        width = max(1.0, thickest * (1 - 0.5 * progress))
        with translucent(image, line, width + 2, 0.9 * (1 - progress)) as region:
            if region is not None:
                canvas, origin = region
                draw_lines(canvas, [line - origin], EVENT_COLOURS[event.kind], width, closed=True)


def _box_of(event: Event, result: FrameResult) -> Box | None:
    hands = {hand.track: hand.box for hand in result.hands}
    faces = {face.track: face.box for face in result.faces}
    if event.kind in ("head", "face"):
        return faces.get(event.track)
    return hands.get(event.track)


def _pills(
    events: Sequence[Event], result: FrameResult, now: float, picture: tuple[int, int]
) -> list[tuple[_Pill, Rect]]:
    width, height = picture
    scale = Scale.of(width, height)
    sides = {hand.track: hand.side for hand in result.hands}
    bottom = height - 2 * scale.pad
    pills: list[tuple[_Pill, Rect]] = []
    for event in reversed(visible_events(events, now)):
        detail = (
            event.kind if event.kind in ("head", "face") else f"{sides.get(event.track, '')} hand".strip()
        )
        if _is_presence(event):
            detail = "appeared" if event.phase == "start" else "gone"
        pill = _Pill(display_name(event.label), detail, EVENT_COLOURS[event.kind], now - event.time)
        size = _pill_patch(pill.title, pill.detail, pill.colour, scale, width).size
        left = (width - size[0]) // 2
        pills.append((pill, (left, bottom - size[1], left + size[0], bottom)))
        bottom -= size[1] + scale.gap
    return pills


@lru_cache(maxsize=8)
def _flash_patch(width: int, height: int, colour: Colour) -> Patch:
    return solid_patch(rounded_mask(width, height, height // 2), colour, 0.75)


@lru_cache(maxsize=16)
def _pill_patch(title: str, detail: str, colour: Colour, scale: Scale, picture_width: int) -> Patch:
    size = round(scale.text * 1.15)
    dot = max(3, round(size * 0.5))
    inner = round(size * 0.7)
    room = picture_width - 4 * inner - dot - text_width(detail, scale.text) - 2 * scale.gap
    title = fit_text(title, size, max(size, room), "semibold")
    title_width = text_width(title, size, "semibold")
    height = round(size * 1.95)
    detail_left = inner + dot + scale.gap + title_width + scale.gap
    width = detail_left + text_width(detail, scale.text) + inner
    title_top = (height - line_height(size)) // 2
    return compose_patch(
        (width, height),
        [
            (panel_patch(width, height, height // 2), 0, 0),
            (solid_patch(rounded_mask(dot, dot, dot), colour), inner, (height - dot) // 2),
            (text_patch(title, size, "semibold", TEXT), inner + dot + scale.gap, title_top),
            (text_patch(detail, scale.text, "medium", DIM), detail_left, title_top + size - scale.text),
        ],
    )
