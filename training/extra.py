"""Training needs more than livefg itself: say what to install before anything else is done."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from livefg.errors import LivefgError

__all__ = ["require_training_extra"]

_NEEDED = ("torch", "onnx", "matplotlib")


def require_training_extra(purpose: str = "Training", modules: Sequence[str] = _NEEDED) -> None:
    """Raise LivefgError with the command to run unless everything that training (or another purpose) needs is there."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise LivefgError(
            f"{purpose} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed: "
            "python -m pip install 'livefg[training]'"
        )
