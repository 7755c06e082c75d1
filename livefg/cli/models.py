"""`livefg models`: what is installed, whether it is intact, and what each network says of itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from livefg.errors import LivefgError
from livefg.inference.catalogue import ModelSummary, catalogue, summarise
from livefg.inference.manifest import find_model

__all__ = ["command"]

_MEBIBYTE = 1024 * 1024
_KEY_WIDTH = 20

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group()
def command() -> None:
    """List, verify and describe the installed networks."""


@command.command("list")
@_json_option
def list_models(as_json: bool) -> None:
    """List the networks that came with livefg, then your own."""
    summaries = catalogue()
    if as_json:
        _print_json([summary.to_dict() for summary in summaries])
        return
    rows = [("NAME", "TASK", "SIZE", "LICENCE", "STATE")]
    rows += [
        (model.name, model.task or "-", _size(model.size), model.licence or "-", _state(model))
        for model in summaries
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@command.command()
@_json_option
def verify(as_json: bool) -> None:
    """Check every network: shipped files against the manifest, your own against the classifier contract.

    Exits with 1 if one is not as it should be.
    """
    summaries = catalogue()
    if as_json:
        _print_json(
            [{"name": model.name, "ok": model.fault is None, "fault": model.fault} for model in summaries]
        )
    else:
        for model in summaries:
            click.echo(
                f"{'FAIL' if model.fault else 'ok':5} {model.name}{': ' + model.fault if model.fault else ''}"
            )
    if any(model.fault for model in summaries):
        sys.exit(1)


@command.command()
@click.argument("name")
@_json_option
def info(name: str, as_json: bool) -> None:
    """Describe one network, by its NAME or the path of a file."""
    summary = summarise(find_model(name))
    if as_json:
        _print_json(summary.to_dict())
    else:
        # A classifier tells its task and labels itself.
        known = {
            key: value for key, value in summary.to_dict().items() if key not in ("task", "labels", "fault")
        }
        for line in _lines({**known, "size": _size(summary.size)}):
            click.echo(line)
    if summary.fault:
        raise LivefgError(summary.fault)


def _state(model: ModelSummary) -> str:
    return "FAULTY" if model.fault else "intact" if model.shipped else "your own"


def _size(size: int) -> str:
    return f"{size / _MEBIBYTE:.1f} MiB"


def _lines(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """`name: value` line by line, what belongs together indented, what is empty left out."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif value not in (None, "", [], {}):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield f"{indent}{key + ':':{_KEY_WIDTH - len(indent)}} {text}"


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
