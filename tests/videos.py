"""Small videos with known times and sound, and a way to look into what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 48000


@dataclass(frozen=True)
class Probe:
    """What a video file holds: times of its pictures and of its sound's loud moments, seconds."""

    times: list[float]
    rate: Fraction | None
    size: tuple[int, int]
    video_codec: str
    audio_codec: str | None
    flashes: list[float]
    clicks: list[float]


def make_video(
    path: Path,
    ticks: Sequence[int],
    time_base: Fraction,
    *,
    size: tuple[int, int] = (64, 48),
    rate: Fraction | None = None,
    audio: str | None = None,
    flash_at: float | None = None,
) -> Path:
    """Write a video whose frames are at `ticks`; at `flash_at` seconds a white picture and a loud sound begin."""
    with av.open(str(path), "w") as output:
        video = output.add_stream(
            "libx264", rate=rate or Fraction(30), options={"preset": "ultrafast", "qp": "10"}
        )
        video.width, video.height, video.pix_fmt = size[0], size[1], "yuv420p"
        video.codec_context.time_base = video.time_base = time_base
        sound = output.add_stream(audio, rate=RATE, layout="mono") if audio else None
        for tick in ticks:
            bright = flash_at is not None and tick * time_base >= flash_at
            picture = np.full((size[1], size[0], 3), 255 if bright else 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = tick, time_base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if sound is not None:
            seconds = float(ticks[-1] * time_base) + 0.04
            samples = np.zeros(int(seconds * RATE), np.float32)
            if flash_at is not None:
                samples[int(flash_at * RATE) :] = 0.5 * np.sin(
                    np.arange(len(samples) - int(flash_at * RATE)) * 0.3
                )
            resampler = av.AudioResampler(
                sound.codec_context.format, "mono", RATE, sound.codec_context.frame_size
            )
            whole = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            whole.sample_rate, whole.pts, whole.time_base = RATE, 0, Fraction(1, RATE)
            for piece in [*resampler.resample(whole), *resampler.resample(None)]:
                output.mux(sound.encode(piece))
            output.mux(sound.encode(None))
    return path


def probe(path: Path) -> Probe:
    """Read a video back."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        times, levels = [], []
        for frame in file.decode(video=0):
            times.append(float(frame.time))
            levels.append(float(frame.to_ndarray(format="gray").mean()))
        rate, size, codec = stream.average_rate, (stream.width, stream.height), stream.codec_context.name
    flashes = [
        time
        for time, level, before in zip(times[1:], levels[1:], levels, strict=False)
        if level - before > 100
    ]
    audio_codec, clicks = None, []
    with av.open(str(path)) as file:
        if file.streams.audio:
            audio_codec = file.streams.audio[0].codec_context.codec.canonical_name
            for sound in file.decode(audio=0):
                loud = np.flatnonzero(
                    np.abs(sound.to_ndarray().astype(np.float64)).max(axis=0) > _half(sound)
                )
                if loud.size and not clicks:
                    clicks.append(float(sound.time) + loud[0] / sound.sample_rate)
    return Probe(times, rate, size, codec, audio_codec, flashes, clicks)


def _half(sound: av.AudioFrame) -> float:
    return 0.2 if sound.format.name.startswith("flt") else 0.2 * 32768
