"""Motions of recordings: decided with hindsight, as `livefg process` does, beside the same network's answers as live.

`python -m training.motion_hindsight --data ../shared/data --network models/motion.onnx --out FILE.json`
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from livefg.recorded.motions import clear_motions
from training.files import write_whole
from training.motion_benchmark import FileNetwork, masked
from training.motion_data.acts import MOTIONS
from training.motion_data.real import STIFF_LABELS
from training.motion_data.takes import Take
from training.motion_evaluation import Detect, Found, filmed, score
from training.motion_people import idle_takes, moving_takes
from training.motion_recipes import unseen

__all__ = ["hindsight", "main"]

_JUDGES = 400_000
_FPS = 30.0
_STIFF = frozenset({"pose_segments", "kinivi", "gestnet"})


def hindsight(network: FileNetwork) -> Detect:
    """The detector of recordings, on what `network` thinks of a take."""

    def detect(take: Take) -> list[Found]:
        if len(take.times) < 3:
            return []
        found = clear_motions(*network.scores(take), network.classifier.labels, network.enter)
        return [Found(motion.label, motion.start, motion.confidence) for motion in found]

    return detect


def compared(detectors: Mapping[str, Detect], sets: Mapping[str, Sequence[Take]]) -> dict[str, Any]:
    """What each detector finds in each set of takes."""
    report: dict[str, Any] = {}
    for name, takes in sets.items():
        labels = STIFF_LABELS if name in _STIFF else tuple(MOTIONS)
        report[name] = {
            kind: score(takes, masked(detect, labels), labels).report() for kind, detect in detectors.items()
        }
    return report


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path), help="The data folder.")
@click.option(
    "--network", required=True, type=click.Path(exists=True, path_type=Path), help="A model file of hands."
)
@click.option("--people", default=24, show_default=True, help="Simulated people of each sort, a minute each.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The JSON file to write.")
def main(data: Path, network: Path, people: int, out: Path) -> None:
    """Measure what deciding with hindsight gives, on people whom the network never saw."""
    judged = FileNetwork(network)
    sets = {
        "simulated, moving": filmed(moving_takes("hand", _JUDGES, people), _FPS, 0.0),
        "simulated, idle": filmed(idle_takes("hand", _JUDGES + 1000, people), _FPS, 0.0),
        **unseen(data),
    }
    found = compared({"live": judged.detector(), "hindsight": hindsight(judged)}, sets)
    result = {
        "date": date.today().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "command": "python -m training.motion_hindsight " + " ".join(sys.argv[1:]),
        "network_sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
        "sets": found,
    }
    write_whole(out, (json.dumps(result, indent=1) + "\n").encode())
    for name, kinds in found.items():
        for kind, one in kinds.items():
            hits = sum(hit for hit, _ in one["by_label"].values())
            click.echo(
                f"{name:20} {kind:10} found {hits} of {one['motions']}, false {one['false_alarms']}"
                f" in {one['minutes']} min, opposite {one['opposite_direction']}"
            )


if __name__ == "__main__":
    main()
