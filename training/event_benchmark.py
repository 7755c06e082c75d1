"""Measure how often a gesture is said to begin while nobody gestures.

    python -m training.event_benchmark --data ../shared/data

Simulated people talk with their hands, point nowhere, touch their face, wander and rest, in none of the postures that
are gestures (an open hand alone is shown, as talking hands are); real recordings of people who sign or beckon stand
beside them. Every start of a gesture is counted, live rules and all, and written to `docs/benchmarks`.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from livefg.inference.chosen import model_for
from livefg.recognition.decisions import Decider, DecisionSettings
from livefg.recognition.gestures import GestureRecognizer, load_gestures
from livefg.results import FrameResult, Hand
from training.files import write_whole
from training.motion_benchmark import clip_takes
from training.motion_data.actor import Actor
from training.motion_data.real import beckoning_signs
from training.motion_data.sessions import simulated_take
from training.motion_data.takes import Take

__all__ = ["Talker", "command", "starts"]

_FIRST = 700_000
"""The number of the first simulated person: none of these is among those that motions are learned from."""
_RATE = 30.0
_SETTINGS = {
    "defaults": DecisionSettings(),
    "begins in motion, too": replace(DecisionSettings(), pace=1000.0),
    "held for 0.5 s": replace(DecisionSettings(), hold=0.5),
    "twice as fast": replace(DecisionSettings(), pace=1.0),
}
# What somebody who talks shows instead of a posture that is a gesture.
_INSTEAD = {
    "point": "relaxed",
    "two": "cupped",
    "victory": "holding",
    "three": "relaxed",
    "thumb": "cupped",
    "horns": "holding",
    "fist": "cupped",
    "ring": "holding",
}


class Talker(Actor):
    """A simulated person whose hand shows no gesture but an open palm."""

    def fingers(self, posture: str) -> npt.NDArray[np.float64]:
        """The fingers' part of a state (7,), of another posture where the one that is asked for is a gesture."""
        return super().fingers(_INSTEAD.get(posture, posture))


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--people", default=60, show_default=True, help="Simulated people; a minute each.")
@click.option("--gesture-model", default=None, help="Another gesture classifier than the shipped one.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/benchmarks/gesture_events.json"),
    show_default=True,
)
def command(data: Path, people: int, gesture_model: str | None, out: Path) -> None:
    """Count the gestures that begin while nobody gestures."""
    recognizer = _recognizer(gesture_model)
    talkers = [
        _at_rate(simulated_take(_FIRST + number, 0, 60.0, (), kind=Talker)) for number in range(people)
    ]
    report: dict[str, Any] = {
        "what": "gestures that begin while nobody means one",
        "command": "python -m training.event_benchmark --data ../shared/data",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        "model": recognizer.classifier.network.path.name,
        "simulated": {
            name: {"settings": asdict(settings), **counted(talkers, recognizer, settings)}
            for name, settings in _SETTINGS.items()
        },
        "real": {
            name: {"shown": shown, **counted(takes, recognizer, DecisionSettings())}
            for name, shown, takes in _recordings(data)
        },
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    click.echo(json.dumps(report, indent=1))


def counted(
    takes: Iterable[Take], recognizer: GestureRecognizer, settings: DecisionSettings
) -> dict[str, Any]:
    """Minutes in view, gestures that began, how many that is a minute, and of which labels."""
    labels: Counter[str] = Counter()
    seconds = 0.0
    for take in takes:
        labels.update(starts(take, recognizer, settings))
        seconds += len(take.times) / _RATE
    minutes = seconds / 60
    return {
        "minutes": round(minutes, 2),
        "began": labels.total(),
        "a_minute": round(labels.total() / max(minutes, 1e-9), 3),
        "a_minute_without_open_palms": round((labels.total() - labels["open_palm"]) / max(minutes, 1e-9), 3),
        "labels": dict(labels.most_common()),
    }


def starts(take: Take, recognizer: GestureRecognizer, settings: DecisionSettings) -> list[str]:
    """The gestures that begin in a take of one hand, as the live loop would decide."""
    decider = Decider(settings, recognizer.answer)
    began = []
    world = np.zeros((21, 3), np.float32)  # the shipped network reads the picture's points only
    for number, (time, points) in enumerate(zip(take.times.tolist(), take.values, strict=True)):
        hand = Hand(
            track=1,
            side="right" if take.right else "left",
            box=(0.0, 0.0, 1.0, 1.0),
            confidence=1.0,
            landmarks=points,
            world_landmarks=world,
        )
        named = recognizer([hand], mirrored=False)
        events = decider(FrameResult("", number, time, 1, 1, hands=named)).events
        began += [event.label for event in events if event.kind == "gesture" and event.phase == "start"]
    return began


def _recognizer(name: str | None) -> GestureRecognizer:
    return GestureRecognizer(load_gestures(model_for("gesture", name), "cpu"))


def _at_rate(take: Take) -> Take:
    """The frames that a camera of 30 frames a second sees."""
    wanted = np.searchsorted(take.times, np.arange(0.0, take.duration, 1 / _RATE))
    rows = np.unique(wanted[wanted < len(take.times)])
    return replace(take, times=take.times[rows], values=take.values[rows])


def _recordings(data: Path) -> Iterator[tuple[str, str, Sequence[Take]]]:
    """Real people: a name, what they show, and the hands that were tracked."""
    signs = sorted((data / "motion" / "brno_signs").glob("*.npy"))
    yield (
        "brno_signs",
        "one man holds three signs: curled fingers, a ring, an open hand that is wiggled",
        [beckoning_signs(path, "brno_signs", "Apache-2.0", fps=_RATE) for path in signs],
    )
    clips = sorted((data / "video" / "intel_asl").glob("*.mkv"))
    yield (
        "intel_asl",
        "one man signs 20 words, most of them with handshapes that are gestures",
        [take for clip in clips for take in clip_takes(clip, source="intel_asl")],
    )
    stage = data / "video" / "ageitgey" / "short_hamilton_clip.mp4"
    if stage.exists():
        yield "ageitgey", "actors on a stage, 9 s with cuts, hands at times", clip_takes(stage)


if __name__ == "__main__":
    command()
