"""A panel with lines of text at the bottom of the picture, for what somebody before the camera is asked or told."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from livefg.overlay.chips import text_patch
from livefg.overlay.draw import ImageArray, Patch, compose_patch, paste, rounded_mask, solid_patch
from livefg.overlay.fonts import Weight
from livefg.overlay.style import DIM, PANEL, TEXT, TRACK, TRACK_OPACITY, WARNING, Colour, Scale
from livefg.overlay.text import clean_text, fit_text, line_height

__all__ = ["PanelLine", "draw_entry", "draw_panel"]

_WIDTH = 0.72  # of the picture
_OPACITY = 0.93  # labels below would make what is asked hard to read
PanelLine = tuple[str, int, Weight, Colour]
"""Text, font size, weight, colour."""


def draw_panel(
    image: ImageArray,
    lines: Sequence[PanelLine],
    scale: Scale,
    *,
    share: float | None = None,
    accent: Colour = WARNING,
    picture: ImageArray | None = None,
) -> None:
    """Draw lines below each other, in place at the bottom of a picture (height, width, 3) uint8 RGB.

    Below them comes a bar in the colour `accent` that is filled by `share` 0..1 (None: no bar); `picture` (h, w, 3)
    uint8 RGB stands at their left, as high as they are.
    """
    inner = round(image.shape[1] * _WIDTH)
    filled = None if share is None else round(inner * min(1.0, share))
    panel, side = _panel(tuple(lines), scale, inner, filled, accent, picture is not None)
    left = (image.shape[1] - panel.size[0]) // 2
    top = image.shape[0] - panel.size[1] - 2 * scale.pad
    paste(image, panel, left, top)
    if picture is not None:
        small = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        margin = _margin(scale)
        paste(image, Patch(small, np.zeros_like(small)), left + margin, top + margin)


def draw_entry(
    image: ImageArray,
    question: str,
    text: str,
    hint: str = "Enter begins, Esc leaves it",
    *,
    remark: str = "",
    remark_colour: Colour = WARNING,
    picture: ImageArray | None = None,
) -> None:
    """Draw, in place at the bottom of the picture, a question and what was typed in answer so far.

    The `remark` stands below the answer; `picture` (h, w, 3) uint8 RGB is what the question is about.
    """
    scale = Scale.of(image.shape[1], image.shape[0])
    lines: list[PanelLine] = [
        (question, scale.text, "medium", DIM),
        (f"{clean_text(text)}_", round(scale.text * 1.15), "semibold", TEXT),
    ]
    if remark:
        lines.append((remark, scale.text, "medium", remark_colour))
    lines.append((hint, scale.small, "medium", DIM))
    draw_panel(image, lines, scale, picture=picture)


def _margin(scale: Scale) -> int:
    return round(scale.text * 0.9)


@lru_cache(maxsize=4)
def _panel(
    lines: tuple[PanelLine, ...],
    scale: Scale,
    inner: int,
    filled: int | None,
    accent: Colour,
    pictured: bool,
) -> tuple[Patch, int]:
    """The panel, and the side of the picture in pixels for which it has room."""
    margin = _margin(scale)
    side = sum(line_height(size) + scale.gap for _, size, _, _ in lines) - scale.gap
    begin = margin + side + margin if pictured else margin
    room = max(1, inner + margin - begin)
    layers: list[tuple[Patch, int, int]] = []
    top = margin
    for text, size, weight, colour in lines:
        layers.append((text_patch(fit_text(text, size, room, weight), size, weight, colour), begin, top))
        top += line_height(size) + scale.gap
    if filled is not None:
        bar = 2 * scale.bar
        layers.append((solid_patch(rounded_mask(inner, bar, bar), TRACK, TRACK_OPACITY), margin, top))
        if filled >= bar:
            layers.append((solid_patch(rounded_mask(filled, bar, bar), accent), margin, top))
        top += bar + scale.gap
    width, height = inner + 2 * margin, top - scale.gap + margin
    ground = solid_patch(rounded_mask(width, height, 2 * scale.radius), PANEL, _OPACITY)
    return compose_patch((width, height), [(ground, 0, 0), *layers]), side
