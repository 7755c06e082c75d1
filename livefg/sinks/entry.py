"""A line of text typed in a window: toolkits for pictures have no field for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TextEntry"]

_LONGEST = 60
# Some toolkits give the codes of X11 for keys without a character.
_ENTER = frozenset({0x0A, 0x0D, 0xFF0D, 0xFF8D})
_BACKSPACE = frozenset({0x08, 0x7F, 0xFF08})
_ESCAPE = frozenset({0x1B, 0xFF1B})


@dataclass(slots=True)
class TextEntry:
    """What was typed so far, and whether it is still being typed, was ended with Enter, or given up with Esc.

    With `names` each word begins with a capital: some toolkits do not tell capitals from small letters.
    """

    names: bool = False
    text: str = ""
    state: Literal["open", "entered", "left"] = "open"

    def press(self, code: int) -> None:
        """Take in a key as OpenCV tells it (-1: none); what is no character of a line means nothing."""
        if self.state != "open" or code < 0:
            return
        code &= 0xFFFF  # above are the bits of Shift and other such keys
        if code in _ENTER:
            self.state = "entered"
        elif code in _ESCAPE:
            self.state = "left"
        elif code in _BACKSPACE:
            self.text = self.text[:-1]
        elif code < 0xD800 and chr(code).isprintable() and len(self.text) < _LONGEST:
            begins = not self.text or self.text[-1] in " -"
            self.text += chr(code).upper() if self.names and begins else chr(code)
