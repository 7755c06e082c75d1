"""Which device can be had: looked at before ONNX Runtime is asked, so that a failure is a clear sentence."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import io
import re
import sys
import threading
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from livefg.errors import LivefgError
from livefg.inference.nvidia import nvidia_driver
from livefg.inference.runtime import runtime

__all__ = [
    "DEVICES",
    "PROVIDERS",
    "DeviceName",
    "Obstacle",
    "accelerators",
    "no_accelerator",
    "obstacle",
    "parse_device",
]

DeviceName = Literal["auto", "cpu", "cuda", "tensorrt", "coreml", "directml", "openvino"]
DEVICES: tuple[DeviceName, ...] = get_args(DeviceName)
PROVIDERS: dict[DeviceName, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
"""ONNX Runtime's name for each device."""

# What `auto` looks for, best first. TensorRT is not among them: building its engines takes minutes.
_AUTO: tuple[DeviceName, ...] = ("cuda", "directml", "coreml", "openvino")
_REPLACE_RUNTIME = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install "
_INSTALL_CUDA = 'pip install "livefg[cuda]"'
_PLATFORM: str = sys.platform
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a device cannot be had, and what to do about it; both are parts of a sentence."""

    reason: str
    cure: str


def parse_device(name: str) -> DeviceName:
    """The device called `name`. Raises LivefgError for a name that is not in `DEVICES`."""
    for device in DEVICES:
        if device == name:
            return device
    raise LivefgError(f"There is no device called {name!r}; choose one of {', '.join(DEVICES)}.")


def accelerators() -> tuple[DeviceName, ...]:
    """The devices other than the CPU that `auto` may try on this machine, best first."""
    return tuple(device for device in _AUTO if obstacle(device) is None)


def no_accelerator() -> str:
    """Why `auto` has nothing to try, as a part of a sentence."""
    likely: DeviceName = "coreml" if _PLATFORM == "darwin" else "cuda"
    hindrance = obstacle(likely)
    return hindrance.reason if hindrance else "no accelerator found"


def obstacle(device: DeviceName) -> Obstacle | None:
    """What stands in the way of `device`, or None if it may be tried; nothing is printed on the way."""
    with _lock:
        return _obstacle(device)


@functools.cache
def _obstacle(device: DeviceName) -> Obstacle | None:
    match device:
        case "auto" | "cpu":
            return None
        case "cuda":
            return _nvidia_obstacle() or _missing_provider(device, _cuda_package()) or _missing_cuda()
        case "tensorrt":
            return _obstacle("cuda") or _missing_provider(device, _cuda_package()) or _missing_tensorrt()
        case "coreml":
            if _PLATFORM != "darwin":
                return Obstacle("Core ML exists on macOS only", "use --device auto")
            return _missing_provider(device, "pip install --force-reinstall onnxruntime")
        case "directml":
            if _PLATFORM != "win32":
                return Obstacle("DirectML exists on Windows only", "use --device auto")
            return _missing_provider(device, f"{_REPLACE_RUNTIME}onnxruntime-directml")
        case "openvino":
            libraries = " openvino" if _PLATFORM == "win32" else ""
            return _missing_provider(device, f"{_REPLACE_RUNTIME}onnxruntime-openvino{libraries}")


def _nvidia_obstacle() -> Obstacle | None:
    if _PLATFORM == "darwin":
        return Obstacle("CUDA does not exist on macOS", "use --device coreml")
    driver = nvidia_driver()
    if driver is None:
        return Obstacle("no NVIDIA driver found", f"install the NVIDIA driver{_driver_command()}")
    if not driver.gpus:
        return Obstacle(
            "the NVIDIA driver finds no graphics card",
            "check `nvidia-smi` and the environment variable CUDA_VISIBLE_DEVICES",
        )
    needed = _built_for_cuda()
    if needed and driver.cuda[0] < needed:
        return Obstacle(
            f"the NVIDIA driver serves CUDA up to {driver.cuda[0]}.{driver.cuda[1]} and this onnxruntime-gpu "
            f"needs CUDA {needed}",
            f"update the NVIDIA driver{_driver_command()}",
        )
    return None


def _driver_command() -> str:
    return " (on Ubuntu: sudo ubuntu-drivers install)" if _PLATFORM == "linux" else ""


def _built_for_cuda() -> int | None:
    version = str(getattr(runtime(), "cuda_version", "") or "")
    return int(version.split(".", maxsplit=1)[0]) if re.match(r"\d+\.", version) else None


def _cuda_package() -> str:
    if importlib.util.find_spec("onnxruntime") and _built_for_cuda() is None:
        return f"pip uninstall -y onnxruntime && {_INSTALL_CUDA}"
    return _INSTALL_CUDA


def _missing_provider(device: DeviceName, cure: str) -> Obstacle | None:
    if PROVIDERS[device] in runtime().get_available_providers():
        return None
    return Obstacle(f"the installed ONNX Runtime is built without {PROVIDERS[device]}", cure)


def _missing_cuda() -> Obstacle | None:
    """Load CUDA's libraries from their wheels or the system; ONNX Runtime prints what it misses."""
    said = io.StringIO()
    with redirect_stdout(said):
        runtime().preload_dlls()
    missing = re.findall(r"^Failed to load ([^\s:]+):", said.getvalue(), re.MULTILINE)
    missing = [Path(name).name for name in missing]
    if not _loads("cudnn64_9.dll" if _PLATFORM == "win32" else "libcudnn.so.9"):
        missing.append("cuDNN 9")
    if not missing:
        return None
    return Obstacle(f"CUDA's libraries are missing ({', '.join(missing)})", _INSTALL_CUDA)


def _missing_tensorrt() -> Obstacle | None:
    names = ("nvinfer_10.dll", "nvonnxparser_10.dll")
    if _PLATFORM != "win32":
        names = ("libnvinfer.so.10", "libnvonnxparser.so.10")
    package = importlib.util.find_spec("tensorrt_libs")
    folders = [Path(place) for place in (package.submodule_search_locations or ())] if package else []
    # The wheel's folder is not on the search path: loading a library by its full path makes its name known.
    if all(any(_loads(str(folder / name)) for folder in folders) or _loads(name) for name in names):
        return None
    return Obstacle(
        "TensorRT 10 is missing", f'pip install "tensorrt-cu{_built_for_cuda() or 13}-libs>=10,<11"'
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
