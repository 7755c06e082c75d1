"""livefg: real-time face and gesture recognition on your own machine."""

from importlib.metadata import PackageNotFoundError, version

from livefg.errors import LivefgError
from livefg.results import Event, Face, Frame, FrameResult, Hand, HeadPose, Label

__all__ = ["Event", "Face", "Frame", "FrameResult", "Hand", "HeadPose", "Label", "LivefgError", "__version__"]

try:
    __version__ = version("livefg")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "0+unknown"
