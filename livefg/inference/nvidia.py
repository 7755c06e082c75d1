"""What the NVIDIA driver says about this machine, asked without CUDA's own libraries."""

from __future__ import annotations

import ctypes
import functools
import sys
from dataclasses import dataclass

__all__ = ["Gpu", "NvidiaDriver", "nvidia_driver"]

_NAME_BYTES = 128
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card: its name as the driver gives it and its memory in MiB."""

    name: str
    memory: int


@dataclass(frozen=True, slots=True)
class NvidiaDriver:
    """An installed driver: the newest CUDA (major, minor) that it can serve, and the cards it sees."""

    cuda: tuple[int, int]
    gpus: tuple[Gpu, ...]


@functools.cache
def nvidia_driver() -> NvidiaDriver | None:
    """The NVIDIA driver of this machine, or None where there is none; the first call takes a moment."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    version = ctypes.c_int(0)
    driver.cuDriverGetVersion(ctypes.byref(version))
    cuda = (version.value // 1000, version.value % 1000 // 10)
    count = ctypes.c_int(0)
    # A failed start (a driver without a card, CUDA_VISIBLE_DEVICES set to nothing) counts as no card.
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return NvidiaDriver(cuda, ())
    return NvidiaDriver(cuda, tuple(_gpu(driver, index) for index in range(count.value)))


def _gpu(driver: ctypes.CDLL, index: int) -> Gpu:
    handle = ctypes.c_int(0)
    name = ctypes.create_string_buffer(_NAME_BYTES)
    memory = ctypes.c_size_t(0)
    driver.cuDeviceGet(ctypes.byref(handle), index)
    driver.cuDeviceGetName(name, _NAME_BYTES, handle)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    return Gpu(name.value.decode("utf-8", "replace"), memory.value // _MEBIBYTE)
