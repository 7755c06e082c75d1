"""Training needs more than livefg itself: say what to install before anything else is done."""

from __future__ import annotations

import importlib.util

from livefg.errors import LivefgError

__all__ = ["require_training_extra"]

_NEEDED = ("torch", "onnx", "matplotlib")


def require_training_extra() -> None:
    """Raise LivefgError with the command to run unless everything that training needs is installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise LivefgError(
            f"Training needs {' and '.join(missing)}, which are not installed: "
            "python -m pip install 'livefg[training]'"
        )
