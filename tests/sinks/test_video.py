"""Annotated video: every picture at its own time, in sync with its sound, and a file only when it is whole."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from fakes import FakePipeline, make_frame, make_result
from videos import make_video, probe

from livefg.errors import LivefgError
from livefg.loop import run_recorded
from livefg.overlay import Overlay
from livefg.sinks import encoding, film_file
from livefg.sinks.files import partial_path
from livefg.sinks.video import VideoSink
from livefg.sources import open_source


def annotate(source: Path, target: Path, **options: object) -> VideoSink:
    """Take a file through a pipeline that sees nothing much, into a video."""
    with open_source(source) as opened, VideoSink(target, source=opened.info, **options) as sink:
        run_recorded(opened, FakePipeline(), [sink])
    return sink


def test_broadcast_rate_stays_exactly_what_it_was(tmp_path: Path) -> None:
    ticks = [1001 * number for number in range(60)]
    clip = make_video(tmp_path / "clip.mp4", ticks, Fraction(1, 30_000), rate=Fraction(30_000, 1001))
    annotate(clip, tmp_path / "out.mp4")
    before, after = probe(clip), probe(tmp_path / "out.mp4")
    assert after.rate == before.rate == Fraction(30_000, 1001)
    assert after.times == before.times


def test_film_rate_stays_exactly_what_it_was(tmp_path: Path) -> None:
    ticks = [1001 * number for number in range(48)]
    clip = make_video(tmp_path / "clip.mp4", ticks, Fraction(1, 24_000), rate=Fraction(24_000, 1001))
    annotate(clip, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").rate == Fraction(24_000, 1001)


def test_every_frame_of_a_varying_rate_keeps_its_own_time(tmp_path: Path) -> None:
    ticks = [0, 40, 50, 133, 400, 433, 500, 1200, 1210, 1900, 2000]
    clip = make_video(tmp_path / "clip.mkv", ticks, Fraction(1, 1000))
    annotate(clip, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").times == pytest.approx([tick / 1000 for tick in ticks], abs=1e-6)


def test_a_video_whose_picture_begins_late_keeps_the_delay(tmp_path: Path) -> None:
    ticks = [15_360 + 512 * number for number in range(30)]
    clip = make_video(tmp_path / "clip.mp4", ticks, Fraction(1, 15_360), audio="aac", flash_at=1.5)
    annotate(clip, tmp_path / "out.mp4")
    before, after = probe(clip), probe(tmp_path / "out.mp4")
    assert after.times == pytest.approx(before.times, abs=0.002)
    assert after.flashes[0] - after.clicks[0] == pytest.approx(
        before.flashes[0] - before.clicks[0], abs=0.002
    )


@pytest.mark.parametrize(
    ("name", "audio", "expected"),
    [
        ("aac.mp4", "aac", "aac"),
        ("mp3.mp4", "libmp3lame", "mp3"),
        ("opus.mkv", "libopus", "opus"),
        ("pcm.mov", "pcm_s16le", "aac"),
        ("mp2.mkv", "mp2", "aac"),
        ("flac.mkv", "flac", "flac"),
    ],
)
def test_sound_comes_along_in_sync(tmp_path: Path, name: str, audio: str, expected: str) -> None:
    ticks = [40 * number for number in range(75)]
    clip = make_video(tmp_path / name, ticks, Fraction(1, 1000), rate=Fraction(25), audio=audio, flash_at=1.0)
    sink = annotate(clip, tmp_path / "out.mp4")
    before, after = probe(clip), probe(tmp_path / "out.mp4")
    assert after.audio_codec == expected
    assert after.flashes == before.flashes
    assert after.clicks[0] == pytest.approx(before.clicks[0], abs=0.012)
    assert any("AAC" in note for note in sink.notes) == (before.audio_codec != expected)


def test_a_run_that_stops_early_ends_the_sound_there_too(tmp_path: Path) -> None:
    ticks = [40 * number for number in range(250)]
    clip = make_video(tmp_path / "clip.mp4", ticks, Fraction(1, 1000), rate=Fraction(25), audio="aac")
    target = tmp_path / "out.mp4"
    with open_source(clip) as source:
        sink = VideoSink(target, source=source.info)
        for frame in source:
            if frame.index == 50:
                break
            sink.write(frame, make_result(frame))
        sink.abandon()
    assert not target.exists()
    with av.open(str(partial_path(target))) as file:
        assert file.streams.video[0].frames == 50
        sound = file.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(2.0, abs=0.1)


def test_odd_sizes_are_padded_by_one(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with VideoSink(target) as sink:
        for index in range(5):
            frame = make_frame(index, size=(65, 49))
            sink.write(frame, make_result(frame))
    assert probe(target).size == (66, 50)


def test_frames_that_change_their_size_are_scaled_to_the_first(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with VideoSink(target) as sink:
        for index, size in enumerate([(64, 48), (128, 96), (64, 48)]):
            frame = make_frame(index, size=size)
            sink.write(frame, make_result(frame))
    assert (probe(target).size, len(probe(target).times)) == ((64, 48), 3)


def test_a_live_recording_begins_at_zero_and_keeps_the_cameras_times(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    moments = [5000.0, 5000.031, 5000.070, 5000.1, 5000.9]
    with VideoSink(target) as sink:
        for index, moment in enumerate(moments):
            frame = make_frame(index, moment)
            sink.write(frame, make_result(frame))
    assert probe(target).times == pytest.approx([moment - 5000 for moment in moments], abs=1e-4)


def test_colours_survive(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (180, 180, 40)]
    with VideoSink(target, quality="high") as sink:
        for index, colour in enumerate(colours):
            frame = make_frame(index, size=(1280, 720))
            frame.image[:] = colour
            sink.write(frame, make_result(frame))
    with av.open(str(target)) as file:
        seen = [frame.to_ndarray(format="rgb24").mean(axis=(0, 1)) for frame in file.decode(video=0)]
    assert np.abs(np.array(seen) - colours).max() < 6


def test_colours_survive_where_an_encoder_takes_them_in_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_NV12", frozenset({"libx264"}))
    test_colours_survive(tmp_path)


def test_the_overlay_is_drawn_on_a_copy(tmp_path: Path) -> None:
    frame = make_frame(0, size=(320, 240))
    before = frame.image.copy()
    with (
        VideoSink(tmp_path / "plain.mp4") as plain,
        VideoSink(tmp_path / "drawn.mp4", overlay=Overlay()) as drawn,
    ):
        plain.write(frame, make_result(frame))
        drawn.write(frame, make_result(frame))
    assert np.array_equal(frame.image, before)
    pictures = []
    for name in ("plain.mp4", "drawn.mp4"):
        with av.open(str(tmp_path / name)) as file:
            pictures.append(next(file.decode(video=0)).to_ndarray(format="rgb24").astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() > 50


def test_an_encoder_that_does_not_work_is_passed_over_and_said(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with VideoSink(target, codecs=("no_such_encoder", "h264_nvenc_missing", "mpeg4")) as sink:
        for index in range(5):
            frame = make_frame(index)
            sink.write(frame, make_result(frame))
    assert sink.codec == probe(target).video_codec == "mpeg4"
    assert sink.notes == ["The encoder no_such_encoder does not work here, so mpeg4 is used."]


@pytest.mark.parametrize(
    ("here", "codec", "told"),
    [
        (("mpeg4",), "mpeg4", "The graphics processor encodes the pictures (mpeg4)."),
        (("no_such_encoder",), "h264", "No graphics processor here encodes video, so libx264 is used."),
    ],
)
def test_a_graphics_processor_that_is_asked_for_encodes_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], codec: str, told: str
) -> None:
    monkeypatch.setattr(encoding, "HARDWARE", here)
    monkeypatch.setattr(film_file, "HARDWARE", here)
    target = tmp_path / "out.mp4"
    with VideoSink(target, codecs=encoding.codecs_of("hardware")) as sink:
        for index in range(5):
            frame = make_frame(index)
            sink.write(frame, make_result(frame))
    assert probe(target).video_codec == codec
    assert sink.notes == [told]
    assert encoding.codecs_of("software") == encoding.CODECS


def test_without_any_encoder_one_sentence_says_so(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "out.mp4", codecs=("no_such_encoder",))
    frame = make_frame(0)
    with pytest.raises(LivefgError, match=r"No video encoder works here for 64x48 \(tried no_such_encoder\)"):
        sink.write(frame, make_result(frame))


def test_the_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder" / "out.mp4"
    sink = VideoSink(target)
    frame = make_frame(0)
    sink.write(frame, make_result(frame))
    assert not target.exists()
    assert partial_path(target).exists()
    sink.close()
    assert [path.name for path in target.parent.iterdir()] == ["out.mp4"]
    sink.close()


def test_players_can_begin_before_they_have_the_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with VideoSink(target) as sink:
        for index in range(30):
            frame = make_frame(index)
            sink.write(frame, make_result(frame))
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match=r"out.gif: a video is written as .mp4"):
        VideoSink(tmp_path / "out.gif")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LivefgError, match="cannot be made"):
        VideoSink(tmp_path / "file" / "out.mp4")
