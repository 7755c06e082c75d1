"""What naming faces and telling their expressions costs with four faces and two hands in the picture.

    python -m training.faces_cost

Measures the same scene with and without both, then live as from a camera, and writes `docs/benchmarks/faces_cost.json`.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import av
import click

from livefg.bench import Scene, measure, measure_live, surroundings
from livefg.bench.scenes import frames_of
from livefg.cli.options import economical
from livefg.gallery import GalleryFile
from livefg.gallery.enrolment import Enroller, enroll
from livefg.pipeline import PipelineSettings
from livefg.sources import open_source
from training.files import write_whole
from training.options import out_option

__all__ = ["command"]

_SCENE = Scene(4, 2)
_LIVE_SECONDS = 10.0
_FILMED_FRAMES = 218  # the scene's motion there and back
_STAGES = ("identity", "expressions")


@click.command()
@click.option("--frames", type=click.IntRange(1), default=300, show_default=True, help="Frames to measure.")
@out_option("docs/benchmarks/faces_cost.json")
def command(frames: int, out: Path) -> None:
    """Measure the demo's face four times and its hands, with somebody enrolled."""
    around = surroundings()
    with tempfile.TemporaryDirectory() as folder:
        gallery = GalleryFile(Path(folder) / "people.jsonl")
        with open_source("demo") as clip:
            picture = next(iter(clip)).image
        enroll("Eileen", [Enroller("cpu").candidate_in(picture, "demo")], gallery)
        settings = economical(PipelineSettings(device="cpu", gallery=gallery.path))
        with_both = measure("demo", settings, frames, scene=_SCENE)
        without = measure("demo", replace(settings, identity=False, expressions=False), frames, scene=_SCENE)
        live = measure_live([str(_filmed(Path(folder) / "scene.mp4"))], settings, _LIVE_SECONDS)
    cost = sum(with_both.stages[name].mean for name in _STAGES)
    report = {
        "what": f"{_SCENE}, one person enrolled, flat out on the CPU; times in milliseconds a frame",
        "command": "python -m training.faces_cost",
        **around,
        "identity_and_expressions_ms": round(cost, 3),
        "total_with_ms": with_both.stages["total"].mean,
        "total_without_ms": without.stages["total"].mean,
        "fps_with": with_both.fps,
        "fps_without": without.fps,
        "live": live.to_dict(),
        "with": with_both.to_dict(),
        "without": without.to_dict(),
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    for name in (
        "identity_and_expressions_ms",
        "total_with_ms",
        "total_without_ms",
        "fps_with",
        "fps_without",
    ):
        click.echo(f"{name}: {report[name]}")
    click.echo(f"live at 30 frames a second, drawn: {live.fps}, {live.dropped} of {live.captured} dropped")
    click.echo(out, err=True)


def _filmed(path: Path) -> Path:
    """The scene as a recording of some seconds at 30 frames a second."""
    with av.open(str(path), "w") as film:
        pictures = frames_of("demo", scene=_SCENE)
        first = next(pictures)
        stream = film.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
        for frame in chain([first], islice(pictures, _FILMED_FRAMES - 1)):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="rgb24")))
        film.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    command()
