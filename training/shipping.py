"""What belongs to a shipped classifier beside its file: the manifest's entry, its card, and the bank of landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.bank import compact_bank, shipped_bank
from training.convert.manifest import describe, update_manifest
from training.evaluation import Evaluation, headline
from training.files import write_whole
from training.gestures import Trained
from training.sources.dataset import SourceEntry

__all__ = ["BANK_ROWS", "card", "ship"]

BANK_ROWS = 60
_MADE_WITH = "python -m training gestures --recipe default --data DIR"
_LICENCE = "Apache-2.0"
_NOTICE = "livefg; learned from data under MIT and Apache-2.0, listed in the card"
_LIMITS = (
    "Learned from about a dozen recorders and one set of 218 students; hands of children and of old people, gloves and "
    "jewellery are rare or absent.",
    "It sees the flat picture of the landmarks. A hand that points at the camera shows little of its fingers, and "
    "gestures that differ only by how a thumb lies (a fist with the thumb beside it, a thumb half up) are doubtful.",
    "`little_finger`, `crossed_fingers`, `pinch`, `three_gun` and `vulcan` were photographed or recorded by one or two "
    "people; what they know of other hands comes from posed and rendered ones.",
    "An open hand that hangs down counts as a hand at rest, `none`.",
    "`point` is an index finger that points anywhere but up; how far a thumb or finger may tilt is set in the recipe.",
)


def ship(trained: Trained, models: Path, sources: Sequence[SourceEntry], bank: Path | None = None) -> None:
    """Put the entry and the card of a trained classifier into the models folder, and write the bank of landmarks.

    Raises LivefgError if a file cannot be written.
    """
    name = trained.path.stem
    evaluation = trained.evaluation
    entry: dict[str, Any] = {
        "file": trained.path.name,
        "source": _MADE_WITH,
        "licence": _LICENCE,
        "notice": _NOTICE,
        **describe(trained.path.read_bytes()),
        "parity": {
            "reference": "torch",
            "examples": trained.parity.hands,
            "tolerance": 1e-5,
            "max_abs": {"probabilities": float(f"{trained.parity.largest_gap:.1e}")},
        },
        "metrics": headline(trained.seen_live or evaluation),
        "card": f"cards/{name}.md",
    }
    write_whole(models / entry["card"], card(trained, entry, sources).encode())
    update_manifest(models, {name: entry})
    compact_bank(trained.gathered.samples, BANK_ROWS).save(bank or shipped_bank(), half=True)


def card(trained: Trained, entry: dict[str, Any], sources: Sequence[SourceEntry]) -> str:
    """The model card, in Markdown."""
    about, evaluation = trained.about, trained.evaluation
    samples = trained.gathered.samples
    counts = samples.counts()
    per_source = {source: int((samples.source == source).sum()) for source in set(samples.source.tolist())}
    sections = [
        "# Gestures",
        f"Tells {len(about.labels) - 1} gestures and `none` apart, by the shape of a hand's 21 landmarks.",
        _table(
            ("", ""),
            [
                ("File", f"`{entry['file']}`, {entry['bytes']} bytes, SHA-256 `{entry['sha256']}`"),
                ("Made with", f"`{_MADE_WITH}`"),
                ("Licence", f"{entry['licence']} ({entry['notice']})"),
                ("Network", _network(trained)),
                (
                    "Temperature, threshold",
                    f"{about.temperature:.3f}; {about.reject_threshold:.3f}: {about.reject_reason}",
                ),
                (
                    "Parity",
                    f"torch and ONNX Runtime agree on {trained.parity.hands} hands to {trained.parity.largest_gap:.1e}",
                ),
            ],
        ),
        "## Inputs and outputs",
        "As `gesture_canned`: `landmarks` float32 (N, 21, 3) in pixels, `world` float32 (N, 21, 3) in metres, "
        "which is not read, `right` float32 (N), the probability that the picture, as it is, shows a right hand. "
        f"`probabilities` float32 (N, {len(about.labels)}) of "
        + ", ".join(f"`{label}`" for label in about.labels)
        + ".",
        "## Measured on people it had not seen",
        f"Held back: {about.split}.",
        *(
            [
                f"Pictures, read by livefg's own perception ({', '.join(_sources(trained.seen_live))}): "
                + _in_figures(trained.seen_live),
                _scores(trained.seen_live),
                "With the landmark tables of other people and other tools, some of them taken from views that nobody "
                "shows a camera: " + _in_figures(evaluation),
            ]
            if trained.seen_live
            else [_in_figures(evaluation)]
        ),
        _scores(evaluation),
        _table(
            ("left out", "hands", "right", "ECE"),
            [
                (one.source, str(one.count), f"{one.accuracy:.3f}", f"{one.ece:.3f}")
                for one in evaluation.per_source
            ],
        ),
        "## Learned from",
        _table(
            ("source", "hands", "licence", "by"),
            [(one.name, str(per_source.get(one.name, 0)), one.licence, one.attribution) for one in sources],
        ),
        "Hands a label: " + ", ".join(f"`{label}` {count}" for label, count in counts.items()) + ".",
        "## Known limits",
        "\n".join(f"- {limit}" for limit in _LIMITS),
    ]
    return "\n\n".join(sections) + "\n"


def _sources(evaluation: Evaluation) -> list[str]:
    return [score.source for score in evaluation.per_source]


def _in_figures(evaluation: Evaluation) -> str:
    before, false = evaluation.ece_before, evaluation.false_gestures
    return (
        f"{evaluation.hands} hands, {evaluation.accuracy:.1%} right, macro-F1 {evaluation.macro_f1:.3f}, confidence "
        f"off by {evaluation.ece:.3f} (ECE"
        + (f"; {before:.3f} before the temperature)" if before is not None else ")")
        + (f", {false:.1%} of the hands without a gesture get one." if false is not None else ".")
    )


def _network(trained: Trained) -> str:
    shape = trained.about.shape
    return (
        f"{shape.members} members of {shape.depth} hidden layers of {shape.width}, {shape.activation}, on "
        f"{' and '.join(shape.features)} features; loss {trained.about.loss}"
    )


def _scores(evaluation: Evaluation) -> str:
    rows = [
        (
            f"`{score.label}`",
            str(score.count),
            f"{score.precision:.3f}",
            f"{score.recall:.3f}",
            f"{score.f1:.3f}",
        )
        for score in evaluation.per_label
        if score.count
    ]
    return _table(("label", "hands", "precision", "recall", "F1"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
