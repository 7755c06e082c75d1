"""The examination of a motion network by people who taught nothing: confidence, thresholds, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livefg.inference.classifier import Classifier
from livefg.recognition.motion import thresholds_of
from training.calibration import expected_calibration_error, softmax
from training.motion_data.takes import Take, meaning
from training.motion_evaluation import detector, filmed, judge, score
from training.motion_fit import logits_of_steps
from training.motion_networks import MotionNetwork
from training.motion_people import EXAMINERS, JUDGES, idle_takes, moving_takes
from training.motion_thresholds import Thresholds, chosen_thresholds
from training.motion_windows import NONE, training_windows

__all__ = ["HeldWindows", "held_windows", "judged", "metrics_of", "thresholds_for"]

_MOST_JUDGES = 80
_SHOWN = ("detection_rate", "false_alarms_a_minute", "latency_median", "latency_p95", "opposite_direction")
_CAMERAS = (30.0, 15.0)
_CONDITIONS = {"30 fps": (30.0, 0.0), "15 fps": (15.0, 0.0), "30 fps, 10 % dropped": (30.0, 0.1)}


@dataclass(frozen=True, slots=True, eq=False)
class HeldWindows:
    """Moments that taught nothing: what they show (N,), where they come from (N,), and the logits (N, K) for them."""

    label: tuple[str, ...]
    source: tuple[str, ...]
    logits: Any


def held_windows(
    network: MotionNetwork,
    labels: Sequence[str],
    examiners: int,
    examined: tuple[MotionNetwork, Sequence[Take]] | None,
) -> HeldWindows:
    """Moments of the examiners, and of the held-back repetitions as the network saw them that was examined there."""
    subject, rng = network.shape.subject, np.random.default_rng(1)
    examining = [meaning(take, labels) for take in moving_takes(subject, EXAMINERS, examiners)]
    parts = [("simulated", network, training_windows(examining, labels, rng, subject))]
    if examined:
        pupil, asking = examined
        parts.append(("recorded", pupil, training_windows(asking, labels, rng, subject)))
    return HeldWindows(
        tuple(labels[number] for _, _, windows in parts for number in windows.label.tolist()),
        tuple(name for name, _, windows in parts for _ in range(len(windows))),
        np.concatenate([logits_of_steps(one, windows.steps) for _, one, windows in parts]),
    )


def thresholds_for(
    network: MotionNetwork,
    temperature: float,
    examiners: int,
    false_alarms: float,
    extend: Path | None,
    asking: Sequence[Take],
) -> tuple[Thresholds, str]:
    """From which probability on each motion is believed, and how that was chosen; what is extended keeps its own.

    `asking` are repetitions that the network did not see, and that should be found.
    """
    subject, labels, rng = network.shape.subject, network.labels, np.random.default_rng(2)
    kept = thresholds_of(Classifier.load(extend, "cpu")) if extend else {}
    kept.pop(NONE, None)
    moving, idle = (
        [take.sampled(_CAMERAS[number % 2], rng) for number, take in enumerate(takes)]
        for takes in (
            moving_takes(subject, EXAMINERS + 10_000, examiners),
            idle_takes(subject, EXAMINERS + 50_000, examiners),
        )
    )
    moving = [meaning(take, labels) for take in moving]
    chosen = chosen_thresholds(network, temperature, [*moving, *asking], idle, false_alarms, kept)
    return chosen, (
        f"each motion's threshold was chosen so that {examiners} simulated people who mean nothing cause at "
        f"most {false_alarms:g} false alarms a minute ({chosen.rate:.2f}) and few motions of as many others are "
        "missed; this is the lowest" + (", and those of the extended network were kept" if extend else "")
    )


def judged(
    network: MotionNetwork, temperature: float, enter: Mapping[str, float], examiners: int
) -> dict[str, dict[str, Any]]:
    """What the detector does before people who taught and examined nothing, under each condition."""
    subject, labels, count = network.shape.subject, network.labels[1:], min(_MOST_JUDGES, examiners)
    moving = [meaning(take, labels) for take in moving_takes(subject, JUDGES, count)]
    idle = idle_takes(subject, JUDGES, count)
    detect = detector(network, temperature, enter)
    found: dict[str, dict[str, Any]] = {}
    for name, (fps, dropped) in _CONDITIONS.items():
        one = score(filmed(moving, fps, dropped), detect, labels)
        found[name] = {
            **one.report(),
            "latencies": [round(late, 3) for lates in one.latencies.values() for late in lates],
            "idle": judge(idle, detect, labels, fps, dropped),
        }
    return found


def metrics_of(
    held: HeldWindows,
    shown: Any,
    temperature: float,
    conditions: dict[str, dict[str, Any]],
    own: dict[str, Any] | None,
) -> dict[str, Any]:
    """What the file says of itself, of moments that show the labels `shown` (N,), and of motions as they happen."""
    chances = softmax(held.logits, temperature)
    right = chances.argmax(axis=1) == shown
    found = next(iter(conditions.values()))
    metrics = {
        "window_accuracy": round(float(right.mean()), 4),
        "window_ece": round(expected_calibration_error(chances.max(axis=1), right), 4),
        "simulated": {key: found[key] for key in _SHOWN},
        "simulated_idle_false_alarms_a_minute": found["idle"]["false_alarms_a_minute"],
    }
    if own:
        metrics["own_repetitions_found"] = own["detection_rate"]
    return metrics
