"""Which cameras there are: asked of the system, with its drivers' answers played by a stand-in."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import cv2
import pytest

from livefg.sources import CameraInfo, devices, list_cameras
from livefg.sources.v4l2 import CameraMode, Device, camera_name
from livefg.sources.v4l2 import devices as video_devices

CAPTURE, METADATA, SEVERAL = 0x1, 0x00800000, 0x80000000

# What each device answers: its own capabilities, and formats with sizes and intervals (seconds as fractions).
WEBCAM = (
    CAPTURE,
    {
        b"MJPG": {(1920, 1080): [(1, 30), (1, 15)], (640, 480): [(1, 30)]},
        b"YUYV": {(640, 480): [(1, 30)], (1920, 1080): [(1, 5)]},
    },
)
SILENT: tuple[int, dict[bytes, Any]] = (METADATA, {})


class Driver:
    """Answers the four questions as a driver does; `files` are the open descriptors by device."""

    def __init__(self, answers: dict[Path, tuple[int, dict[bytes, Any]]]) -> None:
        self._answers = {path.stat().st_ino: answer for path, answer in answers.items()}

    def __call__(self, file: int, request: int, data: bytearray) -> int:
        import os

        capabilities, formats = self._answers[os.fstat(file).st_ino]
        index = struct.unpack_from("I", data)[0]
        try:
            if request == 0x80685600:
                struct.pack_into("II", data, 84, capabilities | SEVERAL | CAPTURE, capabilities)
            elif request == 0xC0405602:
                struct.pack_into("4s", data, 44, list(formats)[index])
            elif request == 0xC02C564A:
                code = struct.unpack_from("4s", data, 4)[0]
                struct.pack_into("III", data, 8, 1, *list(formats[code])[index])
            elif request == 0xC034564B:
                code, width, height = struct.unpack_from("4sII", data, 4)
                struct.pack_into("III", data, 16, 1, *formats[code][width, height][index])
            else:
                raise AssertionError(f"unexpected request {request:#x}")
        except IndexError:
            raise OSError(22, "Invalid argument") from None
        return 0


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path]:
    """Folders in the place of /sys/class/video4linux and /dev with two devices of one webcam and a second camera."""
    root, dev = tmp_path / "class", tmp_path / "dev"
    dev.mkdir()
    for name, shown in (("video0", "HD Webcam"), ("video1", "HD Webcam"), ("video10", "Capture 顔")):
        (root / name).mkdir(parents=True)
        (root / name / "name").write_text(shown + "\n")
        (dev / name).write_text("")
    (root / "v4l-subdev0").mkdir()
    return root, dev


def test_cameras_are_listed_with_everything_they_offer(machine: tuple[Path, Path]) -> None:
    root, dev = machine
    driver = Driver({dev / "video0": WEBCAM, dev / "video1": SILENT, dev / "video10": (CAPTURE, {})})
    webcam, other = video_devices(root, dev, driver)
    assert (webcam.number, webcam.name, webcam.path) == (0, "HD Webcam", dev / "video0")
    assert webcam.modes == (
        CameraMode("MJPG", 640, 480, 30.0),
        CameraMode("MJPG", 1920, 1080, 30.0),
        CameraMode("YUYV", 640, 480, 30.0),
        CameraMode("YUYV", 1920, 1080, 5.0),
    )
    assert (other.number, other.name, other.modes) == (10, "Capture 顔", ())


def test_a_camera_with_ranges_of_sizes_is_told_by_its_largest(machine: tuple[Path, Path]) -> None:
    root, dev = machine

    class Stepwise(Driver):
        def __call__(self, file: int, request: int, data: bytearray) -> int:
            if request == 0xC02C564A:  # the same range whatever the index, as drivers answer
                struct.pack_into("I6I", data, 8, 3, 32, 2592, 16, 32, 1944, 16)
                return 0
            if request == 0xC034564B:
                struct.pack_into("I6I", data, 16, 2, 1, 60, 1, 1, 1, 1)
                return 0
            return super().__call__(file, request, data)

    one = (CAPTURE, {b"BA81": {}})
    driver = Stepwise({dev / "video0": one, dev / "video1": SILENT, dev / "video10": SILENT})
    (camera,) = video_devices(root, dev, driver)
    assert camera.modes == (CameraMode("BA81", 2592, 1944, 60.0),)


def test_a_camera_that_may_not_be_opened_is_listed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "class" / "video3").mkdir(parents=True)
    (tmp_path / "class" / "video3" / "name").write_text("Locked\n")
    found = video_devices(tmp_path / "class", tmp_path / "nowhere")
    assert found == (Device(3, "Locked", tmp_path / "nowhere" / "video3", ()),)


def test_a_computer_without_cameras_has_none(tmp_path: Path) -> None:
    assert video_devices(tmp_path / "absent", tmp_path) == ()
    assert camera_name(0, tmp_path) is None


def test_one_line_says_the_most_that_a_camera_offers() -> None:
    modes = (
        CameraMode("MJPG", 640, 480, 60.0),
        CameraMode("MJPG", 1920, 1080, 30.0),
        CameraMode("GREY", 640, 480, 0.0),
    )
    camera = CameraInfo("0", "HD Webcam", "v4l2", "/dev/video0", modes)
    assert str(camera) == "0: HD Webcam (GREY up to 640x480; MJPG up to 1920x1080 at 30)"
    assert str(CameraInfo("1", "Plain", "dshow")) == "1: Plain"


@pytest.mark.parametrize(("system", "backend"), [("Windows", "dshow"), ("Darwin", "avfoundation")])
def test_other_systems_are_asked_through_ffmpeg(
    monkeypatch: pytest.MonkeyPatch, system: str, backend: str
) -> None:
    asked: list[str] = []

    def enumerate_input_devices(name: str) -> list[av.DeviceInfo]:
        asked.append(name)
        return [
            av.DeviceInfo("0", "FaceTime HD", False, ["video"]),
            av.DeviceInfo("1", "Capture screen 0", False, ["video"]),
            av.DeviceInfo("0", "Microphone", False, ["audio"]),
        ]

    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr(av, "enumerate_input_devices", enumerate_input_devices)
    assert list_cameras() == (CameraInfo("0", "FaceTime HD", backend),)
    assert asked == [backend]


def test_where_nothing_can_be_asked_the_first_numbers_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    class Capture:
        def __init__(self, number: int, backend: int) -> None:
            self._open = number < 2

        def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
            return self._open

        def release(self) -> None:
            pass

    def enumerate_input_devices(name: str) -> list[av.DeviceInfo]:
        raise ValueError(f"no such input format: {name!r}")

    monkeypatch.setattr("platform.system", lambda: "Windows")
    monkeypatch.setattr(av, "enumerate_input_devices", enumerate_input_devices)
    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    assert [camera.source for camera in list_cameras()] == ["0", "1"]


def test_looking_for_cameras_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    devices.list_cameras()
    assert capfd.readouterr() == ("", "")
