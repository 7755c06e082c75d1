"""The part of the page about time: how long after a motion's end it was named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from training.report.content import Report
from training.report.markup import drawing, section
from training.report.style import ACCENT, CONTRAST, MUTED, Drawing, panel, percent_axis

__all__ = ["latency_figure", "latency_section"]

_SOON = 0.25
_EARLIEST, _LATEST, _STEP = -1.0, 0.75, 0.05


def latency_figure(latencies: Sequence[float]) -> Figure:
    """Which share of the events came how many seconds after the motion's end, negative ones before it."""
    made, axes = panel(2.9)
    edges = np.arange(_EARLIEST, _LATEST + _STEP / 2, _STEP)
    shares = np.histogram(np.clip(latencies, _EARLIEST, _LATEST), edges)[0] / max(1, len(latencies))
    axes.bar(edges[:-1], shares, width=_STEP * 0.86, align="edge", color=ACCENT)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    axes.axvline(_SOON, color=CONTRAST, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.set_xlim(_EARLIEST, _LATEST)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    percent_axis(axes, "y", 4)
    axes.set_xlabel("seconds after the end of the motion")
    axes.set_ylabel("events")
    axes.set_title("Detection latency")
    return made


def latency_section(report: Report, drawings: Mapping[str, Drawing]) -> tuple[str, str, str] | None:
    """The figure with what it means; None without latencies."""
    if "latency" not in drawings:
        return None
    times = np.array(report.latencies)
    caption = (
        f"Half of the events come within {np.median(times):.2f} s of the motion's end, "
        f"{(times <= _SOON).mean():.0%} within {_SOON:g} s (dashed). What goes on and on, as a wave does, is named "
        "before it ends: left of 0."
    )
    return section(
        "latency", "How soon", f'<div class="figures">{drawing(drawings["latency"], caption)}</div>'
    )
