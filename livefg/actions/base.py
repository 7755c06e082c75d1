"""What an action is, and what it is told."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from livefg.errors import LivefgError
from livefg.results import Event, Side

__all__ = ["Action", "ActionFailedError", "Happening", "filled", "require"]

_FIELD = re.compile(r"\{(\w+)\}")


class ActionFailedError(Exception):
    """An action could not be done; the message is one clause, such as `the server refused the connection`."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event with what an action may want to know beside it: the source's name and the hand's side."""

    event: Event
    source: str = ""
    side: Side | None = None

    def fields(self) -> dict[str, Any]:
        """The event's JSON form with `source` and `side`."""
        return {**self.event.to_dict(), "source": self.source, "side": self.side}

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.fields(), ensure_ascii=False, separators=(",", ":"))


class Action(Protocol):
    """Does something when an event happens."""

    def describe(self, happening: Happening) -> str:
        """What `run` would do, in a few words."""
        ...

    def run(self, happening: Happening) -> None:
        """Do it. Raises ActionFailedError if that fails."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


FIELDS = ("kind", "label", "phase", "track", "time", "confidence", "source", "side")


def filled(text: str, happening: Happening) -> str:
    """The text with `{label}` and the like replaced by the event's values; other braces stay."""
    fields = happening.fields()

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        return str(fields[name] if fields[name] is not None else "") if name in fields else match.group(0)

    return _FIELD.sub(value, text)


def require(module: str, package: str) -> Any:
    """Import an optional package. Raises LivefgError that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LivefgError(
            f'This action needs the package {package} ({error}); install it with: pip install "livefg[actions]"'
        ) from error


def check_text(values: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    """A text out of a table. Raises LivefgError, which names `where`, if it is missing or something else."""
    value = values.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise LivefgError(f"{key} of {where} is {value!r} where a text is needed.")
    return value


def check_number(
    values: Mapping[str, Any], key: str, where: str, default: float, lowest: float, highest: float
) -> float:
    """A number out of a table. Raises LivefgError, which names `where`, if it is something else or out of range."""
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise LivefgError(
            f"{key} of {where} is {value!r} where a number from {lowest:g} to {highest:g} is needed."
        )
    return float(value)


def check_keys(values: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raises LivefgError if a table has a key that is not known."""
    for key in values:
        if key not in known:
            raise LivefgError(f"{key!r} of {where} is unknown; there are {', '.join(known)}.")
