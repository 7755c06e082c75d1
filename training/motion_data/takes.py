"""Takes to learn from: the form that recordings have, and versions of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from livefg.collect.takes import Span, Take, mirrored_label
from livefg.results import FloatArray

__all__ = ["FloatArray", "Span", "Take", "labels_of", "meaning", "mirrored_label", "parted", "varied"]


def varied(take: Take, rng: np.random.Generator) -> Take:
    """The same motions a little faster or slower, larger or smaller, and turned in the picture."""
    pace, size, angle = (
        float(np.exp(rng.normal(0, 0.12))),
        float(np.exp(rng.normal(0, 0.1))),
        rng.normal(0, 0.1),
    )
    values = take.values.copy()
    if values.ndim == 3:
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = values[..., 0].copy(), values[..., 1].copy()
        values[..., 0], values[..., 1] = x * cos - y * sin, x * sin + y * cos
        # The hand keeps its size while its way grows or shrinks.
        centre = values.mean(axis=1, keepdims=True)
        values += (size - 1) * (centre - centre.mean(axis=0, keepdims=True))
    spans = tuple(
        replace(span, start=span.start * pace, end=span.end * pace, ready=span.ready * pace)
        for span in take.spans
    )
    return replace(take, times=take.times * pace, values=values, spans=spans, duration=take.duration * pace)


def labels_of(takes: Iterable[Take]) -> Sequence[str]:
    """The labels of all spans, in alphabetical order."""
    return sorted({span.label for take in takes for span in take.spans if span.label and not span.ignore})


def meaning(take: Take, labels: Sequence[str]) -> Take:
    """The same take for somebody to whom only motions of these labels mean anything."""
    return replace(take, spans=tuple(span for span in take.spans if span.ignore or span.label in labels))


def parted(takes: Iterable[Take], every: int) -> tuple[list[Take], list[Take]]:
    """The same takes twice: without every so manieth repetition of each label, and with these alone.

    What a take is without is ignored there: it is neither learned nor counted.
    """
    counts: dict[str, int] = {}
    without, alone = [], []
    for take in takes:
        aside = []
        for span in take.spans:
            if not span.ignore:
                counts[span.label] = counts.get(span.label, 0) + 1
            aside.append(not span.ignore and counts[span.label] % every == 0)
        without.append(_ignoring(take, aside))
        alone.append(_ignoring(take, [not one for one in aside]))
    return without, alone


def _ignoring(take: Take, ignored: Sequence[bool]) -> Take:
    spans = zip(take.spans, ignored, strict=True)
    return replace(take, spans=tuple(replace(span, ignore=span.ignore or one) for span, one in spans))
