"""Options that the commands which measure have in common: where the data is, and where the figures go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

__all__ = ["data_option", "out_option"]

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
