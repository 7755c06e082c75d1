"""Where a training stands, as one file: named tensors, and what they belong to."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from livefg.errors import LivefgError
from training.files import write_whole

__all__ = ["read_checkpoint", "write_checkpoint"]

States = Mapping[str, Mapping[str, Tensor]]


def write_checkpoint(file: Path, about: Mapping[str, Any], states: States) -> None:
    """Write groups of named tensors and the JSON values `about` them. Raises LivefgError if it cannot be written."""
    arrays = {
        f"{group}/{name}": value.cpu().numpy()
        for group, state in states.items()
        for name, value in state.items()
    }
    content = io.BytesIO()
    np.savez(content, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    write_whole(file, content.getvalue())


def read_checkpoint(file: Path) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """What `write_checkpoint` wrote. Raises LivefgError if it cannot be read."""
    try:
        with np.load(file, allow_pickle=False) as data:
            about = json.loads(str(data["about"]))
            arrays = {name: torch.from_numpy(data[name]) for name in data.files if name != "about"}
    except (OSError, EOFError, ValueError, KeyError) as error:
        raise LivefgError(
            f"The checkpoint {file} cannot be read ({error}); train without --resume."
        ) from error
    states: dict[str, dict[str, Tensor]] = {}
    for name, value in arrays.items():
        group, _, rest = name.partition("/")
        states.setdefault(group, {})[rest] = value
    return about, states
