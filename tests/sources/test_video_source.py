"""Recorded video: every frame once, in order, upright, at its own time; damage costs only what is damaged."""

from __future__ import annotations

import gc
import socket
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import cut, damage, read, write_clip, write_sound
from mjpeg_server import number_in

from livefg.errors import LivefgError
from livefg.sources import open_source

CODECS = [("mp4", "libx264"), ("mkv", "libx264"), ("ts", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4")]


@pytest.mark.parametrize(("container", "codec"), CODECS)
def test_every_frame_comes_once_in_order_as_rgb(tmp_path: Path, container: str, codec: str) -> None:
    path = write_clip(tmp_path / f"clip.{container}", 40, codec=codec)
    source, frames, notices = read(path)
    assert [number_in(frame.image) for frame in frames] == list(range(40))
    assert [frame.index for frame in frames] == list(range(40))
    assert {(frame.image.shape, frame.image.dtype.name) for frame in frames} == {((120, 160, 3), "uint8")}
    assert all(frame.image.flags.c_contiguous for frame in frames)
    assert {frame.source for frame in frames} == {str(path)}
    assert (source.info.kind, source.info.live, source.info.path) == ("video", False, path)
    assert (source.info.width, source.info.height) == (160, 120)
    assert notices == []


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25), Fraction(60)])
def test_times_and_rate_are_exact(tmp_path: Path, rate: Fraction) -> None:
    source, frames, _ = read(write_clip(tmp_path / "clip.mp4", 20, rate=rate))
    assert source.info.fps == float(rate)
    assert source.info.frame_count == 20
    assert source.info.duration == pytest.approx(float(20 / rate), abs=0.002)
    assert [frame.time for frame in frames] == pytest.approx([float(i / rate) for i in range(20)], abs=1e-9)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "webm"])
def test_a_varying_frame_rate_keeps_each_frames_own_time_and_is_told(tmp_path: Path, container: str) -> None:
    times = np.cumsum(np.random.default_rng(3).integers(10, 90, 50)).tolist()
    codec = "libvpx-vp9" if container == "webm" else "libx264"
    source, frames, _ = read(write_clip(tmp_path / f"vfr.{container}", times=times, codec=codec))
    shown = [round((time - times[0]) / 1000, 3) for time in times]
    assert [frame.time for frame in frames] == pytest.approx(shown, abs=1e-6)
    assert source.info.fps == pytest.approx(49 / shown[-1], rel=0.05)
    assert any("frame rate varies" in note for note in source.info.notes)


def test_a_steady_rate_on_a_coarse_clock_does_not_count_as_varying(tmp_path: Path) -> None:
    times = [round(i * 1000 / 15) for i in range(30)]  # 66 and 67 ms
    source, _, _ = read(write_clip(tmp_path / "clip.mkv", times=times))
    assert source.info.notes == ()
    assert source.info.fps == pytest.approx(15, rel=0.01)


def test_a_single_frame_is_a_video_too(tmp_path: Path) -> None:
    source, frames, _ = read(write_clip(tmp_path / "one.mp4", 1))
    assert [(frame.index, frame.time) for frame in frames] == [(0, 0.0)]
    assert source.info.frame_count == 1


def test_sound_is_known_of_and_time_zero_is_that_of_the_whole_file(tmp_path: Path) -> None:
    times = list(range(500, 1000, 40))  # the sound begins at 0, the picture half a second later
    source, frames, _ = read(write_clip(tmp_path / "late.mkv", times=times, sound=True))
    assert source.info.has_audio
    assert source.info.start_time == pytest.approx(0, abs=0.03)
    assert frames[0].time + source.info.start_time == pytest.approx(0.5, abs=0.001)
    assert not read(write_clip(tmp_path / "mute.mkv"))[0].info.has_audio


def test_a_source_can_be_read_again_from_the_beginning(tmp_path: Path) -> None:
    with open_source(write_clip(tmp_path / "clip.mp4", 5)) as source:
        assert [number_in(frame.image) for frame in source] == [0, 1, 2, 3, 4]
        assert [number_in(frame.image) for frame in source] == [0, 1, 2, 3, 4]


