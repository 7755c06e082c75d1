"""How training shows itself in a terminal: the step, how far it is, and the time left."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from training.fit import Epoch

__all__ = ["TrainingProgress"]


class TrainingProgress:
    """A line with the step, a bar and the time left, on stderr; plain lines where that is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}"),
            console=self._console,
            transient=True,
        )
        self._task = self._bars.add_task("", total=None, detail="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def step(self, sentence: str) -> None:
        """A new step begins."""
        if not self._console.is_terminal:
            self._console.print(sentence, highlight=False)
        self._bars.reset(self._task, total=None, description=sentence, detail="")

    def gathering(self, source: str, done: int, total: int) -> None:
        """So many items of a source have been read."""
        self._bars.update(self._task, completed=done, total=total, detail=source)

    def advance(self, done: int, total: int, detail: str = "") -> None:
        """So much of the step is done."""
        self._bars.update(self._task, completed=done, total=total, detail=detail)

    def epoch(self, epoch: Epoch, total: int) -> None:
        """An epoch has ended."""
        self._bars.update(
            self._task, completed=epoch.number + 1, total=total, detail=f"loss {epoch.training_loss:.3f}"
        )
