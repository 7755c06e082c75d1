"""Model cards: one Markdown page for each network, from its facts and its entry in the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from training.convert.facts import FACTS
from training.convert.recipes import RECIPES
from training.convert.upstream import UPSTREAM

__all__ = ["card"]


def card(name: str, entry: Mapping[str, Any]) -> str:
    """The card of network `name`; `entry` is its entry in the manifest."""
    facts = FACTS[name]
    sections = [
        f"# {facts.title}",
        facts.purpose,
        _source(entry),
        "## Inputs and outputs",
        _values(entry["inputs"], facts.values),
        _values(entry["outputs"], facts.values),
        *_labels(name),
        "## What the conversion changes",
        _points(facts.changes),
        "## Parity with upstream",
        _parity(entry["parity"]),
        *(["## Measured", facts.measured] if facts.measured else []),
        "## Known limits",
        _points(facts.limits),
    ]
    return "\n\n".join(sections) + "\n"


def _source(entry: Mapping[str, Any]) -> str:
    rows = {
        "File": f"`{entry['file']}`, {entry['bytes']} bytes, SHA-256 `{entry['sha256']}`",
        "Made from": f"`{entry['source']}`, SHA-256 `{entry['source_sha256']}`",
        "To be had from": UPSTREAM[entry["source"]].origin,
        "Made with": "`python -m training.convert --from DIR`",
        "Licence": f"{entry['licence']} ({entry['notice']})",
    }
    return _table(("", ""), rows.items())


def _values(values: Iterable[Mapping[str, Any]], meanings: Mapping[str, str]) -> str:
    rows = [
        (
            f"`{value['name']}`",
            f"{value['dtype']} ({', '.join(str(size) for size in value['shape'])})",
            meanings[value["name"]],
        )
        for value in values
    ]
    return _table(("name", "type", "meaning"), rows)


def _labels(name: str) -> list[str]:
    metadata = RECIPES[name].metadata
    if "livefg.labels" not in metadata:
        return []
    labels = ", ".join(f"`{label}`" for label in json.loads(metadata["livefg.labels"]))
    threshold, reason = metadata["livefg.reject_threshold"], metadata["livefg.reject_reason"]
    if float(threshold) == 0:
        return [f"Labels: {labels}. The likeliest one is the answer: {reason}."]
    return [f"Labels: {labels}. Below a probability of {threshold} the answer is `none`: {reason}."]


def _parity(parity: Mapping[str, Any]) -> str:
    exact = parity.get("max_abs_float32_weights")
    header = ("output", "largest difference", *(("with float32 weights",) if exact else ()))
    rows = [
        (f"`{output}`", f"{value:g}", *((f"{exact[output]:g}",) if exact else ()))
        for output, value in parity["max_abs"].items()
    ]
    return (
        f"{parity['examples']} examples (crops of the demo clip, and noise) in one batch in ONNX Runtime on the CPU, "
        f"against {parity['reference']} running the upstream network on one at a time; {parity['tolerance']:g} is "
        f"allowed, in each output's own unit.\n\n{_table(header, rows)}"
    )


def _points(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
