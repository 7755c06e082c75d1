"""The window, on a virtual screen, with real key presses; and what is said where there is no screen."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from livefg.errors import LivefgError
from livefg.sinks import display
from livefg.sinks.window import Key, WindowSink, is_display_available

PATIENCE_SECONDS = 200.0  # for a window to appear or react on a busy machine
_MOST_LOOKS = 200  # at a screen, until it shows what is wanted

# Shows the same result again and again, and says what happens.
PROGRAM = """
import sys
import numpy as np
from livefg.overlay import Hud
from livefg.results import Frame, FrameResult
from livefg.sinks.window import Key, WindowSink

image = np.zeros((120, 160, 3), np.uint8)
image[:, :80] = (255, 0, 0)
frame, result = Frame(image, 0, 0.0, "test"), FrameResult("test", 0, 0.0, 160, 120)
with WindowSink("livefg under test") as window:
    window.hud = Hud(fps=30.0)
    for turn in range(100_000):
        window.write(frame, result)
        key = window.poll(10)
        if turn == 3:
            print("ready", flush=True)
        if key:
            print(key.value, flush=True)
        if key is Key.MIRROR:
            window.mirror = not window.mirror
        if key is Key.QUIT:
            break
    window.write(frame, result)  # into a closed window: nothing happens
    print("closed" if window.closed else "open", flush=True)
"""


class Program:
    """The program with its window."""

    def __init__(self, screen: str, folder: Path) -> None:
        self.environment = {**os.environ, "DISPLAY": screen}
        self._errors = (folder / "errors.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.line() == "ready", self.errors()
        self.window = self._tool("search", "--sync", "--name", "livefg under test").split()[-1]

    def line(self) -> str:
        """The next thing that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def press(self, key: str) -> None:
        self._tool("key", "--window", self.window, key)

    def resize(self, width: int, height: int) -> None:
        self._tool("windowsize", "--sync", self.window, str(width), str(height))

    def ask_to_close(self) -> None:
        """What the button in the window's corner does."""
        close_window(self.environment["DISPLAY"], int(self.window))

    def _tool(self, *arguments: str) -> str:
        answer = subprocess.run(
            ["xdotool", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        return answer.stdout

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent, padded to the size of an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 24),
    )


def close_window(screen: str, window: int) -> None:
    """Send WM_DELETE_WINDOW, as a window manager does."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(x11.XOpenDisplay(screen.encode()))
    message = _ClientMessage(type=33, window=window, format=32)
    message.message_type = x11.XInternAtom(connection, b"WM_PROTOCOLS", False)
    message.data[0] = x11.XInternAtom(connection, b"WM_DELETE_WINDOW", False)
    x11.XSendEvent(connection, ctypes.c_ulong(window), False, ctypes.c_long(0), ctypes.byref(message))
    x11.XCloseDisplay(connection)


@pytest.fixture
def program(screen: str, tmp_path: Path) -> Iterator[Program]:
    running = Program(screen, tmp_path)
    yield running
    running.end()


@pytest.mark.window
def test_every_key_is_told_in_either_case(program: Program) -> None:
    asked = {
        "space": "pause",
        "m": "mirror",
        "h": "hud",
        "l": "landmarks",
        "s": "snapshot",
        "r": "record",
        "c": "collect",
        "e": "enroll",
        "question": "help",
        "S": "snapshot",
    }
    for key, meaning in asked.items():
        program.press(key)
        assert program.line() == meaning


@pytest.mark.window
@pytest.mark.parametrize("key", ["q", "Escape"])
def test_quitting_ends_the_program_cleanly(program: Program, key: str) -> None:
    program.press("F5")  # means nothing
    program.press("Left")
    program.press("x")
    program.press(key)

    assert program.line() == "quit"
    assert program.line() == "open"
    assert program.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.window
def test_closing_the_window_asks_to_quit(program: Program) -> None:
    program.ask_to_close()

    assert program.line() == "quit"
    assert program.line() == "closed"
    assert program.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.window
def test_the_terminal_stays_quiet(program: Program) -> None:
    program.press("q")
    program.process.wait(PATIENCE_SECONDS)

    assert program.errors() == ""


def picture_on(screen: str, until: Callable[[np.ndarray], bool]) -> np.ndarray:
    """What the screen shows, (height, width, 3) RGB, once it is as wanted (or was not after many looks)."""
    for _ in range(_MOST_LOOKS):
        shot = subprocess.run(
            ["import", "-display", screen, "-window", "root", "-depth", "8", "ppm:-"],
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        ).stdout
        _, size, _, pixels = shot.split(b"\n", 3)
        width, height = (int(value) for value in size.split())
        picture = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
        if until(picture):
            break
        time.sleep(0.1)
    return picture


def red_columns(picture: np.ndarray) -> np.ndarray:
    return np.flatnonzero(((picture[..., 0] > 200) & (picture[..., 1] < 60)).any(axis=0))


needs_import = pytest.mark.skipif(shutil.which("import") is None, reason="needs ImageMagick's import")


@pytest.mark.window
@needs_import
def test_the_picture_is_shown_in_its_own_colours_and_mirrored_on_demand(
    program: Program, screen: str
) -> None:
    picture = picture_on(screen, lambda p: len(red_columns(p)) > 0)
    assert red_columns(picture).mean() < 320  # the window is 640 wide: small pictures are enlarged

    program.press("m")
    assert program.line() == "mirror"
    mirrored = picture_on(screen, lambda p: len(red_columns(p)) > 0 and red_columns(p).min() >= 310)
    assert red_columns(mirrored).min() >= 310


@pytest.mark.window
@needs_import
def test_the_picture_keeps_its_proportions_in_a_window_of_any_shape(program: Program, screen: str) -> None:
    program.resize(900, 300)
    picture = picture_on(screen, lambda p: red_columns(p).any() and 0 < np.ptp(red_columns(p)) < 260)
    reds = (picture[..., 0] > 200) & (picture[..., 1] < 60)
    rows, columns = np.nonzero(reds)

    # The red half is 80 x 120 pixels of the picture.
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(80 / 120, rel=0.08)


def test_no_display_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(display, "_toolkit", lambda: "QT")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)

    assert not is_display_available()
    with pytest.raises(LivefgError, match=r"DISPLAY is not set.*--headless"):
        WindowSink()


@pytest.mark.skipif(sys.platform != "linux", reason="X is asked on Linux only")
def test_a_display_that_does_not_answer_is_found_out_before_qt_ends_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(display, "_toolkit", lambda: "QT")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":54321")

    assert not is_display_available()
    with pytest.raises(LivefgError, match=r":54321 does not answer.*--headless"):
        WindowSink()


def test_an_opencv_without_windows_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_toolkit", lambda: "")

    assert not is_display_available()
    with pytest.raises(LivefgError, match=r"opencv-python-headless.*pip install"):
        WindowSink()


def test_a_window_that_never_showed_anything_closes_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_obstacle", lambda: None)
    monkeypatch.setattr(display, "_quieten_qt", lambda: None)
    with WindowSink() as window:
        assert window.poll() is None
        assert not window.closed

    assert window.closed
    assert window.poll() is Key.QUIT
    window.close()
