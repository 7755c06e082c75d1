"""Less of a recording: frames that were not asked for are left out, the others keep their numbers and times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from clips import write_clip

from livefg.sources import open_source
from livefg.sources.base import Recorded
from livefg.sources.selected import Choice, Selected


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty frames, two seconds."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 60)


def chosen(path: Path, choice: Choice) -> Selected:
    source = open_source(path)
    assert isinstance(source, Recorded)
    return Selected(source, choice)


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (Choice(), range(60)),
        (Choice(every=7), range(0, 60, 7)),
        (Choice(start=0.5, end=1.0), range(15, 30)),
        (Choice(start=0.51, end=0.99), range(16, 30)),
        (Choice(start=0.5, end=1.5, every=10), range(15, 45, 10)),
        (Choice(fps=10), range(0, 60, 3)),
        (Choice(fps=100), range(60)),
        (Choice(start=5), ()),
    ],
)
def test_frames_keep_their_numbers_and_times(clip: Path, choice: Choice, numbers: range) -> None:
    with chosen(clip, choice) as source:
        frames = list(source)
        assert [frame.index for frame in frames] == list(numbers)
        assert [frame.time for frame in frames] == pytest.approx([number / 30 for number in numbers])
        assert source.info.frame_count == pytest.approx(len(frames), abs=1)


def test_a_rate_that_does_not_divide_is_kept_on_average(clip: Path) -> None:
    with chosen(clip, Choice(fps=12.5)) as source:
        times = [frame.time for frame in source]
        assert len(times) == 25
        assert source.info.fps == 12.5


def test_a_film_with_a_varying_rate_keeps_the_first_frame_of_each_interval(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "vfr.mkv", times=[0, 10, 20, 500, 510, 1400])
    with chosen(path, Choice(fps=2)) as source:
        assert [frame.index for frame in source] == [0, 3, 5]


@pytest.mark.parametrize(
    ("most", "size"), [(80, (80, 60)), (160, (160, 120)), (1000, (160, 120)), (33, (33, 25))]
)
def test_large_pictures_are_shrunk_and_small_ones_left_alone(
    clip: Path, most: int, size: tuple[int, int]
) -> None:
    with chosen(clip, Choice(max_side=most, every=20)) as source:
        assert (source.info.width, source.info.height) == size
        assert {(frame.width, frame.height) for frame in source} == {size}


def test_the_first_frames_can_be_skipped_and_every_reading_begins_anew(clip: Path) -> None:
    with chosen(clip, Choice(every=5)) as source:
        assert [frame.index for frame in source.frames(skip=3)] == list(range(15, 60, 5))
        assert [frame.index for frame in source] == list(range(0, 60, 5))


def test_what_is_known_of_the_source_is_that_of_the_choice(clip: Path) -> None:
    with chosen(clip, Choice(every=3, start=1.0)) as source:
        assert source.info.fps == pytest.approx(10)
        assert source.info.duration == pytest.approx(1.0, abs=0.05)
        assert source.info.path == clip


def test_29_97_stays_29_97(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "ntsc.mp4", 30, rate=Fraction(30000, 1001))
    with chosen(path, Choice(start=0.5)) as source:
        assert source.info.fps == pytest.approx(30000 / 1001)
        assert next(iter(source)).time == pytest.approx(15 * 1001 / 30000)
