"""The file that says which events set off what (`--actions actions.toml`).

```toml
per_minute = 60                       # all actions together, at most

[websocket]                           # only if an action broadcasts
port = 8765

[[actions]]
on = "swipe_left"                     # the label of an event, a rule's name, or "*"
keys = "Right"

[[actions]]
on = "next_page"
kind = "rule"                         # only events of this kind
phase = "start"                       # or "end"
side = "right"                        # only of this hand
cooldown = 1.0                        # seconds until it may happen again
command = ["notify-send", "livefg", "{label}"]
```

Beside `keys` and `command` an action may be `mouse`, `post`, `broadcast`, `mqtt` or `osc`; see docs/motions.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from livefg.actions.base import Action, check_keys, check_number, check_text
from livefg.errors import LivefgError
from livefg.results import EventKind, Phase, Side

__all__ = ["ActionSettings", "Bound", "load_actions"]

_DOES = ("command", "keys", "mouse", "post", "broadcast", "mqtt", "osc")
_WHEN = ("on", "kind", "phase", "side", "cooldown", "timeout")
_ANY = "*"
_KINDS = get_args(EventKind)


@dataclass(frozen=True, slots=True)
class Bound:
    """One `[[actions]]` section: which events it is for, and what is to be done.

    `on` is a label or `*`, `kind` and `side` are None for any. `cooldown` is in seconds. `does` is one of the names
    above, with `content` as it stands in the file; `where` names the section in messages.
    """

    on: str
    kind: str | None
    phase: Phase
    side: Side | None
    cooldown: float
    timeout: float
    does: str
    content: Any
    where: str

    def make(self, broadcaster: Any, on_failure: Callable[[str], None]) -> Action:
        """The action itself. Raises LivefgError if its content is wrong or what it needs is missing."""
        return _MAKERS[self.does](self, broadcaster, on_failure)


@dataclass(frozen=True, slots=True)
class ActionSettings:
    """What a file of actions says: the actions, how many a minute, and where a WebSocket is offered (None: nowhere)."""

    actions: tuple[Bound, ...]
    per_minute: float = 60.0
    websocket: tuple[str, int, tuple[str, ...]] | None = None


def load_actions(path: Path) -> ActionSettings:
    """Read a file of actions. Raises LivefgError in one sentence if it cannot be read or understood.

    What an action needs (a program, a package, a desktop) is seen when it is made.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LivefgError(
            f"The actions {path} cannot be read ({(error.strerror or str(error)).lower()})."
        ) from error
    except ValueError as error:
        raise LivefgError(f"The actions {path} are not valid TOML ({error}).") from error
    check_keys(data, ("actions", "per_minute", "websocket"), str(path))
    sections = data.get("actions")
    if not isinstance(sections, list) or not sections or not all(isinstance(one, dict) for one in sections):
        raise LivefgError(f"{path} has no [[actions]] sections.")
    bound = tuple(_bound(one, f"action {number} in {path}") for number, one in enumerate(sections, start=1))
    websocket = _websocket(data.get("websocket"), str(path))
    for one in bound:
        if one.does == "broadcast" and websocket is None:
            raise LivefgError(f"The {one.where} broadcasts, but {path} has no [websocket] section.")
    return ActionSettings(bound, check_number(data, "per_minute", str(path), 60.0, 1, 6000), websocket)


def _bound(values: Mapping[str, Any], where: str) -> Bound:
    check_keys(values, (*_WHEN, *_DOES), where)
    does = [name for name in _DOES if name in values]
    if len(does) != 1:
        raise LivefgError(f"The {where} needs exactly one of {', '.join(_DOES)}.")
    kind, side, phase = values.get("kind"), values.get("side"), values.get("phase", "start")
    if kind is not None and kind not in _KINDS:
        raise LivefgError(f"kind of {where} is {kind!r} where one of {', '.join(_KINDS)} is needed.")
    if phase not in get_args(Phase):
        raise LivefgError(f"phase of {where} is {phase!r} where start or end is needed.")
    if side is not None and side not in get_args(Side):
        raise LivefgError(f"side of {where} is {side!r} where left or right is needed.")
    return Bound(
        on=check_text(values, "on", where),
        kind=kind,
        phase=phase,
        side=side,
        cooldown=check_number(values, "cooldown", where, 0.5, 0, 3600),
        timeout=check_number(values, "timeout", where, 5.0, 0.1, 600),
        does=does[0],
        content=values[does[0]],
        where=where,
    )


