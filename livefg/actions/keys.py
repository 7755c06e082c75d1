"""Pressing keys and moving the mouse, as if the user did it. Needs the package pynput and a desktop."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from livefg.actions.base import ActionFailedError, Happening, check_keys, check_number
from livefg.errors import LivefgError

__all__ = ["MoveMouse", "PressKeys"]

_BUTTONS = ("left", "middle", "right")


def _desktop(part: str) -> Any:
    """pynput's keyboard or mouse. Raises LivefgError if there is no pynput or no desktop to act on."""
    try:
        return importlib.import_module(f"pynput.{part}")
    except ImportError as error:
        if error.name == "pynput":
            raise LivefgError(
                'Keys and the mouse need the package pynput; install it with: pip install "livefg[actions]"'
            ) from error
        raise LivefgError(
            f"Keys and the mouse need a desktop, and none can be reached ({' '.join(str(error).split())[:200]})."
        ) from error


class PressKeys:
    """Presses keys, such as `Right`, `ctrl+shift+t` or `space`; several, with blanks between, one after the other."""

    def __init__(self, keys: str, where: str) -> None:
        keyboard = _desktop("keyboard")
        self._keys = keys
        self._chords = [
            [_key(keyboard, name, where) for name in (chord.split("+") if chord != "+" else ["+"])]
            for chord in keys.split()
        ]
        self._controller = keyboard.Controller()

    def describe(self, happening: Happening) -> str:  # noqa: ARG002 - the protocol's
        """The keys."""
        return f"press {self._keys}"

    def run(self, happening: Happening) -> None:  # noqa: ARG002 - the protocol's
        """Press them."""
        for chord in self._chords:
            pressed = []
            try:
                for key in chord:
                    self._controller.press(key)
                    pressed.append(key)
            except Exception as error:
                raise ActionFailedError(f"the keys {self._keys} cannot be pressed ({error})") from error
            finally:
                for key in reversed(pressed):
                    self._controller.release(key)

    def close(self) -> None:
        """Nothing to give back."""


def _key(keyboard: Any, name: str, where: str) -> Any:
    """A key by its name (`ctrl`, `page_down`, `f5`, in any case) or the character that it types."""
    plain = name.lower().replace("-", "_").replace("pageup", "page_up").replace("pagedown", "page_down")
    if len(name) == 1:
        return keyboard.KeyCode.from_char(name)
    known = getattr(keyboard.Key, plain, None)
    if known is None:
        names = ", ".join(key.name for key in keyboard.Key)
        raise LivefgError(f"There is no key {name!r} for {where}; there are single characters and {names}.")
    return known


class MoveMouse:
    """Moves the mouse by pixels, scrolls by steps, clicks: `{move = [0, 40], scroll = 1, click = "left"}`."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        check_keys(values, ("move", "scroll", "click"), where)
        move = values.get("move", [0, 0])
        whole = isinstance(move, list) and len(move) == 2 and all(type(one) is int for one in move)
        if not whole:
            raise LivefgError(f"move of {where} is {move!r} where two whole numbers of pixels are needed.")
        click = values.get("click")
        if click is not None and click not in _BUTTONS:
            raise LivefgError(f"click of {where} is {click!r} where one of {', '.join(_BUTTONS)} is needed.")
        if not values:
            raise LivefgError(f"The mouse has nothing to do in {where}.")
        self._move = (int(move[0]), int(move[1]))
        self._scroll = round(check_number(values, "scroll", where, 0, -100, 100))
        self._click = click
        self._mouse = _desktop("mouse")
        self._controller = self._mouse.Controller()

    def describe(self, happening: Happening) -> str:  # noqa: ARG002 - the protocol's
        """What the mouse does."""
        parts = [f"move the mouse by {self._move[0]}, {self._move[1]}" if any(self._move) else ""]
        parts += [
            f"scroll by {self._scroll}" if self._scroll else "",
            f"click {self._click}" if self._click else "",
        ]
        return ", ".join(part for part in parts if part)

    def run(self, happening: Happening) -> None:  # noqa: ARG002 - the protocol's
        """Do it."""
        try:
            if any(self._move):
                self._controller.move(*self._move)
            if self._scroll:
                self._controller.scroll(0, self._scroll)
            if self._click:
                self._controller.click(getattr(self._mouse.Button, self._click))
        except Exception as error:
            raise ActionFailedError(f"the mouse cannot be moved ({error})") from error

    def close(self) -> None:
        """Nothing to give back."""
