"""`livefg doctor`: does everything work on this machine, and what cures what does not."""

from __future__ import annotations

import json
import platform
import sys
from collections import Counter

import click

from livefg import __version__
from livefg.doctor import Finding, State, examine

__all__ = ["command"]

_COLOURS: dict[State, str] = {"ok": "green", "note": "blue", "warning": "yellow", "problem": "red"}
_AREA_WIDTH = 14
_STATE_WIDTH = 8


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def command(as_json: bool) -> None:
    """Check this machine and say what to do about each problem.

    Exits with 1 if something that livefg needs does not work.
    """
    findings: list[Finding] = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            _show(finding)
    broken = any(finding.state == "problem" for finding in findings)
    if as_json:
        click.echo(json.dumps(_report(findings, broken), ensure_ascii=False, indent=2))
    else:
        click.echo(_verdict(findings))
    if broken:
        sys.exit(1)


def _report(findings: list[Finding], broken: bool) -> dict[str, object]:
    return {
        "livefg": __version__,
        "system": platform.platform(),
        "ok": not broken,
        "findings": [finding.to_dict() for finding in findings],
    }


def _verdict(findings: list[Finding]) -> str:
    count = Counter(finding.state for finding in findings)
    if not count["problem"] and not count["warning"]:
        return "Everything that livefg needs works here."
    parts = [
        f"{count[state]} {state}{'' if count[state] == 1 else 's'}"
        for state in ("problem", "warning")
        if count[state]
    ]
    return f"{' and '.join(parts)}; each has its cure beside it."


def _show(finding: Finding) -> None:
    """One finding: aligned and coloured on a terminal, one unbroken line for each part in a pipe."""
    lines = [finding.summary, *finding.details]
    if finding.cure:
        lines.append(f"cure: {finding.cure}")
    if not sys.stdout.isatty():
        for number, line in enumerate(lines):
            state, area = (finding.state, finding.area) if number == 0 else ("", "")
            click.echo(f"{state:{_STATE_WIDTH}} {area:{_AREA_WIDTH}} {line}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colour = _COLOURS[finding.state]
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_STATE_WIDTH)
    grid.add_column(width=_AREA_WIDTH)
    grid.add_column(overflow="fold")
    for number, line in enumerate(lines):
        cure = bool(finding.cure) and number == len(lines) - 1
        grid.add_row(
            Text(finding.state if number == 0 else "", f"bold {colour}"),
            Text(finding.area if number == 0 else "", "bold"),
            Text(line, colour if cure else "dim" if number else ""),
        )
    Console(highlight=False).print(grid)
