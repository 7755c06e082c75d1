"""The sections of the page, each from its part of a report; one whose data are missing gives None."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from training.evaluation import Evaluation
from training.report.content import Report, Words
from training.report.markup import (
    count,
    drawing,
    image,
    interval,
    many,
    meter,
    name,
    percent,
    section,
    table,
    text,
)
from training.report.plots import LARGEST_MATRIX, area_under, operating_point
from training.report.style import Drawing
from training.report.timing import latency_section

__all__ = ["SECTIONS", "Drawings", "Section", "confusions", "findings", "tiles"]

Drawings = Mapping[str, Drawing]
"""The figures of a report by name."""
Section = tuple[str, str, str]
"""Anchor, title, HTML."""

_FEW = 10
"""Examples of a label under which its figures say little."""
_MOST_CONFUSIONS = 8
_LONGEST_ITEM = 30
_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def confusions(evaluation: Evaluation) -> list[tuple[str, str, int, float]]:
    """(shown, said, how often, share of what shows it), the most frequent first."""
    counts = np.array(evaluation.confusion, np.int64).reshape(len(evaluation.labels), -1)
    np.fill_diagonal(counts, 0)
    totals = {score.label: score.count for score in evaluation.per_label}
    found = [
        (evaluation.labels[row], evaluation.labels[column], int(counts[row, column]))
        for row, column in np.argwhere(counts > 0)
    ]
    ordered = sorted(found, key=lambda one: (-one[2], one[0], one[1]))
    return [(shown, said, number, number / totals[shown]) for shown, said, number in ordered]


def tiles(report: Report) -> str:
    """The figures that count, large."""
    evaluation, words = report.evaluation, report.words
    low, high = interval(evaluation.accuracy, evaluation.hands)
    shown = sum(1 for score in evaluation.per_label if score.count)
    tile = [("Accuracy", percent(evaluation.accuracy), f"95% interval {low * 100:.1f} to {percent(high)}")]
    others = sum(score.count for score in evaluation.per_label if score.label == words.nothing)
    if 0 < others < evaluation.hands:
        given = sum(
            score.recall * score.count for score in evaluation.per_label if score.label != words.nothing
        )
        real = evaluation.hands - others
        tile.append((f"{words.answers.capitalize()} right", percent(given / real), f"of {count(real)}"))
    if evaluation.false_gestures is not None:
        without = f"of {many(others, words.one, words.many)} without one"
        tile.append((f"False {words.answers}", percent(evaluation.false_gestures), without))
    ece = "ECE" if evaluation.ece_before is None else f"ECE; {evaluation.ece_before:.3f} before calibration"
    tile += [
        ("Macro F1", f"{evaluation.macro_f1:.3f}", f"mean over {many(shown, 'label', 'labels')}"),
        ("Calibration error", f"{evaluation.ece:.3f}", ece),
    ]
    inner = "".join(
        f'<li><span class="name">{text(title)}</span><span class="value">{value}</span>'
        f'<span class="detail">{text(detail)}</span></li>'
        for title, value, detail in tile
    )
    return f'<ul class="tiles">{inner}</ul>'


def findings(report: Report) -> list[str]:
    """What the figures say, in sentences (HTML)."""
    evaluation, words = report.evaluation, report.words
    said = [text(note) for note in report.notes]
    enough = [score for score in evaluation.per_label if score.count >= _FEW]
    weakest = sorted((score for score in enough if score.recall < 1), key=lambda score: score.recall)[:3]
    if weakest:
        listed = ", ".join(
            f"{name(score.label)} ({percent(score.recall)} of {count(score.count)})" for score in weakest
        )
        said.append(f"Found least often where shown: {listed}.")
    mixed = confusions(evaluation)
    if mixed:
        shown, answer, number, share = mixed[0]
        said.append(
            f"The commonest mistake: {name(shown)} taken for {name(answer)}, "
            f"{many(number, 'time', 'times')} ({percent(share)} of its {text(words.many)})."
        )
    point = operating_point(evaluation)
    if point:
        said.append(
            f"By the threshold of {evaluation.reject_threshold:.2f} alone, {percent(point.gestures_named)} of the "
            f"{text(words.answers)} are named and {percent(point.false_gestures)} of the other "
            f"{text(words.many)} get a {text(words.answer)}."
        )
    rare = [score.label for score in evaluation.per_label if 0 < score.count < _FEW]
    if rare:
        said.append(
            f"Fewer than {_FEW} examples, so their figures say little: "
            f"{', '.join(name(label) for label in rare)}."
        )
    absent = [score.label for score in evaluation.per_label if not score.count]
    if absent:
        said.append(f"Not shown by any of the {text(words.many)}: {', '.join(map(name, absent))}.")
    return said


def _labels(report: Report, drawings: Drawings) -> Section | None:
    del drawings
    evaluation, words = report.evaluation, report.words
    taken: dict[str, tuple[str, int]] = {}
    for shown, said, number, _ in confusions(evaluation):
        taken.setdefault(shown, (said, number))
    order = sorted(evaluation.per_label, key=lambda score: (not score.count, -score.f1, score.label))
    rows = []
    for score in order:
        said, number = taken.get(score.label, ("", 0))
        rows.append(
            [
                name(score.label),
                count(score.count),
                meter(score.precision) if score.count else "",
                meter(score.recall, second=True) if score.count else "",
                f"{score.f1:.3f}" if score.count else "",
                f"{name(said)} ({count(number)})" if said else "",
            ]
        )
    return section(
        "labels",
        "Label by label",
        f'<p class="muted">Precision: how many of the {text(words.many)} given this name show it. Recall: how many of '
        "those that show it are given the name. F1 is their harmonic mean; best first.</p>",
        table(
            ["Label", text(words.many.capitalize()), "Precision", "Recall", "F1", "Most often taken for"],
            rows,
            numbers=(1, 4),
            unseen=[place for place, score in enumerate(order) if not score.count],
        ),
    )


def _confusion(report: Report, drawings: Drawings) -> Section | None:
    evaluation, words = report.evaluation, report.words
    mixed = confusions(evaluation)
    listed = table(
        ["Shown", "Said", "Times", f"Of its {text(words.many)}"],
        [
            [name(shown), name(said), count(number), percent(share)]
            for shown, said, number, share in mixed[:_MOST_CONFUSIONS]
        ],
        numbers=(2, 3),
    )
    caption = (
        f"Each row holds the {text(words.many)} that show a label, each column those that were given it. Blue is "
        "right, orange wrong; the darker, the larger the share of the row. Numbers are counts."
    )
    matrix = (
        drawing(drawings["confusion"], caption, wide=True)
        if "confusion" in drawings
        else f'<p class="note">With {len(evaluation.labels)} labels (more than {LARGEST_MATRIX}) a matrix cannot be '
        "read; report.json has it.</p>"
    )
    return section(
        "confusion",
        "What is taken for what",
        matrix,
        f"<h3>The commonest mistakes</h3>{listed}" if mixed else "<p>There was no mistake.</p>",
    )


def _confidence(report: Report, drawings: Drawings) -> Section | None:
    evaluation = report.evaluation
    parts = []
    if "reliability" in drawings:
        before = (
            f" Before calibration it was off by {evaluation.ece_before:.3f}."
            if evaluation.ece_before is not None
            else ""
        )
        parts.append(
            drawing(
                drawings["reliability"],
                "Answers that are 80% sure should be right 80% of the time: the nearer to the dotted line, the more "
                f"a confidence can be believed. On average it is off by {evaluation.ece:.3f} (ECE, 15 bins).{before} "
                "The bars show how many answers there are of each confidence.",
            )
        )
    if "coverage" in drawings:
        parts.append(
            drawing(
                drawings["coverage"],
                "How right the surest answers are, by how many of all answers one keeps. Toward the right less sure "
                "ones are kept too; the right end is the accuracy without any threshold.",
            )
        )
    if not parts:
        return None
    return section("confidence", "Confidence", f'<div class="figures">{"".join(parts)}</div>')


def _roc(report: Report, drawings: Drawings) -> Section | None:
    if "roc" not in drawings:
        return None
    evaluation, words = report.evaluation, report.words
    caption = (
        f"As the threshold falls, more {text(words.answers)} are named (upwards, whether by the right name or not) "
        f"and more {text(words.many)} that show none get one (to the right, on a logarithmic axis). "
        f"Area under the curve: {area_under(evaluation.roc):.4f}."
    )
    return section(
        "rejection",
        f"{words.answer.capitalize()} or none",
        f'<div class="figures">{drawing(drawings["roc"], caption)}<div>{_thresholds(evaluation, words)}</div></div>',
    )


def _thresholds(evaluation: Evaluation, words: Words) -> str:
    """What other thresholds would give, for whoever wants another balance."""
    chosen = operating_point(evaluation)
    nearest = {min(evaluation.roc, key=lambda point: abs(point.threshold - wanted)) for wanted in _THRESHOLDS}
    rows = sorted(nearest | ({chosen} if chosen else set()), key=lambda point: point.threshold)
    return table(
        ["Threshold", f"{text(words.answers.capitalize())} named", f"Others that get a {text(words.answer)}"],
        [[f"{row.threshold:.2f}", percent(row.gestures_named), percent(row.false_gestures)] for row in rows],
        numbers=(1, 2),
        chosen=[place for place, row in enumerate(rows) if row == chosen],
    )


def _conditions(report: Report, drawings: Drawings) -> Section | None:
    panels = [shown for key, shown in drawings.items() if key.startswith("condition-")]
    if not panels:
        return None
    aside = f'<div class="aside note">{text(report.conditions_note)}</div>' if report.conditions_note else ""
    return section(
        "conditions",
        "Under harder conditions",
        f"<p>The same {text(report.words.many)} changed more and more, and how many are still named rightly (the "
        "likeliest label, without a threshold).</p>",
        f'<div class="figures">{"".join(drawing(shown) for shown in panels)}{aside}</div>',
    )


def _mistakes(report: Report, drawings: Drawings) -> Section | None:
    del drawings
    if not report.thumbnails:
        return None
    cards = []
    for one in report.thumbnails:
        mistake = one.mistake
        alt = f"{mistake.shown}, taken for {mistake.said}"
        origin = " · ".join(part for part in (mistake.source, mistake.item) if part)
        short = " · ".join(part for part in (mistake.source, _shortened(mistake.item)) if part)
        cards.append(
            f"<li>{image(one.image, alt)}"
            f'<span class="said"><span class="right">{name(mistake.shown)}</span> → '
            f'<span class="wrong">{name(mistake.said)}</span> {mistake.confidence:.0%}</span>'
            f'<span class="from" title="{text(origin)}">{name(short)}</span></li>'
        )
    return section(
        "mistakes",
        "The worst mistakes",
        "<p>The wrong answers that were surest: what is shown (blue), what was said (orange), and how surely. Pictures "
        f"come from the data; where there are none, the {text(report.words.one)} is drawn from its points.</p>",
        f'<ul class="mistakes">{"".join(cards)}</ul>',
    )


def _shortened(item: str) -> str:
    """Both ends of a long name."""
    return item if len(item) <= _LONGEST_ITEM else f"{item[:12]}…{item[-14:]}"


def _sources(report: Report, drawings: Drawings) -> Section | None:
    del drawings
    scores = report.evaluation.per_source
    if len(scores) < 2:
        return None
    rows = [
        [name(score.source), count(score.count), meter(score.accuracy)]
        for score in sorted(scores, key=lambda score: score.accuracy)
    ]
    return section(
        "sources",
        "By source",
        f'<p class="muted">Accuracy on the {text(report.words.many)} of each source, the hardest first.</p>',
        table(["Source", text(report.words.many.capitalize()), "Accuracy"], rows, numbers=(1,)),
    )


def _comparisons(report: Report, drawings: Drawings) -> Section | None:
    del drawings
    if not report.tables:
        return None
    parts = []
    for one in report.tables:
        rows = [[name(row[0]), *(text(cell) for cell in row[1:])] for row in report_rows(one.rows)]
        parts.append(f"<h3>{text(one.title)}</h3>")
        parts.append(
            table([text(column) for column in one.columns], rows, numbers=tuple(range(1, len(one.columns))))
        )
        if one.note:
            parts.append(f'<p class="note">{text(one.note)}</p>')
    return section("comparisons", "Compared", *parts)


def report_rows(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Rows that have a first cell."""
    return [row for row in rows if row]


