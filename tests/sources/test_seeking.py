"""Beginning in the middle of a film: nothing tells that its beginning was not decoded."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import damage, write_clip
from mjpeg_server import number_in

from livefg.sources import open_source
from livefg.sources.base import Recorded
from livefg.sources.selected import Choice, Selected

FRAMES = 120
GOP = {"g": "24", "bf": "3"}
FILMS: dict[str, dict[str, Any]] = {
    "closed.mp4": {"codec_options": {**GOP, "x264-params": "scenecut=0"}},
    "open.mkv": {"codec_options": {**GOP, "x264-params": "open-gop=1:scenecut=0", "preset": "veryfast"}},
    "ntsc.mov": {"codec_options": GOP, "rate": Fraction(30000, 1001)},
    "late.ts": {"codec_options": GOP},
    "large.mp4": {"codec": "libx265", "codec_options": {"x265-params": "log-level=none:keyint=24:bframes=3"}},
    "web.webm": {"codec": "libvpx-vp9", "codec_options": {"g": "24"}},
    "motion.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
}
DECODED_FROM_THE_START: dict[str, dict[str, Any]] = {
    "packed.avi": {"codec": "mpeg4", "codec_options": {"g": "24", "bf": "2"}},
    "old.webm": {"codec": "libvpx", "codec_options": {"g": "24"}},
    "one.mp4": {"codec_options": {"g": "9999"}},
}


def begun(path: Path, start: float) -> list[tuple[int, float, int]]:
    """Number, time and painted number of the pictures that are given for `start`."""
    with open_source(path) as source:
        assert isinstance(source, Recorded)
        return [
            (picture.number, picture.time, number_in(picture.image())) for picture in source.pictures(start)
        ]


@pytest.mark.parametrize("name", [*FILMS, *DECODED_FROM_THE_START])
def test_pictures_numbers_and_times_are_those_of_the_whole_film(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, FRAMES, **{**FILMS, **DECODED_FROM_THE_START}[name])
    whole = begun(path, 0.0)
    assert [painted for _, _, painted in whole] == list(range(FRAMES))
    for number in (31, 47, 48, 49, 72, 95, 96, 119):
        start = whole[number][1]
        found = begun(path, start)
        assert found == whole[found[0][0] :]
        assert found[0][1] <= start
        assert (found[0][0] > 0) == (name in FILMS), (number, found[0])


def test_a_varying_rate_keeps_each_pictures_own_time(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(3).integers(10, 90, FRAMES)).tolist()
    path = write_clip(tmp_path / "vfr.mkv", times=times, codec_options=GOP)
    whole, found = begun(path, 0.0), begun(path, 4.0)
    assert found[0][0] > 0
    assert found == whole[found[0][0] :]


def test_a_damaged_film_is_still_given_to_its_end(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", FRAMES, codec_options=GOP, noise=True)
    path = damage(tmp_path / "damaged.mkv", clip, 0.3, 3000)
    whole, found = begun(path, 0.0), begun(path, 3.0)
    assert [time for _, time, _ in found][-1] == whole[-1][1]


def test_a_part_is_the_same_whether_its_beginning_was_decoded_or_not(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", FRAMES, codec_options=GOP)

    def frames(choice: Choice, *after: Any) -> list[tuple[int, float]]:
        with open_source(path) as source:
            assert isinstance(source, Recorded)
            return [(frame.index, frame.time) for frame in Selected(source, choice).frames(*after)]

    for choice in (Choice(start=2.05), Choice(start=1.5, every=7), Choice(every=3), Choice(start=2.0, fps=7)):
        whole = frames(choice)
        assert whole[0][0] == -(-round(choice.start * 30, 6) // 1)
        for skipped in (1, 5, len(whole) - 1):
            assert frames(choice, skipped, whole[skipped - 1][1]) == whole[skipped:]
