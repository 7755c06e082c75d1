"""The pictures of the second pass: faces covered, overlay drawn, and written to the annotated video and cut-outs.

What is written is safe every few seconds: a run that is killed goes on with the first picture after that.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import av

from livefg.errors import LivefgError
from livefg.jobs import BatchSettings, Job
from livefg.overlay import Overlay, Trail
from livefg.recorded.blur import FaceCover
from livefg.recorded.decisions import Decisions
from livefg.recorded.state import capture, restore
from livefg.results import Frame, FrameResult
from livefg.sinks.clips import ClipSink, Cut
from livefg.sinks.composed import ComposedMark, ComposedSink
from livefg.sinks.encoding import codecs_of
from livefg.sinks.film_parts import PartedVideoSink
from livefg.sinks.queued import QueuedSink
from livefg.sources import SourceInfo

__all__ = ["FilmWork"]

_FRAMES_A_PART = 250
"""Pictures between two points from which a killed run can go on: as many as an encoder puts between key frames."""
_STATE = "film.json"


class FilmWork:
    """Writes the pictures of a job that asks for an annotated video or cut-outs (`wanted`). Use as a context manager.

    Parts lie in `folder` until it is deleted; if a run that was made the same way left some there, `frames` says how
    many pictures are done, and the next one is the first to `write`. After the context, `files` are what was written
    whole, and `notes` what a user should know.
    """

    def __init__(
        self,
        job: Job,
        settings: BatchSettings,
        info: SourceInfo,
        folder: Path,
        *,
        wanted: Sequence[Cut] = (),
        decisions: Decisions | None = None,
    ) -> None:
        self.files: list[Path] = []
        self.notes: list[str] = []
        self._job, self._settings, self._info = job, settings, info
        self._folder = folder
        self._wanted = wanted
        self._cover = FaceCover(settings.blur, decisions) if settings.blur and decisions else None
        self._made = _made_with(job, settings, wanted)
        self._marks: list[tuple[int, ComposedMark]] = []
        state = self._read()
        self.frames: int = state["frames"] if state else 0
        self._film: PartedVideoSink | None = None
        self._clips: ClipSink | None = None
        done = iter(state["sinks"] if state else ())
        if job.pictures:
            self._film = self._film_sink(job.pictures, next(done, None))
        if settings.clips:
            self._clips = self._clip_sink(next(done, None))
        sinks = [
            QueuedSink(sink, lossless=True, capacity=4)
            for sink in (self._film, self._clips)
            if sink is not None
        ]
        trail = Trail()
        if state:
            restore(trail, state["trail"], [])
        # In the thread of the results: each call to OpenCV lets go of the lock that all Python code shares, and would
        # wait for it if another thread computed in Python.
        self._composed = ComposedSink(sinks, Overlay(), self._cover, trail)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._composed.__exit__(kind)
        if self._film:
            self.notes += self._film.notes
            self.files += [self._job.pictures] if self._job.pictures else []
        if self._clips:
            self.files += self._clips.paths

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw and write the next picture."""
        self._composed.write(frame, result)
        self.frames += 1
        if self.frames % _FRAMES_A_PART == 0:
            self._marks.append((self.frames, self._composed.mark()))
        self._keep_marks()

    def _keep_marks(self) -> None:
        """Note on the disk what all sinks have made safe."""
        while self._marks and self._marks[0][1].done:
            frames, mark = self._marks.pop(0)
            trail, _ = capture(mark.trail)
            sinks = [sink.result() for sink in mark.sinks]
            self._write({"made": self._made, "frames": frames, "trail": trail, "sinks": sinks})

    def _read(self) -> dict[str, Any] | None:
        """What an earlier run left; whatever is of no use is deleted."""
        try:
            state: dict[str, Any] = json.loads((self._folder / _STATE).read_text("utf-8"))
            if state["made"] == self._made:
                return state
        except (OSError, ValueError, KeyError):
            pass
        shutil.rmtree(self._folder, ignore_errors=True)
        return None

    def _write(self, state: dict[str, Any]) -> None:
        partial = self._folder / f"{_STATE}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(state), "utf-8")
            partial.replace(self._folder / _STATE)
        except OSError as error:
            raise LivefgError(f"{self._folder / _STATE} cannot be written: {error.strerror}.") from error

    def _film_sink(self, path: Path, done: dict[str, Any] | None) -> PartedVideoSink:
        choice = self._settings.choice
        return PartedVideoSink(
            path,
            self._folder / "parts",
            source=self._info,
            quality=self._settings.quality,
            codecs=codecs_of(self._settings.encoder),
            begin=choice.start,
            end=choice.end,
            done=done,
        )

    def _clip_sink(self, done: dict[str, Any] | None) -> ClipSink:
        stem = self._job.stem
        return ClipSink(
            stem.with_name(f"{stem.name}-clips"),
            self._folder / "clips",
            self._wanted,
            source=self._info,
            quality=self._settings.quality,
            codecs=codecs_of(self._settings.encoder),
            done=done,
        )


def _made_with(job: Job, settings: BatchSettings, wanted: Sequence[Cut]) -> dict[str, Any]:
    """What pictures depend on beside the results, as a value for JSON."""
    blur = settings.blur
    made = {
        "film": job.pictures.name if job.pictures else None,
        "clips": [list(cut) for cut in wanted] if settings.clips else None,
        "quality": [settings.quality, settings.encoder],
        "blur": [blur.everyone, blur.unknown, sorted(blur.names)] if blur else None,
        "encoder": av.__version__,
        "part": _FRAMES_A_PART,
    }
    return dict(json.loads(json.dumps(made)))
