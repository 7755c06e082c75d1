"""The report on a motion classifier that was just trained: single moments by label, and motions as they happen."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from training.calibration import softmax
from training.evaluation import Evaluation, evaluate
from training.motion_data.takes import Take
from training.report.content import Curve, DataSource, Report, Table, Words
from training.report.markup import percent
from training.samples import POINTS, Samples

if TYPE_CHECKING:
    from training.motions import MotionRecipe, TrainedMotion

__all__ = ["report_on_motions"]

_WORDS = Words(one="moment", many="moments", answer="motion", answers="motions")
_SIMULATED = "simulated"


def report_on_motions(trained: TrainedMotion, recipe: MotionRecipe, recorded: Sequence[Take]) -> Report:
    """What there is to show of a training on simulated people and on `recorded` takes."""
    tables = [_conditions(trained)]
    tables.append(_by_label("Motions of simulated people, 30 fps", next(iter(trained.conditions.values()))))
    if trained.recorded:
        tables.append(_by_label("Held-back repetitions", trained.recorded))
    return Report(
        title=f"Motions: {trained.path.stem}",
        evaluation=_evaluation(trained),
        words=_WORDS,
        facts=_facts(trained, recipe),
        curves=(Curve("loss", "training", trained.losses),),
        curves_note="An epoch is 50 batches of 256 windows here.",
        latencies=[late for found in trained.conditions.values() for late in found["latencies"]],
        data=_data(trained, recipe, recorded),
        tables=tables,
        notes=(
            "Label by label, single moments are judged, as the network sees them. What counts in use are events: "
            "the tables under Compared, with the detector as it runs live.",
        ),
        created=trained.about.created,
    )


def _evaluation(trained: TrainedMotion) -> Evaluation:
    """Of single moments, without what is decided over time."""
    held, about = trained.held, trained.about
    blank = np.zeros((len(held.label), POINTS, 3), np.float32)
    moments = replace(
        Samples.build(blank, held.label, source=_SIMULATED, licence=""), source=np.array(held.source)
    )
    found = evaluate(
        moments,
        softmax(held.logits, about.temperature),
        trained.network.labels,
        about.reject_threshold,
        before=softmax(held.logits),
        task="motion",
    )
    return replace(found, about={"split": about.split})


def _conditions(trained: TrainedMotion) -> Table:
    rows = []
    for name, found in trained.conditions.items():
        rows.append([name, *_figures(found), f"{found['idle']['false_alarms_a_minute']:.2f}"])
    if trained.recorded:
        rows.append(["held-back repetitions", *_figures(trained.recorded), ""])
    return Table(
        "Motions as they happen",
        (
            "Camera",
            "Motions",
            "Found",
            "Latency, median",
            "Latency, 95 %",
            "False alarms a minute",
            "... of people who mean nothing",
        ),
        rows,
        "Found: an event of the right label between the motion's beginning and half a second after its end; every "
        "other event is a false alarm. Latency is from the motion's end to its event; a minus sign is before the end.",
    )


def _figures(found: Mapping[str, Any]) -> list[str]:
    rate = found["detection_rate"]
    return [
        str(found["motions"]),
        "" if rate is None else percent(rate),
        _seconds(found["latency_median"]),
        _seconds(found["latency_p95"]),
        f"{found['false_alarms_a_minute']:.2f}",
    ]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _by_label(title: str, found: Mapping[str, Any]) -> Table:
    labels = sorted({*found["by_label"], *found["false_by_label"]})
    rows = []
    for label in labels:
        hits, count = found["by_label"].get(label, [0, 0])
        rows.append(
            [
                label,
                str(count),
                percent(hits / count) if count else "",
                _seconds(found["latency_by_label"].get(label)),
                str(found["false_by_label"].get(label, 0)),
            ]
        )
    mixed = ", ".join(f"{name} ({times})" for name, times in found["confused"].items())
    return Table(
        title,
        ("Motion", "Shown", "Found", "Latency, median", "False alarms"),
        rows,
        f"Taken for another: {mixed}." if mixed else "None was taken for another.",
    )


def _data(trained: TrainedMotion, recipe: MotionRecipe, recorded: Sequence[Take]) -> tuple[DataSource, ...]:
    people = recipe.people + recipe.hard_people
    rows = [
        DataSource(
            _SIMULATED,
            "Apache-2.0",
            trained.held.source.count(_SIMULATED),
            people=people + recipe.examiners,
            use=f"training ({people} people), examination ({recipe.examiners})",
        )
    ]
    for source in sorted({take.source for take in recorded}):
        mine = [take for take in recorded if take.source == source]
        rows.append(
            DataSource(
                source,
                mine[0].licence or "own",
                trained.held.source.count("recorded"),
                people=len({take.person for take in mine}),
                sessions=len({take.session for take in mine}),
                use="training, examination" if trained.recorded else "training",
            )
        )
    return tuple(rows)


def _facts(trained: TrainedMotion, recipe: MotionRecipe) -> list[tuple[str, str]]:
    about, shape, fit = trained.about, trained.network.shape, recipe.fit
    weights = sum(value.numel() for value in trained.network.parameters())
    where = platform.processor() or platform.machine()
    return [
        ("File", f"{trained.path.name}, {trained.path.stat().st_size / 1e6:.2f} MB"),
        ("Network", f"{shape}, {weights:,} weights, dropout {shape.dropout:g}"),
        ("Loss", about.loss),
        (
            "Training",
            f"{fit.batches:,} batches of 256 windows, AdamW, learning rate {fit.learning_rate:g}, seed {fit.seed}",
        ),
        ("Learned from", about.training_data),
        ("Held back", about.split),
        ("Temperature", f"{about.temperature:.3f}, fitted on the held-back moments"),
        ("Threshold", f"{about.reject_threshold:g}: {about.reject_reason}"),
        ("Proof of the file", f"ONNX Runtime and torch agree to {trained.gap:.1e}"),
        ("Licences of the data", about.licence),
        ("Device", f"cpu ({where}, {os.cpu_count()} cores), torch {torch.__version__}"),
        ("Date", about.created.isoformat()),
    ]
