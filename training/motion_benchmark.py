"""The three kinds side by side: recurrent, convolutions over time, and the rule that people write by hand.

`python -m training.motion_benchmark --data ../shared/data --network tcn=models/motion.onnx --network gru=FILE
--heads models/head_motion.onnx --out docs/benchmarks/motions.json --table docs/benchmarks/motions.md`
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from livefg.inference.classifier import Classifier
from livefg.paths import assets_dir
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.motion import MotionRecognizer, thresholds_of
from livefg.recognition.motion_decisions import MotionSettings
from livefg.recognition.motion_window import looks
from livefg.results import EventKind, Face, FrameResult, Hand, HeadPose
from livefg.sources import open_source
from training.files import write_whole
from training.motion_data.acts import MOTIONS
from training.motion_data.heads import HEAD_MOTIONS
from training.motion_data.real import STIFF_LABELS, nodding_heads
from training.motion_data.takes import Span, Take
from training.motion_evaluation import Detect, Found, filmed, score, watched
from training.motion_networks import Subject
from training.motion_people import idle_takes, moving_takes
from training.motion_recipes import unseen
from training.motion_tables import as_markdown
from training.motion_windows import raw_windows

__all__ = ["FileNetwork", "benchmark", "clip_takes", "main", "masked", "wrist_rule"]

_JUDGES = 400_000
_SWIPES = ("swipe_left", "swipe_right", "swipe_up", "swipe_down")
_CONDITIONS = {
    "30 fps": (30.0, 0.0),
    "15 fps": (15.0, 0.0),
    "30 fps, 10 % dropped": (30.0, 0.1),
}
_RULES = {"rule, reach 3": 3.0, "rule, reach 1.5": 1.5}
_DEMO = (Span("grab", 2.3, 2.9, 2.9), Span("wave", 8.05, 9.3, 8.8), Span("swipe_left", 9.55, 10.15, 10.15))
_CLIPS = "video/intel_asl"
_HEADS = "motion/nodding_pigeon/training__landmarks.npz"


def wrist_rule(reach: float, seconds: float = 0.5, pause: float = 0.7) -> Detect:
    """What people write by hand: a wrist that moved `reach` sizes of the hand within `seconds` is a swipe that way.

    `pause` is how long nothing follows.
    """

    def detect(take: Take) -> list[Found]:
        found: list[Found] = []
        recent: deque[tuple[float, Any]] = deque()
        quiet_until = -1.0
        for time, hand in zip(take.times.tolist(), take.values, strict=True):
            size = float(np.linalg.norm(hand[9, :2] - hand[0, :2])) + 1e-6
            recent.append((time, hand[0, :2]))
            while recent[0][0] < time - seconds:
                recent.popleft()
            x, y = ((hand[0, :2] - recent[0][1]) / size).tolist()
            if (
                time < quiet_until
                or max(abs(x), abs(y)) < reach
                or min(abs(x), abs(y)) > 0.5 * max(abs(x), abs(y))
            ):
                continue
            if abs(x) > abs(y):
                label = "swipe_left" if x > 0 else "swipe_right"
            else:
                label = "swipe_down" if y > 0 else "swipe_up"
            found.append(Found(label, time, 1.0))
            quiet_until = time + pause
            recent.clear()
            recent.append((time, hand[0, :2]))
        return found

    return detect


class FileNetwork:
    """A model file that looks at takes as it does live; of each take it keeps what it thought."""

    def __init__(self, path: Path) -> None:
        self.classifier = Classifier.load(path, "cpu", task="motion")
        self._thought: dict[int, tuple[Take, npt.NDArray[np.floating]]] = {}

    def detector(self, only: Sequence[str] = ()) -> Detect:
        """The detector as it runs live, watching for the labels `only` (empty: all)."""
        settings = MotionSettings(only=tuple(only))

        def detect(take: Take) -> list[Found]:
            if len(take.times) < 3:
                return []
            kind: EventKind = "motion" if take.values.ndim == 3 else "head"
            chances = self._chances(take)
            return watched(take, chances, self.classifier.labels, kind, self.enter, settings)

        return detect

    @property
    def enter(self) -> Mapping[str, float]:
        """The threshold of each label."""
        return thresholds_of(self.classifier)

    def scores(self, take: Take) -> tuple[list[float], npt.NDArray[np.floating]]:
        """The times, in seconds, at which the network is asked during a take, and what it answers (L, K)."""
        times = take.times.tolist()
        return [times[place] for place in looks(times)], self._chances(take)

    def _chances(self, take: Take) -> npt.NDArray[np.floating]:
        if id(take) not in self._thought:
            rows = np.array(looks(take.times.tolist()))
            parts = np.array_split(rows, max(1, len(rows) // 256))
            thought = np.concatenate([self._look(take, part) for part in parts])
            self._thought[id(take)] = (take, thought)
        return self._thought[id(take)][1]

    def _look(self, take: Take, rows: npt.NDArray[np.integer]) -> npt.NDArray[np.floating]:
        values, times = raw_windows(take, rows)
        right = np.full(len(rows), float(take.right), np.float32)
        return self.classifier.classify(*((values, times, right) if values.ndim == 4 else (values, times)))


def clip_takes(path: Path, spans: Sequence[Span] = (), source: str = "") -> list[Take]:
    """The hands that livefg tracks in a video; `spans` are what the right hand does there."""
    rows: dict[int, list[tuple[float, Any, bool]]] = {}
    settings = PipelineSettings(device="cpu", faces=0, gestures=False, motions=False, smooth=True)
    with Pipeline(settings) as pipeline, open_source(str(path)) as frames:
        for frame in frames:
            for hand in pipeline.process(frame).hands:
                seen = hand.landmarks if hand.raw_landmarks is None else hand.raw_landmarks
                rows.setdefault(hand.track, []).append((frame.time, seen, hand.side == "right"))
    takes = []
    for track, seen_rows in rows.items():
        times, values, right = zip(*seen_rows, strict=True)
        is_right = float(np.mean(right)) >= 0.5
        name = f"{source or path.stem}-{track}"
        takes.append(
            Take(
                np.array(times),
                np.stack(values).astype(np.float32),
                tuple(spans) if is_right else (),
                is_right,
                source,
                name,
                source,
            )
        )
    return [take for take in takes if len(take.times) >= 8]


def benchmark(
    detectors: Mapping[str, Detect],
    swipes: Mapping[str, Detect],
    sets: Mapping[str, Sequence[Take]],
    people: int,
) -> dict[str, Any]:
    """Everything in one table: `detectors` of all motions, and the same and rules for `swipes` alone."""
    report: dict[str, Any] = {"simulated": {}, "simulated_swipes": {}, "real": {}, "real_swipes": {}}
    for name, (moving, idle) in _people("hand", people).items():
        for part, found, labels in (
            ("simulated", detectors, tuple(MOTIONS)),
            ("simulated_swipes", swipes, _SWIPES),
        ):
            report[part][name] = {kind: _both(detect, moving, idle, labels) for kind, detect in found.items()}
    for name, takes in sets.items():
        labels = STIFF_LABELS if name in {"pose_segments", "kinivi", "gestnet"} else tuple(MOTIONS)
        report["real"][name] = {
            kind: score(takes, masked(detect, labels), labels).report() for kind, detect in detectors.items()
        }
        report["real_swipes"][name] = {
            kind: score(takes, detect, _SWIPES).report() for kind, detect in swipes.items()
        }
    return report


def _people(subject: Subject, count: int) -> dict[str, tuple[list[Take], list[Take]]]:
    """Simulated people who mean something, and who do not, as each camera sees them."""
    moving, idle = moving_takes(subject, _JUDGES, count), idle_takes(subject, _JUDGES + 1000, count)
    return {
        name: (filmed(moving, fps, dropped), filmed(idle, fps, dropped))
        for name, (fps, dropped) in _CONDITIONS.items()
    }


def _both(
    detect: Detect, moving: Sequence[Take], idle: Sequence[Take], labels: Sequence[str]
) -> dict[str, Any]:
    return {"moving": score(moving, detect, labels).report(), "idle": score(idle, detect, labels).report()}


def benchmark_heads(detect: Detect, people: int) -> dict[str, Any]:
    """The same for the motions of heads, of simulated people."""
    return {
        name: _both(detect, moving, idle, tuple(HEAD_MOTIONS))
        for name, (moving, idle) in _people("head", people).items()
    }


def masked(detect: Detect, labels: Sequence[str]) -> Detect:
    """Without the events of labels that a set cannot show."""
    return lambda take: [found for found in detect(take) if found.label in labels]


def milliseconds_a_frame(hands: Path, heads: Path, frames: int = 900) -> dict[str, float]:
    """The ms that two hands and a head cost in a frame at 30 fps, as they run live: windows, networks, events.

    The mean, since not every frame has a network asked, and what 95 % of the frames stay below.
    """
    recognizer = MotionRecognizer(
        Classifier.load(hands, "cpu", task="motion"), Classifier.load(heads, "cpu", task="motion")
    )
    rng = np.random.default_rng(0)
    points = rng.normal(0, 40, (21, 3)).astype(np.float32) + np.array([300, 240, 0], np.float32)
    times = []
    for number in range(frames):
        now = number / 30
        moved = points + np.array([80 * np.sin(now), 30 * np.cos(now), 0], np.float32)
        result = FrameResult(
            "speed", number, now, 640, 480,
            hands=(
                Hand(1, "right", (0, 0, 1, 1), 1.0, moved, side_confidence=1.0),
                Hand(2, "left", (0, 0, 1, 1), 1.0, moved, side_confidence=1.0),
            ),
            faces=(Face(3, (0, 0, 1, 1), 1.0, pose=HeadPose(5 * np.sin(now), 3 * np.cos(now), 0.0)),),
        )  # fmt: skip
        begun = perf_counter()
        recognizer(result, False)
        times.append(perf_counter() - begun)
    taken = 1e3 * np.array(times[60:])
    return {"mean": round(float(taken.mean()), 3), "p95": round(float(np.percentile(taken, 95)), 3)}


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path), help="The data folder.")
@click.option(
    "--network", "networks", multiple=True, required=True, metavar="KIND=FILE", help="A model file of hands."
)
@click.option("--heads", required=True, type=click.Path(exists=True, path_type=Path), help="That of heads.")
@click.option("--people", default=20, show_default=True, help="Simulated people of each sort, a minute each.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The JSON file to write.")
@click.option("--table", required=True, type=click.Path(path_type=Path), help="The Markdown file to write.")
@click.option("--note", default="", help="Said in the result.")
def main(
    data: Path, networks: tuple[str, ...], heads: Path, people: int, out: Path, table: Path, note: str
) -> None:
    """Measure how well networks and rules find motions of people whom the networks never saw."""
    files = {kind: Path(path) for kind, path in (one.split("=", 1) for one in networks)}
    loaded = {kind: FileNetwork(path) for kind, path in files.items()}
    detectors = {kind: network.detector() for kind, network in loaded.items()}
    swipes = {kind: network.detector(_SWIPES) for kind, network in loaded.items()}
    watch_head = FileNetwork(heads).detector()
    swipes |= {name: wrist_rule(reach) for name, reach in _RULES.items()}
    result = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "command": "python -m training.motion_benchmark " + " ".join(sys.argv[1:]),
        "note": note,
        "networks": {
            kind: {
                "bytes": path.stat().st_size,
                "threshold": Classifier.load(path, "cpu").info.reject_threshold,
            }
            for kind, path in files.items()
        },
        "milliseconds_a_frame": {kind: milliseconds_a_frame(path, heads) for kind, path in files.items()},
        "heads": benchmark_heads(watch_head, people),
        "real_heads": {
            take.session: [f"{one.label} {one.time:.1f} s" for one in watch_head(take)]
            for take in nodding_heads(data / _HEADS)
        },
        **benchmark(detectors, swipes, real_people(data), people),
    }
    write_whole(out, (json.dumps(result, indent=1) + "\n").encode())
    write_whole(table, as_markdown(result, out.name).encode())


def real_people(data: Path) -> dict[str, list[Take]]:
    """The recordings that no network learned from, and the hands that livefg tracks in clips, by set."""
    sets = unseen(data)
    sets["demo"] = clip_takes(assets_dir() / "demo.mp4", _DEMO, "demo")
    clips = sorted((data / _CLIPS).glob("*.mkv"))
    sets["intel_asl"] = [take for clip in clips for take in clip_takes(clip, source="intel_asl")]
    return sets


if __name__ == "__main__":
    main()
