"""livefg: real-time face and gesture recognition on your own machine."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livefg.errors import LivefgError
    from livefg.library import process
    from livefg.pipeline import Pipeline, PipelineSettings
    from livefg.result_file import Results, open_results
    from livefg.results import Event, Face, Frame, FrameResult, Hand, HeadPose, Label
    from livefg.sources import open_source

    __version__: str

# ONNX Runtime reports its use to its maker over the network unless this stands before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# OpenCV reads these when it is loaded. The first spares Windows users seconds of waiting for a camera
# (opencv/opencv#17687); the second lets a read from a silent camera on Linux return before patience ends.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")

__all__ = [
    "Event",
    "Face",
    "Frame",
    "FrameResult",
    "Hand",
    "HeadPose",
    "Label",
    "LivefgError",
    "Pipeline",
    "PipelineSettings",
    "Results",
    "__version__",
    "open_results",
    "open_source",
    "process",
]

# Where each public name is; it is imported when it is first asked for, so that `livefg --help` is quick.
_MODULES = {
    "Event": "livefg.results",
    "Face": "livefg.results",
    "Frame": "livefg.results",
    "FrameResult": "livefg.results",
    "Hand": "livefg.results",
    "HeadPose": "livefg.results",
    "Label": "livefg.results",
    "LivefgError": "livefg.errors",
    "Pipeline": "livefg.pipeline",
    "PipelineSettings": "livefg.pipeline",
    "Results": "livefg.result_file",
    "open_results": "livefg.result_file",
    "open_source": "livefg.sources",
    "process": "livefg.library",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _MODULES:
        value = getattr(importlib.import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module 'livefg' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import, seldom asked for

    try:
        return version("livefg")
    except PackageNotFoundError:  # a source tree that was not installed
        return "0+unknown"
