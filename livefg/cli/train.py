"""`livefg train`: make a classifier from examples."""

from __future__ import annotations

import click

from training.cli import gestures

__all__ = ["command"]


@click.group()
def command() -> None:
    """Make a classifier of your own from examples."""


command.add_command(gestures)