def _training(report: Report, drawings: Drawings) -> Section | None:
    panels = [shown for key, shown in drawings.items() if key.startswith("curve-")]
    if not panels:
        return None
    return section(
        "training",
        "Training",
        f'<div class="figures">{"".join(drawing(shown) for shown in panels)}</div>',
        f'<p class="note">{text(report.curves_note)}</p>' if report.curves_note else "",
    )


def _data(report: Report, drawings: Drawings) -> Section | None:
    del drawings
    if not report.data:
        return None
    rows = []
    for source in report.data:
        left = "; ".join(f"{count(number)} × {text(reason)}" for reason, number in source.rejected.items())
        origin = f'<span class="from">{text(source.attribution)}</span>' if source.attribution else ""
        rows.append(
            [
                name(source.name) + origin,
                text(source.licence),
                count(source.count),
                "" if source.people is None else count(source.people),
                "" if source.sessions is None else count(source.sessions),
                text(source.use),
                left,
            ]
        )
    columns = [
        "Source",
        "Licence",
        report.words.many.capitalize(),
        "People",
        "Sessions",
        "Used for",
        "Left out",
    ]
    kept = [place for place in range(len(columns)) if place < 3 or any(row[place] for row in rows)]
    return section(
        "data",
        "Data and licences",
        table(
            [text(columns[place]) for place in kept],
            [[row[place] for place in kept] for row in rows],
            numbers=[number for number, place in enumerate(kept) if place in {2, 3, 4}],
        ),
    )


def _facts(report: Report, drawings: Drawings) -> Section | None:
    del drawings
    if not report.facts:
        return None
    inner = "".join(f"<dt>{text(title)}</dt><dd>{name(value)}</dd>" for title, value in report.facts)
    return section("made", "How it was made", f"<dl>{inner}</dl>")


SECTIONS: tuple[Callable[[Report, Drawings], Section | None], ...] = (
    _labels,
    _confusion,
    _confidence,
    _roc,
    latency_section,
    _conditions,
    _mistakes,
    _sources,
    _comparisons,
    _training,
    _data,
    _facts,
)
"""In the order of the page."""
