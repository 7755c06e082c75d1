"""Text of any script as masks: each piece is written once with FreeType and kept while it is in use.

Text is cut into runs that one font can write; with libraqm (part of Pillow's wheels) each run is shaped,
right-to-left scripts included. A character that no font has comes out as the box that fonts keep for that
purpose: visible.
"""

from __future__ import annotations

import math
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, features

from livefg.overlay.fonts import FontFinder, Weight, shipped_fonts

__all__ = ["clean_text", "fit_text", "line_height", "text_mask", "text_width"]

MaskArray = npt.NDArray[np.uint8]

_ASCENT = 1.0
_DESCENT = 0.34
_SMALL = 28  # font size in pixels, up to which glyphs are drawn larger and reduced
_REDUCTION = 4
# Reducing makes thin strokes of light text on a dark panel look thinner than they are; this makes up for it.
_LIFT = 0.8
_LIFTED = np.rint(255 * (np.arange(256) / 255) ** _LIFT).astype(np.uint8)
_ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"
# They choose between looks (in colour, a skin tone) that a drawing in one colour does not have.
_LOOKS = frozenset((*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)))
_HAS_RAQM = bool(features.check("raqm"))
_RIGHT_TO_LEFT = ("R", "AL")

_finder = FontFinder()
_lock = (
    threading.RLock()
)  # a window and a video file may be written at once; FreeType's fonts serve one at a time


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring characters that one font writes in one direction."""

    text: str
    path: Path
    right_to_left: bool


def clean_text(text: str) -> str:
    """`text` as one line without control characters, which have no look of their own."""
    kept = (" " if c.isspace() else c for c in unicodedata.normalize("NFC", text))
    printable = (c for c in kept if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return " ".join("".join(c for c in printable if ord(c) not in _LOOKS).split())


def line_height(size: int) -> int:
    """Height in pixels of a mask of font size `size`; its baseline lies `size` pixels below the top."""
    return math.ceil(size * _ASCENT) + math.ceil(size * _DESCENT)


@lru_cache(maxsize=2048)
def text_width(text: str, size: int, weight: Weight = "medium", tabular: bool = False) -> int:
    """Width in pixels of `text` at font size `size`; `tabular` gives all digits the same width."""
    k = _reduction(size)
    with _lock:
        return math.ceil(sum(_advance(run, size * k, tabular) for run in _runs(text, weight)) / k)


@lru_cache(maxsize=256)
def text_mask(text: str, size: int, weight: Weight = "medium", tabular: bool = False) -> MaskArray:
    """How much of each pixel `text` covers, 0..255: (line_height(size), text_width(...)) uint8, read-only."""
    k = _reduction(size)
    width, height = max(1, text_width(text, size, weight, tabular)), line_height(size)
    picture = Image.new("L", (width * k, height * k))
    draw = ImageDraw.Draw(picture)
    x, baseline = 0.0, math.ceil(size * _ASCENT) * k
    with _lock:
        for run in _runs(text, weight):
            draw.text(
                (x, baseline),
                run.text,
                fill=255,
                font=_font(run.path, size * k),
                anchor="ls",
                direction=_direction(run),
                features=_features(tabular),
            )
            x += _advance(run, size * k, tabular)
    mask: MaskArray = np.array(picture)
    if k > 1:
        mask = _LIFTED[cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)]
    mask.setflags(write=False)
    return mask


def _reduction(size: int) -> int:
    """How much larger small text is drawn at first: FreeType sets small glyphs on whole pixels, unevenly
    spaced.
    """
    return _REDUCTION if size <= _SMALL else 1


@lru_cache(maxsize=512)
def fit_text(text: str, size: int, width: int, weight: Weight = "medium") -> str:
    """`text`, cut and ended with an ellipsis where it would be wider than `width` pixels."""
    # Measuring costs time by length: no more is looked at than could fit, in the narrowest letters.
    most = 8 + 5 * width // size
    if len(text) <= most and text_width(text, size, weight) <= width:
        return text
    fits = bisect_right(
        range(1, min(len(text), most)),
        width,
        key=lambda kept: text_width(text[:kept].rstrip() + _ELLIPSIS, size, weight),
    )
    return text[:fits].rstrip() + _ELLIPSIS


@lru_cache(maxsize=64)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if _HAS_RAQM else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, layout_engine=engine)


def _advance(run: _Run, size: int, tabular: bool) -> float:
    font = _font(run.path, size)
    return font.getlength(run.text, direction=_direction(run), features=_features(tabular))


def _direction(run: _Run) -> str | None:
    return ("rtl" if run.right_to_left else "ltr") if _HAS_RAQM else None


def _features(tabular: bool) -> list[str] | None:
    return ["tnum"] if tabular and _HAS_RAQM else None


@lru_cache(maxsize=512)
def _runs(text: str, weight: Weight) -> tuple[_Run, ...]:
    """Cut `text` into runs, in the order in which they stand from left to right."""
    segments: list[list[_Run]] = []
    for right_to_left, characters in groupby(zip(text, _directions(text), strict=True), key=itemgetter(1)):
        runs = _runs_of_fonts([character for character, _ in characters], weight, right_to_left)
        segments.append(runs[::-1] if right_to_left else runs)
    if segments and segments[0][0].right_to_left:
        segments.reverse()
    return tuple(run for segment in segments for run in segment)


def _directions(text: str) -> list[bool]:
    """For each character, whether it belongs to right-to-left text.

    Spaces and signs go with the letters on both sides, or with the first letter of all where these differ
    (rules N1 and N2 of the Unicode bidirectional algorithm, whose embeddings a name does not need).
    """
    kinds = [unicodedata.bidirectional(character) for character in text]
    strong = [kind in _RIGHT_TO_LEFT if kind in (*_RIGHT_TO_LEFT, "L", "EN") else None for kind in kinds]
    base = next((direction for direction in strong if direction is not None), False)
    before = list(accumulate(strong, lambda last, new: last if new is None else new, initial=base))[1:]
    after = list(accumulate(reversed(strong), lambda last, new: last if new is None else new, initial=base))[
        :0:-1
    ]
    return [bool(one if one == other else base) for one, other in zip(before, after, strict=True)]


def _runs_of_fonts(characters: Sequence[str], weight: Weight, right_to_left: bool) -> list[_Run]:
    """Runs of one direction, each in one font, in the order of reading."""
    primary = shipped_fonts(weight)[0]
    runs: list[_Run] = []
    for character in characters:
        last = runs[-1] if runs else None
        if last and (_follows(character) or _finder.covers(last.path, ord(character))):
            runs[-1] = replace(last, text=last.text + character)
        else:
            runs.append(_Run(character, _finder.find(character, weight) or primary, right_to_left))
    return runs


def _follows(character: str) -> bool:
    """Whether the character belongs to the one before it: marks and joiners."""
    return character in _JOINERS or unicodedata.category(character) in ("Mn", "Mc", "Me")
