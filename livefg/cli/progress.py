"""How far a long run is: a bar on a terminal, a plain line now and then elsewhere. Both on stderr."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import click

if TYPE_CHECKING:
    from livefg.results import FrameResult
    from livefg.sources import SourceInfo

__all__ = ["Progress", "progress"]

_LINE_SECONDS = 10.0


class Progress(AbstractContextManager["Progress"], Protocol):
    """What the commands tell of a run, and where its sentences go meanwhile."""

    def next_input(self, number: int, inputs: int, before: float = 0.0, share: float = 1.0) -> None:
        """The `number`-th of so many inputs comes now: parts 0..1 of all the work lie before it and in it."""

    def finished(self, share: float) -> None:
        """An input that was worked on beside others is finished; it was this part 0..1 of all the work."""

    def start(self, info: SourceInfo, doing: str = "", done: int = 0) -> None:
        """A pass over an input begins; `done` frames of it were done by an earlier run."""

    def advance(self, result: FrameResult) -> None:
        """One more frame is done."""

    def count(self, frames: int) -> None:
        """So many frames are done of all inputs, which are worked on at the same time."""

    def tell(self, sentence: str) -> None:
        """Say something on stderr without disturbing the bar."""

    def result(self, line: str) -> None:
        """Print a line of the result on stdout without disturbing the bar."""


def progress() -> Progress:
    """The kind that suits where stderr goes."""
    return _Bar() if sys.stderr.isatty() else _Lines()


_LOOKING = 0.68
"""The part of a film's work that is done once it was looked at."""
_SETTLED = 0.005
"""The part of all the work that must be done before the rest can be told."""


class _Together:
    """The frames of all inputs, and the work as a whole, against the clock."""

    def __init__(self) -> None:
        self.done = 0.0
        self._begun = time.perf_counter()
        self._first: float | None = None

    def line(self, frames: int) -> str:
        """Frames, frames a second, and what is left, of inputs that are worked on at the same time."""
        speed = frames / max(1e-9, time.perf_counter() - self._begun)
        return f"{frames} frames, {speed:.1f} frames/s{self.rest()}"

    def rest(self) -> str:
        """Such as `, 1:10:00 left for all`, by the share of all the work that was done; empty at the beginning."""
        if self._first is None:
            self._first = self.done  # what an earlier run did says nothing of this one's speed
        progress = self.done - self._first
        if progress < _SETTLED:
            return ""
        seconds = (time.perf_counter() - self._begun) * max(0.0, 1 - self.done) / progress
        return f", {_clock(seconds)} left for all"


class _Inputs:
    """Which of several inputs is being worked on, and how far all of them are."""

    def __init__(self) -> None:
        self.together = _Together()
        self.place = ""
        self._before, self._share = 0.0, 1.0
        self._many = False

    def next(self, number: int, inputs: int, before: float, share: float) -> None:
        self._many = inputs > 1
        self.place = f"[{number} of {inputs}] " if self._many else ""
        self._before, self._share = before, share
        self.together.done = before

    def rest(self, pace: _Pace) -> str:
        """What is left of all inputs, if there are several."""
        part = pace.part
        if not self._many or part is None:
            return ""
        self.together.done = self._before + self._share * part
        return self.together.rest()


