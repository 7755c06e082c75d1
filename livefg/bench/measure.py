"""One workload, measured: every stage, every network, the whole, and the same paced like a camera."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from livefg.bench.scenes import Scene, frames_of
from livefg.bench.spread import Spread
from livefg.inference.network import observed
from livefg.loop import FrameProcessor, LiveLoop
from livefg.overlay import Overlay, Trail
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, FrameResult
from livefg.sinks.video import VideoSink
from livefg.sources import Source, open_source

__all__ = ["Live", "Measurement", "NetworkUse", "measure", "measure_live", "one_by_one"]

_WARM_UP_FRAMES = 30
_STREAM_FRAMES = 120
_STREAM_BYTES = 1 << 29  # frames are decoded before: so much memory for them at most
_BLOCK_FRAMES, _BLOCK_BYTES = 30, 1 << 26
_SETTLE_SECONDS = 0.03  # in which a decoder's threads end what they have begun ahead
_DRAWN_FRAMES = 60
_MEBIBYTE = 1 << 20
_LAST_STAGES = ("total", "overlay", "encode")


@dataclass(frozen=True, slots=True)
class NetworkUse:
    """How a network was used: where it runs, runs a frame, milliseconds a run and (on all frames' average) a frame."""

    name: str
    device: str
    runs: float
    run_ms: float
    frame_ms: float
    warmup_ms: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What `measure` found in one workload, flat out.

    `faces` and `hands` are how many were seen on average. `stages` are times a frame: `decode` (where nothing but
    that is done to get a frame), what the work of each
    of the pipeline's stages adds up to on whichever thread, `total` from a frame's arrival to its result, `overlay`
    and `encode`. `networks` are the stages' own parts. `fps` is with one frame after the other, `stream_fps` with the
    next begun before the last has ended, as recorded videos are processed. `cpu_ms` is what the pipeline costs a frame
    on all cores together and `overhead` the share of it that is spent outside the networks (None where those run
    elsewhere). `start_seconds` is from creating the pipeline to its first result, `memory_mib` the resident memory.
    """

    name: str
    width: int
    height: int
    frames: int
    faces: float
    hands: float
    stages: Mapping[str, Spread]
    networks: Sequence[NetworkUse]
    fps: float
    stream_fps: float
    cpu_ms: float
    overhead: float | None
    start_seconds: float
    memory_mib: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Live:
    """What `measure_live` found: sources paced like cameras, every result drawn, for some seconds.

    Ages are from the grab of a frame to the end of drawing its result. `cpu_percent` is of all cores together.
    """

    sources: int
    seconds: float
    fps: float
    age_p50_ms: float
    age_p95_ms: float
    captured: int
    dropped: int
    cpu_percent: float
    cores: int
    memory_mib: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)


def measure(
    source: str,
    settings: PipelineSettings,
    frames: int = 300,
    size: tuple[int, int] | None = None,
    scene: Scene | None = None,
) -> Measurement:
    """Run the pipeline over `frames` frames of a recorded source, again from its start where it is too short.

    `size` (width, height) shrinks or enlarges them; a `scene` takes their place. Raises LivefgError if the source
    cannot be opened or is not a recording.
    """
    pictures = frames_of(source, size, scene)
    first = next(pictures)
    started = time.perf_counter()
    with Pipeline(settings) as pipeline:
        pipeline.process(first)
        start_seconds = time.perf_counter() - started
        for frame in islice(pictures, _WARM_UP_FRAMES):
            pipeline.process(frame)
        stages: dict[str, list[float]] = defaultdict(list)
        with _networks_watched() as use:
            results, cpu = one_by_one(pipeline, pictures, frames, stages)
        if size or scene:
            del stages["decode"]
        stages |= _drawn(pipeline, islice(pictures, min(frames, _DRAWN_FRAMES)))
        memory = psutil.Process().memory_info().rss
        ahead = list(
            islice(pictures, max(2, min(frames, _STREAM_FRAMES, _STREAM_BYTES // first.image.nbytes)))
        )
        begun = time.perf_counter()
        for _ in pipeline.stream(ahead):
            pass
        stream_seconds = time.perf_counter() - begun
        reports = {report.name: report for report in pipeline.reports}
        busy = sum(cpu_seconds for _, _, cpu_seconds in use.values())
        on_cpu = all(report.device == "cpu" for report in reports.values())
        return Measurement(
            name=str(scene) if scene else f"{first.source} {first.width}x{first.height}",
            width=first.width,
            height=first.height,
            frames=frames,
            faces=round(sum(len(result.faces) for result in results) / frames, 2),
            hands=round(sum(len(result.hands) for result in results) / frames, 2),
            stages={name: Spread.of(stages[name]) for name in _in_order(stages)},
            networks=[
                NetworkUse(
                    name,
                    reports[name].device,
                    round(runs / frames, 3),
                    round(seconds / runs * 1000, 3),
                    round(seconds / frames * 1000, 3),
                    round(reports[name].load_ms + reports[name].warmup_ms, 1),
                )
                for name, (runs, seconds, _) in sorted(use.items(), key=lambda item: -item[1][1])
                if name in reports
            ],
            fps=round(frames / sum(stages["total"]), 1),
            stream_fps=round(len(ahead) / stream_seconds, 1),
            cpu_ms=round(cpu / frames * 1000, 3),
            overhead=round(1 - busy / cpu, 3) if on_cpu and cpu else None,
            start_seconds=round(start_seconds, 3),
            memory_mib=memory // _MEBIBYTE,
        )


def _in_order(stages: Collection[str]) -> list[str]:
    """The stages that make up the total, the total, and what comes after it."""
    return [name for name in stages if name not in _LAST_STAGES] + [n for n in _LAST_STAGES if n in stages]


def measure_live(
    sources: Sequence[str], settings: PipelineSettings, seconds: float, warm_up: float = 2.0
) -> Live:
    """Show recorded `sources` at their own pace, side by side in this process, drawing every result.

    The first `warm_up` seconds are not counted. Raises LivefgError as `measure` does.
    """
    opened = [open_source(source, live=True, loop=True) for source in sources]
    shared = Pipeline(settings)
    pipelines = [shared, *(Pipeline(settings, beside=shared) for _ in opened[1:])]
    shows = [_Show(source, pipeline) for source, pipeline in zip(opened, pipelines, strict=True)]
    try:
        for show in shows:
            show.start()
        time.sleep(warm_up)
        for show in shows:
            show.ages.clear()
        before, begun, cpu = (
            [show.loop.statistics() for show in shows],
            time.perf_counter(),
            time.process_time(),
        )
        time.sleep(seconds)
        wall, busy = time.perf_counter() - begun, time.process_time() - cpu
        after = [show.loop.statistics() for show in shows]
        memory = psutil.Process().memory_info().rss
    finally:
        for show in shows:
            show.close()
        for pipeline in reversed(pipelines):
            pipeline.close()
    ages = Spread.of([age for show in shows for age in show.ages] or [0.0])
    cores = psutil.cpu_count() or 1
    return Live(
        sources=len(shows),
        seconds=round(wall, 1),
        fps=round(sum(b.shown - a.shown for a, b in zip(before, after, strict=True)) / wall / len(shows), 1),
        age_p50_ms=ages.p50,
        age_p95_ms=ages.p95,
        captured=sum(b.captured - a.captured for a, b in zip(before, after, strict=True)),
        dropped=sum(b.dropped - a.dropped for a, b in zip(before, after, strict=True)),
        cpu_percent=round(busy / wall / cores * 100, 1),
        cores=cores,
        memory_mib=memory // _MEBIBYTE,
    )


class _Show:
    """A live loop whose results are drawn in a thread of its own, as in a window that nobody sees."""

    def __init__(self, source: Source, pipeline: Pipeline) -> None:
        self._source = source
        self.loop = LiveLoop(source, pipeline)
        self.ages: list[float] = []
        self._thread = threading.Thread(target=self._draw, name="livefg-bench", daemon=True)

    def start(self) -> None:
        self.loop.__enter__()
        self._thread.start()

    def close(self) -> None:
        self.loop.close()
        self._thread.join()
        self._source.close()

    def _draw(self) -> None:
        overlay, trail = Overlay(), Trail()
        for view in self.loop:
            overlay.compose(view.frame, view.to_draw, trail=trail)
            if view.fresh:
                self.ages.append(time.monotonic() - view.result.time)


def one_by_one(
    pipeline: FrameProcessor, pictures: Iterator[Frame], count: int, stages: dict[str, list[float]]
) -> tuple[list[FrameResult], float]:
    """The results of the next `count` pictures, and the seconds on all cores that the pipeline took.

    `stages` gets the seconds of each stage, and those in which a picture was decoded.
    """
    results: list[FrameResult] = []
    cpu, size = 0.0, 1
    while len(results) < count:
        block: list[Frame] = []
        while len(block) < min(size, count - len(results)):
            begun = time.perf_counter()
            block.append(next(pictures))
            stages["decode"].append(time.perf_counter() - begun)
        size = max(1, min(_BLOCK_FRAMES, _BLOCK_BYTES // block[0].image.nbytes))
        # A decoder works ahead in threads of its own: what they do is no part of what the pipeline costs.
        time.sleep(_SETTLE_SECONDS)
        busy = time.process_time()
        done = [pipeline.process(frame) for frame in block]
        cpu += time.process_time() - busy
        for result in done:
            for name, seconds in result.seconds.items():
                stages[name].append(seconds)
        results += done
    return results, cpu


def _drawn(pipeline: Pipeline, pictures: Iterator[Frame]) -> dict[str, list[float]]:
    """How long it takes to draw results on their frames, and to write these into a video file."""
    overlay, trail = Overlay(), Trail()
    seconds: dict[str, list[float]] = {"overlay": [], "encode": []}
    with (
        TemporaryDirectory(prefix="livefg-bench-") as folder,
        VideoSink(Path(folder) / "drawn.mp4") as video,
    ):
        for frame in pictures:
            result = pipeline.process(frame)
            begun = time.perf_counter()
            picture = overlay.compose(frame, result, trail=trail)
            drawn = time.perf_counter()
            video.write(replace(frame, image=picture), result)
            seconds["overlay"].append(drawn - begun)
            seconds["encode"].append(time.perf_counter() - drawn)
    return seconds


@contextmanager
def _networks_watched() -> Iterator[dict[str, tuple[int, float, float]]]:
    """Runs, seconds and seconds of the CPU by the name of each network that runs meanwhile."""
    use: dict[str, tuple[int, float, float]] = {}
    lock = threading.Lock()

    def count(name: str, seconds: float, cpu_seconds: float) -> None:
        with lock:
            runs, all_seconds, all_cpu = use.get(name, (0, 0.0, 0.0))
            use[name] = (runs + 1, all_seconds + seconds, all_cpu + cpu_seconds)

    with observed(count):
        yield use
