"""How good a motion detector is: run over whole takes as it runs live, judged by what was meant when.

The protocol is that of online gesture recognition (SHREC 2022): a motion is detected if an event of its label starts
between its beginning and half a second after its end; every other event is a false alarm, a second one for the same
motion too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from livefg.recognition.motion_decisions import OPPOSITES, MotionSettings, MotionWatch
from livefg.recognition.motion_window import looks
from livefg.results import EventKind
from training.calibration import softmax
from training.motion_data.takes import Span, Take, mirrored_label
from training.motion_fit import logits_of_steps
from training.motion_networks import MotionNetwork
from training.motion_windows import steps_at

__all__ = [
    "TOLERANCE",
    "Detect",
    "Found",
    "Score",
    "chances_of",
    "detector",
    "filmed",
    "judge",
    "score",
    "watched",
]

TOLERANCE = 0.5
SOON = 0.25
Detect = Callable[[Take], "list[Found]"]
"""From a take to the events that start in it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The start of an event: its label, time in seconds and confidence."""

    label: str
    time: float
    confidence: float


@dataclass(slots=True)
class Score:
    """What came of some takes. Latencies by label are seconds from a motion's end to its event, early ones negative."""

    minutes: float = 0.0
    motions: dict[str, int] = field(default_factory=dict)
    detected: dict[str, int] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    confused: dict[str, int] = field(default_factory=dict)
    opposite: int = 0

    def add(self, take: Take, spans: Sequence[Span], found: Sequence[Found], labels: Sequence[str]) -> None:
        """Count a take: its spans of `labels`, and what was found."""
        self.minutes += take.duration / 60
        open_spans = [span for span in spans if not span.ignore and span.label in labels]
        for span in open_spans:
            self.motions[span.label] = self.motions.get(span.label, 0) + 1
        left = list(open_spans)
        for one in found:
            here = [span for span in spans if span.start <= one.time <= span.end + TOLERANCE]
            hit = next((span for span in here if span in left and span.label == one.label), None)
            if hit:
                left.remove(hit)
                self.detected[one.label] = self.detected.get(one.label, 0) + 1
                self.latencies.setdefault(one.label, []).append(one.time - hit.end)
                continue
            if any((span.ignore or span.again) and span.label in {one.label, ""} for span in here):
                continue
            self.false[one.label] = self.false.get(one.label, 0) + 1
            for span in here:
                if span.label != one.label and not span.ignore:
                    name = f"{span.label} as {one.label}"
                    self.confused[name] = self.confused.get(name, 0) + 1
                    turned = {OPPOSITES.get(span.label), mirrored_label(span.label)} - {span.label}
                    self.opposite += int(one.label in turned and one.time <= span.end + 0.1)

    def report(self) -> dict[str, Any]:
        """Rates as numbers that can be written as JSON."""
        total, hits = sum(self.motions.values()), sum(self.detected.values())
        late = [value for values in self.latencies.values() for value in values]
        times = np.array(late or [np.nan])
        return {
            "minutes": round(self.minutes, 2),
            "motions": total,
            "detection_rate": round(hits / total, 4) if total else None,
            "false_alarms": sum(self.false.values()),
            "false_alarms_a_minute": round(sum(self.false.values()) / max(self.minutes, 1e-9), 3),
            "latency_median": round(float(np.median(times)), 3) if late else None,
            "latency_p95": round(float(np.percentile(times, 95)), 3) if late else None,
            "within_250_ms": round(float((times <= SOON).mean()), 4) if late else None,
            "opposite_direction": self.opposite,
            "by_label": {
                label: [self.detected.get(label, 0), count] for label, count in sorted(self.motions.items())
            },
            "latency_by_label": {
                label: round(float(np.median(values)), 3) for label, values in sorted(self.latencies.items())
            },
            "false_by_label": dict(sorted(self.false.items())),
            "confused": dict(sorted(self.confused.items())),
        }


def detector(
    network: MotionNetwork,
    temperature: float,
    enter: Mapping[str, float],
    settings: MotionSettings | None = None,
) -> Detect:
    """The detector as it runs live, with a network that was not yet exported."""
    kind: EventKind = "motion" if network.shape.subject == "hand" else "head"

    def detect(take: Take) -> list[Found]:
        return watched(take, chances_of(network, temperature, take), network.labels, kind, enter, settings)

    return detect


def chances_of(network: MotionNetwork, temperature: float, take: Take) -> npt.NDArray[np.float64]:
    """Probabilities (L, K) whenever a network is asked during a take, as they come live."""
    if not len(take.times):
        return np.zeros((0, len(network.labels)))
    rows = np.array(looks(take.times.tolist()))
    logits = logits_of_steps(network, steps_at(take, rows, network.shape.subject))
    if network.shape.subject == "hand" and not take.right:
        logits = logits[:, network.turned.numpy()]
    return softmax(logits, temperature)


def watched(
    take: Take,
    chances: npt.NDArray[np.floating],
    labels: Sequence[str],
    kind: EventKind,
    enter: Mapping[str, float],
    settings: MotionSettings | None = None,
) -> list[Found]:
    """The events that start with probabilities (L, K), which came whenever a network was asked during a take."""
    watch = MotionWatch(kind, enter, settings)
    found: list[Found] = []
    times = take.times.tolist()
    for time, row in zip([times[place] for place in looks(times)], chances.tolist(), strict=True):
        watch.expire(time)
        events = watch.see(1, dict(zip(labels, row, strict=True)), time)
        found += [
            Found(event.label, event.time, event.confidence) for event in events if event.phase == "start"
        ]
    return found


def score(takes: Sequence[Take], detect: Detect, labels: Sequence[str]) -> Score:
    """Run a detector over takes as they are and count."""
    total = Score()
    for take in takes:
        total.add(take, take.spans, detect(take), labels)
    return total


def judge(
    takes: Sequence[Take],
    detect: Detect,
    labels: Sequence[str],
    fps: float,
    dropped: float = 0.0,
    seed: int = 0,
) -> dict[str, Any]:
    """The report of `score` on the frames that a camera of `fps` frames a second catches, a share of them dropped."""
    return score(filmed(takes, fps, dropped, seed), detect, labels).report()


def filmed(takes: Sequence[Take], fps: float, dropped: float = 0.0, seed: int = 0) -> list[Take]:
    """What a camera of `fps` frames a second catches of takes, a share `dropped` of the frames lost."""
    rng = np.random.default_rng(seed)
    return [take.sampled(fps, rng, dropped) for take in takes]