def _websocket(values: Any, where: str) -> tuple[str, int, tuple[str, ...]] | None:
    if values is None:
        return None
    where = f"[websocket] in {where}"
    if not isinstance(values, dict):
        raise LivefgError(f"The {where} is not a section.")
    check_keys(values, ("host", "port", "origins"), where)
    origins = values.get("origins", [])
    if not isinstance(origins, list) or not all(isinstance(one, str) for one in origins):
        raise LivefgError(f"origins of {where} must be a list of texts such as http://localhost:3000.")
    port = check_number(values, "port", where, 8765, 0, 65535)
    return check_text(values, "host", where, "127.0.0.1"), int(port), tuple(origins)


def _command(bound: Bound, _broadcaster: Any, on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.commands import RunCommand  # noqa: PLC0415 - only what is used is imported

    arguments = bound.content
    if not isinstance(arguments, list) or not arguments or not all(isinstance(one, str) for one in arguments):
        raise LivefgError(f"command of {bound.where} must be a list of texts: the program and its arguments.")
    return RunCommand(arguments, bound.where, bound.timeout, on_failure)


def _keys(bound: Bound, _broadcaster: Any, _on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.keys import PressKeys  # noqa: PLC0415

    return PressKeys(check_text({"keys": bound.content}, "keys", bound.where), bound.where)


def _mouse(bound: Bound, _broadcaster: Any, _on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.keys import MoveMouse  # noqa: PLC0415

    return MoveMouse(_table(bound), bound.where)


def _post(bound: Bound, _broadcaster: Any, _on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.web import Post  # noqa: PLC0415

    values = {"address": bound.content} if isinstance(bound.content, str) else _table(bound)
    check_keys(values, ("address", "headers"), bound.where)
    headers: Any = values.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise LivefgError(f"headers of {bound.where} must be a table of texts.")
    return Post(check_text(values, "address", bound.where), bound.where, headers, bound.timeout)


def _broadcast(bound: Bound, broadcaster: Any, _on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.web import Broadcast  # noqa: PLC0415

    if bound.content is not True:
        raise LivefgError(f"broadcast of {bound.where} is {bound.content!r} where true is needed.")
    return Broadcast(broadcaster)


def _mqtt(bound: Bound, _broadcaster: Any, _on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.messages import Mqtt  # noqa: PLC0415

    values = _table(bound)
    check_keys(values, ("host", "port", "topic", "username", "password", "quality"), bound.where)
    secret = {
        name: check_text(values, name, bound.where) if name in values else None
        for name in ("username", "password")
    }
    return Mqtt(
        check_text(values, "host", bound.where, "127.0.0.1"),
        int(check_number(values, "port", bound.where, 1883, 1, 65535)),
        check_text(values, "topic", bound.where, "livefg/{label}"),
        bound.where,
        quality=int(check_number(values, "quality", bound.where, 0, 0, 2)),
        **secret,
    )


def _osc(bound: Bound, _broadcaster: Any, _on_failure: Callable[[str], None]) -> Action:
    from livefg.actions.messages import Osc  # noqa: PLC0415

    values = _table(bound)
    check_keys(values, ("host", "port", "address"), bound.where)
    port = int(check_number(values, "port", bound.where, 9000, 1, 65535))
    host = check_text(values, "host", bound.where, "127.0.0.1")
    return Osc(host, port, check_text(values, "address", bound.where, "/livefg/{label}"), bound.where)


def _table(bound: Bound) -> Mapping[str, Any]:
    if not isinstance(bound.content, dict):
        raise LivefgError(f'{bound.does} of {bound.where} must be a table such as {{host = "127.0.0.1"}}.')
    return bound.content


_MAKERS: Mapping[str, Callable[[Bound, Any, Callable[[str], None]], Action]] = {
    "command": _command,
    "keys": _keys,
    "mouse": _mouse,
    "post": _post,
    "broadcast": _broadcast,
    "mqtt": _mqtt,
    "osc": _osc,
}
