"""Still pictures: upright, in RGB whatever they were stored as, folders in natural order."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import corners, quarters
from PIL import Image

from livefg.errors import LivefgError
from livefg.sources import open_source
from livefg.sources.images import read_image

RED = (220, 30, 30)


def save(path: Path, array: np.ndarray, mode: str | None = None, **options: Any) -> Path:
    Image.fromarray(array).convert(mode).save(path, **options)
    return path


@pytest.mark.parametrize(
    "suffix", ["png", "jpg", "jpeg", "bmp", "webp", "tif", "tiff", "gif", "ppm", "tga", "avif", "JPG", "jp2"]
)
def test_common_formats_are_read(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}", corners())
    with open_source(path) as source:
        (frame,) = source
    assert source.info.kind == "image"
    assert (source.info.width, source.info.height) == (frame.width, frame.height) == (96, 64)
    assert quarters(frame.image) == "rgbw"
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    assert (frame.index, frame.time, frame.source) == (0, 0.0, str(path))


@pytest.mark.parametrize("suffix", ["hdr", "pfm"])
def test_pictures_of_light_are_brought_to_display_values(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"light.{suffix}"
    linear = (corners()[:, :, ::-1] / 255.0) ** 2.2 * 8
    cv2.imwrite(str(path), linear.astype(np.float32))
    image = read_image(path)
    assert quarters(image) == "rgbw"
    assert np.abs(image[:10, :10].mean(axis=(0, 1)) - np.array(RED) * 255 / 225).max() < 15


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_as_exif_says(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {
        1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb",
    }[orientation]  # fmt: skip
    image = read_image(save(tmp_path / "photo.jpg", corners(), exif=exif, quality=95))
    assert quarters(image) == turned
    assert image.shape == ((96, 64, 3) if orientation > 4 else (64, 96, 3))


def test_grey_pictures_become_rgb(tmp_path: Path) -> None:
    image = read_image(save(tmp_path / "grey.png", corners(), "L"))
    assert image.shape == (64, 96, 3)
    assert (image[:, :, 0] == image[:, :, 1]).all()


def test_palettes_and_one_bit_pictures_become_rgb(tmp_path: Path) -> None:
    assert quarters(read_image(save(tmp_path / "palette.png", corners(), "P"))) == "rgbw"
    line = np.zeros((64, 96), bool)
    line[:, 48:] = True
    Image.fromarray(line).save(tmp_path / "fax.png")
    assert read_image(tmp_path / "fax.png")[32, [10, 90]].tolist() == [[0, 0, 0], [255, 255, 255]]


def test_printers_colours_become_rgb(tmp_path: Path) -> None:
    assert quarters(read_image(save(tmp_path / "print.jpg", corners(), "CMYK"))) == "rgbw"


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    layers = np.dstack([corners(), np.full((64, 96), 255, np.uint8)])
    layers[:32] = (0, 0, 0, 0)
    image = read_image(save(tmp_path / "cut.png", layers))
    assert quarters(image) == "wwbw"
    grey = Image.fromarray(layers).convert("LA")
    grey.save(tmp_path / "cutgrey.png")
    assert read_image(tmp_path / "cutgrey.png")[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_grey_uses_the_bits_that_the_camera_used(tmp_path: Path, bits: int) -> None:
    ramp = np.tile(np.linspace(0, 2**bits - 1, 96).astype(np.uint16), (64, 1))
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    image = read_image(tmp_path / "deep.png")
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[0, -1].tolist() == [255, 255, 255]
    assert abs(int(image[0, 48, 0]) - 128) <= 2


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_deep_colour_is_read(tmp_path: Path, suffix: str) -> None:
    cv2.imwrite(str(tmp_path / f"deep.{suffix}"), corners()[:, :, ::-1].astype(np.uint16) * 257)
    image = read_image(tmp_path / f"deep.{suffix}")
    assert np.abs(image.astype(int) - corners()).max() <= 1


def test_names_in_any_script_are_read(tmp_path: Path) -> None:
    assert quarters(read_image(save(tmp_path / "лицо 顔 وجه.png", corners()))) == "rgbw"
    cv2.imwrite(str(tmp_path / "a.pfm"), corners()[:, :, ::-1].astype(np.float32) / 255)
    (tmp_path / "a.pfm").rename(tmp_path / "顔.pfm")
    assert quarters(read_image(tmp_path / "顔.pfm")) == "rgbw"


def test_a_picture_is_known_by_its_content_where_its_name_says_nothing(tmp_path: Path) -> None:
    save(tmp_path / "a.png", corners()).rename(tmp_path / "picture")
    with open_source(tmp_path / "picture") as source:
        assert source.info.kind == "image"


def test_an_animation_is_a_video(tmp_path: Path) -> None:
    stills = [Image.fromarray(np.roll(corners(), 20 * i, axis=1)) for i in range(4)]
    stills[0].save(tmp_path / "moving.gif", save_all=True, append_images=stills[1:], duration=100)
    with open_source(tmp_path / "moving.gif") as source:
        assert source.info.kind == "video"
        assert [frame.time for frame in source] == pytest.approx([0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("name", "make", "cause"),
    [
        ("empty.jpg", lambda data: b"", "zero bytes"),
        ("cut.jpg", lambda data: data[: len(data) // 2], "truncated"),
        ("head.jpg", lambda data: data[:30], "head.jpg"),
        ("text.png", lambda data: b"hello", "not a picture that livefg can read"),
        ("photo.heic", lambda data: b"\0\0\0\x18ftypheic\0\0\0\0", "convert it to JPEG"),
    ],
)
def test_a_broken_picture_gets_one_sentence(tmp_path: Path, name: str, make: Any, cause: str) -> None:
    whole = save(tmp_path / "whole.jpg", np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8))
    (tmp_path / name).write_bytes(make(whole.read_bytes()))
    with pytest.raises(LivefgError) as failure:
        open_source(tmp_path / name)
    assert name in str(failure.value)
    assert cause in str(failure.value)
    assert str(failure.value).endswith(".")


def test_noise_in_any_picture_raises_nothing_but_sentences(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(5)
    for suffix in ("png", "jpg", "bmp", "webp", "tif", "gif", "ppm", "tga", "jp2"):
        data = bytearray(save(tmp_path / f"whole.{suffix}", corners()).read_bytes())
        for attempt in range(20):
            spoilt = bytearray(data)
            for at in rng.integers(0, len(data), 12):
                spoilt[at] = rng.integers(0, 256)
            path = tmp_path / f"{attempt}.{suffix}"
            path.write_bytes(spoilt)
            with suppress(LivefgError):
                assert read_image(path).ndim == 3
    assert capfd.readouterr().err == ""


def test_an_enormous_picture_gets_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "big.png", np.zeros((3000, 4000, 3), np.uint8))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4_000_000)
    with pytest.raises(LivefgError, match="too large: it has more than 8 million pixels"):
        read_image(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 11_000_000)  # Pillow warns, which is no reason to stop
    assert read_image(path).shape == (3000, 4000, 3)


class TestFolder:
    """Each picture is judged by itself."""

    def test_pictures_come_in_natural_order_with_their_relative_names(self, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        for name in ("img10.png", "img2.png", "IMG1.PNG", "b/1.jpg", "b/02.jpg", ".hidden.png", "notes.txt"):
            if name.endswith("txt"):
                (tmp_path / name).write_text("no picture")
            else:
                save(tmp_path / name, corners())
        with open_source(tmp_path) as source:
            frames = list(source)
        assert [frame.source for frame in frames] == [
            "b/1.jpg",
            "b/02.jpg",
            "IMG1.PNG",
            "img2.png",
            "img10.png",
        ]
        assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
        assert [frame.time for frame in frames] == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert (source.info.kind, source.info.frame_count, source.info.path) == ("folder", 5, tmp_path)

    def test_a_broken_picture_is_left_out_and_told(self, tmp_path: Path) -> None:
        for name in ("1.png", "2.png", "3.png"):
            save(tmp_path / name, corners())
        (tmp_path / "2.png").write_bytes(b"")
        notices: list[str] = []
        with open_source(tmp_path, on_notice=notices.append) as source:
            frames = list(source)
        assert [(frame.source, frame.index) for frame in frames] == [("1.png", 0), ("3.png", 2)]
        assert notices == [f"Left out: {tmp_path / '2.png'} is empty: the file has zero bytes."]
        assert source.info.notes == tuple(notices)

    def test_a_folder_without_pictures_gets_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("no picture")
        with pytest.raises(LivefgError, match=r"holds no pictures\.$"):
            open_source(tmp_path)

    def test_a_folder_of_broken_pictures_gets_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "1.png").write_bytes(b"x")
        (tmp_path / "2.png").write_bytes(b"")
        with pytest.raises(LivefgError, match="None of the 2 pictures"):
            open_source(tmp_path)

    def test_close_ends_it(self, tmp_path: Path) -> None:
        for number in range(5):
            save(tmp_path / f"{number}.png", corners())
        with open_source(tmp_path) as source:
            frames = iter(source)
            next(frames)
            source.close()
            assert list(frames) == []
