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
from livefg.overlay.text import clean_text, fit_text, text_mask, text_width

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


_StaticRow = tuple[str, bool, bool, bool]
"""What does not change with a confidence: text, strong, has a number, has a bar."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand in a chip, in pixels from its top left corner."""

    width: int
    height: int
    row_tops: tuple[int, ...]
    label_left: int
    bar_left: int
    bar_width: int
    bar_below_row_top: int
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
                bar_top = top + row_top + layout.bar_below_row_top
                paste(image, _bar(filled, scale.bar, chip.accent), left + layout.bar_left, bar_top)
        number = text_patch(
            _percent(confidence), scale.small, "medium", TEXT if row.strong else DIM, tabular=True
        )
        number_top = row_top + round(scale.text - scale.small)
        paste(image, number, left + layout.number_right - number.size[0], top + number_top)


@lru_cache(maxsize=256)
def text_patch(text: str, size: int, weight: str, colour: Colour, tabular: bool = False) -> Patch:
    """`text` in `colour` as a patch; see `text.text_mask`."""
    return solid_patch(text_mask(text, size, weight, tabular), colour)


@lru_cache(maxsize=32)
def panel_patch(width: int, height: int, radius: int) -> Patch:
    """The translucent rounded background of chips and panels."""
    return solid_patch(rounded_mask(width, height, radius), PANEL, PANEL_OPACITY)


def _percent(confidence: float) -> str:
    return f"{confidence * 100:.0f}%"


def _static_rows(chip: Chip) -> tuple[_StaticRow, ...]:
    return tuple((row.text, row.strong, row.confidence is not None, row.bar) for row in chip.rows)


@lru_cache(maxsize=512)
def _layout(rows: tuple[_StaticRow, ...], scale: Scale) -> _Layout:
    """Label, bar and percentage side by side; in a compact chip the bar lies under the other two."""
    labels = max(
        text_width(_fitted(text, strong, scale), scale.text, _weight(strong)) for text, strong, _, _ in rows
    )
    bars = [number and bar for _, _, number, bar in rows]
    beside = any(bars) and not scale.compact
    label_left = 2 * scale.pad + _stripe_width(scale)
    number_right = label_left + labels
    bar_left, bar_width = label_left, 0
    if beside:
        bar_left = number_right + scale.gap + scale.pad // 2
        bar_width = round(_BAR_LENGTH * scale.text)
        number_right = bar_left + bar_width
    if any(number for _, _, number, _ in rows):
        number_right += scale.gap + text_width("100%", scale.small, "medium", tabular=True)
    if not beside:
        bar_width = number_right - label_left
    top = scale.pad - round(scale.text * 0.1)
    row_tops = []
    for bar in bars:
        row_tops.append(top)
        top += round(scale.text * 1.42) + (scale.bar if bar and scale.compact else 0)
    height = top - round(scale.text * 0.18) + scale.pad
    below = round(scale.text * 1.3) if scale.compact else round(scale.text * 0.66 - scale.bar / 2)
    return _Layout(
        number_right + scale.pad,
        height,
        tuple(row_tops),
        label_left,
        bar_left,
        bar_width,
        below,
        number_right,
    )


def _fitted(text: str, strong: bool, scale: Scale) -> str:
    return fit_text(text, scale.text, round(_LONGEST_LABEL * scale.text), _weight(strong))


def _weight(strong: bool) -> str:
    return "semibold" if strong else "medium"


def _stripe_width(scale: Scale) -> int:
    return max(2, round(scale.text * 0.2))


@lru_cache(maxsize=256)
def _bar(width: int, height: int, colour: Colour) -> Patch:
    return solid_patch(rounded_mask(width, height, height), colour)


@lru_cache(maxsize=64)
def _panel_with_labels(rows: tuple[_StaticRow, ...], accent: Colour, scale: Scale) -> Patch:
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
    for (text, strong, has_number, has_bar), top in zip(rows, layout.row_tops, strict=True):
        label = _fitted(text, strong, scale)
        layers.append(
            (text_patch(label, scale.text, _weight(strong), TEXT if strong else DIM), layout.label_left, top)
        )
        if has_number and has_bar:
            track = solid_patch(rounded_mask(layout.bar_width, scale.bar, scale.bar), TRACK, TRACK_OPACITY)
            layers.append((track, layout.bar_left, top + layout.bar_below_row_top))
    return compose_patch((layout.width, layout.height), layers)
