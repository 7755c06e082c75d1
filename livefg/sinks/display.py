"""Whether a window can be opened here, found out without trying: Qt ends the whole process where it cannot."""

from __future__ import annotations

import ctypes
import os
import sys

import cv2

from livefg.errors import LivefgError
from livefg.paths import assets_dir

__all__ = ["capitals_are_told", "check_display", "is_display_available"]


def is_display_available() -> bool:
    """Whether this machine has a screen (or a virtual one) and an OpenCV that can open windows on it."""
    return _obstacle() is None


def check_display() -> None:
    """Raise LivefgError, naming the cure, where no window can be opened; and keep the toolkit quiet where one can."""
    obstacle = _obstacle()
    if obstacle:
        raise LivefgError(f"No window can be opened: {obstacle}")
    _quieten_qt()


def capitals_are_told() -> bool:
    """Whether keys in a window tell capitals from small letters: OpenCV makes all small where Qt opens its windows."""
    return not _toolkit().startswith("QT")


def _toolkit() -> str:
    """The name of the toolkit that OpenCV opens windows with (QT, GTK3, WIN32, COCOA), or nothing."""
    return cv2.currentUIFramework()


def _obstacle() -> str | None:
    """Why no window can be opened, in words; None if one can."""
    toolkit = _toolkit()
    if not toolkit:
        return (
            "the installed OpenCV has no windows (opencv-python-headless); "
            "run `pip uninstall opencv-python-headless` and `pip install --force-reinstall opencv-python`, "
            "or use --headless."
        )
    if sys.platform in ("win32", "darwin"):
        return None
    if os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] in ("offscreen", "minimal"):
        return None if toolkit.startswith("QT") else "QT_QPA_PLATFORM names no screen."
    if os.environ.get("WAYLAND_DISPLAY") and toolkit.startswith("GTK"):
        return None
    display = os.environ.get("DISPLAY")
    if not display:
        return "there is no display (DISPLAY is not set); use --headless, or `ssh -X` from a machine that has one."
    if not _answers(display):
        return f"the display {display} does not answer; use --headless, or set DISPLAY to one that does."
    return None


def _answers(display: str) -> bool:
    """Whether the X server is there and lets us in; True where there is no libxcb to ask with."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    try:
        return bool(xcb.xcb_connection_has_error(connection) == 0)
    finally:
        xcb.xcb_disconnect(connection)


def _quieten_qt() -> None:
    """Spare the user's terminal the remarks of the Qt inside opencv-python, before its first window.

    It looks for fonts in a folder that its wheel lacks, has no plug-in for Wayland (X on Wayland serves), and
    misses a run-time folder in containers. None of this matters to a window that shows pictures.
    """
    if not _toolkit().startswith("QT"):
        return
    fonts = os.environ.get("QT_QPA_FONTDIR")
    if not fonts or not os.path.isdir(fonts):  # noqa: PTH112 - the variable is a plain string
        os.environ["QT_QPA_FONTDIR"] = str(assets_dir() / "fonts")
    if sys.platform.startswith("linux"):
        os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false;qt.qpa.*.warning=false")
