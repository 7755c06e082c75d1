"""How fast livefg is on this machine, stage by stage, and beside MediaPipe on the same frames.

Two programs are compared by turns: a block of frames for the one, the same block for the other, in changing
order, so that whatever else the machine does meets both alike. Times of one run say little; their ratio does.
"""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import psutil

from livefg import __version__
from livefg.errors import LivefgError
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, ImageArray
from livefg.sources import open_source

if TYPE_CHECKING:
    from livefg.perception.mediapipe_tasks import TaskResult

__all__ = ["Comparison", "Contestant", "Measurement", "Peer", "Spread", "compare", "measure", "surroundings"]

_WARM_UP_FRAMES = 30
_STREAM_FRAMES = 120
_MEBIBYTE = 1 << 20
_PACKAGES = ("numpy", "onnxruntime-gpu", "onnxruntime", "opencv-python", "av")


@dataclass(frozen=True, slots=True)
class Spread:
    """How a time spreads over `count` frames: mean and percentiles in milliseconds."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """The spread of times in seconds; at least one."""
        p50, p95, p99 = np.percentile(seconds, [50, 95, 99]) * 1000
        return cls(
            len(seconds),
            round(float(np.mean(seconds)) * 1000, 3),
            round(float(p50), 3),
            round(float(p95), 3),
            round(float(p99), 3),
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """What `measure` found.

    `stages` are times a frame by the pipeline's stages: what the work of a stage adds up to, on whichever
    thread;
    `total` is from a frame's arrival to its result. `fps` is with one frame after the other, `stream_fps`
    with the next begun before the last has ended, as recorded videos are processed. `start_seconds` is from
    creating the pipeline to its first result, `memory_mib` the resident memory after the last frame.
    """

    source: str
    width: int
    height: int
    stages: Mapping[str, Spread]
    fps: float
    stream_fps: float
    cpu_ms: float
    start_seconds: float
    memory_mib: int
    networks: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Contestant:
    """One program's times over the same frames as the other's.

    `every` counts all frames, `full` only those in which MediaPipe saw all the hands and faces that were
    asked for (None if there was none). `cpu_ms` is what a frame costs on all cores together.
    """

    name: str
    every: Spread
    full: Spread | None
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found: the contestants, livefg's ways first, MediaPipe last.

    `ratios` tells for each of livefg's ways how many times MediaPipe's frame rate it reaches, over all
    rounds, and `lowest` and `highest` of the single rounds.
    """

    source: str
    width: int
    height: int
    rounds: int
    frames_a_round: int
    mediapipe: str
    contestants: Sequence[Contestant]
    ratios: Mapping[str, Mapping[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return asdict(self)


class Peer(Protocol):
    """MediaPipe, as `MediaPipePeer` gives it."""

    @property
    def version(self) -> str:
        """MediaPipe's version."""
        ...

    def process(self, image: ImageArray, time_ms: int) -> TaskResult:
        """What MediaPipe finds in an RGB picture, and how long that took."""
        ...


def measure(source: str, settings: PipelineSettings, frames: int = 300) -> Measurement:
    """Run the pipeline over `frames` frames of a recorded source, again from its start where it is too short.

    Raises LivefgError if the source cannot be opened or is not a recording.
    """
    pictures = endless_frames(source)
    first = next(pictures)
    started = time.perf_counter()
    with Pipeline(settings) as pipeline:
        pipeline.process(first)
        start_seconds = time.perf_counter() - started
        for frame in islice(pictures, _WARM_UP_FRAMES):
            pipeline.process(frame)
        stages: dict[str, list[float]] = {}
        busy = 0.0
        for frame in islice(pictures, frames):
            before = time.process_time()
            result = pipeline.process(frame)
            busy += time.process_time() - before
            for name, seconds in result.seconds.items():
                stages.setdefault(name, []).append(seconds)
        memory = psutil.Process().memory_info().rss
        ahead = list(islice(pictures, min(frames, _STREAM_FRAMES)))
        begun = time.perf_counter()
        for _ in pipeline.stream(ahead):
            pass
        stream_seconds = time.perf_counter() - begun
        return Measurement(
            source=first.source,
            width=first.width,
            height=first.height,
            stages={name: Spread.of(seconds) for name, seconds in stages.items()},
            fps=round(frames / sum(stages["total"]), 1),
            stream_fps=round(len(ahead) / stream_seconds, 1),
            cpu_ms=round(busy / frames * 1000, 3),
            start_seconds=round(start_seconds, 3),
            memory_mib=memory // _MEBIBYTE,
            networks=[str(report) for report in pipeline.reports],
        )


def compare(
    source: str, settings: PipelineSettings, peer: Peer, rounds: int = 6, frames_a_round: int = 60
) -> Comparison:
    """Run livefg and MediaPipe over the same frames by turns; the first round warms up and is not counted.

    livefg runs twice: frame after frame, as MediaPipe does, and with two frames in flight. `peer` must have
    been opened for as many hands and faces as `settings` ask for.
    """
    pictures = endless_frames(source)
    with Pipeline(settings) as one_by_one, Pipeline(settings) as streaming:
        runners = {
            "livefg": _Runner(lambda frames: _one_by_one(one_by_one, frames)),
            "livefg, two frames in flight": _Runner(lambda frames: _streamed(streaming, frames)),
            f"MediaPipe {peer.version}": _Runner(lambda frames: _mediapipe(peer, settings, frames)),
        }
        order = list(runners.values())
        for turn in range(rounds + 1):
            block = list(islice(pictures, frames_a_round))
            for runner in order:
                runner.run(block, counted=turn > 0)
            order.append(order.pop(0))
    *ours, theirs = runners
    full = runners[theirs].full
    return Comparison(
        source=block[0].source,
        width=block[0].width,
        height=block[0].height,
        rounds=rounds,
        frames_a_round=frames_a_round,
        mediapipe=peer.version,
        contestants=[runner.contestant(name, full) for name, runner in runners.items()],
        ratios={name: _ratio(runners[name], runners[theirs]) for name in ours},
    )


@dataclass(frozen=True, slots=True)
class _Block:
    """The times of one block, in seconds a frame; `full` marks the frames with everyone in sight."""

    seconds: Sequence[float]
    cpu_seconds: float
    full: Sequence[bool] = ()


class _Runner:
    """One contestant, and the blocks it has run so far."""

    def __init__(self, run: Callable[[Sequence[Frame]], _Block]) -> None:
        self._run = run
        self.blocks: list[_Block] = []

    def run(self, frames: Sequence[Frame], counted: bool) -> None:
        """Process a block."""
        block = self._run(frames)
        if counted:
            self.blocks.append(block)

    @property
    def full(self) -> list[bool]:
        """Which of all counted frames had everyone in sight."""
        return [full for block in self.blocks for full in block.full]

    def contestant(self, name: str, full: Sequence[bool]) -> Contestant:
        """All blocks together."""
        seconds = [one for block in self.blocks for one in block.seconds]
        crowded = [one for one, everyone in zip(seconds, full, strict=True) if everyone]
        cpu = sum(block.cpu_seconds for block in self.blocks) / len(seconds)
        return Contestant(
            name, Spread.of(seconds), Spread.of(crowded) if crowded else None, round(cpu * 1000, 3)
        )


def _ratio(ours: _Runner, theirs: _Runner) -> dict[str, float]:
    def total(runner: _Runner) -> float:
        return sum(sum(block.seconds) for block in runner.blocks)

    single = [
        sum(their.seconds) / sum(our.seconds) for our, their in zip(ours.blocks, theirs.blocks, strict=True)
    ]
    return {
        "all": round(total(theirs) / total(ours), 3),
        "lowest": round(min(single), 3),
        "highest": round(max(single), 3),
    }


def _one_by_one(pipeline: Pipeline, frames: Sequence[Frame]) -> _Block:
    seconds = []
    busy = time.process_time()
    for frame in frames:
        begun = time.perf_counter()
        pipeline.process(frame)
        seconds.append(time.perf_counter() - begun)
    return _Block(seconds, time.process_time() - busy)


def _streamed(pipeline: Pipeline, frames: Sequence[Frame]) -> _Block:
    """The time from one result to the next."""
    seconds = []
    busy = time.process_time()
    last = time.perf_counter()
    for _ in pipeline.stream(frames):
        now = time.perf_counter()
        seconds.append(now - last)
        last = now
    return _Block(seconds, time.process_time() - busy)


def _mediapipe(peer: Peer, settings: PipelineSettings, frames: Sequence[Frame]) -> _Block:
    seconds, full, busy = [], [], 0.0
    for frame in frames:
        result = peer.process(frame.image, round(frame.time * 1000))
        seconds.append(result.hand_seconds + result.face_seconds)
        full.append(len(result.hands) == settings.hands and len(result.faces) == settings.faces)
        busy += result.cpu_seconds
    return _Block(seconds, busy, full)


def endless_frames(source: str) -> Iterator[Frame]:
    """The frames of a recorded source over and over, with times and indices that go on growing."""
    with open_source(source) as opened:
        if opened.info.live:
            raise LivefgError(
                f"{opened.info.name} is live; measure with a recorded video, so that runs compare."
            )
        index, offset = 0, 0.0
        while True:
            last = 0.0
            for frame in opened:
                last = frame.time
                yield replace(frame, index=index, time=offset + frame.time)
                index += 1
            offset += last + 1 / (opened.info.fps or 30)


def surroundings() -> dict[str, Any]:
    """What a figure means nothing without: machine, load, versions, commit, date."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "load": round(psutil.getloadavg()[0], 2),
        "memory_gib": round(psutil.virtual_memory().total / (_MEBIBYTE * 1024), 1),
        "python": platform.python_version(),
        "livefg": __version__,
        "commit": _commit(),
        "packages": _versions(),
    }


def _cpu_name() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _commit() -> str | None:
    """The commit of the source tree that livefg runs from, with a + if it was changed; None elsewhere."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        head, changes = (
            subprocess.run(
                ["git", "-C", root, *ask], capture_output=True, text=True, check=True
            ).stdout.strip()
            for ask in (
                ("rev-parse", "--short=12", "HEAD"),
                ("status", "--porcelain", "--", "livefg", "models"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+" if changes else head


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
