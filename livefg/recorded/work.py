"""One video from beginning to end, in two passes: look at every frame, then write what is known in the end.

```
look:   decode ─► networks ─► journal (a part every few seconds, each whole)
write:  journal ─► decisions over whole tracks ─► results ─┬► JSON lines, tables, subtitles, time line
                                          decode again ────┴► faces covered, overlay ─► video, cut-outs
```

Both passes hold a bounded number of frames. A run that is killed goes on from the journal, and with the first picture
that is not written yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError
from livefg.jobs import BatchSettings, Job
from livefg.loop.recorded import decode_ahead
from livefg.loop.summary import Summary
from livefg.pipeline import Pipeline
from livefg.recorded.decisions import Deciding, Decisions
from livefg.recorded.facts import LIVE, LOOKS_AHEAD, differences, run_facts, write_meta
from livefg.recorded.film import FilmWork
from livefg.recorded.hindsight import in_hindsight
from livefg.recorded.journal import Journal
from livefg.recorded.look import RestOf, look
from livefg.recorded.progress import OnStart, Stopped
from livefg.results import Frame, FrameResult
from livefg.sinks.clips import Cut, cuts
from livefg.sinks.jsonl import JsonlSink
from livefg.sinks.subtitles import SubtitleSink
from livefg.sinks.table import TableSink
from livefg.sinks.timeline import TimelineSink
from livefg.sources import SourceInfo
from livefg.sources.selected import Selected
from livefg.spans import HAPPENINGS, SpanCollector

__all__ = ["VideoWork"]

OnResult = Callable[[FrameResult], None]


class VideoWork:
    """Does one job. `run` raises LivefgError where it fails and Stopped where `stopping` ended it."""

    def __init__(
        self, job: Job, settings: BatchSettings, pipeline: Pipeline, stopping: threading.Event
    ) -> None:
        self.summary = Summary()
        self.notes: list[str] = []
        self.files: list[Path] = []
        self.media_seconds = 0.0
        self._job = job
        self._settings = settings
        self._pipeline = pipeline
        self._stopping = stopping
        self._journal = Journal(job.unfinished, raw=not settings.live)
        self._deciding: Deciding | None = None

    def run(self, source: Selected, on_start: OnStart | None, on_result: OnResult | None) -> None:
        """Both passes over `source`."""
        facts = run_facts(
            source.info, self._pipeline.settings, self._settings.choice, live=self._settings.live
        )
        self._begin(facts)
        self._deciding = self._decider(source.info)
        if on_start:
            on_start(source.info, "looking", self._journal.frames)
        complete = look(
            source,
            self._pipeline,
            self._journal,
            stopping=self._stopping,
            on_result=on_result,
            on_kept=self._deciding.add if self._deciding else None,
            live=self._settings.live,
        )
        if not complete:
            raise Stopped
        self.notes += (self._journal.end or {})["notes"]
        if not self._journal.frames:
            raise LivefgError(f"{source.info.name} has no frame in the time that was asked for.")
        if on_start:
            on_start(source.info, "writing", 0)
        self._write(source, on_result)
        self.files.append(self._job.meta)
        write_meta(self._job.meta, self._meta(source.info, facts))
        self._journal.remove()

    def _begin(self, facts: dict[str, Any]) -> None:
        """Take up the unfinished run, or begin one."""
        if not (self._settings.resume and self._journal.exists):
            self._journal.begin(facts)
            return
        changed = differences(self._journal.run, facts)
        if changed:
            raise LivefgError(
                f"{self._job.source} was begun with other {' and '.join(changed)};"
                " resume it as it was begun, or begin anew with --force."
            )

    def _decider(self, info: SourceInfo) -> Deciding | None:
        """What decides on the recording as a whole, fed while the networks look; None where nothing is decided."""
        if self._settings.live and not self._settings.blur:
            return None
        return Deciding(
            self._pipeline.answer,
            self._pipeline.settings.decisions,
            self._journal.path,
            motions=None if self._settings.live else self._pipeline.motions,
            mirrored=info.mirrored,
        )

    def _write(self, source: Selected, on_result: OnResult | None) -> None:
        deciding, self._deciding = self._deciding, None
        decisions = deciding.decisions() if deciding else None
        with ExitStack() as stack:
            data = [stack.enter_context(sink) for sink in self._data_sinks()]
            film = self._film_work(source.info, decisions, stack)
            for frame, result in self._with_frames(source, decisions, film):
                for sink in data:
                    sink.write(None, result)
                if film and frame:
                    film.write(frame, result)
                self._count(result, source.info, on_result)
                if self._stopping.is_set():
                    break
            if self.summary.frames < self._journal.frames:
                if self._stopping.is_set():
                    raise Stopped
                raise LivefgError(f"{source.info.name} changed while it was being processed.")

    def _with_frames(
        self, source: Selected, decisions: Decisions | None, film: FilmWork | None
    ) -> Iterator[tuple[Frame | None, FrameResult]]:
        """All results, with their frames where those have to be written still."""
        results = self._results(decisions, source.info)
        if film is None:
            yield from ((None, result) for result in results)
            return
        last = 0.0
        # An earlier run has written these pictures; the data are made again, which is quick.
        for result in islice(results, film.frames):
            last = result.time
            yield None, result
        rest = RestOf(source, film.frames, last)
        with closing(decode_ahead(rest, self._stopping)) as frames:
            for frame, result in zip(frames, results, strict=False):
                if frame.index != result.frame:
                    raise LivefgError(f"{source.info.name} changed while it was being processed.")
                yield frame, result

    def _results(self, decisions: Decisions | None, info: SourceInfo) -> Iterator[FrameResult]:
        """The results as they are written, in order."""
        if self._settings.live or decisions is None:
            return self._journal.results()
        rules = self._pipeline.settings.rules
        return in_hindsight(self._journal.results(), decisions, mirrored=info.mirrored, rules=rules)

    def _count(self, result: FrameResult, info: SourceInfo, on_result: OnResult | None) -> None:
        self.summary.add(result)
        begin = max(self._settings.choice.start, 0.0)
        self.media_seconds = result.time - begin + 1 / (info.fps or 30)
        if on_result:
            on_result(result)

    def _data_sinks(self) -> list[Any]:
        stem, begin = self._job.stem, self._settings.choice.start
        sinks: list[Any] = [JsonlSink(self._job.data, at_once=False)]
        self.files.append(self._job.data)
        if self._settings.table:
            sinks.append(TableSink(stem))
        if self._settings.subtitles:
            sinks.append(SubtitleSink(stem, begin))
        if self._settings.timeline:
            video = self._job.pictures.name if self._job.pictures else None
            note = LIVE if self._settings.live else LOOKS_AHEAD
            sinks.append(TimelineSink(stem, stem.name, video=video, origin=begin, note=note))
        for sink in sinks[1:]:
            self.files += sink.paths
        return sinks

    def _film_work(self, info: SourceInfo, decisions: Decisions | None, stack: ExitStack) -> FilmWork | None:
        """What takes pictures, if any are to be written."""
        if not (self._job.pictures or self._settings.clips):
            return None
        wanted = self._cuts(decisions, info) if self._settings.clips else []
        folder = self._journal.path / "film"
        film = FilmWork(self._job, self._settings, info, folder, wanted=wanted, decisions=decisions)
        stack.callback(self._take_over, film)
        return stack.enter_context(film)

    def _take_over(self, film: FilmWork) -> None:
        """What became of the pictures, once all are written."""
        self.notes += film.notes
        self.files += film.files

    def _cuts(self, decisions: Decisions | None, info: SourceInfo) -> list[Cut]:
        collector = SpanCollector()
        for result in self._results(decisions, info):
            collector.add(result)
        return cuts(collector.of_kind(*HAPPENINGS), collector.begin or 0.0, collector.end)

    def _meta(self, info: SourceInfo, facts: dict[str, Any]) -> dict[str, Any]:
        """What a reader of the results should know."""
        return {
            **facts,
            "meaning": LIVE if self._settings.live else LOOKS_AHEAD,
            "picture": {"width": info.width, "height": info.height, "fps": info.fps},
            "frames": self.summary.frames,
            "seconds": round(self.media_seconds, 6),
            "blurred": self._settings.blur is not None,
            "notes": self.notes,
            "files": [path.name for path in self.files if path.parent == self._job.data.parent],
            "seen": self.summary.to_dict(),
        }
