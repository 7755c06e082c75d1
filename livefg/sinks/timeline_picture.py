"""The time line as a picture, by matplotlib, without a window and without its global state."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from livefg.overlay.fonts import shipped_fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from livefg.sinks.timeline import Timeline
    from livefg.spans import Span

__all__ = ["COLOURS", "clock", "colour_of", "save_picture"]

COLOURS = {
    "person": "#12805c",
    "stranger": "#7b8794",
    "left": "#2f7fb8",
    "right": "#c9780f",
    "motion": "#8a5bb5",
    "head": "#b8478a",
    "face": "#3f8f8a",
    "rule": "#9a6700",
}
_MEANINGS = {"person": "known", "stranger": "not known", "left": "left hand", "right": "right hand"}
_TEXT, _FAINT, _GRID, _STRIPE = "#1c2430", "#667085", "#e4e7ec", "#f7f8fa"
_WIDTH = 12.0
_ROW = 0.34
_DOTS = 160


def save_picture(timeline: Timeline, path: Path) -> None:
    """Write the time line to `path` as PNG. Raises OSError if that is refused."""
    rows = max(1, len(timeline.lanes))
    height = 1.45 + _ROW * rows
    figure = Figure(figsize=(_WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    left = min(0.30, 0.045 + 0.0068 * max((len(lane.name) for lane in timeline.lanes), default=8))
    axes = figure.add_axes((left, 0.62 / height, 0.98 - left, _ROW * rows / height))
    _draw_lanes(axes, timeline)
    _draw_axis(axes, timeline)
    figure.text(
        0.015, 1 - 0.30 / height, timeline.title, font=_font(14, strong=True), color=_TEXT, va="center"
    )
    seconds = timeline.end - timeline.begin
    about = f"{clock(seconds)} long, {timeline.frames:,} frames"
    figure.text(0.015, 1 - 0.56 / height, about, font=_font(9.5), color=_FAINT, va="center")
    _draw_legend(figure, timeline, height)
    with path.open("wb") as file:
        figure.savefig(file, format="png", dpi=_DOTS)


def clock(seconds: float) -> str:
    """Time as people read it: 0:07, 12:30, 1:02:03."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def colour_of(span: Span) -> str:
    """The colour of a span: by side for gestures, by what it is for the others."""
    if span.kind == "person":
        return COLOURS["stranger" if span.label in {None, "unknown"} else "person"]
    return COLOURS[span.side or "right"] if span.kind == "gesture" else COLOURS[span.kind]


def _draw_lanes(axes: Axes, timeline: Timeline) -> None:
    """A row for each lane from the top; the surer, the stronger its colour."""
    least = (timeline.end - timeline.begin) / 600  # what is shorter would vanish
    for row, lane in enumerate(timeline.lanes):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color=_STRIPE, zorder=0)
        for span in lane.spans:
            start = span.start
            axes.barh(
                row,
                max(span.end - start, least),
                left=start,
                height=0.62,
                color=_toned(span),
                linewidth=0,
                zorder=2,
            )
    for row in range(1, len(timeline.lanes)):
        if timeline.lanes[row].group != timeline.lanes[row - 1].group:
            axes.axhline(row - 0.5, color=_FAINT, linewidth=0.8, zorder=1)
    if not timeline.lanes:
        axes.text(
            0.5, 0.5, "Nobody and nothing was seen", transform=axes.transAxes, ha="center", va="center",
            font=_font(11), color=_FAINT,
        )  # fmt: skip


def _toned(span: Span) -> tuple[float, float, float]:
    """The colour of a span on white, paler where it is less sure."""
    strength = 0.4 + 0.6 * min(1.0, max(0.0, (span.confidence - 0.4) / 0.6))
    red, green, blue = (1 - strength * (1 - part) for part in to_rgb(colour_of(span)))
    return red, green, blue


def _draw_axis(axes: Axes, timeline: Timeline) -> None:
    axes.set_xlim(timeline.begin, max(timeline.end, timeline.begin + 0.1))
    axes.set_ylim(max(1, len(timeline.lanes)) - 0.5, -0.5)
    axes.set_yticks(range(len(timeline.lanes)), [lane.name for lane in timeline.lanes])
    seconds = timeline.end - timeline.begin
    steps = [1, 1.5, 2, 3, 5, 6, 10] if seconds > 60 else [1, 2, 5, 10]
    axes.xaxis.set_major_locator(MaxNLocator(12, steps=steps))
    fine = seconds < 8
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:.1f} s" if fine else clock(at)))
    axes.grid(axis="x", color=_GRID, linewidth=0.8, zorder=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=_TEXT, pad=6)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(_font(9.5))
    for label in axes.get_xticklabels():
        label.set_color(_FAINT)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(_GRID)


def _draw_legend(figure: Figure, timeline: Timeline, height: float) -> None:
    """What the colours mean, of those that are there, in one line at the bottom."""
    used = {colour_of(span) for lane in timeline.lanes for span in lane.spans}
    handles: list[Patch | Line2D] = [
        Patch(color=colour, label=_MEANINGS.get(name, name))
        for name, colour in COLOURS.items()
        if colour in used
    ]
    if not handles:
        return
    handles.append(Line2D([], [], linestyle="", label="stronger colour: more confident"))
    legend = figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.008, 0.04 / height), ncols=len(handles),
        frameon=False, prop=_font(9), handlelength=1.1, handleheight=0.9, columnspacing=1.6,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_color(_FAINT)


def _font(size: float, *, strong: bool = False) -> FontProperties:
    """The font of the overlay; letters that it lacks come from the fonts beside it."""
    return FontProperties(family=list(_families()), size=size, weight=600 if strong else 500)


@cache
def _families() -> tuple[str, ...]:
    """The names of the shipped fonts, made known to matplotlib."""
    # It would remark that fonts for other scripts come in one weight.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    files = dict.fromkeys((*shipped_fonts("medium"), *shipped_fonts("semibold")))
    for file in files:
        fontManager.addfont(str(file))
    return tuple(dict.fromkeys(get_font(str(file)).family_name for file in files))
