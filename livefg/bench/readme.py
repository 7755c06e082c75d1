"""The README's figures, made from the newest results in docs/benchmarks: `python -m livefg.bench.readme`.

Run it in the source tree after adding results; a test fails while the README says something else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError

__all__ = ["figures", "main", "with_figures"]

_ROOT = Path(__file__).resolve().parents[2]
_SCENES = ("1 face, 1 hand", "2 faces, 2 hands", "4 faces, 4 hands")
"""Composed scenes that the README shows; the result has more."""
_BEGIN, _END = "<!-- figures: python -m livefg.bench.readme -->", "<!-- end of figures -->"


def figures(folder: Path) -> str:
    """Markdown for the newest `DATE-against-mediapipe-*`, `DATE-sizes-*` and `DATE-cameras-*` (.json) in `folder`.

    Raises LivefgError if there is no such file, or it is not what `livefg bench --json` writes.
    """
    try:
        lines = [
            *_beside_mediapipe(*_newest(folder, "against-mediapipe")),
            "",
            *_by_itself(*_newest(folder, "sizes")),
            "",
            *_live(*_newest(folder, "cameras")),
        ]
    except (KeyError, TypeError, IndexError) as error:
        raise LivefgError(
            f"A result in {folder} is not what `livefg bench --json` writes ({error!r})."
        ) from error
    return "\n".join(lines)


def with_figures(text: str, found: str) -> str:
    """The text of a README with these figures in place of its own. Raises LivefgError if it has no place for them."""
    begin, end = text.find(_BEGIN), text.find(_END)
    if not 0 <= begin < end:
        raise LivefgError(f"The README has no lines {_BEGIN} and {_END}.")
    return f"{text[: begin + len(_BEGIN)]}\n{found}\n{text[end:]}"


def main() -> None:
    """Write the figures into the README of the source tree."""
    path = _ROOT / "README.md"
    text = with_figures(path.read_text(encoding="utf-8"), figures(_ROOT / "docs" / "benchmarks"))
    path.write_text(text, encoding="utf-8", newline="\n")


def _newest(folder: Path, what: str) -> tuple[str, dict[str, Any]]:
    """The name and content of the newest result of a kind; names begin with their dates."""
    files = sorted(folder.glob(f"????-??-??-{what}-*.json"))
    if not files:
        raise LivefgError(f"{folder} has no result called DATE-{what}-MACHINE.json.")
    return files[-1].name, json.loads(files[-1].read_text(encoding="utf-8"))


def _machine(found: Mapping[str, Any]) -> str:
    return f"{found['cores']} cores of {found['cpu']}"


def _beside_mediapipe(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    width, height, ratios = found["width"], found["height"], found["ratios"]
    yield (
        f"On {_machine(found)}, {found['source']} clip at {width}x{height}, up to two hands and one face "
        f"([{name}](docs/benchmarks/{name})):"
    )
    yield ""
    yield "| | ms a frame, mean | p95 | CPU ms a frame | MediaPipe's frame rate |"
    yield "| --- | --- | --- | --- | --- |"
    for one in found["contestants"]:
        ratio = f"{ratios[one['name']]['all']:.2f} times" if one["name"] in ratios else ""
        every = one["every"]
        yield f"| {one['name']} | {every['mean']:.1f} | {every['p95']:.1f} | {one['cpu_ms']:.1f} | {ratio} |"


def _by_itself(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"Flat out, on {_machine(found)} ([{name}](docs/benchmarks/{name})):"
    yield ""
    yield "| picture | frames/s | two in flight | CPU ms a frame |"
    yield "| --- | --- | --- | --- |"
    shown = [one for one in found["workloads"] if one["name"].startswith("demo ") or one["name"] in _SCENES]
    for one in shown:
        yield f"| {one['name']} | {one['fps']:.0f} | {one['stream_fps']:.0f} | {one['cpu_ms']:.1f} |"


def _live(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"Live, every result drawn, on {_machine(found)} ([{name}](docs/benchmarks/{name})):"
    yield ""
    yield "| cameras at 30 frames/s | frames/s each | age p50 ms | p95 | dropped | CPU of all cores |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for live in found["live"]:
        dropped = live["dropped"] / max(1, live["captured"])
        yield (
            f"| {live['sources']} | {live['fps']:.1f} | {live['age_p50_ms']:.0f} | {live['age_p95_ms']:.0f} "
            f"| {dropped:.0%} | {live['cpu_percent']:.0f} % |"
        )
    seconds = sorted(found["first_frame_seconds"])
    yield ""
    yield f"From the start of a process to its first annotated frame: {seconds[len(seconds) // 2]:.1f} s."


if __name__ == "__main__":
    try:
        main()
    except LivefgError as error:
        sys.exit(str(error))
