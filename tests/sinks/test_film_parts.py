"""Annotated video written in parts: nothing of it tells where the parts met, nor where a run was killed."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fakes import make_frame, make_result
from videos import make_video, probe

from livefg.errors import LivefgError
from livefg.results import Frame
from livefg.sinks.film_parts import PartedVideoSink
from livefg.sinks.video import VideoSink
from livefg.sources import open_source

RATES: dict[str, tuple[list[int], Fraction, Fraction]] = {
    "29.97": ([1001 * number for number in range(100)], Fraction(1, 30_000), Fraction(30_000, 1001)),
    "25": ([40 * number for number in range(100)], Fraction(1, 1000), Fraction(25)),
    "varying": (
        np.cumsum(random.Random(5).choices([10, 33, 34, 100, 400], k=100)).tolist(),
        Fraction(1, 1000),
        Fraction(30),
    ),
}
MARKS = {1, 2, 31, 50, 99}


def pictures(source: Path) -> list[Frame]:
    """The frames of a film with something that moves on a rough ground, so that the encoder looks both ways."""
    ground = np.random.default_rng(3).integers(60, 190, (48, 64, 3), np.uint8)
    with open_source(source) as opened:
        found = []
        for frame in opened:
            image = np.roll(ground, 2 * frame.index, axis=1)
            image[20:30, frame.index % 50 : frame.index % 50 + 12] = 255
            found.append(replace(frame, image=image))
        return found


def write(target: Path, source: Path, frames: Sequence[Frame], marks: set[int] = MARKS, **more: Any) -> Path:
    """All frames through a sink that nobody interrupts."""
    with (
        open_source(source) as opened,
        PartedVideoSink(target, target.with_suffix(".parts"), source=opened.info, **more) as sink,
    ):
        for number, frame in enumerate(frames, 1):
            sink.write(frame, make_result(frame))
            if number in marks:
                sink.mark()
    return target


def streams(path: Path) -> dict[str, Any]:
    """What a player is told of a film and of each packet."""
    found: dict[str, Any] = {}
    with av.open(str(path)) as file:
        for stream in file.streams:
            found[f"{stream.type} about"] = (
                stream.time_base,
                stream.duration,
                stream.start_time,
                stream.frames,
            )
        picture = file.streams.video[0]
        context = picture.codec_context
        found["coding"] = (context.name, context.profile, context.has_b_frames, context.extradata)
        found["rate"] = float(picture.average_rate or 0)
        for packet in file.demux():
            if packet.pts is not None:
                found.setdefault(packet.stream.type, []).append((packet.pts, packet.dts, packet.duration))
                found.setdefault(f"{packet.stream.type} bytes", []).append(bytes(packet))
    return found


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.stack([frame.to_ndarray(format="rgb24").astype(np.int16) for frame in file.decode(video=0)])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_parts_put_together_are_what_one_encoder_writes_at_once(
    tmp_path: Path, rate: str, suffix: str
) -> None:
    ticks, time_base, average = RATES[rate]
    clip = make_video(tmp_path / "clip.mp4", ticks, time_base, rate=average, audio="aac", flash_at=1.0)
    frames = pictures(clip)
    with open_source(clip) as opened, VideoSink(tmp_path / f"at_once{suffix}", source=opened.info) as sink:
        for frame in frames:
            sink.write(frame, make_result(frame))
    one, many = tmp_path / f"at_once{suffix}", write(tmp_path / f"parts{suffix}", clip, frames)
    whole, parts = streams(one), streams(many)
    assert sorted(pts for pts, _, _ in parts["video"]) == sorted(pts for pts, _, _ in whole["video"])
    decoding = [dts for _, dts, _ in parts["video"] if dts is not None]
    assert decoding == sorted(set(decoding))
    assert all(dts is None or dts <= pts for pts, dts, _ in parts["video"])
    assert [parts[name] for name in ("coding", "video about", "audio about", "audio", "audio bytes")] == [
        whole[name] for name in ("coding", "video about", "audio about", "audio", "audio bytes")
    ]
    # Where times vary, the mean of a file depends on the order in which its last pictures are decoded.
    assert parts["rate"] == pytest.approx(whole["rate"], rel=0.01 if rate == "varying" else 0)
    assert probe(many).times == probe(one).times
    assert len(probe(many).times) == 100
    originals = np.stack([frame.image for frame in frames]).astype(np.int16)
    off_whole, off_parts = (np.abs(decoded(path) - originals).mean(axis=(1, 2, 3)) for path in (one, many))
    assert off_parts.max() < off_whole.max() + 1.0  # no picture is missing, twice or torn
    assert off_parts.mean() < off_whole.mean() + 0.1


@pytest.mark.parametrize("killed_at", [1, 30, 31, 32, 75, 100])
def test_a_sink_goes_on_where_a_killed_one_was_and_writes_the_same_bytes(
    tmp_path: Path, killed_at: int
) -> None:
    ticks, time_base, rate = RATES["29.97"]
    clip = make_video(tmp_path / "clip.mp4", ticks, time_base, rate=rate, audio="aac", flash_at=1.0)
    frames = pictures(clip)
    unbroken = write(tmp_path / "unbroken.mp4", clip, frames)
    target, parts = tmp_path / "killed.mp4", tmp_path / "killed.parts"
    done, number_done = None, 0
    with open_source(clip) as opened:
        first = PartedVideoSink(target, parts, source=opened.info)
        for number, frame in enumerate(frames[:killed_at], 1):
            first.write(frame, make_result(frame))
            if number in MARKS:
                done, number_done = json.loads(json.dumps(first.mark())), number
        # Nothing is closed: that is what is left of a process that is killed.
        with PartedVideoSink(target, parts, source=opened.info, done=done) as second:
            for number, frame in enumerate(frames[number_done:], number_done + 1):
                second.write(frame, make_result(frame))
                if number in MARKS:
                    second.mark()
        first.abandon()
    assert target.read_bytes() == unbroken.read_bytes()


def test_a_part_of_a_film_begins_at_zero_with_its_sound(tmp_path: Path) -> None:
    ticks, time_base, rate = RATES["25"]
    clip = make_video(tmp_path / "clip.mp4", ticks, time_base, rate=rate, audio="aac", flash_at=2.0)
    frames = pictures(clip)[25:75]
    with open_source(clip) as opened:
        flash = list(opened)[25:75]
    frames = [replace(frame, image=bright.image) for frame, bright in zip(frames, flash, strict=True)]
    found = probe(write(tmp_path / "out.mp4", clip, frames, {20}, begin=1.0, end=3.0))
    assert found.times == pytest.approx([number / 25 for number in range(50)])
    assert found.flashes == pytest.approx([1.0])
    assert found.clicks == pytest.approx([1.0], abs=0.012)


def test_an_encoder_without_key_frames_to_choose_is_parted_too(tmp_path: Path) -> None:
    ticks, time_base, rate = RATES["25"]
    clip = make_video(tmp_path / "clip.mp4", ticks, time_base, rate=rate)
    found = probe(write(tmp_path / "out.mp4", clip, pictures(clip), codecs=("no_such_encoder", "mpeg4")))
    assert (found.video_codec, len(found.times)) == ("mpeg4", 100)


def test_a_damaged_part_is_told(tmp_path: Path) -> None:
    sink = PartedVideoSink(tmp_path / "out.mp4", tmp_path / "parts")
    for index in range(5):
        frame = make_frame(index)
        sink.write(frame, make_result(frame))
    sink.mark()
    part = tmp_path / "parts" / "000000.part"
    part.write_bytes(part.read_bytes()[10:])
    with pytest.raises(LivefgError, match=r"000000\.part of an unfinished run is damaged"):
        sink.close()
    assert not (tmp_path / "out.mp4").exists()


def test_without_a_picture_there_is_no_file(tmp_path: Path) -> None:
    with PartedVideoSink(tmp_path / "out.mp4", tmp_path / "parts") as sink:
        assert sink.mark() is None
    assert list(tmp_path.iterdir()) == []
