"""Video files for tests, made with PyAV: each frame tells its number, each oddity is asked for by name."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from mjpeg_server import counted_picture

from livefg.results import Frame
from livefg.sources import Source, open_source

Image = npt.NDArray[np.uint8]
_FAST = {"libx264": {"preset": "ultrafast"}, "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"}}
_FAST["libx265"] = {"preset": "ultrafast", "x265-params": "log-level=none"}


def write_clip(
    path: Path,
    frames: int = 12,
    *,
    size: tuple[int, int] = (160, 120),
    rate: Fraction = Fraction(30),
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 1000),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    picture: Image | None = None,
    noise: bool = False,
    sound: bool = False,
    container: dict[str, str] | None = None,
    codec_options: dict[str, str] | None = None,
    setup: Any = None,
) -> Path:
    """Write a video; returns its path.

    `times`: when each frame is shown, in units of `time_base` (default: `frames` of them at `rate`). `picture`: shown
    throughout instead of running numbers. `noise` is put on top, which makes packets large. `setup` is called with the
    stream before the first frame.
    """
    with av.open(str(path), "w", options=container or {}) as output:
        options = {**_FAST.get(codec, {}), **(codec_options or {})}
        video = output.add_stream(codec, rate=rate, options=options)
        video.width, video.height, video.pix_fmt = *size, pixels
        base = 1 / rate
        if times is not None:
            base = video.codec_context.time_base = video.time_base = time_base
        if setup:
            setup(video)
        audio = output.add_stream("aac", rate=48000, layout="mono") if sound else None
        for number, tick in enumerate(times if times is not None else range(frames)):
            image = picture if picture is not None else counted_picture(number, size)
            if noise:
                image = image + np.random.default_rng(number).integers(0, 50, image.shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = tick, base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio:
            _silence(output, audio)
    return path


def write_sound(path: Path) -> Path:
    """A second of silence without a picture."""
    with av.open(str(path), "w") as output:
        _silence(output, output.add_stream("aac", rate=48000, layout="mono"))
    return path


def corners(width: int = 96, height: int = 64) -> Image:
    """A picture whose quarters are red, green (above) and blue, white (below): it shows how it was turned."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (220, 30, 30)
    image[: height // 2, width // 2 :] = (30, 200, 30)
    image[height // 2 :, : width // 2] = (30, 30, 220)
    image[height // 2 :, width // 2 :] = (225, 225, 225)
    return image


def quarters(image: Image) -> str:
    """The colours of a picture's quarters, row by row, as letters of `rgbw`."""
    height, width, _ = image.shape
    letters = ""
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            bright = image[y - 2 : y + 2, x - 2 : x + 2].mean(axis=(0, 1)) > 128
            letters += {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w"}.get(
                (int(bright[0]), int(bright[1]), int(bright[2])), "?"
            )
    return letters


def damage(path: Path, source: Path, begin: float, length: int) -> Path:
    """A copy of a file in which `length` bytes, from the fraction `begin` of it on, are noise."""
    data = bytearray(source.read_bytes())
    at = int(len(data) * begin)
    data[at : at + length] = np.random.default_rng(7).bytes(length)
    path.write_bytes(data)
    return path


def cut(path: Path, source: Path, part: float) -> Path:
    """A copy of the first `part` (0..1) of a file."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def _silence(output: Any, audio: Any) -> None:
    for number in range(47):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, number * 1024, Fraction(1, 48000)
        output.mux(audio.encode(frame))
    output.mux(audio.encode(None))


def read(path: Path, **options: Any) -> tuple[Source, list[Frame], list[str]]:
    """Everything a source gives and says."""
    notices: list[str] = []
    with open_source(path, on_notice=notices.append, **options) as source:
        return source, list(source), notices
