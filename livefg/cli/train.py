"""`livefg train`: make a classifier from examples."""

from __future__ import annotations

import click

from training.cli import gestures
from training.faces_cli import faces
from training.motion_cli import motions

__all__ = ["command"]


@click.group()
def command() -> None:
    """Make a classifier of your own from examples."""


command.add_command(faces)
command.add_command(gestures)
command.add_command(motions)
