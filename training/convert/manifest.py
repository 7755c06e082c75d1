"""The list of shipped networks, `models/manifest.json`, as the converter writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import helper

from livefg.errors import LivefgError

__all__ = ["describe", "update_manifest", "write_whole"]

_FORMAT = 1


def describe(model: bytes) -> dict[str, Any]:
    """SHA-256, size, inputs and outputs of an ONNX file, in the manifest's form."""
    graph = onnx.load_model_from_string(model).graph
    return {
        "sha256": hashlib.sha256(model).hexdigest(),
        "bytes": len(model),
        "inputs": [_value(value) for value in graph.input],
        "outputs": [_value(value) for value in graph.output],
    }


def update_manifest(folder: Path, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Put `entries` by name of the network into the manifest in `folder`; other networks' entries stay.

    Raises LivefgError if the manifest there cannot be read.
    """
    path = folder / "manifest.json"
    models: dict[str, Any] = {}
    if path.exists():
        try:
            models = json.loads(path.read_text(encoding="utf-8"))["models"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LivefgError(f"The list of networks {path} cannot be read ({error}).") from error
    models.update(entries)
    content = {"format": _FORMAT, "models": dict(sorted(models.items()))}
    write_whole(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it. Raises LivefgError if it cannot be written."""
    beside = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise LivefgError(f"{path} cannot be written ({(error.strerror or str(error)).lower()}).") from error


def _value(value: onnx.ValueInfoProto) -> dict[str, Any]:
    tensor = value.type.tensor_type
    dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    return {
        "name": value.name,
        "dtype": dtype,
        "shape": [d.dim_param or d.dim_value for d in tensor.shape.dim],
    }
