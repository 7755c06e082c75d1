"""Label chips: a rounded panel with one row a label, each with a confidence bar and a percentage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from livefg.overlay.draw import ImageArray, Patch, compose_patch, paste, rounded_mask, solid_patch
from livefg.overlay.style import (
    DIM,
    PANEL,
    PANEL_OPACITY,
    TEXT,
    TRACK,
    TRACK_OPACITY,
    Colour,
    Scale,
)
from livefg.overlay.text import clean_text, fit_text, line_height, text_mask, text_width

__all__ = ["Chip", "Row", "chip_size", "display_name", "draw_chip", "panel_patch", "text_patch"]

_LONGEST_LABEL = 13.0  # widths of the font size; longer labels end with an ellipsis
_BAR_LENGTH = 3.6  # widths of the font size


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chip: a label, its confidence 0..1 (None: no number), and whether a bar shows it.

    `strong` rows are the answer, the others stand back.
    """

    text: str
    confidence: float | None = None
    strong: bool = False
    bar: bool = True


@dataclass(frozen=True, slots=True)
class Chip:
    """What a chip says: its rows from top to bottom and the colour that ties it to its object."""

    rows: tuple[Row, ...]
    accent: Colour


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand in a chip, in pixels from its top left corner."""

    width: int
    height: int
    row_tops: tuple[int, ...]
    label_left: int
    bar_left: int
    bar_width: int
    number_right: int


def display_name(label: str) -> str:
    """A label as people write it: `thumb_up` becomes `Thumb up`; anything else stays as it is."""
    text = clean_text(label)
    if text and text.isascii() and text == text.lower():
        text = text.replace("_", " ").strip().capitalize()
    return text or "?"


def chip_size(chip: Chip, scale: Scale) -> tuple[int, int]:
    """Width and height in pixels that `draw_chip` will cover."""
    layout = _layout(_static_rows(chip), scale)
    return layout.width, layout.height


def draw_chip(image: ImageArray, chip: Chip, left: int, top: int, scale: Scale) -> None:
    """Draw `chip` in place with its top left corner at (`left`, `top`).

    The panel with its labels is kept from frame to frame; only bars and percentages follow the confidence.
    """
    rows = _static_rows(chip)
    layout = _layout(rows, scale)
    paste(image, _panel_with_labels(rows, chip.accent, scale), left, top)
    for row, row_top in zip(chip.rows, layout.row_tops, strict=True):
        if row.confidence is None:
            continue
        confidence = min(1.0, max(0.0, row.confidence)) if np.isfinite(row.confidence) else 0.0
        if row.bar:
            filled = round(layout.bar_width * confidence)
            if filled >= scale.bar:
                bar_top = top + row_top + _bar_top(scale)
                paste(image, _bar(filled, scale.bar, chip.accent), left + layout.bar_left, bar_top)
        number = text_patch(
            _percent(confidence), scale.small, "medium", TEXT if row.strong else DIM, tabular=True
        )
        number_top = row_top + round(scale.text - scale.small)
        paste(image, number, left + layout.number_right - number.size[0], top + number_top)


@lru_cache(maxsize=512)
def text_patch(text: str, size: int, weight: str, colour: Colour, tabular: bool = False) -> Patch:
    """`text` in `colour` as a patch; see `text.text_mask`."""
    return solid_patch(text_mask(text, size, weight, tabular), colour)


@lru_cache(maxsize=128)
def panel_patch(width: int, height: int, radius: int) -> Patch:
    """The translucent rounded background of chips and panels."""
    return solid_patch(rounded_mask(width, height, radius), PANEL, PANEL_OPACITY)


def _percent(confidence: float) -> str:
    return f"{confidence * 100:.0f}%"


def _static_rows(chip: Chip) -> tuple[tuple[str, bool, bool, bool], ...]:
    """What does not change with a confidence: text, strong, has a number, has a bar."""
    return tuple((row.text, row.strong, row.confidence is not None, row.bar) for row in chip.rows)


@lru_cache(maxsize=512)
def _layout(rows: tuple[tuple[str, bool, bool, bool], ...], scale: Scale) -> _Layout:
    longest = round(_LONGEST_LABEL * scale.text)
    widths = [
        text_width(fit_text(t, scale.text, longest, _weight(s)), scale.text, _weight(s))
        for t, s, _, _ in rows
    ]
    has_number = any(number for _, _, number, _ in rows)
    has_bar = any(number and bar for _, _, number, bar in rows)
    label_left = scale.pad + _stripe_width(scale) + scale.pad
    bar_left = label_left + max(widths) + scale.gap + scale.pad // 2
    bar_width = round(_BAR_LENGTH * scale.text) if has_bar else 0
    number_left = bar_left + (bar_width + scale.gap if has_bar else 0)
    number_width = text_width("100%", scale.small, "medium", tabular=True) if has_number else 0
    number_right = number_left + number_width if has_number else label_left + max(widths)
    pitch = round(scale.text * 1.42)
    row_tops = tuple(scale.pad - round(scale.text * 0.1) + i * pitch for i in range(len(rows)))
    height = scale.pad * 2 + pitch * (len(rows) - 1) + round(scale.text * 1.18)
    return _Layout(number_right + scale.pad, height, row_tops, label_left, bar_left, bar_width, number_right)


def _weight(strong: bool) -> str:
    return "semibold" if strong else "medium"


def _stripe_width(scale: Scale) -> int:
    return max(2, round(scale.text * 0.2))


def _bar_top(scale: Scale) -> int:
    """Distance from a row's top to its bar: centred on the lower-case letters."""
    return round(scale.text * 0.66 - scale.bar / 2)


@lru_cache(maxsize=256)
def _bar(width: int, height: int, colour: Colour) -> Patch:
    return solid_patch(rounded_mask(width, height, height), colour)


@lru_cache(maxsize=256)
def _panel_with_labels(rows: tuple[tuple[str, bool, bool, bool], ...], accent: Colour, scale: Scale) -> Patch:
    layout = _layout(rows, scale)
    stripe = _stripe_width(scale)
    layers: list[tuple[Patch, int, int]] = [
        (panel_patch(layout.width, layout.height, scale.radius), 0, 0),
        (
            solid_patch(rounded_mask(stripe, layout.height - 2 * scale.pad, stripe), accent),
            scale.pad,
            scale.pad,
        ),
    ]
    longest = round(_LONGEST_LABEL * scale.text)
    for (text, strong, has_number, has_bar), top in zip(rows, layout.row_tops, strict=True):
        label = fit_text(text, scale.text, longest, _weight(strong))
        layers.append(
            (text_patch(label, scale.text, _weight(strong), TEXT if strong else DIM), layout.label_left, top)
        )
        if has_number and has_bar:
            track = solid_patch(rounded_mask(layout.bar_width, scale.bar, scale.bar), TRACK, TRACK_OPACITY)
            layers.append((track, layout.bar_left, top + _bar_top(scale)))
    assert line_height(scale.text) <= layout.height
    return compose_patch((layout.width, layout.height), layers)
