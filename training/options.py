"""Options that commands have in common: those which train, and those which measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

__all__ = ["data_option", "json_option", "model_option", "out_option", "seed_option", "work_option"]

Command = TypeVar("Command", bound=Callable[..., Any])


class Option(Protocol):
    """Adds an option to a command."""

    def __call__(self, command: Command, /) -> Command:
        """The same command with the option."""
        ...


def data_option(what: str) -> Option:
    """`--data`: a folder that is there; `what` it holds is told by --help."""
    return click.option(
        "--data",
        required=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help=what,
    )


def out_option(default: str) -> Option:
    """`--out`: the file to write, relative to the repository by default."""
    return click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path(default),
        show_default=True,
        help="The file to write.",
    )


def model_option(name: str) -> Option:
    """`--out`: the model file to write; without it the command writes `name` among the user's own models."""
    return click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"The model file to write.  [default: {name}.onnx among your own models]",
    )


def work_option(what: str) -> Option:
    """`--work`: the folder for `what` a training leaves beside the model."""
    return click.option(
        "--work",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Folder for {what}.  [default: in the cache]",
    )


def seed_option(command: Command) -> Command:
    """`--seed`: what all chance in a training follows from."""
    return click.option(
        "--seed",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Same data, same seed, same weights.",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)
