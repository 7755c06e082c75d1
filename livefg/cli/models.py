"""`livefg models`: what is installed, whether it is intact, what each network says, and which one is to be used."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from livefg.errors import LivefgError
from livefg.inference.catalogue import ModelSummary, catalogue, summarise
from livefg.inference.chosen import CHOOSABLE, choose, install, model_for, uninstall
from livefg.inference.classifier import Classifier, Task
from livefg.inference.manifest import ModelFile, find_model

__all__ = ["command"]

_MEBIBYTE = 1024 * 1024
_KEY_WIDTH = 20

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group()
def command() -> None:
    """List, verify and describe the installed networks; choose those that name gestures and motions of hands."""


@command.command("list")
@_json_option
def list_models(as_json: bool) -> None:
    """List the networks that came with livefg, then your own."""
    summaries = catalogue()
    used = _used()
    if as_json:
        _print_json([{**summary.to_dict(), "in_use": summary.path in used} for summary in summaries])
        return
    rows = [("NAME", "TASK", "SIZE", "LICENCE", "STATE")]
    rows += [
        (
            model.name,
            model.task or "-",
            _size(model.size),
            model.licence or "-",
            _state(model) + (", in use" if model.path in used else ""),
        )
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


@command.command()
@click.argument("name_or_path", metavar="NAME|PATH")
@click.option("--name", help="What to call it among your own models.  [default: the file's name]")
def use(name_or_path: str, name: str | None) -> None:
    """Name gestures, or motions of hands, with this classifier from now on.

    A running `livefg live` takes one of gestures within a second or two. A file given by its PATH is checked and
    copied among your own models. The NAME of one that ships goes back to it.
    """
    model = find_model(name_or_path)
    task, labels = _usable(model)
    if model.path == Path(name_or_path):
        model = install(model.path, name or model.name)
    elif name:
        raise click.UsageError("--name is for a file that is given by its path.")
    choose(task, model.name)
    click.echo(f"{model.name} names {task}s now ({len(labels)} labels: {', '.join(labels)})")


@command.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove one of your own classifiers. If it was in use, the one that ships is used again."""
    instead = (f"; {model_for(task).name} names {task}s now" for task in uninstall(name))
    click.echo(f"{name} is removed{''.join(instead)}")


def _usable(model: ModelFile) -> tuple[Task, tuple[str, ...]]:
    """What a classifier is for, and its labels. Raises LivefgError if it cannot name gestures or motions of hands."""
    from livefg.recognition.gestures import load_gestures
    from livefg.recognition.motion import load_motions

    classifier = Classifier.load(model, "cpu")
    if classifier.info.task == "motion":
        load_motions(heads=False, hand_model=model)
    else:
        load_gestures(model, "cpu")
    return classifier.info.task, classifier.labels


def _used() -> set[Path]:
    """The files of the classifiers in use; what is wrong with a choice is told where it is used."""
    used = set()
    for task in CHOOSABLE:
        with suppress(LivefgError):
            used.add(model_for(task).path)
    return used


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
