"""Recorded files to result files: what `livefg process` and `livefg demo` do, for programs too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from livefg.errors import LivefgError
from livefg.inference.network import NetworkReport
from livefg.loop.recorded import run_recorded
from livefg.loop.summary import Summary
from livefg.overlay import Overlay
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import FrameResult
from livefg.sinks.files import FileSink
from livefg.sinks.jsonl import JsonlSink
from livefg.sinks.pictures import PictureSink, picture_name
from livefg.sinks.queued import QueuedSink
from livefg.sinks.video import Quality, VideoSink
from livefg.sources import SourceInfo, open_source
from livefg.sources.addresses import is_address
from livefg.sources.images import IMAGE_SUFFIXES, is_image

__all__ = ["Batch", "BatchSettings", "Job", "Outcome", "plan"]

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts"}
    | {".vob", ".webm", ".wmv"}
)
"""Endings by which a file in a folder is taken for a video, in lower case."""

Kind = Literal["video", "image", "folder"]
Status = Literal["done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What to write. `out` is the folder of the results, `video` whether pictures are written too, not only data.

    `force` writes over older results. `mirrored` says that the sources are mirror images of the scene.
    """

    out: Path
    video: bool = True
    force: bool = False
    mirrored: bool = False
    quality: Quality = "medium"


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its results go: `data` is the JSON lines, `pictures` the video, picture or folder."""

    source: str
    kind: Kind
    data: Path
    pictures: Path | None


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


def plan(inputs: Iterable[str], settings: BatchSettings) -> tuple[list[Job], list[Outcome]]:
    """The jobs for a list of inputs, and the failures that are certain before any work.

    A folder becomes one job for its pictures and one for each of its videos. Two inputs of the same name get
    results of different names (`clip`, `clip-2`). A result that exists, or that would lie over an input, is a
    failure.
    """
    found, failures = _found(inputs)
    taken: set[str] = set()
    own_stems = {_stem(source, kind).casefold() for source, kind in found}
    jobs = []
    for source, kind in found:
        stem = _free_name(_stem(source, kind), taken, own_stems)
        job = Job(source, kind, settings.out / f"{stem}.jsonl", None)
        if settings.video:
            job = replace(job, pictures=settings.out / _pictures_name(stem, source, kind))
        problem = _problem(job, found, settings.force)
        if problem:
            failures.append(Outcome(source, "failed", error=problem))
        else:
            jobs.append(job)
    return jobs, failures


class Batch:
    """Runs jobs one after the other with the same networks. Use as a context manager.

    Films are followed over time; pictures are judged each by itself. `stopping` ends the run at the next
    frame. Raises LivefgError if the networks cannot be loaded.
    """

    def __init__(
        self,
        settings: BatchSettings,
        pipeline: PipelineSettings | None = None,
        *,
        stopping: threading.Event | None = None,
    ) -> None:
        self._settings = settings
        self._pipeline_settings = pipeline or PipelineSettings()
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
            self._pipelines[film] = Pipeline(replace(self._pipeline_settings, stills=not film))
        return self._pipelines[film]

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs, of those that were needed."""
        return next((pipeline.reports for pipeline in self._pipelines.values()), ())

    def run(
        self,
        job: Job,
        *,
        on_start: Callable[[SourceInfo], None] | None = None,
        on_result: Callable[[FrameResult], None] | None = None,
    ) -> Outcome:
        """Do one job. Whatever goes wrong with its file is in the outcome; results of a stopped or failed run keep
        the name `<name>.partial`.
        """
        pipeline = self.pipeline_for(job.kind)
        pipeline.reset()
        work = _Work(job, self._settings, pipeline, self._stopping)
        begun = time.perf_counter()
        status: Status = "failed"
        error = None
        try:
            work.run(on_start, on_result)
            status = "done"
            error = work.shortfall()
        except _Stopped:
            status = "stopped"
        except LivefgError as problem:
            error = str(problem)
        except Exception as problem:  # one file must not take the others with it
            error = f"{job.source} could not be processed ({type(problem).__name__}: {problem})."
        return Outcome(
            job.source,
            status,
            files=tuple(
                path for path in (job.data, job.pictures) if path and status == "done" and path.exists()
            ),
            notes=tuple(work.notes),
            error=error,
            seconds=time.perf_counter() - begun,
            media_seconds=work.media_seconds if job.kind == "video" else None,
            summary=work.summary,
        )


