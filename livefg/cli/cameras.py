"""`livefg cameras`: what is connected, what it offers, how quickly it opens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from livefg.sources.devices import CameraInfo, CameraTrial

__all__ = ["command"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of text.")
@click.option(
    "--open/--no-open", "opening", default=True, help="Open each camera once and time it (default)."
)
def command(as_json: bool, opening: bool) -> None:
    """List the cameras and what each can give."""
    from livefg.sources.devices import list_cameras, try_camera

    cameras = list_cameras()
    found = [(camera, try_camera(camera) if opening else ()) for camera in cameras]
    if as_json:
        click.echo(json.dumps([_as_dict(camera, trials) for camera, trials in found], ensure_ascii=False))
    elif found:
        click.echo("\n".join(line for camera, trials in found for line in _as_text(camera, trials)))
    else:
        click.echo("No camera is connected. A video, a stream or `livefg demo` needs none.")


def _as_dict(camera: CameraInfo, trials: Iterable[CameraTrial]) -> dict[str, Any]:
    return {
        "source": camera.source,
        "name": camera.name,
        "path": camera.path,
        "backend": camera.backend,
        "modes": [asdict(mode) for mode in camera.modes],
        "trials": [
            {
                "backend": trial.backend,
                "seconds": round(trial.seconds, 3),
                "problem": trial.problem,
                "notes": list(trial.info.notes) if trial.info else [],
            }
            for trial in trials
        ],
    }


def _as_text(camera: CameraInfo, trials: Iterable[CameraTrial]) -> Iterable[str]:
    yield f"{camera.source}  {camera.name}  ({camera.path or camera.backend})"
    for fourcc, modes in groupby(camera.modes, key=lambda mode: mode.fourcc):
        yield f"   {fourcc}  {', '.join(str(mode) for mode in modes)}"
    for trial in trials:
        if trial.info is None:
            yield f"   {trial.backend}: {trial.problem}"
        else:
            yield f"   first picture after {trial.seconds:.2f} s. {' '.join(trial.info.notes)}"
