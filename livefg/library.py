"""livefg for programs: the results of a recording, one after another."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from livefg.errors import LivefgError
from livefg.loop.recorded import decode_ahead
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.decisions import decide
from livefg.recorded.hindsight import in_hindsight
from livefg.recorded.journal import Journal
from livefg.recorded.look import look
from livefg.results import FrameResult
from livefg.sources import open_source
from livefg.sources.base import Recorded
from livefg.sources.selected import Choice, Selected

__all__ = ["process"]


def process(
    source: str | os.PathLike[str],
    settings: PipelineSettings | None = None,
    *,
    live: bool = False,
    every: int = 1,
    fps: float | None = None,
    start: float = 0.0,
    end: float = math.inf,
    max_size: int | None = None,
    mirrored: bool = False,
) -> Iterator[FrameResult]:
    """What is seen in each frame of a video, a picture, or a folder of pictures.

    By default a video is seen whole before the first result comes, since every frame is judged by what comes before
    and after it, as `livefg process` does; meanwhile what was seen waits in a temporary file. With `live` results
    come at once, as they would from a camera. Pictures are judged each by itself. What hardly moves is not looked at
    in every frame of a video, unless `settings` say `exact`.

    `every`, `fps`, `start`, `end` (seconds) and `max_size` (pixels of the longer side) choose frames and their size;
    see `livefg.sources.selected.Choice`. `mirrored` says that the pictures are mirror images of the scene. Raises
    LivefgError, with the first result, if the source cannot be read or is live.

    ```python
    for result in livefg.process("clip.mp4"):
        for hand in result.hands:
            print(result.time, hand.side, hand.gesture and hand.gesture.name)
    ```
    """
    settings = settings or PipelineSettings()
    choice = Choice(every, fps, start, end, max_size)
    with open_source(source, mirrored=mirrored) as opened:
        if opened.info.live or not isinstance(opened, Recorded):
            raise LivefgError(
                f"{opened.info.name} is live; use livefg.Pipeline on the frames of livefg.open_source."
            )
        if opened.info.kind in {"image", "folder"}:
            yield from _stills(opened, settings)
            return
        with Selected(opened, choice) as chosen:
            yield from _live(chosen, settings) if live else _in_hindsight(chosen, settings)


def _stills(source: Recorded, settings: PipelineSettings) -> Iterator[FrameResult]:
    with Pipeline(replace(settings, stills=True)) as pipeline:
        for frame in source:
            pipeline.reset()
            yield pipeline.process(frame)


def _live(source: Selected, settings: PipelineSettings) -> Iterator[FrameResult]:
    with Pipeline(settings) as pipeline, closing(decode_ahead(source, threading.Event())) as frames:
        pipeline.wait()  # no result may depend on when the last network was loaded
        for _, result in pipeline.stream(frames):
            yield result


def _in_hindsight(source: Selected, settings: PipelineSettings) -> Iterator[FrameResult]:
    with (
        TemporaryDirectory(prefix="livefg-") as folder,
        Pipeline(replace(settings, decide=False)) as pipeline,
    ):
        journal = Journal(Path(folder) / "journal", raw=True)
        journal.begin({})
        look(source, pipeline, journal, stopping=threading.Event())
        mirrored, rules = source.info.mirrored, settings.rules
        decisions = decide(
            journal.results(),
            pipeline.answer,
            settings.decisions,
            motions=pipeline.motions,
            mirrored=mirrored,
        )
        yield from in_hindsight(journal.results(), decisions, mirrored=mirrored, rules=rules)
