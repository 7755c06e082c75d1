"""livefg: real-time face and gesture recognition on your own machine."""

import os
from importlib.metadata import PackageNotFoundError, version

from livefg.errors import LivefgError
from livefg.results import Event, Face, Frame, FrameResult, Hand, HeadPose, Label

# ONNX Runtime reports its use to its maker over the network unless this stands before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# OpenCV reads these when it is loaded. The first spares Windows users seconds of waiting for a camera
# (opencv/opencv#17687); the second lets a read from a silent camera on Linux return before patience ends.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")

__all__ = ["Event", "Face", "Frame", "FrameResult", "Hand", "HeadPose", "Label", "LivefgError", "__version__"]

try:
    __version__ = version("livefg")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"
