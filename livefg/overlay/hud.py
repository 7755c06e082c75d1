"""The head-up display: how fast, how fresh, how much was lost, on which devices; recording and paused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from livefg.overlay.chips import panel_patch, text_patch
from livefg.overlay.draw import ImageArray, Patch, compose_patch, paste, rounded_mask, solid_patch
from livefg.overlay.layout import Rect
from livefg.overlay.style import DIM, RECORDING, TEXT, WARNING, Colour, Scale
from livefg.overlay.text import clean_text, fit_text, line_height, text_width

__all__ = ["Hud", "draw_hud", "hud_rects"]

_WIDEST = 0.62  # of the picture's width


@dataclass(frozen=True, slots=True)
class Hud:
    """What the display says; what is None or empty is left out.

    `fps` are the results shown a second; `age_p50_ms` and `age_p95_ms` the age of the frames shown, in
    milliseconds from capture to display; `drops` the frames that were skipped to stay current; `devices` one
    short text a stage, such as "hands cuda"; `notice` a sentence for the moment, such as where a snapshot
    went.
    """

    fps: float | None = None
    age_p50_ms: float | None = None
    age_p95_ms: float | None = None
    drops: int | None = None
    devices: Sequence[str] = ()
    recording: bool = False
    paused: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A number with its unit: the number stands out."""

    number: str
    unit: str


def draw_hud(image: ImageArray, hud: Hud) -> None:
    """Draw the display in place: figures top left, state top right, a notice below them."""
    for patch, left, top in _parts(hud, image.shape[1], image.shape[0]):
        paste(image, patch, left, top)


def hud_rects(hud: Hud, width: int, height: int) -> list[Rect]:
    """Where `draw_hud` will draw in a picture of `width` x `height`, so that other things can stay away."""
    return [
        (left, top, left + patch.size[0], top + patch.size[1])
        for patch, left, top in _parts(hud, width, height)
    ]


def _parts(hud: Hud, width: int, height: int) -> list[tuple[Patch, int, int]]:
    scale = Scale.of(width, height)
    margin = scale.pad
    parts: list[tuple[Patch, int, int]] = []
    figures = _figures(hud)
    devices = tuple(clean_text(device) for device in hud.devices)
    top = margin
    if figures or devices:
        panel = _figures_panel(tuple(figures), devices, scale, width)
        parts.append((panel, margin, top))
        top += panel.size[1] + scale.gap
    right = width - margin
    states = [("REC", RECORDING, "disc")] * hud.recording + [("Paused", WARNING, "bars")] * hud.paused
    badges = [_badge(text, colour, sign, scale) for text, colour, sign in states]
    # Where figures and badges do not fit side by side, the badges go below.
    taken = parts[0][0].size[0] + 2 * margin if parts else 0
    badge_top = margin if taken + sum(b.size[0] + margin for b in badges) <= width else top
    for badge in badges:
        parts.append((badge, right - badge.size[0], badge_top))
        right -= badge.size[0] + scale.gap
    if hud.notice:
        notice = _notice(clean_text(hud.notice), scale, width)
        below = top if badge_top == margin or not badges else badge_top + badges[0].size[1] + scale.gap
        parts.append((notice, margin, below))
    return parts


def _figures(hud: Hud) -> list[_Piece]:
    pieces: list[_Piece] = []
    if hud.fps is not None:
        pieces.append(_Piece(f"{hud.fps:.0f}" if hud.fps >= 9.95 else f"{hud.fps:.1f}", "fps"))
    ages = [f"{age:.0f}" for age in (hud.age_p50_ms, hud.age_p95_ms) if age is not None]
    if ages:
        pieces.append(_Piece(" / ".join(ages), "ms old"))
    if hud.drops is not None:
        pieces.append(_Piece(f"{hud.drops}", "dropped"))
    return pieces


@lru_cache(maxsize=4)
def _figures_panel(
    figures: tuple[_Piece, ...], devices: tuple[str, ...], scale: Scale, picture_width: int
) -> Patch:
    widest = round(picture_width * _WIDEST) if picture_width > 400 else picture_width - 2 * scale.pad
    inner = widest - 2 * scale.pad
    lines = _wrapped(figures, devices, scale, inner)
    pitch = round(scale.text * 1.42)
    layers: list[tuple[Patch, int, int]] = []
    right = 0
    for row, line in enumerate(lines):
        left = scale.pad + scale.gap // 2
        for text, weight, colour, gap in line:
            patch = text_patch(text, scale.small, weight, colour, tabular=True)
            layers.append((patch, left, scale.pad + row * pitch))
            left += patch.size[0] + gap
            right = max(right, left - gap)
    size = (
        right + scale.pad + scale.gap // 2,
        2 * scale.pad + pitch * (len(lines) - 1) + line_height(scale.small),
    )
    return compose_patch(size, [(panel_patch(*size, scale.radius), 0, 0), *layers])


_Word = tuple[str, str, Colour, int]
"""Text, weight, colour, and the space after it in pixels."""


def _wrapped(
    figures: Sequence[_Piece], devices: Sequence[str], scale: Scale, widest: int
) -> list[list[_Word]]:
    """The figures, then the devices, in lines no wider than `widest` pixels where that is possible."""
    apart, near = 2 * scale.gap, max(2, scale.gap // 2)
    groups: list[list[list[_Word]]] = [
        [[(f.number, "semibold", TEXT, near), (f.unit, "medium", DIM, apart)] for f in figures],
        [[(fit_text(device, scale.small, widest), "medium", DIM, apart)] for device in devices],
    ]
    lines: list[list[_Word]] = []
    for group in groups:
        line: list[_Word] = []
        for words in group:
            if line and _line_width([*line, *words], scale) > widest:
                lines.append(line)
                line = []
            line = [*line, *words]
        if line:
            lines.append(line)
    return lines


def _line_width(words: Sequence[_Word], scale: Scale) -> int:
    return (
        sum(text_width(text, scale.small, weight, True) + gap for text, weight, _, gap in words)
        - words[-1][3]
    )


@lru_cache(maxsize=8)
def _badge(text: str, colour: Colour, sign: str, scale: Scale) -> Patch:
    mark = max(4, round(scale.small * 0.62))
    height = 2 * scale.pad + line_height(scale.small)
    width = 3 * scale.pad + mark + text_width(text, scale.small, "semibold") + scale.gap // 2
    top = (height - mark) // 2
    left = scale.pad + scale.gap // 2
    layers = [(panel_patch(width, height, scale.radius), 0, 0)]
    if sign == "disc":
        layers.append((solid_patch(rounded_mask(mark, mark, mark), colour), left, top))
    else:
        bar = solid_patch(rounded_mask(max(1, mark // 3), mark, 1), colour)
        layers += [(bar, left, top), (bar, left + mark - max(1, mark // 3), top)]
    layers.append((text_patch(text, scale.small, "semibold", TEXT), left + mark + scale.pad, scale.pad))
    return compose_patch((width, height), layers)


@lru_cache(maxsize=4)
def _notice(text: str, scale: Scale, picture_width: int) -> Patch:
    text = fit_text(text, scale.small, picture_width - 4 * scale.pad - scale.gap)
    width = text_width(text, scale.small) + 2 * scale.pad + scale.gap
    height = 2 * scale.pad + line_height(scale.small)
    return compose_patch(
        (width, height),
        [
            (panel_patch(width, height, scale.radius), 0, 0),
            (text_patch(text, scale.small, "medium", TEXT), scale.pad + scale.gap // 2, scale.pad),
        ],
    )
