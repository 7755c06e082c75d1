"""What there is to do: inputs as people give them to jobs, each with names for its results that are free."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from livefg.recorded.blur import Blur
from livefg.recorded.earlier import EarlierResults
from livefg.result_file import meta_path
from livefg.sinks.encoding import Encoder, Quality
from livefg.sinks.pictures import picture_name
from livefg.sources.addresses import is_address
from livefg.sources.images import IMAGE_SUFFIXES, is_image
from livefg.sources.selected import Choice

__all__ = ["BatchSettings", "Job", "Kind", "Plan", "plan"]

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts"}
    | {".vob", ".webm", ".wmv"}
)
"""Endings by which a file in a folder is taken for a video, in lower case."""

Kind = Literal["video", "image", "folder"]


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What to write. `out` is the folder of the results, `video` whether pictures are written too, not only data.

    `force` writes over older results; `resume` goes on with those that were left unfinished and leaves finished ones
    alone. `mirrored` says that the sources are mirror images of the scene. With `live` videos are seen as they would be
    live, frame after frame; otherwise every frame is judged by what came before and after it. `choice` says which
    frames of a video to take. `table`, `subtitles`, `timeline` and `clips` ask for more results of videos, and `blur`
    says whose faces are made unrecognisable in pictures. With the encoder `hardware` that of a
    graphics processor is taken where one works.
    """

    out: Path
    video: bool = True
    force: bool = False
    mirrored: bool = False
    quality: Quality = "medium"
    encoder: Encoder = "software"
    live: bool = False
    choice: Choice = field(default_factory=Choice)
    table: bool = False
    subtitles: bool = False
    timeline: bool = False
    clips: bool = False
    blur: Blur | None = None
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One input and where its results go: `data` is the JSON lines, `pictures` the video, picture or folder."""

    source: str
    kind: Kind
    data: Path
    pictures: Path | None

    @property
    def stem(self) -> Path:
        """The path of the results without their suffixes."""
        return self.data.with_name(self.data.name.removesuffix(".jsonl"))

    @property
    def meta(self) -> Path:
        """Where the facts about the run go."""
        return meta_path(self.data)

    @property
    def unfinished(self) -> Path:
        """The folder of what is done so far, while the job is under way."""
        return self.stem.with_name(f"{self.stem.name}.unfinished")


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs, those that an earlier run finished, and the inputs that fail before any work: source and sentence."""

    jobs: list[Job]
    finished: list[Job]
    failures: list[tuple[str, str]]


def plan(inputs: Iterable[str], settings: BatchSettings) -> Plan:
    """The jobs for a list of inputs: files, folders, patterns such as `talks/*.mp4`, addresses.

    A folder becomes one job for its pictures and one for each of its videos; what earlier runs wrote into `out` is
    left out of folders and patterns. Two inputs of the same name get results of different names (`clip`, `clip-2`).
    A result that exists, or that would lie over an input, is a failure.
    """
    found, failures = _found(inputs, EarlierResults(settings.out))
    taken: set[str] = set()
    own_stems = {_stem(source, kind).casefold() for source, kind in found}
    jobs, finished = [], []
    for source, kind in found:
        stem = _free_name(_stem(source, kind), taken, own_stems)
        job = Job(source, kind, settings.out / f"{stem}.jsonl", None)
        if settings.video:
            job = replace(job, pictures=settings.out / _pictures_name(stem, source, kind))
        problem = _problem(job, found, settings)
        if problem:
            failures.append((source, problem))
        elif settings.resume and job.data.exists() and not job.unfinished.exists():
            finished.append(job)
        else:
            jobs.append(job)
    return Plan(jobs, finished, failures)


def _found(
    inputs: Iterable[str], earlier: EarlierResults
) -> tuple[list[tuple[str, Kind]], list[tuple[str, str]]]:
    """What there is to do in the inputs, each file once, and the inputs in which there is nothing."""
    found: dict[str, tuple[str, Kind]] = {}
    failures = []
    for name in inputs:
        here = _at(name, earlier)
        if not here:
            path = Path(name).expanduser()
            cause = "holds no pictures and no videos" if path.is_dir() else "does not exist"
            failures.append((name, f"{name} {cause}."))
        for source, kind in here:
            found.setdefault(source if is_address(source) else str(Path(source).resolve()), (source, kind))
    return list(found.values()), failures


def _at(name: str, earlier: EarlierResults) -> list[tuple[str, Kind]]:
    """What there is to do at one input; nothing if there is no such thing."""
    if name == "demo" or is_address(name):
        return [(name, "video")]
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path, earlier)
    if path.exists():
        # A number alone would be a camera.
        source = f"./{path}" if name.isdecimal() else str(path)
        return [(source, "image" if is_image(path) else "video")]
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - patterns may be absolute
    files = [match for match in matches if Path(match).suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES]
    named = Path(*takewhile(lambda part: not glob.has_magic(part), path.parts))
    files = [match for match in files if not earlier.hold(Path(match), named)]
    return [entry for match in files if not glob.has_magic(match) for entry in _at(match, earlier)]


def _in_folder(folder: Path, earlier: EarlierResults) -> list[tuple[str, Kind]]:
    """The folder itself if there are pictures in it or below, and every video in it or below."""
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not earlier.hold(path, folder)
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


def _problem(job: Job, inputs: Sequence[tuple[str, Kind]], settings: BatchSettings) -> str | None:
    """Why the results of a job must not be written; None if they may."""
    originals = {Path(source).resolve() for source, _ in inputs}
    for path in (job.data, job.pictures):
        if path and path.resolve() in originals:
            return f"The result of {job.source} would lie over an original; choose another folder with --out."
    if settings.force or settings.resume:
        return None
    if job.unfinished.exists():
        return f"{job.source} was begun and not finished; go on with --resume, or begin anew with --force."
    for path in (job.data, job.pictures):
        if path and path.exists():
            return f"{path} exists already; with --force it is written again."
    return None
