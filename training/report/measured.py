"""The report on a finished gesture classifier that was measured on examples."""

from __future__ import annotations

from datetime import UTC, datetime

from livefg.inference.classifier import Classifier, ClassifierInfo
from training.evaluation import Evaluation
from training.report.content import Report
from training.report.gestures import (
    CLUTTER_NOTE,
    PIXEL_NOTE,
    data_of,
    pictures_of,
    strips_of,
    thumbnails_of,
)
from training.sources.dataset import DatasetFile, Gathered

__all__ = ["report_on_measurement"]


def report_on_measurement(
    classifier: Classifier, evaluation: Evaluation, gathered: Gathered, dataset: DatasetFile
) -> Report:
    """What there is to show of an evaluation of `classifier` on the samples that were `gathered` from a dataset."""
    samples = gathered.samples
    thanks = {entry.name: entry.attribution for entry in dataset.sources}
    return Report(
        title=f"Gestures: {classifier.network.name} on {dataset.name}",
        evaluation=evaluation,
        facts=_facts(classifier),
        thumbnails=thumbnails_of(evaluation, samples, pictures_of(dataset)),
        strips=strips_of(samples) if evaluation.conditions else (),
        conditions_note=PIXEL_NOTE if samples.has_crop.any() else CLUTTER_NOTE,
        data=data_of(samples.take([]), samples, thanks, gathered.reasons()),
        notes=_strangers(evaluation, gathered),
    )


def _strangers(evaluation: Evaluation, gathered: Gathered) -> list[str]:
    """What is shown but not known, and so counts as showing nothing."""
    strange = sorted(set(gathered.samples.counts()) - set(evaluation.labels))
    if not strange:
        return []
    return [f"The classifier does not know {', '.join(strange)}; these count as showing no gesture."]


def _metrics(info: ClassifierInfo) -> list[str]:
    """The figures over all that the file itself names."""
    names = {"accuracy": "accuracy", "macro_f1": "macro F1", "ece": "ECE"}
    return [f"{words} {info.metrics[name]:.3f}" for name, words in names.items() if name in info.metrics]


def _facts(classifier: Classifier) -> list[tuple[str, str]]:
    info, network = classifier.info, classifier.report
    return [
        ("File", f"{classifier.network.path.name}, {classifier.network.path.stat().st_size / 1e6:.2f} MB"),
        ("Made", info.created.isoformat()),
        ("Learned from", info.training_data),
        ("Examined then", ", ".join([info.split, *_metrics(info)])),
        ("Loss", f"{info.loss}; activation {info.activation}"),
        ("Temperature", f"{info.temperature:.3f}"),
        ("Reject threshold", f"{info.reject_threshold:.3f}: {info.reject_reason}"),
        ("Licence", info.licence),
        ("Device", f"{network.device} ({network.provider})"),
        ("Date", datetime.now(UTC).date().isoformat()),
    ]
