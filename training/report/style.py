"""One look for every figure: colours that all kinds of colour vision tell apart, one font, few lines.

The colours are Okabe and Ito's (https://jfly.uni-koeln.de/color/); what a colour says is also said by a line's dashes
or a marker's shape, so that a grey print loses nothing. Margins are fixed, so that figures side by side line up.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import ImageFont

from livefg.overlay.fonts import Coverage, read_coverage, shipped_fonts

__all__ = [
    "ACCENT",
    "CONTRAST",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "WIDTH",
    "Drawing",
    "add_axes",
    "figure",
    "panel",
    "percent_axis",
    "plain_label",
    "png_of",
    "render",
    "room_for",
    "styled",
]

INK = "#1b2029"
MUTED = "#5a6472"
GRID = "#e4e8ed"
PAPER = "#ffffff"
ACCENT = "#0072b2"
"""Blue: what counts (after calibration, validation, right)."""
CONTRAST = "#d55e00"
"""Vermilion: what it is compared with (before calibration, training, wrong)."""

WIDTH = 4.6
"""Of an ordinary figure, in inches; two stand side by side on the page."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.62, 0.16, 0.36, 0.5
_DPI = 160
_LONGEST = 20  # characters of a label in a figure; tables have it whole

_LOOK: dict[Any, Any] = {
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": 600,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 8.5,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": "#aab2bd",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "text.color": INK,
    "text.parse_math": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "legend.handlelength": 2.2,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "svg.hashsalt": "livefg",
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished figure under a file name without suffix: as SVG for the page, as PNG for everything else.

    `width` is in points (1/72 inch), `alt` says in words what is to be seen.
    """

    name: str
    svg: bytes
    png: bytes
    width: float
    alt: str


@contextmanager
def styled(characters: str = "") -> Iterator[None]:
    """Figures made and rendered inside look like those of the report, whatever the user's own settings.

    `characters` are what the figures will have to write beside plain English.
    """
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        # A character that no font has comes out as a box; the page's text has it right.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)
        mpl.rcParams.update(_LOOK)
        mpl.rcParams["font.family"] = _families(frozenset(characters))
        yield


def _families(characters: frozenset[str]) -> list[str]:
    """The fonts that write the characters: the first what it can, each further one what is still missing."""
    first, *others = shipped_fonts("medium")
    names = [_known(first)]
    missing = {code for code in map(ord, characters) if code not in _coverage(first)}
    for path in others:
        found = {code for code in missing if code in _coverage(path)}
        if found:
            names.append(_known(path))
            missing -= found
    return names


@lru_cache
def _known(path: Path) -> str:
    """Make a font known to matplotlib, under a name of its own, as the ordinary weight and the bold one; that name."""
    entry = font_manager.ttfFontProperty(font_manager.get_font(str(path)))
    bold = path
    if path == shipped_fonts("medium")[0]:
        bold = shipped_fonts("semibold")[0]
    name = f"livefg {entry.name}"
    font_manager.fontManager.ttflist += [
        replace(entry, name=name, fname=str(file), weight=weight)
        for file, weight in ((path, 400), (bold, 600))
    ]
    return name


@lru_cache
def _coverage(path: Path) -> Coverage:
    return read_coverage(path)


def figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches; belongs to no window and no list."""
    made = Figure(figsize=(width, height))
    FigureCanvasAgg(made)
    return made


def panel(height: float, below: float = 0.0) -> tuple[Figure, Axes]:
    """An ordinary figure, its height in inches, with one pair of axes; `below` inches stay free under them."""
    made = figure(WIDTH, height + below)
    return made, add_axes(made, _BOTTOM + below, height - _TOP - _BOTTOM)


def add_axes(made: Figure, bottom: float, height: float) -> Axes:
    """Axes between the ordinary margins of a figure, in inches from its lower edge."""
    width, whole = made.get_figwidth(), made.get_figheight()
    return made.add_axes((_LEFT / width, bottom / whole, (width - _LEFT - _RIGHT) / width, height / whole))


def percent_axis(axes: Axes, which: str, ticks: int = 6) -> None:
    """Write fractions 0..1 along an axis (`x` or `y`) as percentages, at about so many round places."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.4g}%"))


def room_for(labels: Sequence[str], size: float) -> float:
    """How many inches the widest of the labels takes at a size in points."""
    font = ImageFont.truetype(shipped_fonts("medium")[0], 100)
    # Letters that the font lacks belong to scripts that need more room.
    widths = [
        sum(
            font.getlength(letter) if ord(letter) in _coverage(shipped_fonts("medium")[0]) else 105
            for letter in label
        )
        for label in labels
    ]
    return max(widths, default=0.0) / 100 * size / 72


def plain_label(label: str) -> str:
    """A label that fits into a figure."""
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def render(made: Figure, name: str, alt: str) -> Drawing:
    """Turn a figure into files; the same figure gives the same bytes."""
    svg = io.BytesIO()
    made.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return Drawing(name, svg.getvalue(), png_of(made), float(made.get_figwidth() * 72), alt)


def png_of(made: Figure) -> bytes:
    """A figure as PNG."""
    png = io.BytesIO()
    made.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return png.getvalue()
