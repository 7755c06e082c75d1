"""The window: shows what is seen, and tells which keys are pressed."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import Self

import cv2

from livefg.errors import LivefgError
from livefg.overlay import Hud, Overlay, Trail
from livefg.results import Frame, FrameResult, ImageArray
from livefg.sinks.display import check_display, is_display_available
from livefg.sinks.entry import TextEntry

__all__ = ["Key", "WindowSink", "is_display_available"]

_FIRST_SIZE = (1280, 800)
_SMALLEST_FIRST_SIZE = (640, 480)
_LARGEST_DRAWN = (
    1920 * 1440
)  # pixels to which a smaller picture is enlarged: more cost time and show nothing new
_SMALLEST_INSIDE = 32  # pixels; a window that is smaller is hidden or not laid out yet


class Key(Enum):
    """What a key in the window asks for; closing the window asks to quit."""

    QUIT = "quit"
    PAUSE = "pause"
    MIRROR = "mirror"
    HUD = "hud"
    LANDMARKS = "landmarks"
    SNAPSHOT = "snapshot"
    RECORD = "record"
    COLLECT = "collect"
    ENROLL = "enroll"
    HELP = "help"


_KEYS = {
    "q": Key.QUIT,
    "\x1b": Key.QUIT,
    " ": Key.PAUSE,
    "m": Key.MIRROR,
    "h": Key.HUD,
    "l": Key.LANDMARKS,
    "s": Key.SNAPSHOT,
    "r": Key.RECORD,
    "c": Key.COLLECT,
    "e": Key.ENROLL,
    "?": Key.HELP,
}


class WindowSink:
    """A resizable window that keeps the picture's proportions and draws the overlay in the window's own pixels. For
    the main thread only, as toolkits ask.

    `overlay`, `mirror`, `hud` and `show_help` say what `write` draws and may be set at any time; `panel` draws on top
    of it, in place on the picture as it is shown, (height, width, 3) uint8 RGB. Keys are only told, by `poll`: what
    they do is for the caller to decide. While there is an `entry`, they are letters for it instead.

    Raises LivefgError where no window can be opened.
    """

    def __init__(self, title: str = "livefg", *, overlay: Overlay | None = None) -> None:
        check_display()
        self.overlay = overlay or Overlay()
        self.mirror = False
        self.hud: Hud | None = None
        self.show_help = False
        self.panel: Callable[[ImageArray], None] | None = None
        self.entry: TextEntry | None = None
        self._title = title
        self._trail = Trail()
        self._open = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether the window was closed, by the user or by `close`."""
        return self._closed

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw `result` on a copy of `frame` and show it; does nothing once the window is closed."""
        if self._closed:
            return
        picture = self.overlay.compose(
            frame,
            result,
            mirror=self.mirror,
            size=self._size_for(frame.width, frame.height),
            trail=self._trail,
            hud=self.hud,
            show_help=self.show_help,
        )
        if self.panel:
            self.panel(picture)
        self.show(picture)

    def show(self, image: ImageArray) -> None:
        """Show a picture, (height, width, 3) uint8 RGB, as it is. The first one sets the window's size."""
        if self._closed:
            return
        try:
            if not self._open:
                self._create(image.shape[1], image.shape[0])
            cv2.imshow(self._title, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        except cv2.error as error:
            raise LivefgError(f"The window cannot show the picture: {error.err or error}.") from error

    def poll(self, wait_ms: int = 1) -> Key | None:
        """Let the window work for up to `wait_ms` milliseconds (at least 1); the key that was pressed, if any.

        Gives `Key.QUIT` once the window is closed. Keys without a meaning are ignored.
        """
        if self._closed:
            return Key.QUIT
        if not self._open:
            return None
        code = cv2.waitKeyEx(max(1, wait_ms))
        if not self._is_visible():
            self.close()
            return Key.QUIT
        if self.entry:
            self.entry.press(code)
            return None
        # Toolkits set bits above the character for Shift, Caps Lock and Num Lock, and use them for keys
        # without one.
        character = code & 0xFFFF
        return _KEYS.get(chr(character).lower()) if code >= 0 and character < 0xD800 else None

    def close(self) -> None:
        """Close the window; a second call does nothing."""
        if self._open and not self._closed and self._is_visible():
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)  # the toolkit takes the window away when it is next given time
        self._closed = True

    def _create(self, width: int, height: int) -> None:
        flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        cv2.namedWindow(self._title, flags)
        cv2.resizeWindow(self._title, *_first_size(width, height))
        self._open = True

    def _size_for(self, width: int, height: int) -> tuple[int, int]:
        """The size in which a picture of `width` x `height` fills the window: toolkits enlarge in coarse steps."""
        if not self._open:
            return _first_size(width, height)
        try:
            _, _, inner_width, inner_height = cv2.getWindowImageRect(self._title)
        except cv2.error:
            return width, height
        if inner_width < _SMALLEST_INSIDE or inner_height < _SMALLEST_INSIDE:
            return width, height
        enlarged = max(1.0, math.sqrt(_LARGEST_DRAWN / (width * height)))
        factor = min(inner_width / width, inner_height / height, enlarged)
        return max(1, round(width * factor)), max(1, round(height * factor))

    def _is_visible(self) -> bool:
        try:
            return bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1)
        except cv2.error:  # how some toolkits say that there is no such window
            return False


def _first_size(width: int, height: int) -> tuple[int, int]:
    """The picture's size, brought between a size that can be read and one that fits on most screens."""
    shrink = min(1.0, _FIRST_SIZE[0] / width, _FIRST_SIZE[1] / height)
    grow = max(1.0, min(_SMALLEST_FIRST_SIZE[0] / width, _SMALLEST_FIRST_SIZE[1] / height))
    factor = shrink if shrink < 1 else grow
    return max(1, round(width * factor)), max(1, round(height * factor))
