"""Cameras through OpenCV: which backend, what was asked and given, pictures with the time of their grab."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# OpenCV reads these when it first opens a camera. The first spares Windows users a wait of many seconds
# (opencv/opencv#17687), the second lets a V4L2 read return while a camera is silent, before patience runs
# out.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")

import cv2
import numpy as np

from livefg.errors import LivefgError
from livefg.results import ImageArray
from livefg.sources import v4l2
from livefg.sources.base import SourceInfo
from livefg.sources.health import Patience
from livefg.sources.live import ConnectionLost, Shot
from livefg.sources.quiet import quiet_opencv

__all__ = ["BACKENDS", "Camera", "CameraConnection", "CameraOptions", "backends_here"]

BACKENDS = {
    "v4l2": cv2.CAP_V4L2,
    "msmf": cv2.CAP_MSMF,
    "dshow": cv2.CAP_DSHOW,
    "avfoundation": cv2.CAP_AVFOUNDATION,
    "gstreamer": cv2.CAP_GSTREAMER,
    "any": cv2.CAP_ANY,
}
"""Names of the ways to a camera and OpenCV's numbers for them."""

# On Windows cameras are listed in the order of DirectShow, and Media Foundation may count in another.
_BY_SYSTEM = {"Linux": ("v4l2",), "Windows": ("dshow", "msmf"), "Darwin": ("avfoundation",)}
_RETRY_READ = 0.01


def backends_here() -> tuple[str, ...]:
    """The backends that `auto` tries on this operating system, in this order."""
    return _BY_SYSTEM.get(platform.system(), ("any",))


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """What to ask of a camera; it may give something else, which the notes then say.

    `backend`: a name in BACKENDS, or `auto`. `size`: width and height in pixels. `fps`: frames a second.
    `fourcc`: the pixel format on the wire, four letters; None asks for MJPG, without which many cameras are
    slow (1080p at 5 a second in YUYV), and takes the camera's own choice if it has none.
    """

    backend: str = "auto"
    size: tuple[int, int] = (640, 480)
    fps: float = 30.0
    fourcc: str | None = None

    def __post_init__(self) -> None:
        if self.backend != "auto" and self.backend not in BACKENDS:
            raise LivefgError(
                f"There is no camera backend {self.backend!r}; choose auto, {', '.join(sorted(BACKENDS))}."
            )
        if self.fourcc is not None and (len(self.fourcc) != 4 or not self.fourcc.isascii()):
            raise LivefgError(
                f"A camera's pixel format has four letters, as MJPG or YUYV, not {self.fourcc!r}."
            )
        if min(self.size) <= 0 or self.fps <= 0:
            raise LivefgError("A camera's size and frame rate must be greater than zero.")

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends to try, in order."""
        return backends_here() if self.backend == "auto" else (self.backend,)


class Camera:
    """Opens one camera, and the same one again: after it was unplugged another may have taken its number.

    `address` is an index or a device path. Calling it raises LivefgError as CameraConnection does, or if the camera
    that was opened before is not connected.
    """

    def __init__(
        self, address: int | str, options: CameraOptions, patience: Patience, *, mirrored: bool = False
    ) -> None:
        self._address = address
        self._options = options
        self._patience = patience
        self._mirrored = mirrored
        self._model: str | None = None

    def __call__(self) -> CameraConnection:
        """Open it."""
        address = self._find()
        name = f"camera {self._address}"
        connection = CameraConnection(address, name, self._options, self._patience, mirrored=self._mirrored)
        if isinstance(address, int):
            self._model = v4l2.camera_name(address)
        return connection

    def _find(self) -> int | str:
        if isinstance(self._address, str) or self._model in {None, v4l2.camera_name(self._address)}:
            return self._address
        for device in v4l2.devices():
            if device.name == self._model:
                return device.number
        raise LivefgError(f"camera {self._address} ({self._model}) is not connected.")


class CameraConnection:
    """An open camera that has proved itself by one picture.

    `address` is an index or a device path. Raises LivefgError if it cannot be opened or gives no picture in
    time.
    """

    def __init__(
        self,
        address: int | str,
        name: str,
        options: CameraOptions,
        patience: Patience,
        *,
        mirrored: bool = False,
    ) -> None:
        self._name = name
        self._patience = patience
        self._capture, backend = _open(address, name, options)
        try:
            self._first: Shot | None = self._wait_for_picture(patience.answer)
        except ConnectionLost:
            self.close()
            raise LivefgError(
                f"{name} opens but gives no picture in {patience.answer:g} s; is another program using it?"
            ) from None
        height, width, _ = self._first.image.shape
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.info = SourceInfo(
            name=name,
            kind="camera",
            width=width,
            height=height,
            fps=fps if 0 < fps <= 1000 else None,
            live=True,
            mirrored=mirrored,
            notes=(_asked_and_given(name, backend, options, self._capture, (width, height)),),
        )

    def read(self) -> Shot:
        """Wait for the next picture; ConnectionLost after a patience full of failures."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        # A damaged JPEG is one failure; a camera that was unplugged fails at once and for ever.
        return self._wait_for_picture(min(1.0, self._patience.silence / 2))

    def close(self) -> None:
        """Release the camera."""
        with quiet_opencv():
            self._capture.release()

    def _wait_for_picture(self, seconds: float) -> Shot:
        begin = time.monotonic()
        while True:
            shot = self._try_read()
            if shot is not None:
                return shot
            if time.monotonic() - begin > seconds:
                raise ConnectionLost("gives no more pictures")
            time.sleep(_RETRY_READ)

    def _try_read(self) -> Shot | None:
        try:
            if not self._capture.grab():
                return None
            now = time.monotonic()
            good, image = self._capture.retrieve()
        except cv2.error:
            return None
        return Shot(_to_rgb(image), now) if good and image is not None and image.size else None


