"""Short clips and pictures, and ways to run the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from livefg.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def livefg(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command in this process: `livefg("process", clip, "--out", folder)`."""

    def run(*arguments: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return Ended(int(ended.value.code or 0), output.out, output.err)

    return run


@pytest.fixture
def start_livefg(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a command as a process of its own in the test's folder; `environment` is added to this one's."""

    def start(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        return subprocess.Popen(
            [sys.executable, "-m", "livefg", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def clip(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames of the demo clip with two hands in them."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(assets / "demo.mp4")) as demo, av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=Fraction(30), options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for index, frame in enumerate(demo.decode(video=0)):
            if 150 <= index < 170:
                frame.pts, frame.time_base = index - 150, Fraction(1, 30)
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def pictures(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three pictures of the demo clip, one of them in a folder below it."""
    folder = tmp_path_factory.mktemp("pictures") / "holiday"
    (folder / "beach").mkdir(parents=True)
    with av.open(str(assets / "demo.mp4")) as demo:
        for index, frame in enumerate(demo.decode(video=0)):
            name = {0: "a.jpg", 150: "b.png", 220: "beach/c.jpg"}.get(index)
            if name:
                image: Image.Image = frame.to_image()
                image.save(folder / name)
    return folder
