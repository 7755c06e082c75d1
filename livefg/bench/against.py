"""livefg beside MediaPipe on the same frames.

Two programs are compared by turns: a block of frames for the one, the same block for the other, in changing
order, so that whatever else the machine does meets both alike. Times of one run say little; their ratio does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from livefg.bench.scenes import endless_frames
from livefg.bench.spread import Spread
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, ImageArray

if TYPE_CHECKING:
    from livefg.perception.mediapipe_tasks import TaskResult

__all__ = ["Comparison", "Contestant", "Peer", "compare"]


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


def compare(
    source: str, settings: PipelineSettings, peer: Peer, rounds: int = 6, frames_a_round: int = 60
) -> Comparison:
    """Run livefg and MediaPipe over the same frames by turns; the first round warms up and is not counted.

    livefg runs frame after frame, as MediaPipe does, and with two frames in flight; the latter also with every frame
    computed (`--exact`) and with the lite networks, unless `settings` say so for all. `peer` must have been opened for
    as many hands and faces as `settings` ask for.
    """
    pictures = endless_frames(source)
    others = {"--exact": replace(settings, exact=True), "--lite": replace(settings, lite=True)}
    with ExitStack() as stack:

        def pipeline(chosen: PipelineSettings) -> Pipeline:
            return stack.enter_context(Pipeline(chosen))

        runners = {
            "livefg": _Runner(partial(_one_by_one, pipeline(settings))),
            "livefg, two frames in flight": _Runner(partial(_streamed, pipeline(settings))),
            **{
                f"livefg {name}, two frames in flight": _Runner(partial(_streamed, pipeline(other)))
                for name, other in others.items()
                if other != settings
            },
            f"MediaPipe {peer.version}": _Runner(partial(_mediapipe, peer, settings)),
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
