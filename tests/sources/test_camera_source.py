"""Cameras, with a stand-in where OpenCV would open one: what is asked and given, and what happens when it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes import wait_until
from mjpeg_server import counted_picture, number_in

from livefg.errors import LivefgError
from livefg.sources import Patience, camera, devices, open_source, v4l2

DEVICE = "/dev/null"  # exists and may be opened, which is asked before OpenCV is
QUICK = Patience(answer=0.3, silence=0.4, blank=0.2, same=0.2, retry=0.02, retry_most=0.1)
SETTABLE = {
    cv2.CAP_PROP_FOURCC,
    cv2.CAP_PROP_FRAME_WIDTH,
    cv2.CAP_PROP_FRAME_HEIGHT,
    cv2.CAP_PROP_FPS,
    cv2.CAP_PROP_BUFFERSIZE,
}


class FakeCamera:
    """A camera with one plug: every VideoCapture that the code under test opens reads from it."""

    def __init__(self) -> None:
        self.plugged = True
        self.size = (160, 120)
        self.fourcc: str | None = None  # what it insists on, if anything
        self.fps = 30.0
        self.hang = threading.Event()
        self.make: Callable[[int], np.ndarray] = lambda number: counted_picture(number)[:, :, ::-1]
        self.number = 0
        self.opened: list[tuple[Any, int]] = []
        self.asked: list[tuple[int, float]] = []
        self.held = 0
        self.most_held = 0
        self.works_with: set[int] | None = None


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCamera]:
    device = FakeCamera()

    class Capture:
        def __init__(self, address: Any, backend: int) -> None:
            device.opened.append((address, backend))
            self._open = device.plugged and (device.works_with is None or backend in device.works_with)
            self._values: dict[int, float] = {cv2.CAP_PROP_FPS: device.fps}
            if self._open:
                device.held += 1
                device.most_held = max(device.most_held, device.held)

        def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
            return self._open

        def set(self, key: int, value: float) -> bool:
            assert key in SETTABLE
            device.asked.append((key, value))
            self._values.setdefault(key, value)
            return True

        def get(self, key: int) -> float:
            if key == cv2.CAP_PROP_FOURCC and device.fourcc:
                return float(cv2.VideoWriter.fourcc(*device.fourcc))
            return self._values.get(key, 0.0)

        def grab(self) -> bool:
            while device.hang.is_set():
                time.sleep(0.005)
            time.sleep(0.005)
            return self._open and device.plugged

        def retrieve(self) -> tuple[bool, np.ndarray | None]:
            device.number += 1
            return True, device.make(device.number)

        def release(self) -> None:
            device.held -= self._open
            self._open = False

    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    yield device
    device.hang.clear()


def run_until(
    told: Callable[[list[str]], bool],
    fake: FakeCamera,
    fault: Callable[[], None],
    cure: Callable[[], None],
    patience: Patience = QUICK,
) -> list[str]:
    """Open the camera, let it fail, cure it once that was told, and wait until it is back."""
    notices: list[str] = []
    with open_source(DEVICE, patience=patience, on_notice=notices.append) as source:
        frames: list[Any] = []
        reader = threading.Thread(target=lambda: frames.extend(source))
        reader.start()
        wait_until(lambda: len(frames) > 3)
        fault()
        wait_until(lambda: told(notices))
        cure()
        wait_until(lambda: any(notice.endswith("is back.") for notice in notices))
        before = len(frames)
        wait_until(lambda: len(frames) > before + 3)
        assert source.status is None
    reader.join(5)
    assert not reader.is_alive()
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert fake.most_held == 1
    wait_until(lambda: fake.held == 0)
    return notices


def test_frames_are_rgb_with_the_monotonic_time_of_their_grab(fake: FakeCamera) -> None:
    before = time.monotonic()
    with open_source(DEVICE, patience=QUICK) as source:
        frames = [frame for frame, _ in zip(source, range(5), strict=False)]
    assert source.info.kind == "camera"
    assert source.info.live
    assert (source.info.width, source.info.height, source.info.fps) == (160, 120, 30.0)
    numbers = [number_in(frame.image) for frame in frames]
    assert numbers == sorted(set(numbers))
    assert all(before <= frame.time <= time.monotonic() for frame in frames)
    assert all(frame.image.flags.c_contiguous and frame.image.dtype == np.uint8 for frame in frames)


def test_red_stays_red(fake: FakeCamera) -> None:
    fake.make = lambda number: np.full(
        (48, 64, 3), (number % 50, 0, 200), np.uint8
    )  # OpenCV's order: blue first
    with open_source(DEVICE, patience=QUICK) as source:
        frame = next(iter(source))
    assert frame.image[0, 0, 0] == 200


@pytest.mark.parametrize(
    "picture",
    [
        np.full((48, 64), 90, np.uint8),
        np.full((48, 64, 1), 90, np.uint8),
        np.full((48, 64), 90 << 8, np.uint16),
    ],
)
def test_grey_and_infrared_cameras_give_rgb_too(fake: FakeCamera, picture: np.ndarray) -> None:
    fake.make = lambda _: picture
    with open_source(DEVICE, patience=QUICK) as source:
        frame = next(iter(source))
    assert frame.image.shape == (48, 64, 3)
    assert (frame.image == 90).all()


def test_the_fast_format_is_asked_for_before_the_size_and_one_picture_of_buffer(fake: FakeCamera) -> None:
    with open_source(DEVICE, size=(1280, 720), fps=60, patience=QUICK):
        pass
    keys = [key for key, _ in fake.asked]
    assert fake.asked[0] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    assert keys.index(cv2.CAP_PROP_FOURCC) < keys.index(cv2.CAP_PROP_FRAME_WIDTH)
    assert (cv2.CAP_PROP_FRAME_WIDTH, 1280) in fake.asked
    assert (cv2.CAP_PROP_FRAME_HEIGHT, 720) in fake.asked
    assert (cv2.CAP_PROP_FPS, 60) in fake.asked
    assert (cv2.CAP_PROP_BUFFERSIZE, 1) in fake.asked


def test_what_was_asked_and_what_was_given_is_told(fake: FakeCamera) -> None:
    fake.fourcc, fake.fps = "YUYV", 10.0
    with open_source(DEVICE, size=(1280, 720), patience=QUICK) as source:
        assert source.info.notes == (
            "camera /dev/null (v4l2): asked for 1280x720 at 30 a second in MJPG, got 160x120 at 10 a second in YUYV.",
        )


def test_a_wish_that_came_true_is_told_shortly(fake: FakeCamera) -> None:
    with open_source(DEVICE, size=(160, 120), fourcc="MJPG", patience=QUICK) as source:
        assert source.info.notes[0].endswith("asked for 160x120 at 30 a second in MJPG, got that.")


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("Linux", ("v4l2",)),
        ("Windows", ("dshow", "msmf")),
        ("Darwin", ("avfoundation",)),
        ("Plan9", ("any",)),
    ],
)
def test_each_system_has_its_own_backends(
    monkeypatch: pytest.MonkeyPatch, system: str, names: tuple[str, ...]
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    assert camera.backends_here() == names


def test_the_next_backend_is_tried_if_the_first_cannot_open_it(
    fake: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Windows")
    fake.works_with = {cv2.CAP_MSMF}
    with open_source("1", patience=QUICK) as source:
        assert "(msmf)" in source.info.notes[0]
    assert fake.opened == [(1, cv2.CAP_DSHOW), (1, cv2.CAP_MSMF)]


def test_a_named_backend_is_the_only_one_tried(fake: FakeCamera) -> None:
    with open_source(DEVICE, backend="gstreamer", patience=QUICK):
        pass
    assert fake.opened == [(DEVICE, cv2.CAP_GSTREAMER)]


class TestTrouble:
    """What goes wrong is told once, and the camera is back as soon as it can be."""

    def test_an_unplugged_camera(self, fake: FakeCamera) -> None:
        def unplug() -> None:
            fake.plugged = False

        def plug() -> None:
            fake.plugged = True

        notices = run_until(bool, fake, unplug, plug, replace(QUICK, silence=20.0, same=20.0))
        assert notices == [
            "camera /dev/null gives no more pictures; trying to reopen it.",
            "camera /dev/null is back.",
        ]

    def test_a_driver_that_hangs_inside_a_read(self, fake: FakeCamera) -> None:
        notices = run_until(bool, fake, fake.hang.set, fake.hang.clear)
        assert notices[0].startswith("camera /dev/null has given no picture for")

    def test_a_picture_that_stands_still(self, fake: FakeCamera) -> None:
        living = fake.make

        def freeze() -> None:
            still = living(7)
            fake.make = lambda _: still

        def thaw() -> None:
            fake.make = living

        notices = run_until(bool, fake, freeze, thaw)
        assert "gives the same picture over and over" in notices[0]

    def test_a_black_picture(self, fake: FakeCamera) -> None:
        living = fake.make

        def cover() -> None:
            fake.make = lambda _: np.zeros((120, 160, 3), np.uint8)

        def uncover() -> None:
            fake.make = living

        notices = run_until(bool, fake, cover, uncover)
        assert "gives black pictures" in notices[0]
        opened = len(fake.opened)
        assert opened > 1

    def test_one_lost_picture_is_nothing(self, fake: FakeCamera) -> None:
        notices: list[str] = []
        calm = replace(QUICK, silence=20.0, same=20.0)
        with open_source(DEVICE, patience=calm, on_notice=notices.append) as source:
            frames = iter(source)
            next(frames)
            fake.plugged = False
            time.sleep(0.05)
            fake.plugged = True
            for _ in range(5):
                next(frames)
        assert notices == []
        assert len(fake.opened) == 1

    def test_an_opencv_error_counts_as_a_lost_picture(self, fake: FakeCamera) -> None:
        living = fake.make
        failures = iter(range(3))

        def failing(number: int) -> np.ndarray:
            if next(failures, None) is not None:
                raise cv2.error("broken JPEG")
            return living(number)

        fake.make = failing
        with open_source(DEVICE, patience=QUICK) as source:
            assert next(iter(source)).image.shape == (120, 160, 3)

    def test_a_defect_is_raised_where_the_frames_are_read(self, fake: FakeCamera) -> None:
        with open_source(DEVICE, patience=QUICK) as source:
            frames = iter(source)
            next(frames)
            fake.make = lambda _: "no picture at all"  # type: ignore[return-value,assignment]
            with pytest.raises(AttributeError):
                list(frames)

    def test_close_returns_while_a_driver_hangs(self, fake: FakeCamera) -> None:
        source = open_source(DEVICE, patience=QUICK)
        fake.hang.set()
        source.close()
        assert list(source) == []


@pytest.mark.parametrize("numbers_after", [{4: "Webcam"}, {0: "Other", 4: "Webcam"}])
def test_the_same_camera_is_opened_again_though_its_number_changed(
    fake: FakeCamera, monkeypatch: pytest.MonkeyPatch, numbers_after: dict[int, str]
) -> None:
    connected = {0: "Webcam", 2: "Other"}
    monkeypatch.setattr(camera, "_check_device", lambda *_: None)
    monkeypatch.setattr(v4l2, "camera_name", connected.get)
    monkeypatch.setattr(
        v4l2, "devices", lambda: tuple(v4l2.Device(n, name, Path(), ()) for n, name in connected.items())
    )
    opening = camera.Camera(0, camera.CameraOptions(), QUICK)
    opening().close()
    connected.clear()
    with pytest.raises(LivefgError, match=r"camera 0 \(Webcam\) is not connected"):
        opening()
    connected.update(numbers_after)
    opening().close()
    assert [address for address, _ in fake.opened] == [0, 4]


def test_a_trial_times_every_backend_of_the_system(fake: FakeCamera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Windows")
    fake.works_with = {cv2.CAP_MSMF}
    first, second = devices.try_camera(devices.CameraInfo("1", "Webcam", "dshow"), patience=QUICK)
    assert (first.backend, first.info) == ("dshow", None)
    assert first.problem is not None
    assert "camera 1 cannot be opened with dshow" in first.problem
    assert (second.backend, second.problem) == ("msmf", None)
    assert second.info is not None
    assert second.seconds > 0
    assert fake.held == 0


class TestSentences:
    """What cannot be opened is one sentence with its cure."""

    def test_a_number_without_a_camera(self, fake: FakeCamera) -> None:
        with pytest.raises(
            LivefgError, match=r"There is no camera 97: /dev/video97 does not exist; `livefg cameras` lists"
        ):
            open_source("97", patience=QUICK)

    def test_a_camera_that_may_not_be_read(self, fake: FakeCamera, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.access", lambda *_: False)
        with pytest.raises(LivefgError, match="usermod -aG video"):
            open_source(DEVICE, patience=QUICK)

    def test_a_camera_that_is_taken(self, fake: FakeCamera) -> None:
        fake.works_with = set()
        with pytest.raises(LivefgError, match="cannot be opened with v4l2"):
            open_source(DEVICE, patience=QUICK)

    def test_a_camera_that_opens_but_gives_nothing(self, fake: FakeCamera) -> None:
        fake.make = lambda _: np.zeros((0, 0, 3), np.uint8)
        with pytest.raises(LivefgError, match=r"gives no picture in 0\.3 s"):
            open_source(DEVICE, patience=QUICK)
        assert fake.held == 0

    @pytest.mark.parametrize(
        ("wish", "words"),
        [
            ({"backend": "directx"}, "There is no camera backend 'directx'; choose auto"),
            ({"fourcc": "JPEG2"}, "four letters"),
            ({"size": (0, 480)}, "greater than zero"),
            ({"fps": -1.0}, "greater than zero"),
        ],
    )
    def test_a_wish_that_makes_no_sense(self, fake: FakeCamera, wish: dict[str, Any], words: str) -> None:
        with pytest.raises(LivefgError, match=words):
            open_source(DEVICE, patience=QUICK, **wish)

    def test_opencv_says_nothing_on_its_own(self, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        with pytest.raises(LivefgError):
            open_source(DEVICE, patience=QUICK)
        assert capfd.readouterr() == ("", "")
