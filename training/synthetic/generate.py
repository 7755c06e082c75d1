"""Makes the data set's shards, in this process or in several, with a progress bar; finished ones are kept."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

import cv2
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from livefg.pipeline import Pipeline, PipelineSettings
from training.synthetic.perceive import perceived
from training.synthetic.scene import sample
from training.synthetic.shards import Shard, read_arrays, shards, write_arrays, write_pictures

__all__ = ["generate"]


def generate(
    folder: Path, per_class: int, seed: int, jobs: int, console: Console | None = None
) -> list[Shard]:
    """Render a data set into `folder` and run perception over it, `jobs` processes side by side.

    Returns its shards. What an earlier run has finished is not made again. Raises LivefgError if a file in the
    folder is damaged, or if a network is missing.
    """
    wanted = shards(per_class, seed)
    total = sum(shard.stop - shard.start for shard in wanted)
    missing = [shard for shard in wanted if not shard.landmarks(folder).exists()]
    done = total - sum(shard.stop - shard.start for shard in missing)
    columns = (
        TextColumn("rendering and perceiving"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[current]}"),
    )
    with Progress(*columns, console=console or Console(stderr=True)) as progress:
        task = progress.add_task("", total=total, completed=done, current="")
        for shard in _made(missing, folder, jobs, lambda: progress.advance(task)):
            progress.update(task, current=shard.name)
            if jobs > 1:
                progress.advance(task, shard.stop - shard.start)
    return wanted


def _made(missing: list[Shard], folder: Path, jobs: int, tick: Callable[[], None]) -> Iterator[Shard]:
    """The shards as they get finished; `tick` is called for each sample if there is one process only."""
    if jobs == 1:
        for shard in missing:
            _make(shard, folder, tick)
            yield shard
        return
    # Processes that share nothing: threads of OpenCV and ONNX Runtime do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_quiet) as pool:
        futures = {pool.submit(_make, shard, folder): shard for shard in missing}
        try:
            for future in as_completed(futures):
                future.result()
                yield futures[future]
        finally:
            # After Ctrl-C or an error only the shards that are being made are waited for.
            for future in futures:
                future.cancel()


def _make(shard: Shard, folder: Path, tick: Callable[[], None] = lambda: None) -> None:
    """Render a shard unless that is done, then run perception over it."""
    cv2.setNumThreads(1)
    pictures = shard.pictures(folder)
    if not pictures.exists():
        write_pictures(
            pictures, (sample(shard.label, index, shard.seed) for index in range(shard.start, shard.stop))
        )
    write_arrays(shard.landmarks(folder), perceived(read_arrays(pictures), _pipeline(), tick))


def _quiet() -> None:
    """Leave the terminal's Ctrl-C to the first process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@cache
def _pipeline() -> Pipeline:
    return Pipeline(PipelineSettings(hands=1, faces=0, gestures=False, smooth=False, workers=1, device="cpu"))
