"""The examination of a machine: does everything that livefg needs work here, and if not, what cures it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from livefg.doctor import inference, machine, packages
from livefg.doctor.findings import Finding, State

__all__ = ["Finding", "State", "examine"]

_Check = Callable[[], Iterable[Finding]]

_CHECKS: dict[str, _Check] = {
    "python": packages.examine_python,
    "packages": packages.examine_packages,
    "opencv": packages.examine_opencv,
    "graphics card": inference.examine_graphics_cards,
    "onnxruntime": inference.examine_runtime,
    "device": inference.examine_devices,
    "models": inference.examine_models,
    "camera": machine.examine_cameras,
    "display": machine.examine_display,
    "video": machine.examine_video,
    "folders": machine.examine_folders,
}


def examine(checks: dict[str, _Check] | None = None) -> Iterator[Finding]:
    """Look at everything, one finding after the other; a check that fails itself is a finding too."""
    for area, check in (_CHECKS if checks is None else checks).items():
        try:
            yield from check()
        except ImportError as error:
            yield Finding(area, "problem", f"cannot be examined ({error})", cure=_PACKAGES_FIRST)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}".splitlines()[0]
            yield Finding(area, "problem", f"could not be examined ({cause})", cure=_REPORT)


_PACKAGES_FIRST = "cure what is said about packages first"
_REPORT = "please report this with the output of `livefg doctor --json`"
