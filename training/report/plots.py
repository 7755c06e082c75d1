"""The figures of a report, one function each. All are drawn inside `style.styled()`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from training.evaluation import ConditionPoint, Evaluation, RocPoint
from training.report.content import Curve, ImageArray, Thumbnail, Words
from training.report.markup import percent
from training.report.style import (
    ACCENT,
    CONTRAST,
    GRID,
    INK,
    MUTED,
    PAPER,
    WIDTH,
    add_axes,
    figure,
    panel,
    percent_axis,
    plain_label,
    room_for,
)

__all__ = [
    "LARGEST_MATRIX",
    "area_under",
    "condition_panel",
    "confusion_matrix",
    "coverage_curve",
    "curves",
    "mistakes_sheet",
    "operating_point",
    "reliability_diagram",
    "roc_curve",
]

LARGEST_MATRIX = 60
"""The most labels of which a confusion matrix can still be read."""
_MOST_WITH_COUNTS = 32

_DASHED = (0, (4, 2))
_DOTTED = (0, (1, 2))
_RIGHT = LinearSegmentedColormap.from_list("right", ["#ffffff", "#8fc3e3", ACCENT, "#004c7a"])
_WRONG = LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#fbc79c", CONTRAST, "#8a3c00"])
_SHEET_COLUMNS = 6


def curves(quantity: str, drawn: Sequence[Curve], best_epoch: int | None) -> Figure:
    """A quantity by epoch, one line a side; the epoch that was kept is marked."""
    made, axes = panel(2.9)
    looks = {"training": (CONTRAST, _DASHED), "validation": (ACCENT, "solid")}
    highest = 0.0
    for curve in drawn:
        colour, dashes = looks.get(curve.side, (INK, _DOTTED))
        epochs = np.arange(1, len(curve.values) + 1)
        marker = "o" if len(epochs) == 1 else ""
        axes.plot(epochs, curve.values, color=colour, linestyle=dashes, marker=marker, label=curve.side)
        highest = max([highest, *(value for value in curve.values if math.isfinite(value))])
    if best_epoch is not None:
        axes.axvline(best_epoch + 1, color=MUTED, linewidth=0.8, linestyle=_DOTTED)
        _remark(axes, "kept", (best_epoch + 1, 0.03), (-3, 0), across="right", up="bottom", share=True)
    if quantity == "accuracy":
        axes.set_ylim(top=min(1.01, highest + 0.05))
        percent_axis(axes, "y")
    else:
        axes.set_ylim(0, highest * 1.08 or 1)
    axes.set_title(quantity.capitalize())
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend_above(axes)
    return made


def confusion_matrix(evaluation: Evaluation) -> Figure:
    """Counts by what is shown (row) and said (column); colour is the share of the row, right blue, wrong orange."""
    counts = np.array(evaluation.confusion, np.int64)
    size = len(counts)
    names = [plain_label(label) for label in evaluation.labels]
    cell = 0.3 if size > 8 else 0.5
    room = room_for(names, 8) + 0.36
    side = cell * size
    width, height = max(side + room + 0.1, 3.2), side + room + 0.1
    made = figure(width, height)
    axes = made.add_axes((room / width, room / height, side / width, side / height))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    colours = _WRONG(np.sqrt(shares))
    diagonal = np.arange(size)
    colours[diagonal, diagonal] = _RIGHT(shares[diagonal, diagonal])
    axes.grid(visible=False)
    axes.imshow(colours, aspect="auto")
    axes.set_xticks(diagonal, names, rotation=90)
    axes.set_yticks(diagonal, names)
    axes.tick_params(colors=INK)
    axes.set_xlabel("said")
    axes.set_ylabel("shown")
    axes.xaxis.set_label_coords(0.5, -(room - 0.13) / side)
    axes.yaxis.set_label_coords(-(room - 0.13) / side, 0.5)
    for edge in ("left", "bottom"):
        axes.spines[edge].set_visible(False)
    for place in np.arange(size + 1) - 0.5:
        axes.axhline(place, color=GRID, linewidth=0.5)
        axes.axvline(place, color=GRID, linewidth=0.5)
    if size <= _MOST_WITH_COUNTS:
        _write_counts(axes, counts, shares, cell)
    return made


def _write_counts(
    axes: Axes, counts: npt.NDArray[np.int64], shares: npt.NDArray[np.float64], cell: float
) -> None:
    largest = len(str(counts.max(initial=0)))
    text_size = min(8.5, cell * 72 / max(2.6, 0.72 * largest + 0.6))
    for row, column in np.argwhere(counts > 0):
        dark = shares[row, column] > (0.55 if row == column else 0.25)
        axes.text(
            column,
            row,
            str(counts[row, column]),
            ha="center",
            va="center",
            fontsize=text_size,
            color=PAPER if dark else INK,
        )


def reliability_diagram(evaluation: Evaluation) -> Figure:
    """How often answers of each confidence are right, before and after calibration, and how many there are of each."""
    made = figure(WIDTH, 4.0)
    axes, bars = add_axes(made, 1.35, 2.29), add_axes(made, 0.5, 0.66)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=_DOTTED)
    if evaluation.reliability_before and evaluation.ece_before is not None:
        label = f"before: {evaluation.ece_before:.3f}"
        _reliability(axes, evaluation.reliability_before, CONTRAST, "s", _DASHED, label)
    when = "measured" if evaluation.ece_before is None else "after"
    _reliability(axes, evaluation.reliability, ACCENT, "o", "solid", f"{when}: {evaluation.ece:.3f}")
    for confidence, _, share in evaluation.reliability:
        bars.bar(confidence, share, width=0.036, color=ACCENT)
    for one in (axes, bars):
        one.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.03)
    axes.tick_params(labelbottom=False)
    axes.set_ylabel("accuracy")
    _legend_above(axes)
    bars.set_ylabel("answers")
    bars.set_xlabel("confidence")
    percent_axis(axes, "x")
    percent_axis(axes, "y")
    percent_axis(bars, "x")
    percent_axis(bars, "y", 2)
    axes.set_title("Reliability and ECE")
    return made


def _reliability(
    axes: Axes,
    points: Sequence[tuple[float, float, float]],
    colour: str,
    marker: str,
    dashes: str | tuple[int, tuple[int, ...]],
    label: str,
) -> None:
    """A line through points whose markers are larger where there are more answers."""
    confidence, accuracy, share = np.array(points).T
    face = PAPER if marker == "s" else colour
    axes.plot(
        confidence,
        accuracy,
        color=colour,
        linestyle=dashes,
        linewidth=1.3,
        marker=marker,
        markersize=3,
        markerfacecolor=face,
        label=label,
    )
    axes.scatter(
        confidence,
        accuracy,
        8 + 90 * np.sqrt(share),
        marker=marker,
        facecolors=face,
        edgecolors=colour,
        zorder=3,
    )


def coverage_curve(evaluation: Evaluation) -> Figure:
    """Accuracy of the surest answers, by how large a share of all answers they are; the reject threshold is marked."""
    points, threshold = evaluation.coverage, evaluation.reject_threshold
    made, axes = panel(4.0)
    share = [point[1] for point in points]
    accuracy = [point[2] for point in points]
    axes.plot(share, accuracy, color=ACCENT)
    floor = _floor(min(accuracy, default=0.0), 0.02)
    sure = [point for point in points if point[0] >= threshold]
    if threshold > 0 and sure:
        _, place, value = sure[0]
        axes.plot([place, place], [floor, value], color=CONTRAST, linewidth=0.9, linestyle=_DASHED)
        axes.plot([place], [value], "D", color=CONTRAST, markersize=6)
        remark = f"at least {threshold:.2f} sure:\n{place:.1%} of answers,\n{value:.1%} of them right"
        left = place > 0.45
        _remark(axes, remark, (place, value), (-9 if left else 9, -10), across="right" if left else "left")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(floor, 1 + (1 - floor) * 0.03)
    axes.set_xlabel("share of answers kept, the surest first")
    axes.set_ylabel("accuracy among them")
    percent_axis(axes, "x")
    percent_axis(axes, "y")
    axes.set_title("Accuracy against confidence")
    return made


def area_under(points: Sequence[RocPoint]) -> float:
    """Area under the ROC curve, 0..1."""
    ordered = sorted((point.false_gestures, point.gestures_named) for point in points)
    false, named = np.array([(0.0, 0.0), *ordered, (1.0, 1.0)]).T
    return float((np.diff(false) * (named[1:] + named[:-1]) / 2).sum())


def operating_point(evaluation: Evaluation) -> RocPoint | None:
    """The point of the ROC curve next to the reject threshold; None without one."""
    if not evaluation.roc or evaluation.reject_threshold <= 0:
        return None
    return min(evaluation.roc, key=lambda point: abs(point.threshold - evaluation.reject_threshold))


def roc_curve(evaluation: Evaluation, words: Words) -> Figure:
    """What is named of the gestures, by what gets a name though it shows none; the latter on a logarithmic axis."""
    made, axes = panel(3.7)
    nothing = sum(one.count for one in evaluation.per_label if one.label == words.nothing)
    least = 10.0 ** math.floor(math.log10(0.5 / max(nothing, 5)))
    ordered = sorted(evaluation.roc, key=lambda point: -point.threshold)
    false = np.maximum([point.false_gestures for point in ordered], least)
    axes.plot(false, [point.gestures_named for point in ordered], color=ACCENT, drawstyle="steps-post")
    chance = np.geomspace(least, 1, 100)
    axes.plot(chance, chance, color=MUTED, linewidth=0.9, linestyle=_DOTTED)
    _remark(axes, "chance", (0.3, 0.3), (-4, 0), across="right", colour=MUTED)
    point = operating_point(evaluation)
    if point:
        place = (max(point.false_gestures, least), point.gestures_named)
        axes.plot(*place, "D", color=CONTRAST, markersize=6)
        remark = (
            f"threshold {evaluation.reject_threshold:.2f}:\n{point.gestures_named:.1%} named,\n"
            f"{point.false_gestures:.1%} false"
        )
        _remark(axes, remark, place, (10, -8))
    axes.set_xscale("log")
    axes.set_xlim(least * 0.9, 1.1)
    axes.set_ylim(0, 1.03)
    axes.xaxis.set_major_locator(FixedLocator([10.0**power for power in range(round(math.log10(least)), 1)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g}%"))
    percent_axis(axes, "y")
    axes.set_xlabel(f"{words.many} without a {words.answer} that get one")
    axes.set_ylabel(f"{words.answers} named")
    axes.set_title(f"{words.answer.capitalize()} against {words.nothing}")
    return made


def condition_panel(points: Sequence[ConditionPoint], images: Sequence[ImageArray], lowest: float) -> Figure:
    """Accuracy as one condition grows stronger; below each strength an example. `lowest` is where the axis begins."""
    title, _, unit = points[0].condition.partition(": ")
    made, axes = panel(2.6, below=0.85 if images else 0.0)
    places = np.arange(len(points))
    floor = _floor(lowest, 0.06)
    axes.plot(places, [point.accuracy for point in points], "o-", color=ACCENT)
    for place, point in zip(places.tolist(), points, strict=True):
        _remark(axes, percent(point.accuracy), (place, point.accuracy), (0, 6), across="center", up="bottom")
    axes.set_xlim(-0.5, len(points) - 0.5)
    axes.set_ylim(floor, 1 + (1 - floor) * 0.14)
    axes.set_xticks(places, [f"{point.strength:g}" for point in points])
    axes.set_xlabel(unit)
    axes.set_ylabel("accuracy")
    percent_axis(axes, "y", 5)
    axes.set_title(title.capitalize())
    axes.grid(visible=False, axis="x")
    if images:
        _examples_below(made, axes, images)
    return made


def _examples_below(made: Figure, axes: Axes, images: Sequence[ImageArray]) -> None:
    """A strip of square pictures at the lower edge of the figure, one under each of the axes' places."""
    box = axes.get_position()
    width, height = made.get_figwidth(), made.get_figheight()
    cell = box.width * width / len(images)
    side = len(images[0])
    gap = np.full((side, max(1, side // 24), 3), 255, np.uint8)
    strip = np.concatenate([part for image in images for part in (gap, image, gap)], axis=1)
    cell_height = cell * side / (side + 2 * gap.shape[1])
    spot = made.add_axes((box.x0, 0.05 / height, box.width, cell_height / height))
    spot.imshow(strip, interpolation="lanczos", aspect="auto")
    spot.set_axis_off()


def mistakes_sheet(thumbnails: Sequence[Thumbnail]) -> Figure:
    """All pictured mistakes on one sheet."""
    columns = min(_SHEET_COLUMNS, len(thumbnails))
    rows = math.ceil(len(thumbnails) / columns)
    made = figure(1.5 * columns, 1.85 * rows)
    axes = made.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1.5 * columns)
    axes.set_ylim(1.85 * rows, 0)
    for number, one in enumerate(thumbnails):
        left, top = 1.5 * (number % columns) + 0.08, 1.85 * (number // columns) + 0.06
        axes.imshow(
            one.image, extent=(left, left + 1.34, top + 1.34, top), interpolation="lanczos", aspect="auto"
        )
        for line, words in enumerate(
            (
                plain_label(one.mistake.shown),
                f"→ {plain_label(one.mistake.said)} {one.mistake.confidence:.0%}",
            )
        ):
            colour = ACCENT if not line else CONTRAST
            axes.text(left, top + 1.39 + 0.15 * line, words, fontsize=8, va="top", color=colour)
    return made


def _legend_above(axes: Axes) -> None:
    """The legend beside the title, where no line can be."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.02, 0.99), ncols=2, borderaxespad=0.2)


def _floor(lowest: float, room: float) -> float:
    """Where an axis of accuracies begins, a little below the lowest."""
    return max(0.0, math.floor((lowest - room) * 10) / 10)


def _remark(
    axes: Axes,
    words: str,
    at: tuple[float, float],
    by: tuple[float, float],
    *,
    across: str = "left",
    up: str = "top",
    colour: str = INK,
    share: bool = False,
) -> None:
    """Words `by` points beside a place in the axes; with `share` the place's height is a share of the axes'."""
    axes.annotate(
        words,
        at,
        xycoords=("data", "axes fraction") if share else "data",
        xytext=by,
        textcoords="offset points",
        ha=across,
        va=up,
        fontsize=8,
        color=colour,
    )