def _open(address: int | str, name: str, options: CameraOptions) -> tuple[cv2.VideoCapture, str]:
    path = Path(f"/dev/video{address}" if isinstance(address, int) else address)
    if platform.system() == "Linux":
        _check_device(path, name)
    for backend in options.backends:
        with quiet_opencv():
            capture = cv2.VideoCapture(address, BACKENDS[backend])
            if capture.isOpened():
                _negotiate(capture, options)
                return capture, backend
            capture.release()
    tried = " or ".join(options.backends)
    raise LivefgError(
        f"{name} cannot be opened with {tried}; is it connected, allowed for this program, and free of others?"
    )


def _check_device(path: Path, name: str) -> None:
    """Say what OpenCV would not: that the device is missing or locked away. Raises LivefgError."""
    if not path.exists():
        raise LivefgError(
            f"There is no {name}: {path} does not exist; `livefg cameras` lists what is connected."
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise LivefgError(
            f"{name} is locked: you may not read {path};"
            " `sudo usermod -aG video $USER` and a new login allow it."
        )


def _negotiate(capture: cv2.VideoCapture, options: CameraOptions) -> None:
    # The format comes first: the sizes and rates that a camera has depend on it.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*(options.fourcc or "MJPG")))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size[1])
    capture.set(cv2.CAP_PROP_FPS, options.fps)
    # Older pictures than the newest are of no use.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def _asked_and_given(
    name: str, backend: str, options: CameraOptions, capture: cv2.VideoCapture, size: Sequence[int]
) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    letters = "".join(chr(code >> shift & 0xFF) for shift in (0, 8, 16, 24))
    fps = capture.get(cv2.CAP_PROP_FPS)
    asked = f"{options.size[0]}x{options.size[1]} at {options.fps:g} a second in {options.fourcc or 'MJPG'}"
    given = (
        f"{size[0]}x{size[1]} at {f'{fps:g}' if fps > 0 else 'an unknown number of pictures'} a second in "
    )
    given += letters if letters.isalnum() else "an unknown format"
    return f"{name} ({backend}): asked for {asked}, {'got that' if asked == given else f'got {given}'}."


def _to_rgb(image: np.ndarray) -> ImageArray:
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    code = cv2.COLOR_GRAY2RGB if image.ndim == 2 or image.shape[2] == 1 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, code), np.uint8)
