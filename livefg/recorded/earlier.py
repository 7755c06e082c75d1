"""What earlier runs wrote, so that a folder in which results lie is not read as if they were recordings."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from livefg.result_file import meta_path

__all__ = ["EarlierResults"]


class EarlierResults:
    """Tells which files below the folder `out` are results."""

    def __init__(self, out: Path) -> None:
        self._out = out.resolve()

    def hold(self, path: Path, named: Path) -> bool:
        """Whether `path`, which was found by looking through the folder `named`, is a result.

        Where results have a folder of their own inside `named`, all that is in it is; where they lie among the
        recordings, what the facts of a finished run list, its cut-outs, and its annotated pictures.
        """
        path, named = path.resolve(), named.resolve()
        if not path.is_relative_to(self._out):
            return False
        if not named.is_relative_to(self._out):
            return True
        return path in self._listed or any(folder in self._listed for folder in path.parents)

    @cached_property
    def _listed(self) -> frozenset[Path]:
        """Files and folders that runs wrote directly into `out`."""
        found = set()
        for data in self._out.glob("*.jsonl"):
            stem = data.with_suffix("")
            # The annotated pictures of a folder lie in one of its name; a film's files are told by its facts.
            found |= {data, stem.with_name(f"{stem.name}-clips"), *([stem] if stem.is_dir() else [])}
            with suppress(OSError, ValueError, TypeError, KeyError):
                names = json.loads(meta_path(data).read_text("utf-8"))["files"]
                found |= {self._out / str(name) for name in names}
        return frozenset(found)
