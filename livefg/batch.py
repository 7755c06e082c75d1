"""Recorded files to result files: what `livefg process` and `livefg demo` do, for programs too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from livefg.errors import LivefgError
from livefg.gallery import GalleryFile
from livefg.inference.network import NetworkReport
from livefg.jobs import BatchSettings, Job, Kind, plan
from livefg.loop.summary import Summary
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.earlier import EarlierResults
from livefg.recorded.progress import OnStart, Stopped
from livefg.recorded.stills import StillWork
from livefg.recorded.work import VideoWork
from livefg.results import FrameResult
from livefg.sources import open_source
from livefg.sources.base import Recorded
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
            self._pipelines[film].wait()
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