def test_memory_is_given_back_without_waiting_for_the_garbage_collector(tmp_path: Path) -> None:
    with open_source(write_clip(tmp_path / "clip.mp4", 20)) as source:
        list(source)
        gc.collect()
        gc.disable()
        try:
            list(source)
            assert gc.collect() == 0
        finally:
            gc.enable()


def test_close_ends_an_iteration(tmp_path: Path) -> None:
    with open_source(write_clip(tmp_path / "clip.mp4", 50)) as source:
        seen = 0
        for _ in source:
            seen += 1
            if seen == 3:
                source.close()
        assert seen == 3


def test_frames_stay_valid_after_the_source_is_closed(tmp_path: Path) -> None:
    _, frames, _ = read(write_clip(tmp_path / "clip.mp4", 30))
    assert [number_in(frame.image) for frame in frames] == list(range(30))


def test_the_mirrored_mark_reaches_every_frame(tmp_path: Path) -> None:
    source, frames, _ = read(write_clip(tmp_path / "clip.mp4", 2), mirrored=True)
    assert source.info.mirrored
    assert all(frame.mirrored for frame in frames)


def test_the_demo_clip_is_a_source_of_its_own() -> None:
    with open_source("demo") as source:
        assert (source.info.name, source.info.kind) == ("demo", "demo")
        assert (source.info.fps, source.info.frame_count) == (30.0, 360)
        assert sum(1 for _ in source) == 360


class TestDamage:
    """What can be decoded is kept; what cannot is told in a note; what is no video is one sentence."""

    @pytest.mark.parametrize(
        ("container", "codec"), [("mkv", "libx264"), ("mkv", "mjpeg"), ("ts", "libx264"), ("mp4", "mpeg4")]
    )
    def test_noise_in_the_middle_costs_only_the_frames_it_hits(
        self, tmp_path: Path, container: str, codec: str
    ) -> None:
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        whole = write_clip(
            tmp_path / f"whole.{container}",
            60,
            codec=codec,
            pixels=pixels,
            noise=True,
            codec_options={"g": "5"},
        )
        source, frames, notices = read(damage(tmp_path / f"hit.{container}", whole, 0.5, 3000))
        sound = [frame for frame in frames if number_in(frame.image) == round(frame.time * 30)]
        assert len(sound) > 40
        assert [number_in(frame.image) for frame in (frames[0], frames[-1])] == [0, 59]
        times = [frame.time for frame in frames]
        assert times == sorted(set(times))
        assert len(notices) >= 1
        assert all("hit." in notice and notice in source.info.notes for notice in notices)

    def test_packets_that_cannot_be_decoded_are_counted(self, tmp_path: Path) -> None:
        whole = write_clip(tmp_path / "whole.avi", 60, codec="png", pixels="rgb24")
        _, frames, notices = read(damage(tmp_path / "hit.avi", whole, 0.5, 40))
        assert len(frames) == 59
        assert any("1 packet could not be decoded" in notice for notice in notices)

    @pytest.mark.parametrize("container", ["mkv", "mp4", "webm"])
    def test_a_film_that_breaks_off_is_read_to_where_it_does(self, tmp_path: Path, container: str) -> None:
        codec = "libvpx-vp9" if container == "webm" else "libx264"
        early = {"movflags": "faststart"} if container == "mp4" else {}
        whole = write_clip(tmp_path / f"whole.{container}", 90, codec=codec, container=early)
        _, frames, notices = read(cut(tmp_path / f"part.{container}", whole, 0.6))
        assert 20 < len(frames) < 80
        assert [number_in(frame.image) for frame in frames[:20]] == list(range(20))
        assert any("breaks off" in notice for notice in notices)

    def test_damage_is_told_once_however_often_it_is_read(self, tmp_path: Path) -> None:
        whole = write_clip(tmp_path / "whole.mkv", 60)
        notices: list[str] = []
        with open_source(cut(tmp_path / "part.mkv", whole, 0.6), on_notice=notices.append) as source:
            list(source)
            list(source)
        assert len(notices) == 1

    def test_without_a_notice_taker_damage_is_logged(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with open_source(cut(tmp_path / "part.mkv", write_clip(tmp_path / "whole.mkv", 60), 0.6)) as source:
            list(source)
        assert "part.mkv breaks off" in caplog.text

    @pytest.mark.parametrize(
        ("name", "content", "cause"),
        [
            ("empty.mp4", b"", "zero bytes"),
            ("text.mp4", b"hello world\n" * 50, "not a video"),
            ("text.txt", b"hello world\n" * 50, "not a video"),
            ("noise.mkv", np.random.default_rng(1).bytes(20000), "not a video"),
            ("page.html", b"<!doctype html><html><body>404</body></html>", "not a video"),
        ],
    )
    def test_what_is_no_video_gets_one_sentence(
        self, tmp_path: Path, name: str, content: bytes, cause: str
    ) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(LivefgError) as failure:
            open_source(tmp_path / name)
        sentence = str(failure.value)
        assert name in sentence
        assert cause in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence

    def test_a_file_without_its_end_gets_one_sentence(self, tmp_path: Path) -> None:
        whole = write_clip(tmp_path / "whole.mp4", 60)
        with pytest.raises(
            LivefgError, match=r"part\.mp4 cannot be opened as a video: .*its end is missing\.$"
        ):
            open_source(cut(tmp_path / "part.mp4", whole, 0.7))

    def test_a_header_without_frames_gets_one_sentence(self, tmp_path: Path) -> None:
        whole = write_clip(tmp_path / "whole.mkv", 60)
        with pytest.raises(LivefgError, match=r"head\.mkv .*\.$"):
            open_source(cut(tmp_path / "head.mkv", whole, 0.05))

    def test_sound_alone_gets_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(LivefgError, match=r"voice\.mp4 has sound but no picture\.$"):
            open_source(write_sound(tmp_path / "voice.mp4"))

    def test_a_missing_file_gets_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(LivefgError, match="There is no source"):
            open_source(tmp_path / "nothing.mp4")

    def test_a_stream_without_time_stamps_plays_at_its_rate(self, tmp_path: Path) -> None:
        source, frames, notices = read(write_clip(tmp_path / "bare.h264", 20, rate=Fraction(25)))
        assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(20)])
        assert notices == [f"{source.info.name} lacks time stamps: 19 frames were shown at 25 a second."]


