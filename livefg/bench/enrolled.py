"""Somebody to know while a machine is measured: who nobody knows costs nothing to name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from livefg.bench.scenes import endless_frames
from livefg.gallery import GalleryFile
from livefg.gallery.enrolment import Enroller, enroll
from livefg.pipeline import PipelineSettings

__all__ = ["with_somebody_enrolled"]

_FRAMES, _EVERY = 300, 10


@contextmanager
def with_somebody_enrolled(source: str, settings: PipelineSettings) -> Iterator[tuple[PipelineSettings, int]]:
    """The same settings with a gallery that holds whoever is in a recorded source, and how many people those are.

    The user's own gallery is not touched; the other one is gone afterwards. Nobody is enrolled where identity is off or
    no face in the first seconds is good enough. Raises LivefgError if the source cannot be opened or is live.
    """
    if not (settings.identity and settings.faces):
        yield settings, 0
        return
    with TemporaryDirectory(prefix="livefg-bench-") as folder:
        file = GalleryFile(Path(folder) / "people.jsonl")
        enroller = Enroller(settings.device_of("identity"))
        for frame in islice(endless_frames(source), 0, _FRAMES, _EVERY):
            if enroll("somebody", [enroller.candidate_in(frame.image, str(frame.index))], file).person:
                break
        yield replace(settings, gallery=file.path), len(file.load().people)
