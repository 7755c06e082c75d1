"""What a run is of and what it was made with: by this a killed run knows its own, and a reader what the data mean."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import livefg
from livefg import paths
from livefg.errors import LivefgError
from livefg.gallery import GalleryFile
from livefg.pipeline import PipelineSettings
from livefg.recorded.hindsight import LONGEST_GAP
from livefg.sinks.files import partial_path, prepare, publish
from livefg.sources import SourceInfo
from livefg.sources.selected import Choice

__all__ = ["LIVE", "LOOKS_AHEAD", "differences", "run_facts", "write_meta"]

META_FORMAT = 1

LOOKS_AHEAD = (
    "Every frame was judged by what came before and after it: landmarks are smoothed from both sides, gaps of up to "
    f"{LONGEST_GAP} s are filled (marked as filled), and sides, names, gestures and motions are decided over whole "
    "tracks; an event begins where it began, not where it had lasted long enough to be sure. A cut ends all tracks. "
    "Unless the settings say exact, what hardly moves was looked at in every other frame and put between, and faces "
    "that looked as they had a moment before were moved along."
)
LIVE = "Every frame was judged by what came before it, as it is live."


def run_facts(info: SourceInfo, pipeline: PipelineSettings, choice: Choice, *, live: bool) -> dict[str, Any]:
    """All that the results of a run depend on, as a value for JSON."""
    settings = {name: value for name, value in asdict(pipeline).items() if name != "workers"}
    gallery = GalleryFile(pipeline.gallery) if pipeline.identity and pipeline.faces else None
    facts = {
        "livefg": livefg.__version__,
        "mode": "live" if live else "recorded",
        "source": _file_facts(info.path) if info.path else {"name": info.name},
        "mirrored": info.mirrored,
        "choice": {**asdict(choice), "end": None if math.isinf(choice.end) else choice.end},
        "settings": settings,
        "models": _digest([paths.shipped_models_dir() / "manifest.json", *_own_models()]),
        "people": list(gallery.state() or ()) if gallery else None,
    }
    return dict(json.loads(json.dumps(facts, default=str)))


def differences(known: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """The names of what is not the same in two runs, settings one by one."""
    names = [name for name in wanted if name != "settings" and known.get(name) != wanted[name]]
    settings = known.get("settings") or {}
    return names + [name for name, value in wanted["settings"].items() if settings.get(name) != value]


def write_meta(path: Path, facts: dict[str, Any]) -> None:
    """Write the facts of a finished run. Raises LivefgError if that is refused."""
    prepare(path)
    text = json.dumps({"format": META_FORMAT, **facts}, ensure_ascii=False, indent=2)
    try:
        partial_path(path).write_text(text + "\n", "utf-8", newline="\n")
    except OSError as error:
        raise LivefgError(f"{path} cannot be written: {error.strerror}.") from error
    publish(path)


def _file_facts(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"name": path.name, "bytes": found.st_size, "changed": found.st_mtime_ns}


def _own_models() -> list[Path]:
    folder = paths.user_models_dir()
    return sorted(folder.glob("*")) if folder.is_dir() else []


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()
