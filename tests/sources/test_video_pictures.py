"""What decoded pictures look like: upright, with square pixels, in ordinary colours, whatever the file holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from clips import corners, quarters, read, write_clip


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
