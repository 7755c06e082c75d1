"""Which cameras are connected and what each can give, asked of the system without opening them blindly."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

import av
import cv2

from livefg.errors import LivefgError
from livefg.sources import v4l2
from livefg.sources.base import SourceInfo
from livefg.sources.camera import BACKENDS, CameraConnection, CameraOptions, backends_here
from livefg.sources.health import Patience
from livefg.sources.quiet import quiet_opencv

__all__ = ["CameraInfo", "CameraMode", "CameraTrial", "list_cameras", "try_camera"]

CameraMode = v4l2.CameraMode
_MOST_PROBED = 4


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A connected camera: the `source` to open it by, its name, what it can give (empty: the system does not say).

    `backend` is the one by whose order the camera is numbered.
    """

    source: str
    name: str
    backend: str
    path: str | None = None
    modes: tuple[CameraMode, ...] = ()

    def __str__(self) -> str:
        """One line: number, name, and the largest mode of each format."""
        largest = {
            mode.fourcc: mode for mode in sorted(self.modes, key=lambda mode: mode.width * mode.height)
        }
        offers = "; ".join(f"{fourcc} up to {mode}" for fourcc, mode in sorted(largest.items()))
        return f"{self.source}: {self.name}{f' ({offers})' if offers else ''}"


@dataclass(frozen=True, slots=True)
class CameraTrial:
    """One attempt to open a camera: seconds until the first picture, and what it gave or what went wrong."""

    backend: str
    seconds: float
    info: SourceInfo | None
    problem: str | None


def list_cameras() -> tuple[CameraInfo, ...]:
    """The cameras that this computer has, in the order of their numbers."""
    if platform.system() == "Linux":
        return tuple(
            CameraInfo(str(device.number), device.name, "v4l2", str(device.path), device.modes)
            for device in v4l2.devices()
        )
    return tuple(_by_ffmpeg("dshow" if platform.system() == "Windows" else "avfoundation"))


def try_camera(
    camera: CameraInfo, backend: str = "auto", *, patience: Patience | None = None
) -> tuple[CameraTrial, ...]:
    """Open a camera with each backend of this system (or the one named), read one picture, and close it again."""
    options = CameraOptions(backend)
    return tuple(_try(camera, name, patience or Patience()) for name in options.backends)


def _try(camera: CameraInfo, backend: str, patience: Patience) -> CameraTrial:
    begin = monotonic()
    try:
        connection = CameraConnection(
            int(camera.source), f"camera {camera.source}", CameraOptions(backend), patience
        )
    except LivefgError as error:
        return CameraTrial(backend, monotonic() - begin, None, str(error))
    seconds = monotonic() - begin
    connection.close()
    return CameraTrial(backend, seconds, connection.info, None)


def _by_ffmpeg(backend: str) -> Iterable[CameraInfo]:
    """Cameras in FFmpeg's order; where this FFmpeg cannot list any, the numbers that OpenCV can open."""
    try:
        found = av.enumerate_input_devices(backend)
    except (ValueError, OSError):
        return _by_opening()
    names = [device.description for device in found if "video" in device.media_types]
    names = [name for name in names if not name.startswith("Capture screen")]
    # OpenCV sorts AVFoundation's cameras by their identifiers, which FFmpeg does not tell: names may be
    # swapped.
    return [CameraInfo(str(number), name, backend) for number, name in enumerate(names)]


def _by_opening() -> Iterable[CameraInfo]:
    backend = backends_here()[0]
    with quiet_opencv():
        for number in range(_MOST_PROBED):
            capture = cv2.VideoCapture(number, BACKENDS[backend])
            opened = capture.isOpened()
            capture.release()
            if not opened:
                return
            yield CameraInfo(str(number), f"camera {number}", backend)