def _clock(seconds: float) -> str:
    """Such as 0:07, 12:34 or 1:02:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class _Pace:
    """Counts frames of one input against the clock."""

    def __init__(self, info: SourceInfo, place: str, doing: str, done: int) -> None:
        self.name = f"{place}{info.name}{', ' if doing else ''}{doing}"
        self._span = {"looking": (0.0, _LOOKING), "writing": (_LOOKING, 1.0)}.get(doing, (0.0, 1.0))
        self.done = done
        self.total = info.frame_count or (
            round(info.duration * info.fps) if info.duration and info.fps else None
        )
        self.frames = 0
        self._plays = info.kind in {"video", "demo"}
        self._first = self._media = 0.0
        self._begun = time.perf_counter()

    def count(self, result: FrameResult) -> None:
        self.frames += 1
        if not self.frames - 1:
            self._first = result.time
        self._media = result.time - self._first

    @property
    def fps(self) -> float:
        return self.frames / max(1e-9, time.perf_counter() - self._begun)

    @property
    def seconds_left(self) -> float | None:
        if not self.total or not self.frames:
            return None
        return max(0, self.total - self.done - self.frames) / self.fps

    @property
    def part(self) -> float | None:
        """How far this input is, 0..1; None where nobody knows."""
        if not self.total:
            return None
        begin, end = self._span
        return begin + (end - begin) * min(1.0, (self.done + self.frames) / self.total)

    @property
    def speed(self) -> str:
        """Frames a second and, for films, how many times as fast as they play."""
        times = self._media / max(1e-9, time.perf_counter() - self._begun)
        return f"{self.fps:.1f} frames/s" + (f", {times:.1f} x real time" if self._plays else "")


class _Lines:
    """A plain line every ten seconds."""

    def __init__(self) -> None:
        self._pace: _Pace | None = None
        self._next = 0.0
        self._inputs = _Inputs()

    def next_input(self, number: int, inputs: int, before: float = 0.0, share: float = 1.0) -> None:
        self._inputs.next(number, inputs, before, share)

    def finished(self, share: float) -> None:
        self._inputs.together.done += share

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def start(self, info: SourceInfo, doing: str = "", done: int = 0) -> None:
        self._pace = _Pace(info, self._inputs.place, doing, done)
        self._next = time.perf_counter() + _LINE_SECONDS

    def advance(self, result: FrameResult) -> None:
        if self._pace is None:
            return
        self._pace.count(result)
        if time.perf_counter() >= self._next:
            self._next += _LINE_SECONDS
            self.tell(self._line(self._pace) + self._inputs.rest(self._pace))

    def count(self, frames: int) -> None:
        if time.perf_counter() >= self._next:
            self._next = time.perf_counter() + _LINE_SECONDS
            if frames:
                self.tell(f"all together: {self._inputs.together.line(frames)}")

    def tell(self, sentence: str) -> None:
        click.echo(sentence, err=True)

    def result(self, line: str) -> None:
        click.echo(line)

    @staticmethod
    def _line(pace: _Pace) -> str:
        of_total = f" of {pace.total}" if pace.total else ""
        left = pace.seconds_left
        rest = "" if left is None else f", {_clock(left)} left"
        return f"{pace.name}: {pace.done + pace.frames}{of_total} frames, {pace.speed}{rest}"


class _Bar:
    """A bar that rich keeps at the bottom of the terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f} frames, {task.fields[speed]}", markup=False),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._task: TaskID | None = None
        self._pace: _Pace | None = None
        self._inputs = _Inputs()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def next_input(self, number: int, inputs: int, before: float = 0.0, share: float = 1.0) -> None:
        self._inputs.next(number, inputs, before, share)

    def finished(self, share: float) -> None:
        self._inputs.together.done += share

    def start(self, info: SourceInfo, doing: str = "", done: int = 0) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        short = replace(info, name=Path(info.name).name)
        self._pace = _Pace(short, self._inputs.place, doing, done)
        self._task = self._progress.add_task(
            self._pace.name, total=self._pace.total, completed=done, speed=""
        )

    def advance(self, result: FrameResult) -> None:
        if self._pace is None or self._task is None:
            return
        self._pace.count(result)
        self._progress.update(
            self._task,
            completed=self._pace.done + self._pace.frames,
            speed=self._pace.speed + self._inputs.rest(self._pace),
        )

    def count(self, frames: int) -> None:
        if self._task is None:
            self._task = self._progress.add_task("all together", total=None, speed="")
        speed = self._inputs.together.line(frames).partition(", ")[2]
        self._progress.update(self._task, completed=frames, speed=speed)

    def tell(self, sentence: str) -> None:
        self._progress.console.print(sentence, markup=False, soft_wrap=True)

    def result(self, line: str) -> None:
        if sys.stdout.isatty():
            self.tell(line)  # the same terminal, where the bar must make room
        else:
            click.echo(line)
