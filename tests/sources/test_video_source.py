"""Recorded video: every frame once, in order, upright, at its own time; damage costs only what is damaged."""

from __future__ import annotations

import gc
import socket
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clips import corners, cut, damage, quarters, write_clip, write_sound
from mjpeg_server import number_in

from livefg.errors import LivefgError
from livefg.results import Frame
from livefg.sources import Source, open_source

CODECS = [("mp4", "libx264"), ("mkv", "libx264"), ("ts", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mpeg4")]


def read(path: Path, **options: Any) -> tuple[Source, list[Frame], list[str]]:
    """Everything a source gives and says."""
    notices: list[str] = []
    with open_source(path, on_notice=notices.append, **options) as source:
        return source, list(source), notices


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


@pytest.mark.parametrize(
    ("degrees", "mirror", "expected", "size"),
    [
        (0, False, "rgbw", (96, 64)),
        (90, False, "gwrb", (64, 96)),
        (-90, False, "brwg", (64, 96)),
        (180, False, "wbgr", (96, 64)),
        (0, True, "grwb", (96, 64)),
        (90, True, "wgbr", (64, 96)),
    ],
)
def test_pictures_are_turned_as_the_display_matrix_says(
    tmp_path: Path, degrees: int, mirror: bool, expected: str, size: tuple[int, int]
) -> None:
    path = write_clip(
        tmp_path / "phone.mp4",
        3,
        size=(96, 64),
        picture=corners(),
        setup=lambda video: video.set_display_rotation(degrees, hflip=mirror),
    )
    source, frames, _ = read(path)
    assert [quarters(frame.image) for frame in frames] == [expected] * 3
    assert (source.info.width, source.info.height) == size == (frames[0].width, frames[0].height)
    assert all(frame.image.flags.c_contiguous for frame in frames)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("odd.webm", "libvpx-vp9", "yuv420p"), ("odd.mkv", "ffv1", "yuv444p"), ("odd.avi", "mjpeg", "yuvj420p")],
)
@pytest.mark.parametrize("size", [(161, 121), (97, 64), (96, 65)])
def test_odd_sizes_keep_every_row_and_column(
    tmp_path: Path, name: str, codec: str, pixels: str, size: tuple[int, int]
) -> None:
    path = write_clip(tmp_path / name, 3, size=size, codec=codec, pixels=pixels, picture=corners(*size))
    _, frames, _ = read(path)
    assert [(frame.width, frame.height) for frame in frames] == [size] * 3
    error = np.abs(frames[1].image.astype(int) - corners(*size))
    assert np.median(error) <= 6
    assert error[-1, -1].max() <= 12


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    def anamorphic(video: Any) -> None:
        video.codec_context.sample_aspect_ratio = Fraction(4, 3)

    source, frames, _ = read(
        write_clip(tmp_path / "dv.mkv", 2, size=(96, 64), picture=corners(), setup=anamorphic)
    )
    assert (frames[0].width, frames[0].height) == (source.info.width, source.info.height) == (128, 64)
    assert quarters(frames[0].image) == "rgbw"
    assert any("not square" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("codec", "pixels"), [("libx265", "yuv420p10le"), ("ffv1", "yuv444p12le"), ("ffv1", "gray16le")]
)
def test_more_than_eight_bits_look_as_eight_do(tmp_path: Path, codec: str, pixels: str) -> None:
    source, frames, _ = read(
        write_clip(tmp_path / "deep.mkv", 3, codec=codec, pixels=pixels, size=(96, 64), picture=corners())
    )
    expected = corners().astype(float)
    if pixels.startswith("gray"):
        expected = np.repeat((expected @ [0.299, 0.587, 0.114])[:, :, None], 3, axis=2)
    assert np.abs(frames[0].image - expected).mean() < 6
    assert source.info.notes == ()


@pytest.mark.parametrize(("curve", "name", "page"), [(16, "PQ", 148), (18, "HLG", 191)])
def test_hdr_is_brought_to_ordinary_brightness_and_told(
    tmp_path: Path, curve: int, name: str, page: int
) -> None:
    grey = np.full((64, 96, 3), page, np.uint8)  # what either curve gives 203 cd/m2, a white page

    def hdr(video: Any) -> None:
        video.codec_context.color_trc = curve
        video.codec_context.color_primaries = 9
        video.codec_context.colorspace = 9

    path = write_clip(
        tmp_path / "hdr.mkv", 2, codec="libx265", pixels="yuv420p10le", size=(96, 64), picture=grey, setup=hdr
    )
    source, frames, _ = read(path)
    assert 170 < frames[0].image.mean() < 235
    assert any(f"HDR ({name})" in note for note in source.info.notes)


@pytest.mark.parametrize("curve", [14, 16, 18])
def test_wide_primaries_do_not_pale_faces(tmp_path: Path, curve: int) -> None:
    skin = (np.array([200, 140, 115]) / 255) ** 2.2
    wide = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]) @ skin
    codes = {
        14: wide ** (1 / 2.2),  # of no HDR
        16: _pq(0.3 * wide * 203),
        18: _hlg((0.3 * wide * 203 / 1000) ** (1 / 1.2)),
    }[curve]

    def tagged(video: Any) -> None:
        video.codec_context.color_trc = curve
        video.codec_context.color_primaries = 9

    picture = np.full((64, 96, 3), np.round(codes * 255), np.uint8)
    path = write_clip(
        tmp_path / "wide.mkv",
        2,
        codec="libx264rgb",
        codec_options={"qp": "0"},
        pixels="rgb24",
        size=(96, 64),
        picture=picture,
        setup=tagged,
    )
    _, frames, _ = read(path)
    shown = (frames[0].image[32, 48] / 255.0) ** 2.2
    # A hue is the parts of the light; where bright light is dimmed, it is a little more even.
    assert shown / shown.sum() == pytest.approx(skin / skin.sum(), abs=0.015)


def _pq(nits: np.ndarray) -> np.ndarray:
    power = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(scene: np.ndarray) -> np.ndarray:
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def test_colours_follow_the_matrix_that_the_file_names(tmp_path: Path) -> None:
    for matrix in (1, 5):  # BT.709 and BT.601

        def tagged(video: Any, matrix: int = matrix) -> None:
            video.codec_context.colorspace = matrix

        size = (96, 64)
        with av.open(str(tmp_path / "tagged.mkv"), "w") as output:
            video = output.add_stream("ffv1", rate=30)
            video.width, video.height, video.pix_fmt = *size, "yuv444p"
            tagged(video)
            frame = av.VideoFrame.from_ndarray(corners(), format="rgb24").reformat(
                format="yuv444p", dst_colorspace="ITU709" if matrix == 1 else "ITU601"
            )
            frame.pts, frame.time_base = 0, Fraction(1, 30)
            output.mux(video.encode(frame))
            output.mux(video.encode(None))
        _, frames, _ = read(tmp_path / "tagged.mkv")
        assert np.abs(frames[0].image.astype(int) - corners()).max() <= 4


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
