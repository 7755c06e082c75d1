"""Video4Linux: cameras by name, and the formats, sizes and rates that each offers."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CameraMode", "Device", "camera_name", "devices"]

Ioctl = Callable[[int, int, bytearray], int]

# Requests and structures as in linux/videodev2.h; they are part of the kernel's stable interface.
_QUERYCAP, _CAPABILITY = 0x80685600, struct.Struct("=16s32s32sIII12x")
_ENUM_FMT, _FORMAT = 0xC0405602, struct.Struct("=III32s4sI12x")
_ENUM_FRAMESIZES, _SIZE = 0xC02C564A, struct.Struct("=I4sI6I8x")
_ENUM_FRAMEINTERVALS, _INTERVAL = 0xC034564B, struct.Struct("=I4sIII6I8x")
_CAPTURE, _DEVICE_CAPS = 0x1, 0x80000000
_DISCRETE = 1
_MOST = 100
_CLASS = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True, order=True)
class CameraMode:
    """Something a camera offers: four letters of the pixel format, size in pixels, most frames a second."""

    fourcc: str
    width: int
    height: int
    fps: float

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" + (f" at {self.fps:g}" if self.fps else "")


@dataclass(frozen=True, slots=True)
class Device:
    """A device that takes pictures."""

    number: int
    name: str
    path: Path
    modes: tuple[CameraMode, ...]


def devices(root: Path = _CLASS, dev: Path = Path("/dev"), ioctl: Ioctl | None = None) -> tuple[Device, ...]:
    """The cameras among the video devices, by number; those that may not be opened have no modes.

    `root`, `dev` and `ioctl` stand for the system's own in tests.
    """
    found = []
    for entry in root.glob("video*"):
        number = entry.name.removeprefix("video")
        if not number.isdecimal():
            continue
        path = dev / entry.name
        modes = _modes(path, ioctl or _system_ioctl)
        if modes is not None:
            found.append(Device(int(number), camera_name(int(number), root) or entry.name, path, modes))
    return tuple(sorted(found, key=lambda device: device.number))


def camera_name(number: int, root: Path = _CLASS) -> str | None:
    """What the camera with this number calls itself; None if there is no such camera."""
    with suppress(OSError):
        return (root / f"video{number}" / "name").read_text(errors="replace").strip()
    return None


def _system_ioctl(file: int, request: int, data: bytearray) -> int:
    import fcntl  # noqa: PLC0415 - there is none on Windows

    return int(fcntl.ioctl(file, request, data, True))


def _modes(path: Path, ioctl: Ioctl) -> tuple[CameraMode, ...] | None:
    """The modes of a device; None if it is not for capture (a camera's second device carries metadata only)."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        if not _captures(file, ioctl):
            return None
        return tuple(sorted(_offered(file, ioctl)))
    finally:
        os.close(file)


def _captures(file: int, ioctl: Ioctl) -> bool:
    data = bytearray(_CAPABILITY.size)
    try:
        ioctl(file, _QUERYCAP, data)
    except OSError:
        return False
    *_, everything, here = _CAPABILITY.unpack(data)
    return bool((here if everything & _DEVICE_CAPS else everything) & _CAPTURE)


def _offered(file: int, ioctl: Ioctl) -> Iterator[CameraMode]:
    for answer in _enumerate(file, ioctl, _ENUM_FMT, _FORMAT, lambda i: (i, _CAPTURE, 0, b"", b"", 0)):
        code = answer[4]
        letters = code.decode("ascii", "replace").strip()
        for size in _enumerate(file, ioctl, _ENUM_FRAMESIZES, _SIZE, _size_request(code)):
            kind, width, most_width, _, height, most_height, _ = size[2:]
            # A discrete size is two numbers; a range is told by its largest.
            width, height = (width, most_width) if kind == _DISCRETE else (most_width, most_height)
            yield CameraMode(letters, width, height, _most_fps(file, ioctl, code, width, height))


def _most_fps(file: int, ioctl: Ioctl, code: bytes, width: int, height: int) -> float:
    request = _interval_request(code, width, height)
    answers = _enumerate(file, ioctl, _ENUM_FRAMEINTERVALS, _INTERVAL, request)
    # The first interval of a range is its shortest, a discrete one stands alone.
    return max((round(answer[6] / answer[5], 3) for answer in answers if answer[5]), default=0.0)


def _size_request(code: bytes) -> Callable[[int], tuple[object, ...]]:
    return lambda index: (index, code, 0, *(0,) * 6)


def _interval_request(code: bytes, width: int, height: int) -> Callable[[int], tuple[object, ...]]:
    return lambda index: (index, code, width, height, 0, *(0,) * 6)


def _enumerate(
    file: int, ioctl: Ioctl, request: int, form: struct.Struct, question: Callable[[int], tuple[object, ...]]
) -> Iterator[tuple[Any, ...]]:
    """Ask for item 0, 1, 2 ... until the driver has no more; a range answers every index, so the first is enough."""
    previous: bytes | None = None
    for index in range(_MOST):
        data = bytearray(form.pack(*question(index)))
        try:
            ioctl(file, request, data)
        except OSError:
            return
        body = bytes(data[4:])
        if body == previous:
            return
        previous = body
        yield form.unpack(data)