@pytest.mark.parametrize("name", ["list.m3u8", "session.sdp"])
def test_a_local_file_never_leads_onto_the_network(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.settimeout(0.2)
        port = trap.getsockname()[1]
        (tmp_path / name).write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n"
            if name.endswith("m3u8")
            else f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
            "a=rtpmap:96 H264/90000\n"
        )
        with pytest.raises(LivefgError):
            open_source(tmp_path / name)
        with pytest.raises(TimeoutError):
            trap.accept()


@pytest.mark.shared
class TestRealClips:
    """Clips from phones, webcams and film; counts as FFmpeg's own tools give them."""

    @pytest.mark.parametrize(
        ("clip", "count", "size", "fps", "sound"),
        [
            ("ageitgey/short_hamilton_clip.mp4", 275, (640, 360), 29.97, True),
            ("opencv4nodejs/hand-gesture.mp4", 280, (512, 640), 25.0, False),
            ("intel_asl/learn.mkv", 61, (640, 480), 30.0, False),
            ("intel_asl/preview/classroom.gif", 45, (480, 270), 15.0, False),
        ],
    )
    def test_all_frames_come_at_strictly_increasing_times(
        self, shared: Path, clip: str, count: int, size: tuple[int, int], fps: float, sound: bool
    ) -> None:
        source, frames, notices = read(shared / "data" / "video" / clip)
        times = [frame.time for frame in frames]
        assert len(frames) == count
        assert times == sorted(set(times))
        assert (source.info.width, source.info.height) == size
        assert source.info.fps == pytest.approx(fps, rel=0.01)
        assert source.info.has_audio is sound
        assert notices == []
