"""Looking at all pictures takes minutes, so what was seen can be kept between runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import cv2

from training.identity.conditions import CONDITIONS
from training.identity.pictures import pictures
from training.identity.views import Viewer, Views, collect
from training.options import data_option

__all__ = ["gather", "views_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

_VARIED = ("lfw", "actors", "press")
_VARIED_NUMBERS = {"orl": ("1", "4", "7")}


def views_options(command: Command) -> Command:
    """The options that say where the pictures are."""
    for option in (
        click.option(
            "--views",
            type=click.Path(dir_okay=False, path_type=Path),
            help="File that keeps what was seen; read if it is there, else written.",
        ),
        data_option("Folder with the sets of faces."),
    ):
        command = option(command)
    return command


def gather(data: Path, views: Path | None) -> Views:
    """Views of all pictures as they are, and of some sets in every condition."""
    if views and views.is_file():
        return Views.load(views)
    cv2.setNumThreads(1)
    found = pictures(data)
    wanted = [(picture, "as it is") for picture in found]
    varied = [
        picture
        for picture in found
        if picture.set in _VARIED or picture.path.stem in _VARIED_NUMBERS.get(picture.set, ())
    ]
    wanted += [
        (picture, condition) for condition in CONDITIONS if condition != "as it is" for picture in varied
    ]
    seen = collect(wanted, Viewer(), lambda line: click.echo(f"{line} of {len(wanted)}", err=True))
    if views:
        seen.save(views)
    return seen
