"""What events set off: a command, keys and the mouse, a web request, a broadcast, a message. Off unless asked for."""

from __future__ import annotations

from livefg.actions.runner import ActionRunner
from livefg.actions.settings import ActionSettings, load_actions

__all__ = ["ActionRunner", "ActionSettings", "load_actions"]
