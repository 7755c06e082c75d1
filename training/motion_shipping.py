"""What belongs to a shipped motion classifier beside its file: the manifest's entry and its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.convert.manifest import describe, update_manifest
from training.files import write_whole
from training.motion_networks import MotionNetwork
from training.motions import TrainedMotion

__all__ = ["card", "ship"]

_NOTICE = "livefg; learned from simulated people and data under MIT and Apache-2.0, listed in the card"
_LIMITS = {
    "hand": (
        "Most of what it learned from is simulated. Recordings of real people checked swipes, circles, waves, "
        "beckoning and shooing (docs/motions.md); what fingers do was checked on simulated hands only.",
        "A hand that is raised quickly while it hangs in view looks like a swipe up, and one that is put down quickly "
        "like a swipe down. Both are left out rather than taken for a swipe, so a swipe up must begin with a hand "
        "that is held up already.",
        "Every closing of the hand is a grab and every opening a release, also when a posture is shown.",
        "Motions of both hands together are seen as the motions of each.",
    ),
    "head": (
        "Learned from simulated heads; real recordings of one person who nods, shakes and looks about checked it.",
        "People nod and shake a little while they talk; small ones are events too.",
        "Faces that are too small for the mesh have no pose and make no event.",
    ),
}


def ship(trained: TrainedMotion, models: Path, made_with: str) -> None:
    """Put the entry and the card of a trained classifier into the models folder. Raises LivefgError if that fails."""
    name = trained.path.stem
    entry: dict[str, Any] = {
        "file": trained.path.name,
        "source": made_with,
        "licence": "Apache-2.0",
        "notice": _NOTICE,
        **describe(trained.path.read_bytes()),
        "parity": {
            "reference": "torch",
            "examples": 11,
            "tolerance": 1e-4,
            "max_abs": {"probabilities": float(f"{trained.gap:.1e}")},
        },
        "metrics": dict(trained.about.metrics),
        "card": f"cards/{name}.md",
    }
    write_whole(models / entry["card"], card(trained, entry).encode())
    update_manifest(models, {name: entry})


def card(trained: TrainedMotion, entry: dict[str, Any]) -> str:
    """The model card, in Markdown."""
    about, network = trained.about, trained.network
    subject = network.shape.subject
    whose = "hands" if subject == "hand" else "heads"
    sections = [
        f"# Motions of {whose}",
        f"Tells {len(network.labels) - 1} motions of {whose} and `none` apart, in windows of the last 1.6 seconds.",
        _table(
            ("", ""),
            [
                ("File", f"`{entry['file']}`, {entry['bytes']} bytes, SHA-256 `{entry['sha256']}`"),
                ("Made with", f"`{entry['source']}`"),
                ("Licence", f"{entry['licence']} ({entry['notice']})"),
                ("Network", _network(network) + f"; loss {about.loss}"),
                ("Temperature", f"{about.temperature:.3f}"),
                ("Threshold", f"{about.reject_threshold:g}: {about.reject_reason}"),
                ("Of each", ", ".join(f"`{name}` {enter:g}" for name, enter in about.enter.items())),
                ("Parity", f"torch and ONNX Runtime agree to {trained.gap:.1e}"),
            ],
        ),
        "## Inputs and outputs",
        _table(("name", "type", "meaning"), _inputs(network)),
        "Labels: " + ", ".join(f"`{label}`" for label in network.labels) + ".",
        "The window is resampled on its times inside the graph, so the frame rate does not matter; what is more than "
        "0.3 s from its neighbours counts as unseen. Shorter windows are filled up in front with times of -100.",
        "## Measured",
        _table(("", ""), [(name.replace("_", " "), _shown(value)) for name, value in about.metrics.items()]),
        "On recordings of real people, against other networks and a rule written by hand: docs/motions.md.",
        "## Learned from",
        about.training_data + ".",
        "## Known limits",
        "\n".join(f"- {limit}" for limit in _LIMITS[subject]),
    ]
    return "\n\n".join(sections) + "\n"


def _network(network: MotionNetwork) -> str:
    weights = sum(value.numel() for value in network.parameters())
    return f"{network.shape}, {weights} weights"


def _inputs(network: MotionNetwork) -> list[tuple[str, str, str]]:
    answers = ("`probabilities`", f"float32 (N, {len(network.labels)})", "of the labels below, with sum 1")
    times = ("`times`", "float32 (N, T)", "of the frames in seconds, rising; only differences count")
    if network.shape.subject == "head":
        return [
            ("`pose`", "float32 (N, T, 3)", "yaw, pitch and roll in degrees, the person's own"),
            times,
            answers,
        ]
    return [
        (
            "`landmarks`",
            "float32 (N, T, 21, 3)",
            "points of the hand in pixels of a picture that is not mirrored",
        ),
        times,
        ("`right`", "float32 (N)", "probability that it is the person's right hand"),
        answers,
    ]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {one}" for name, one in value.items())
    return str(value)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
