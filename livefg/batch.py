"""Recorded files to result files: what `livefg process` and `livefg demo` do, for programs too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from livefg.errors import LivefgError
from livefg.gallery import GalleryFile
from livefg.inference.network import NetworkReport
from livefg.jobs import BatchSettings, Job, Kind, plan
from livefg.loop.recorded import run_recorded
from livefg.loop.summary import Summary
from livefg.overlay import Overlay
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.blur import StillCover
from livefg.recorded.earlier import EarlierResults
from livefg.recorded.work import OnStart, Stopped, VideoWork
from livefg.results import FrameResult
from livefg.sinks.files import FileSink
from livefg.sinks.jsonl import JsonlSink
from livefg.sinks.pictures import PictureSink
from livefg.sinks.queued import QueuedSink
from livefg.sinks.table import TableSink
from livefg.sources import open_source
from livefg.sources.base import Recorded, Source
from livefg.sources.images import FolderSource
from livefg.sources.selected import Selected

__all__ = ["Batch", "BatchSettings", "Job", "Outcome", "plan"]

_FACES_WHEN_BLURRED = 32
"""Faces that are followed at least where none may be overlooked."""

Status = Literal["done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an input.

    `files` are the results that were written, whole. `error` is a sentence where it failed, or where some
    pictures of a folder did. `seconds` is how long it took, `media_seconds` how long the recording lasts (None
    for pictures).
    """

    source: str
    status: Status
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    media_seconds: float | None = None
    summary: Summary = field(default_factory=Summary)

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.summary.frames / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "source": self.source,
            "status": self.status,
            "error": self.error,
            "files": [str(path) for path in self.files],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
            "media_seconds": None if self.media_seconds is None else round(self.media_seconds, 3),
            "fps": round(self.fps, 2),
            "seen": self.summary.to_dict(),
        }


class Batch:
    """Runs jobs one after the other with the same networks. Use as a context manager.

    Films are followed over time; pictures are judged each by itself. `stopping` ends the run at the next
    frame. Raises LivefgError if the networks cannot be loaded, or if a face is to be covered of somebody unheard of.
    """

    def __init__(
        self,
        settings: BatchSettings,
        pipeline: PipelineSettings | None = None,
        *,
        stopping: threading.Event | None = None,
    ) -> None:
        self._pipeline_settings = pipeline or PipelineSettings()
        if settings.blur and settings.blur.names:
            people = GalleryFile(self._pipeline_settings.gallery).load()
            settings = replace(settings, blur=settings.blur.of_people(people))
        self._settings = settings
        self._stopping = stopping or threading.Event()
        self._pipelines: dict[bool, Pipeline] = {}

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        for pipeline in self._pipelines.values():
            pipeline.close()

    def pipeline_for(self, kind: Kind) -> Pipeline:
        """The pipeline for films or for pictures; loaded when it is first needed."""
        film = kind == "video"
        if film not in self._pipelines:
            settings = replace(
                self._pipeline_settings, stills=not film, decide=self._settings.live or not film
            )
            if self._settings.blur:
                settings = replace(settings, faces=max(settings.faces, _FACES_WHEN_BLURRED))
            self._pipelines[film] = Pipeline(settings)
        return self._pipelines[film]

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs, of those that were needed."""
        return next((pipeline.reports for pipeline in self._pipelines.values()), ())

    def run(
        self,
        job: Job,
        *,
        on_start: OnStart | None = None,
        on_result: Callable[[FrameResult], None] | None = None,
    ) -> Outcome:
        """Do one job. Whatever goes wrong with its file is in the outcome; results of a stopped or failed run keep
        the name `<name>.partial`, and what was seen of a video waits in `<stem>.unfinished` for a run that resumes.
        """
        pipeline = self.pipeline_for(job.kind)
        pipeline.reset()
        kind = VideoWork if job.kind == "video" else StillWork
        work = kind(job, self._settings, pipeline, self._stopping)
        begun = time.perf_counter()
        status: Status = "failed"
        error = None
        try:
            with _opened(job, self._settings) as source:
                work.run(source, on_start, on_result)
            status = "done"
            error = work.shortfall() if isinstance(work, StillWork) else None
        except Stopped:
            status = "stopped"
        except LivefgError as problem:
            error = str(problem)
        except Exception as problem:  # one file must not take the others with it
            error = f"{job.source} could not be processed ({type(problem).__name__}: {problem})."
        return Outcome(
            job.source,
            status,
            files=tuple(path for path in work.files if status == "done" and path.exists()),
            notes=tuple(dict.fromkeys(work.notes)),
            error=error,
            seconds=time.perf_counter() - begun,
            media_seconds=work.media_seconds if isinstance(work, VideoWork) else None,
            summary=work.summary,
        )


class StillWork:
    """One picture or a folder of them, while it is looked at: each picture by itself."""

    def __init__(
        self, job: Job, settings: BatchSettings, pipeline: Pipeline, stopping: threading.Event
    ) -> None:
        self.notes: list[str] = []
        self.files: list[Path] = []
        self.summary = Summary()
        self._expected: int | None = None
        self._job = job
        self._settings = settings
        self._pipeline = pipeline
        self._stopping = stopping

    def run(
        self, source: Source, on_start: OnStart | None, on_result: Callable[[FrameResult], None] | None
    ) -> None:
        """Read, look, write; the sinks' context leaves files unfinished if this raises."""
        if on_start:
            on_start(source.info)
        self._expected = source.info.frame_count

        def count(result: FrameResult) -> None:
            self.summary.add(result)
            if on_result:
                on_result(result)

        try:
            with ExitStack() as stack:
                run_recorded(
                    source,
                    self._pipeline,
                    [stack.enter_context(sink) for sink in self._sinks()],
                    on_result=count,
                    stopping=self._stopping,
                    separate=True,
                )
                if self._stopping.is_set():
                    raise Stopped
        finally:
            self.notes += source.info.notes

    def shortfall(self) -> str | None:
        """A sentence if pictures of a folder could not be read; the notes say which."""
        missing = (self._expected or 0) - self.summary.frames
        if self._job.kind != "folder" or missing <= 0:
            return None
        return f"{self._job.source}: {missing} of {self._expected} pictures could not be read."

    def _sinks(self) -> list[FileSink]:
        sinks: list[FileSink] = [JsonlSink(self._job.data)]
        self.files.append(self._job.data)
        if self._settings.table:
            table = TableSink(self._job.stem)
            self.files += table.paths
            sinks.append(table)
        if self._job.pictures:
            cover = StillCover(self._settings.blur) if self._settings.blur else None
            sinks.append(QueuedSink(PictureSink(self._job.pictures, Overlay(), cover), lossless=True))
            self.files.append(self._job.pictures)
        return sinks


def _opened(job: Job, settings: BatchSettings) -> Any:
    """The source of a job: all of its pictures, or those frames of a film that were chosen."""
    if job.kind == "folder":
        folder, earlier = Path(job.source), EarlierResults(settings.out)
        return FolderSource(
            folder,
            mirrored=settings.mirrored,
            on_notice=_kept_elsewhere,
            leave_out=lambda path: earlier.hold(path, folder),
        )
    source = open_source(job.source, mirrored=settings.mirrored, on_notice=_kept_elsewhere)
    if source.info.live:
        source.close()
        raise LivefgError(
            f"{source.info.name} is live and has no end; record it with "
            f"`livefg live --source {job.source} --record FILE`."
        )
    return (
        Selected(source, settings.choice) if isinstance(source, Recorded) and job.kind == "video" else source
    )


def _kept_elsewhere(_sentence: str) -> None:
    """Notices of a recording are among the notes of its source."""
