"""What the person before the camera sees of a recording: how far it is, what is in the way, what to do next."""

from __future__ import annotations

import math
from collections.abc import Mapping

from livefg.collect.collector import Progress
from livefg.collect.motions import MotionProgress
from livefg.overlay.chips import panel_patch, text_patch
from livefg.overlay.draw import ImageArray, compose_patch, paste
from livefg.overlay.panel import PanelLine, draw_panel
from livefg.overlay.style import DIM, KNOWN, TEXT, WARNING, Scale
from livefg.overlay.text import clean_text, line_height, text_width

__all__ = ["draw_beat", "draw_progress"]

_FLASH_SECONDS = 0.3


def draw_progress(image: ImageArray, progress: Progress, others: Mapping[str, int], now: float) -> None:
    """Draw the panel in place at the bottom of a picture (height, width, 3) uint8 RGB.

    `others` are the examples of each gesture that were there before, `now` is in seconds on the clock of the frames.
    """
    height, width = image.shape[:2]
    scale = Scale.of(width, height)
    if progress.starts_in > 0:
        _draw_number(image, math.ceil(progress.starts_in), scale)
    before = others.get(progress.label, 0)
    of = f" of {progress.count}" if progress.count is not None else ""
    told, colour = (progress.obstacle, WARNING) if progress.obstacle else (progress.request, DIM)
    if progress.starts_in > 0:
        told = "get ready: show the gesture, then change the view all the time"
    elif progress.finished:
        told = "done"
    size = round(scale.text * 1.15)
    lines: list[PanelLine] = [
        (f"{clean_text(progress.label)}   {progress.done}{of}", size, "semibold", TEXT),
        (told[:1].upper() + told[1:], scale.text, "medium", colour),
    ]
    listed = {**others, progress.label: before + progress.done}
    lines.append((_listed(listed), scale.small, "medium", DIM))
    share = progress.done / progress.count if progress.count else None
    just_taken = progress.taken_at is not None and 0 <= now - progress.taken_at < _FLASH_SECONDS
    draw_panel(image, lines, scale, share=share, accent=KNOWN if just_taken else WARNING)


def draw_beat(image: ImageArray, progress: MotionProgress) -> None:
    """Draw, in place at the bottom of the picture, when to do the motion again and what came of the last time."""
    scale = Scale.of(image.shape[1], image.shape[0])
    if progress.beat == "wait":
        _draw_number(image, math.ceil(progress.seconds), scale)
    now = progress.beat == "now"
    lines: list[PanelLine] = [
        (
            f"{clean_text(progress.label)}   {progress.done} of {progress.count}",
            round(scale.text * 1.15),
            "semibold",
            TEXT,
        ),
        (progress.request, scale.text, "semibold" if now else "medium", KNOWN if now else DIM),
    ]
    draw_panel(image, lines, scale, share=progress.done / progress.count, accent=KNOWN if now else WARNING)


def _listed(counts: Mapping[str, int]) -> str:
    return "   ".join(f"{clean_text(label)} {count}" for label, count in counts.items())


def _draw_number(image: ImageArray, number: int, scale: Scale) -> None:
    """A number that can be read from across the room, in the middle of the picture."""
    size = 6 * scale.text
    text = text_patch(str(number), size, "semibold", TEXT)
    side = 2 * max(text_width(str(number), size, "semibold"), line_height(size)) // 2 + 2 * scale.text
    disc = compose_patch(
        (side, side),
        [
            (panel_patch(side, side, side // 2), 0, 0),
            (text, (side - text.size[0]) // 2, (side - text.size[1]) // 2),
        ],
    )
    paste(image, disc, (image.shape[1] - side) // 2, (image.shape[0] - side) // 3)
