"""A report as a folder: the page, its figures as PNG, and its numbers as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from training.files import write_whole
from training.report import plots
from training.report.content import Report
from training.report.page import page
from training.report.sections import Drawings, confusions
from training.report.style import Drawing, png_of, render, styled
from training.report.timing import latency_figure

__all__ = ["drawings_of", "write_report"]


def write_report(report: Report, folder: Path) -> Path:
    """Write `index.html`, `report.json` and the figures as PNG into `folder`; returns the page's path.

    Raises LivefgError if a file cannot be written.
    """
    drawings = drawings_of(report)
    content = page(report, drawings)
    for drawing in drawings.values():
        write_whole(folder / f"{drawing.name}.png", drawing.png)
    if report.thumbnails:
        write_whole(folder / "mistakes.png", _sheet(report))
    numbers = json.dumps(report.to_dict(), indent=1, ensure_ascii=False) + "\n"
    write_whole(folder / "report.json", numbers.encode())
    write_whole(folder / "index.html", content.encode())
    return folder / "index.html"


def drawings_of(report: Report) -> Drawings:
    """All figures for which a report has the data, by name."""
    with styled(_characters(report)):
        made = [*_of_evaluation(report), *_of_conditions(report), *_of_time(report), *_of_training(report)]
    return {drawing.name: drawing for drawing in made}


def _sheet(report: Report) -> bytes:
    with styled(_characters(report)):
        return png_of(plots.mistakes_sheet(report.thumbnails))


def _characters(report: Report) -> str:
    evaluation = report.evaluation
    return "".join((*evaluation.labels, *(point.condition for point in evaluation.conditions), "→…"))


def _of_evaluation(report: Report) -> list[Drawing]:
    evaluation = report.evaluation
    made = []
    if len(evaluation.labels) <= plots.LARGEST_MATRIX:
        mixed = "; ".join(
            f"{shown} as {said} {times}" for shown, said, times, _ in confusions(evaluation)[:5]
        )
        alt = f"Confusion matrix of {len(evaluation.labels)} labels. Most mistakes: {mixed or 'none'}."
        made.append(render(plots.confusion_matrix(evaluation), "confusion", alt))
    if evaluation.reliability:
        alt = f"Reliability diagram; the expected calibration error is {evaluation.ece:.3f}."
        made.append(render(plots.reliability_diagram(evaluation), "reliability", alt))
    if evaluation.coverage:
        alt = "Accuracy among the surest answers by the share of answers kept."
        made.append(render(plots.coverage_curve(evaluation), "coverage", alt))
    if evaluation.roc:
        alt = f"ROC curve; the area under it is {plots.area_under(evaluation.roc):.4f}."
        made.append(render(plots.roc_curve(evaluation, report.words), "roc", alt))
    return made


def _of_conditions(report: Report) -> list[Drawing]:
    points = report.evaluation.conditions
    images = {strip.condition: strip.images for strip in report.strips}
    lowest = min((point.accuracy for point in points), default=0.0)
    made = []
    for condition in dict.fromkeys(point.condition for point in points):
        mine = [point for point in points if point.condition == condition]
        title = condition.partition(":")[0]
        alt = f"Accuracy under {condition}: " + ", ".join(
            f"{point.accuracy:.0%} at {point.strength:g}" for point in mine
        )
        figure = plots.condition_panel(mine, images.get(condition, ()), lowest)
        made.append(render(figure, f"condition-{_file_name(title)}", alt))
    return made


def _of_time(report: Report) -> list[Drawing]:
    if not report.latencies:
        return []
    median = float(np.median(report.latencies))
    alt = f"Seconds from the end of a motion to its event; the median is {median:.2f}."
    return [render(latency_figure(report.latencies), "latency", alt)]


def _of_training(report: Report) -> list[Drawing]:
    made = []
    for quantity in dict.fromkeys(curve.quantity for curve in report.curves):
        mine = [curve for curve in report.curves if curve.quantity == quantity and curve.known]
        if mine:
            alt = f"The {quantity} by epoch, {' and '.join(curve.side for curve in mine)}."
            figure = plots.curves(quantity, mine, report.best_epoch)
            made.append(render(figure, f"curve-{_file_name(quantity)}", alt))
    return made


def _file_name(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
