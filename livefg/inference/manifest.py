"""The list of shipped networks, where a network is found by its name, and the check that a file is intact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from livefg import paths
from livefg.errors import LivefgError

__all__ = ["Manifest", "ModelEntry", "ModelFile", "find_model", "user_models"]

MANIFEST_FORMAT = 1
_REINSTALL = "install livefg again with: pip install --force-reinstall --no-deps livefg"
_HASH_SHOWN = 16


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """What the manifest says about one shipped network.

    `sha256` (64 hexadecimal digits) and `bytes` identify the file; `source` and `source_sha256` say what it
    was converted from; `licence` and `notice` what it may be used for and who made it. `inputs`, `outputs`
    and `parity` describe the graph and how closely it follows its source; `card` is the model card's path in
    the models folder.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    source: str
    licence: str
    source_sha256: str = ""
    notice: str = ""
    inputs: Any = field(default_factory=list)
    outputs: Any = field(default_factory=list)
    parity: Any = field(default_factory=dict)
    card: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The shipped networks by name, and the folder that they lie in."""

    folder: Path
    entries: Mapping[str, ModelEntry]

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read `manifest.json` in `folder`, by default the one that ships with livefg.

        Raises LivefgError if it is missing, is not JSON, has another format, or an entry lacks what it needs.
        """
        folder = folder or paths.shipped_models_dir()
        path = folder / "manifest.json"
        try:
            data = json.loads(path.read_bytes())
        except OSError as error:
            raise LivefgError(
                f"The list of networks {path} cannot be read ({_cause(error)}); {_REINSTALL}."
            ) from error
        except ValueError as error:
            raise LivefgError(
                f"The list of networks {path} is not valid JSON ({error}); {_REINSTALL}."
            ) from error
        if not isinstance(data, dict) or data.get("format") != MANIFEST_FORMAT:
            found = data.get("format") if isinstance(data, dict) else None
            raise LivefgError(
                f"The list of networks {path} has format {found!r}; this livefg reads {MANIFEST_FORMAT}."
            )
        models = data.get("models")
        if not isinstance(models, dict):
            raise LivefgError(f"The list of networks {path} names no networks.")
        return cls(folder, {name: _entry(path, name, entry) for name, entry in models.items()})

    def entry(self, name: str) -> ModelEntry:
        """What the manifest says about `name`. Raises LivefgError if it is not listed."""
        try:
            return self.entries[name]
        except KeyError:
            raise LivefgError(
                f"The network {name} is not in the list {self.folder / 'manifest.json'}."
            ) from None

    def path(self, name: str) -> Path:
        """Where the file of `name` lies. Raises LivefgError if it is not listed."""
        return self.folder / self.entry(name).file

    def read(self, name: str) -> bytes:
        """The content of the file of `name`, which is what the manifest says it is.

        Raises LivefgError if it is not listed, missing, unreadable, or differs in size or SHA-256.
        """
        entry, path = self.entry(name), self.path(name)
        content = _read(path, _REINSTALL)
        found = hashlib.sha256(content).hexdigest()
        if found != entry.sha256:
            raise LivefgError(
                f"The network {path} was changed or cut short: its SHA-256 is {found[:_HASH_SHOWN]}... "
                f"({len(content)} bytes) where {entry.sha256[:_HASH_SHOWN]}... ({entry.bytes} bytes) is "
                f"expected; {_REINSTALL}."
            )
        return content

    def verify(self, name: str) -> None:
        """Raise LivefgError, as `read` does, unless the file of `name` is intact."""
        self.read(name)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A network's file: its name, path, and the manifest that vouches for it (None for the user's own)."""

    name: str
    path: Path
    manifest: Manifest | None = None

    def read(self) -> bytes:
        """The file's content, verified if it is a shipped one. Raises LivefgError as `Manifest.read` does."""
        return self.manifest.read(self.name) if self.manifest else _read(self.path, "check the path")


def find_model(name_or_path: str | Path) -> ModelFile:
    """The file meant by a shipped network's name, the name of one in the user's models folder, or a path.

    What ends in `.onnx`, has a folder in it, or is a `Path` counts as a path. A shipped name cannot be taken
    over by a file of the user's. Raises LivefgError if there is no such network; that the file can be read is
    seen later.
    """
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix == ".onnx" or path.name != name_or_path:
        return ModelFile(path.stem, path)
    manifest = Manifest.load()
    if name_or_path in manifest.entries:
        return ModelFile(name_or_path, manifest.path(name_or_path), manifest)
    own = paths.user_models_dir() / f"{name_or_path}.onnx"
    if own.is_file():
        return ModelFile(name_or_path, own)
    raise LivefgError(
        f"There is no network called {name_or_path!r}; `livefg models list` names them all, and a file of "
        "your own is given by its path (ending in .onnx)."
    )


def user_models() -> Iterator[ModelFile]:
    """The user's own networks, in the order of their names."""
    folder = paths.user_models_dir()
    for path in sorted(folder.glob("*.onnx")) if folder.is_dir() else ():
        yield ModelFile(path.stem, path)


def _entry(path: Path, name: str, data: object) -> ModelEntry:
    if not isinstance(data, dict):
        raise LivefgError(f"The entry {name!r} in {path} is not an object.")
    wanted: dict[str, type] = {"file": str, "sha256": str, "bytes": int, "source": str, "licence": str}
    for key, kind in wanted.items():
        if not isinstance(data.get(key), kind):
            raise LivefgError(f"The entry {name!r} in {path} lacks {key!r}.")
    if Path(data["file"]).name != data["file"]:
        raise LivefgError(f"The entry {name!r} in {path} names a file outside its folder: {data['file']}.")
    known = {key: data[key] for key in ModelEntry.__dataclass_fields__ if key in data}
    return ModelEntry(**{**known, "name": name})


def _read(path: Path, cure: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LivefgError(f"The network {path} cannot be read ({_cause(error)}); {cure}.") from error


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
