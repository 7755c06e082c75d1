"""The figures of `motion_benchmark` as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["as_markdown"]

_SETS = {
    "pose_segments": "body-pose points of hands, 3 recorders held out; swipes and circles",
    "gestnet": "one finger's tip in a window of 16 frames: swipes, waves, circles",
    "come_away_spin": "three takes of one man who beckons, shoos and circles all the time",
    "brno_signs": "three takes of one man who holds signs: no motion is meant",
    "intel_asl": "20 clips of one man who signs (tracked by livefg): no motion is meant",
    "demo": "the demo clip (tracked by livefg): a grab, a wave, a swipe",
}


def as_markdown(result: Mapping[str, Any], json_name: str) -> str:
    """Everything in one page; `json_name` is the file with all the numbers."""
    parts = [
        "# Motions, measured",
        f"{result['date']}, {result['machine']}. All numbers: [{json_name}]({json_name}). {result['note']}".strip(),
        f"```sh\n{result['command']}\n```",
        "A motion is found if an event of its label starts between its beginning and half a second after its end; "
        "every other event is a false alarm, also a second one for one motion. Latency is from the motion's end to its "
        "event.",
        "## Simulated people who taught nothing",
        _conditions(result["simulated"]),
        "## Label by label, 30 fps",
        _labels(result["simulated"]["30 fps"]),
        "## Swipes alone, beside a rule written by hand",
        "The rule: a wrist that moved so many sizes of the hand within half a second is a swipe that way.",
        _conditions(result["simulated_swipes"]),
        "## Recordings of real people that no network learned from",
        _real(result["real"]),
        "Swipes alone:",
        _real(result["real_swipes"]),
        "## Heads",
        _conditions({name: {"head": found} for name, found in result["heads"].items()}),
        "Recordings of one man, 27 s each, who nods, shakes his head, and sits and moves (`nodding_pigeon`), and the "
        "events that come of them:",
        _table(
            ("recording", "events"),
            [(name, ", ".join(found) or "none") for name, found in result["real_heads"].items()],
        ),
        "## Time",
        _table(
            ("network", "ms a frame, two hands and a head, 30 fps", "95 % of the frames", "file, kB"),
            [
                (kind, f"{took['mean']:.2f}", f"{took['p95']:.2f}", f"{about['bytes'] / 1e3:.0f}")
                for kind, about in result["networks"].items()
                for took in (result["milliseconds_a_frame"][kind],)
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _conditions(by_condition: Mapping[str, Any]) -> str:
    rows = [
        (condition, kind, *_figures(found["moving"]), f"{found['idle']['false_alarms_a_minute']:.2f}")
        for condition, kinds in by_condition.items()
        for kind, found in kinds.items()
    ]
    heads = (
        "camera",
        "kind",
        "found",
        "false a minute",
        "median",
        "95 %",
        "opposite",
        "false, nothing meant",
    )
    return _table(heads, rows)


def _labels(kinds: Mapping[str, Any]) -> str:
    labels = sorted({label for found in kinds.values() for label in found["moving"]["by_label"]})
    rows = []
    for label in labels:
        cells = [f"`{label}`"]
        for found in kinds.values():
            moving, idle = found["moving"], found["idle"]
            hits, count = moving["by_label"].get(label, [0, 0])
            false = moving["false_by_label"].get(label, 0) + idle["false_by_label"].get(label, 0)
            late = moving["latency_by_label"].get(label)
            cells += [f"{hits} of {count}", str(false), "" if late is None else f"{late:+.2f} s"]
        rows.append(cells)
    heads = [f"{kind}: {what}" for kind in kinds for what in ("found", "false alarms", "median latency")]
    return _table(("label", *heads), rows)


def _real(sets: Mapping[str, Any]) -> str:
    rows = []
    for name, kinds in sets.items():
        for kind, found in kinds.items():
            if found["motions"] or found["false_alarms"] or name in {"brno_signs", "intel_asl"}:
                shown = f"{found['minutes']:.1f} min, {found['motions']} motions"
                rows.append((f"`{name}`", shown, kind, *_figures(found)))
    told = "\n".join(f"- `{name}`: {_SETS[name]}." for name in sets if name in _SETS)
    return (
        _table(("set", "length", "kind", "found", "false a minute", "median", "95 %", "opposite"), rows)
        + f"\n\n{told}"
    )


def _figures(found: Mapping[str, Any]) -> list[str]:
    rate, late = found["detection_rate"], found["latency_median"]
    return [
        "" if rate is None else f"{rate:.1%}",
        f"{found['false_alarms_a_minute']:.2f}",
        "" if late is None else f"{late:+.2f} s",
        "" if late is None else f"{found['latency_p95']:+.2f} s",
        str(found["opposite_direction"]),
    ]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