class _Work:
    """One job while it is done."""

    def __init__(
        self, job: Job, settings: BatchSettings, pipeline: Pipeline, stopping: threading.Event
    ) -> None:
        self.notes: list[str] = []
        self.summary = Summary()
        self.media_seconds = 0.0
        self._expected: int | None = None
        self._job = job
        self._settings = settings
        self._pipeline = pipeline
        self._stopping = stopping

    def run(
        self,
        on_start: Callable[[SourceInfo], None] | None,
        on_result: Callable[[FrameResult], None] | None,
    ) -> None:
        """Read, look, write; the sinks' context leaves files unfinished if this raises."""
        job = self._job
        with open_source(job.source, mirrored=self._settings.mirrored, on_notice=_kept_elsewhere) as source:
            if source.info.live:
                raise LivefgError(
                    f"{source.info.name} is live and has no end; record it with "
                    f"`livefg live --source {job.source} --record FILE`."
                )
            if on_start:
                on_start(source.info)
            self._expected = source.info.frame_count
            period = 1 / (source.info.fps or 30)

            def count(result: FrameResult) -> None:
                self.summary.add(result)
                self.media_seconds = result.time + period
                if on_result:
                    on_result(result)

            try:
                with ExitStack() as stack:
                    run_recorded(
                        source,
                        self._pipeline,
                        self._sinks(source.info, stack),
                        on_result=count,
                        stopping=self._stopping,
                        separate=job.kind != "video",
                    )
                    if self._stopping.is_set():
                        raise _Stopped
            finally:
                self.notes += source.info.notes

    def shortfall(self) -> str | None:
        """A sentence if pictures of a folder could not be read; the notes say which."""
        missing = (self._expected or 0) - self.summary.frames
        if self._job.kind != "folder" or missing <= 0:
            return None
        return f"{self._job.source}: {missing} of {self._expected} pictures could not be read."

    def _sinks(self, info: SourceInfo, stack: ExitStack) -> list[FileSink]:
        sinks: list[FileSink] = [stack.enter_context(JsonlSink(self._job.data))]
        if self._job.pictures:
            sinks.append(
                stack.enter_context(
                    QueuedSink(self._picture_sink(self._job.pictures, info, stack), lossless=True)
                )
            )
        return sinks

    def _picture_sink(self, path: Path, info: SourceInfo, stack: ExitStack) -> FileSink:
        if self._job.kind != "video":
            return PictureSink(path, Overlay())
        film = VideoSink(path, overlay=Overlay(), source=info, quality=self._settings.quality)
        stack.callback(lambda: self.notes.extend(film.notes))
        return film


class _Stopped(Exception):  # noqa: N818 - not an error: the user ended the run
    """Leaves the sinks without finishing their files."""


def _kept_elsewhere(_sentence: str) -> None:
    """Notices of a recording are among the notes of its source."""


def _found(inputs: Iterable[str]) -> tuple[list[tuple[str, Kind]], list[Outcome]]:
    """What there is to do in the inputs, each file once, and the inputs in which there is nothing."""
    found: dict[str, tuple[str, Kind]] = {}
    failures = []
    for name in inputs:
        path = Path(name).expanduser()
        here: list[tuple[str, Kind]] = []
        if name == "demo" or is_address(name):
            here = [(name, "video")]
        elif path.is_dir():
            here = _in_folder(path)
        elif path.exists():
            # A number alone would be a camera.
            source = f"./{path}" if name.isdecimal() else str(path)
            here = [(source, "image" if is_image(path) else "video")]
        if not here:
            cause = "holds no pictures and no videos" if path.is_dir() else "does not exist"
            failures.append(Outcome(name, "failed", error=f"{name} {cause}."))
        for source, kind in here:
            found.setdefault(source if is_address(source) else str(Path(source).resolve()), (source, kind))
    return list(found.values()), failures


def _in_folder(folder: Path) -> list[tuple[str, Kind]]:
    """The folder itself if there are pictures in it or below, and every video in it or below."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    pictures = any(path.suffix.lower() in IMAGE_SUFFIXES for path in files)
    videos = [str(path) for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    found: list[tuple[str, Kind]] = [(video, "video") for video in videos]
    return [(str(folder), "folder"), *found] if pictures else found


def _stem(source: str, kind: Kind) -> str:
    if is_address(source):
        source = urlsplit(source).path.rstrip("/") or "stream"
    path = Path(source)
    return (path.resolve().name or "pictures") if kind == "folder" else path.stem


def _free_name(stem: str, taken: set[str], own: set[str]) -> str:
    """`stem`, or with a number if another input has it; file systems that ignore case are reckoned with."""
    name, number = stem, 1
    while name.casefold() in taken or (number > 1 and name.casefold() in own):
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return name


def _pictures_name(stem: str, source: str, kind: Kind) -> str:
    if kind == "folder":
        return stem
    if kind == "image":
        return picture_name(f"{stem}{Path(source).suffix}")
    return f"{stem}.mp4"


def _problem(job: Job, inputs: Sequence[tuple[str, Kind]], force: bool) -> str | None:
    """Why the results of a job must not be written; None if they may."""
    originals = {Path(source).resolve() for source, _ in inputs}
    for path in (job.data, job.pictures):
        if path and path.resolve() in originals:
            return f"The result of {job.source} would lie over an original; choose another folder with --out."
        if path and path.exists() and not force:
            return f"{path} exists already; with --force it is written again."
    return None
