"""An evaluation in plain lines, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from training.evaluation import Evaluation
from training.sources.dataset import Gathered

__all__ = ["describe_evaluation", "describe_rejections"]

_WORST = 5


def describe_rejections(gathered: Gathered) -> Iterator[str]:
    """A line for each source of which something was left out, with the reasons."""
    for source, reasons in gathered.reasons().items():
        listed = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        yield f"left out of {source}: {listed}"


def describe_evaluation(evaluation: Evaluation, gathered: Gathered) -> Iterator[str]:
    """What was left out, the table of labels, the figures over all, and the surest mistakes."""
    yield from describe_rejections(gathered)
    width = max(len(label) for label in evaluation.labels)
    yield f"{'':{width}}  hands  precision  recall"
    for score in evaluation.per_label:
        if score.count:
            yield f"{score.label:{width}}  {score.count:5}  {score.precision:9.3f}  {score.recall:6.3f}"
    yield (
        f"{evaluation.accuracy:.1%} of {evaluation.hands} hands right, macro-F1 {evaluation.macro_f1:.3f}, "
        f"confidence off by {evaluation.ece:.3f}"
    )
    if evaluation.false_gestures is not None:
        yield f"hands without a gesture that get one: {evaluation.false_gestures:.1%}"
    for mistake in evaluation.mistakes[:_WORST]:
        yield (
            f"surely wrong: {mistake.source} {mistake.item} shows {mistake.shown}, "
            f"said {mistake.said} ({mistake.confidence:.2f})"
        )
