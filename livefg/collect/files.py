"""Examples from what was recorded before: videos, pictures, folders of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from livefg.collect.collector import Collector
from livefg.collect.file_names import new_session
from livefg.errors import LivefgError
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import FrameResult
from livefg.sources import SourceInfo, open_source
from livefg.sources.base import Notice, log_notice
from livefg.sources.images import is_image

__all__ = ["MakeCollector", "Taken", "Teller", "hands_alone", "take_from"]

MakeCollector = Callable[[str, bool], Collector]
"""Makes a collector for a session of this name, of stills or not."""


class Teller(Protocol):
    """Is told how far the work is."""

    def start(self, info: SourceInfo) -> None:
        """A file or folder has been opened."""
        ...

    def advance(self, result: FrameResult) -> None:
        """One more frame is done."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """A collector that is through with its files, and what was wrong with some of them."""

    collector: Collector
    faults: tuple[str, ...] = ()


def hands_alone(device: str = "auto", **changes: Any) -> PipelineSettings:
    """Settings under which a pipeline finds hands and names nothing; `changes` are other fields of the settings."""
    return PipelineSettings(faces=0, gestures=False, identity=False, device=device, **changes)


def take_from(
    paths: Sequence[Path],
    make: MakeCollector,
    *,
    device: str = "auto",
    mirrored: bool = False,
    teller: Teller | None = None,
    stopping: Callable[[], bool] = lambda: False,
    on_notice: Notice = log_notice,
) -> Iterator[Taken]:
    """Look for examples in files and folders: all pictures make one recording, each video one of its own.

    Each collector is given out when it is through with its files, or when `stopping` says so. Raises LivefgError before
    anything is read if a path does not exist; one that cannot be read is a fault, and the others are read.
    """
    for path in paths:
        if not path.exists():
            raise LivefgError(f"There is no file or folder {path}.")

    def look(path: Path, pipeline: Pipeline, collector: Collector, stills: bool) -> None:
        with open_source(path, mirrored=mirrored, on_notice=on_notice) as source:
            if teller:
                teller.start(source.info)
            for frame in source:
                if collector.progress.finished or stopping():
                    return
                if stills:
                    pipeline.reset()
                result = pipeline.process(frame)
                collector.see(frame, result)
                if teller:
                    teller.advance(result)

    pictures = [path for path in paths if path.is_dir() or is_image(path)]
    groups = [(pictures, True)] if pictures else []
    groups += [([path], False) for path in paths if path not in pictures]
    for files, stills in groups:
        if stopping():
            return
        collector = make(new_session(files[0].stem), stills)
        faults = []
        with Pipeline(hands_alone(device, stills=stills)) as pipeline:
            for path in files:
                try:
                    look(path, pipeline, collector, stills)
                except LivefgError as error:
                    faults.append(str(error))
        yield Taken(collector, tuple(faults))
