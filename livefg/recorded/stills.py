"""One picture or a folder of them: each judged by itself, and what is done of a folder kept for a run that resumes."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError
from livefg.jobs import BatchSettings, Job
from livefg.loop.recorded import run_recorded
from livefg.loop.summary import Summary
from livefg.overlay import Overlay
from livefg.pipeline import Pipeline
from livefg.recorded.blur import StillCover
from livefg.recorded.facts import differences, run_facts
from livefg.recorded.journal import Journal
from livefg.recorded.progress import OnStart, Stopped
from livefg.results import Frame, FrameResult
from livefg.sinks.files import FileSink, Finishing, partial_path
from livefg.sinks.jsonl import JsonlSink
from livefg.sinks.pictures import PictureSink
from livefg.sinks.queued import QueuedSink
from livefg.sinks.table import TableSink
from livefg.sources.base import Recorded
from livefg.sources.images import FolderSource

__all__ = ["StillWork"]


class StillWork:
    """Does one job of pictures. `run` raises LivefgError where it fails and Stopped where `stopping` ended it.

    The lines that a run leaves behind say which pictures of a folder are done: a picture's line is written after the
    picture.
    """

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
        self._journal = Journal(job.unfinished, raw=False)

    def run(
        self, source: Recorded, on_start: OnStart | None, on_result: Callable[[FrameResult], None] | None
    ) -> None:
        """Read, look, write; the sinks' context leaves files unfinished if this raises."""
        done: list[FrameResult] = []
        if isinstance(source, FolderSource):
            done = self._begin(source)
            source.skip(result.source for result in done)
        if on_start:
            on_start(source.info, done=len(done))
        self._expected = source.info.frame_count
        for result in done:
            self.summary.add(result)

        def count(result: FrameResult) -> None:
            self.summary.add(result)
            if on_result:
                on_result(result)

        try:
            with ExitStack() as stack:
                sinks = [stack.enter_context(QueuedSink(_InOrder(self._sinks(done)), lossless=True))]
                run_recorded(
                    source, self._pipeline, sinks, on_result=count, stopping=self._stopping, separate=True
                )
                if self._stopping.is_set():
                    raise Stopped
        finally:
            self.notes += source.info.notes
        self._journal.remove()

    def shortfall(self) -> str | None:
        """A sentence if pictures of a folder could not be read; the notes say which."""
        missing = (self._expected or 0) - self.summary.frames
        if self._job.kind != "folder" or missing <= 0:
            return None
        return f"{self._job.source}: {missing} of {self._expected} pictures could not be read."

    def _begin(self, source: FolderSource) -> list[FrameResult]:
        """Begin a run, or take up the unfinished one; gives what that has done."""
        blur = self._settings.blur
        facts = {
            **run_facts(
                source.info, self._pipeline.settings, self._settings.choice, live=self._settings.live
            ),
            "source": {"name": source.info.name, "pictures": _digest(source.files)},
            "pictures": self._job.pictures is not None,
            "blur": [blur.everyone, blur.unknown, sorted(blur.names)] if blur else None,
        }
        if not (self._settings.resume and self._journal.exists):
            partial_path(self._job.data).unlink(missing_ok=True)
            self._journal.begin(facts)
            return []
        changed = differences(self._journal.run, facts)
        if changed:
            raise LivefgError(
                f"{self._job.source} was begun with other {' and '.join(changed)};"
                " resume it as it was begun, or begin anew with --force."
            )
        return _whole_lines(partial_path(self._job.data))

    def _sinks(self, done: Sequence[FrameResult]) -> list[FileSink]:
        sinks: list[FileSink] = []
        if self._job.pictures:
            cover = StillCover(self._settings.blur) if self._settings.blur else None
            sinks.append(PictureSink(self._job.pictures, Overlay(), cover))
        if self._settings.table:
            table = TableSink(self._job.stem)
            self.files += table.paths
            sinks.append(table)
            for result in done:
                table.write(None, result)
        sinks.append(JsonlSink(self._job.data, go_on=bool(done)))
        self.files.insert(0, self._job.data)
        if self._job.pictures:
            self.files.append(self._job.pictures)
        return sinks


class _InOrder(Finishing):
    """Several sinks as one: each has written a frame before the next one is given it."""

    def __init__(self, sinks: Sequence[FileSink]) -> None:
        self._sinks = tuple(sinks)

    def write(self, frame: Frame, result: FrameResult) -> None:
        for sink in self._sinks:
            sink.write(frame, result)

    def close(self) -> None:
        for sink in self._sinks:
            sink.close()

    def abandon(self) -> None:
        for sink in self._sinks:
            sink.abandon()


def _digest(files: Sequence[Path]) -> str:
    """By this a run knows whether the pictures of its folder are the same ones still."""
    digest = hashlib.sha256()
    for file in files:
        found = file.stat()
        digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _whole_lines(path: Path) -> list[FrameResult]:
    """The results in a file that was being written; the rest of a line that is not whole is cut off."""
    try:
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        results: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
        if len(whole) < len(data):
            path.write_bytes(whole)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise LivefgError(f"{path} cannot be read ({error}); begin anew with --force.") from None
    return [FrameResult.from_dict(result) for result in results]
