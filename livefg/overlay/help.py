"""The help panel: which key does what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from livefg.overlay.chips import text_patch
from livefg.overlay.draw import ImageArray, Patch, compose_patch, paste, rounded_mask, solid_patch
from livefg.overlay.style import DIM, PANEL, TEXT, TRACK, Scale
from livefg.overlay.text import line_height, text_width

__all__ = ["KEYS", "draw_help"]

KEYS: tuple[tuple[str, str], ...] = (
    ("space", "pause and go on"),
    ("m", "mirror the picture"),
    ("l", "landmarks on and off"),
    ("h", "figures on and off"),
    ("s", "save a snapshot"),
    ("r", "record, and stop recording"),
    ("c", "collect examples of a gesture, and stop"),
    ("e", "enroll the person in the picture"),
    ("?", "this help"),
    ("q  Esc", "quit"),
)
"""The keys of the window and what each does."""
_OPACITY = 0.93


def draw_help(image: ImageArray, keys: Sequence[tuple[str, str]] = KEYS) -> None:
    """Draw the panel in place in the middle of the picture; `keys` are (key, what it does)."""
    height, width = image.shape[:2]
    patch = _panel(tuple(keys), Scale.of(width, height))
    paste(image, patch, (width - patch.size[0]) // 2, max(0, (height - patch.size[1]) // 2))


@lru_cache(maxsize=2)
def _panel(keys: tuple[tuple[str, str], ...], scale: Scale) -> Patch:
    size = scale.text
    margin = round(size * 1.3)
    pitch = round(size * 1.85)
    cap_widths = [text_width(key, scale.small, "semibold") + size for key, _ in keys]
    column = max(cap_widths) + size
    width = 2 * margin + column + max(text_width(text, size) for _, text in keys)
    title = "Keys"
    title_height = round(size * 2.1)
    height = 2 * margin + title_height + pitch * len(keys) - (pitch - line_height(size))
    layers: list[tuple[Patch, int, int]] = [
        (solid_patch(rounded_mask(width, height, scale.radius * 2), PANEL, _OPACITY), 0, 0),
        (text_patch(title, round(size * 1.25), "semibold", TEXT), margin, margin - size // 4),
    ]
    for row, ((key, text), cap) in enumerate(zip(keys, cap_widths, strict=True)):
        top = margin + title_height + row * pitch
        cap_height = round(size * 1.5)
        cap_top = top + (line_height(size) - cap_height) // 2
        layers += [
            (solid_patch(rounded_mask(cap, cap_height, scale.radius), TRACK, 0.16), margin, cap_top),
            (
                text_patch(key, scale.small, "semibold", TEXT),
                margin + size // 2,
                cap_top + (cap_height - line_height(scale.small)) // 2,
            ),
            (text_patch(text, size, "medium", DIM), margin + column, top),
        ]
    return compose_patch((width, height), layers)
