"""Python and the packages that livefg stands on, and those that overwrite one another."""

from __future__ import annotations

import importlib
import platform
import re
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from livefg.doctor.findings import Finding

__all__ = ["examine_opencv", "examine_packages", "examine_python", "owners"]

_OLDEST_PYTHON = (3, 11)
# The module that proves that a package works; OpenCV and ONNX Runtime have findings of their own.
_MODULES = {
    "numpy": "numpy",
    "av": "av",
    "click": "click",
    "pillow": "PIL.Image",
    "platformdirs": "platformdirs",
    "psutil": "psutil",
    "rich": "rich",
}
_OPENCV = "opencv-python"


def examine_python() -> Iterator[Finding]:
    """The interpreter: its version, and that it is one of 64 bits."""
    bits = struct.calcsize("P") * 8
    summary = f"{platform.python_version()}, {bits} bits, {sys.executable}"
    if sys.version_info < _OLDEST_PYTHON or bits != 64:
        oldest = ".".join(map(str, _OLDEST_PYTHON))
        yield Finding("python", "problem", summary, cure=f"install Python {oldest} or later for 64 bits")
    else:
        yield Finding("python", "ok", summary)


def examine_packages() -> Iterator[Finding]:
    """The packages that livefg needs, each imported."""
    found: list[str] = []
    for package, module in _MODULES.items():
        try:
            importlib.import_module(module)
            found.append(f"{package} {version(package)}")
        except (ImportError, PackageNotFoundError, OSError) as error:
            yield Finding(
                "packages",
                "problem",
                f"{package} cannot be used ({error})",
                cure=f"pip install --force-reinstall {package}",
            )
    yield Finding("packages", "ok", ", ".join(found))


def examine_opencv() -> Iterator[Finding]:
    """OpenCV: that one package alone owns it, that it can be imported, and that it can open windows."""
    packages = owners("cv2")
    if len(packages) > 1:
        yield Finding(
            "opencv",
            "warning",
            f"{' and '.join(packages)} have overwritten each other's cv2",
            cure=f"pip uninstall -y {' '.join(packages)} && pip install {_OPENCV}",
        )
    try:
        cv2 = importlib.import_module("cv2")
    except (ImportError, OSError) as error:
        yield Finding("opencv", "problem", f"cv2 cannot be imported ({error})", cure=_opencv_cure(str(error)))
        return
    remove = f"pip uninstall -y {' '.join(packages) or 'opencv-python-headless'}"
    windows = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    if windows is None or windows[1] == "NONE":
        yield Finding(
            "opencv",
            "warning",
            f"{cv2.__version__} is built without windows, so that livefg can only run headless",
            cure=f"{remove} && pip install {_OPENCV}",
        )
    else:
        yield Finding("opencv", "ok", f"{cv2.__version__}, windows through {windows[1]}")


def _opencv_cure(error: str) -> str:
    if "libGL.so" in error or "libgthread" in error:
        return "sudo apt install libgl1 libglib2.0-0 (or the like for this system)"
    return f"pip install --force-reinstall {_OPENCV}"


def owners(module: str) -> list[str]:
    """The installed packages that brought files of the top-level `module`, in the order of their names."""
    return sorted(set(packages_distributions().get(module, [])))
