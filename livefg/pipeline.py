"""The order of the stages for one frame: perceive, recognise. Everything that looks at pictures runs this."""

from __future__ import annotations

import itertools
import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol, Self, TypeVar

import cv2

from livefg.errors import LivefgError
from livefg.inference.network import NetworkReport
from livefg.perception.onnx_backend import OnnxPerception
from livefg.pipeline_settings import Backend, PipelineSettings
from livefg.recognition.decisions import Decider
from livefg.recognition.expression import ExpressionRecognizer
from livefg.recognition.face_state import FaceStates
from livefg.recognition.gesture_reload import log_notice
from livefg.recognition.liveness import Liveness
from livefg.recognition.loading import identifier_for, loading_expressions, loading_motions
from livefg.recognition.motion import MotionRecognizer
from livefg.recognition.rules import RuleWatch
from livefg.results import Face, Frame, FrameResult, Hand, Label
from livefg.threads import usual_threads, waiting_threads
from livefg.workers import Chain, WorkerPool, timed

__all__ = ["Backend", "Looks", "Pipeline", "PipelineSettings"]

Answer = TypeVar("Answer")
Looks = tuple[list[Hand | None], list[Face | None]]

_SWITCH_SECONDS = 0.0005
_numbers = itertools.count()
_IN_FLIGHT = 2
_TOGETHER = 8
"""Frames of a recording that an accelerator searches in one batch."""


class Perception(Protocol):
    """Finds faces and hands: as chains for a worker pool, one lane for each kind."""

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs."""
        ...

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that scores by label mean."""
        ...

    def lanes(self, frame: Frame) -> Mapping[str, Chain[Any]]:
        """The chains to run for a frame: `hands` gives a tuple of Hand, `faces` a tuple of Face."""
        ...

    def naming(self, hands: tuple[Hand, ...], frame: Frame) -> Chain[tuple[Hand, ...]]:
        """The hands of a frame with their gestures, while the next frame's chains run."""
        ...

    def took(self, seconds: float) -> None:
        """Note how long a frame with hands took, while no chain runs."""
        ...

    def reset(self) -> None:
        """Forget everything seen so far."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class FaceStage(Protocol):
    """Says more about the faces that were found in a frame."""

    def steps(self, frame: Frame, faces: tuple[Face, ...]) -> Chain[tuple[Face, ...]]:
        """The same faces with what the stage knows of them."""
        ...


class Pipeline:
    """Turns frames into results. Use as a context manager, or call `close` when done.

    Frames of one source must come in the order of their times; call `reset` before another source or picture. It
    may be used from one thread at a time. `on_notice` is told, from another thread, when the gesture classifier is
    replaced or refused, or a changed file of enrolled people is refused. Raises LivefgError if a network is missing,
    damaged, or cannot run on the device that was asked for, or the enrolled people cannot be read.
    """

    def __init__(
        self,
        settings: PipelineSettings | None = None,
        on_notice: Callable[[str], None] = log_notice,
        beside: Pipeline | None = None,
    ) -> None:
        """`beside` is a pipeline whose worker threads this one shares; it must be closed after this one."""
        self.settings = settings or PipelineSettings()
        self._identifier = identifier_for(self.settings, on_notice)
        expressions = loading_expressions(self.settings)
        motions = loading_motions(self.settings)
        self._perception: Perception
        if self.settings.backend == "mediapipe":
            if self.settings.gesture_model:
                raise LivefgError(
                    "The backend mediapipe brings its own gestures; leave out --gesture-model or it."
                )
            from livefg.perception.mediapipe_backend import MediaPipePerception  # noqa: PLC0415 - an optional extra

            self._perception = MediaPipePerception(self.settings)
        else:
            self._perception = OnnxPerception(self.settings, self._identifier, on_notice)
        if self._identifier:
            self._identifier.wait()
        self._expressions = (
            ExpressionRecognizer(
                expressions.result(), tracked=self.settings.follows, sparing=self.settings.lite
            )
            if expressions
            else None
        )
        self._states = FaceStates(tracked=self.settings.follows) if self.settings.blendshapes else None
        self._motions = motions.result() if motions else None
        self._liveness = Liveness() if self.settings.liveness and self.settings.follows else None
        decides = self.settings.follows and self.settings.decide
        self._rules = RuleWatch(self.settings.rules) if decides and self.settings.rules else None
        self._decider = Decider(self.settings.decisions, self._perception.answer) if decides else None
        self._lane = f"{next(_numbers)} "
        self._borrows = beside is not None
        _share_cores_well()
        self._pool: WorkerPool = (
            beside._pool if beside else WorkerPool(self.settings.workers or self._threads())
        )
        self._pool.shared = self._borrows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs, and how fast it was when it was warmed up."""
        stages = (self._perception, self._identifier, self._expressions, self._motions)
        return tuple(report for stage in stages if stage for report in stage.reports)

    def wait(self) -> None:
        """Wait until all networks are loaded, those that may be needed later as well.

        Otherwise such a one loads beside the frames that need it first, and they go without it. Raises LivefgError if
        one cannot be loaded.
        """
        if self._identifier:
            self._identifier.wait(may_be_needed=True)

    def process(self, frame: Frame) -> FrameResult:
        """What is seen in one frame."""
        result = self._decided(self._begin(frame, here=True))
        if result.hands:
            self._perception.took(result.seconds["total"])
        return result

    def stream(
        self,
        frames: Iterable[Frame],
        without: Callable[[Frame], Collection[str]] = lambda _: (),
        in_flight: int = _IN_FLIGHT,
    ) -> Iterator[tuple[Frame, FrameResult]]:
        """The same results as `process`, frame by frame, with the next frame's work begun before this one's ends.

        `without` may name what is not to be looked at in a frame: `hands`, `faces`. `in_flight` frames are worked on
        side by side: two keep the cores busy if every frame is looked at.
        """
        pending: deque[_Pending] = deque()
        for frame in self._searched_ahead(frames):
            pending.append(self._begin(frame, without(frame)))
            if len(pending) >= in_flight:
                first = pending.popleft()
                yield first.frame, self._decided(first)
        for last in pending:
            yield last.frame, self._decided(last)

    def look_again(self, frame: Frame, hands: Sequence[Hand], faces: Sequence[Face]) -> Future[Looks]:
        """Begin to look where these hands and faces should be in a frame, without following them from there on.

        They must have raw landmarks. The future has each of them, in order, as it is seen now, or None where it is
        not. Raises LivefgError where the backend cannot do that.
        """
        if not isinstance(self._perception, OnnxPerception):
            raise LivefgError("MediaPipe cannot look at a frame without following what it sees.")
        # What one look finds does not depend on another: where it pays, several frames are looked at together.
        lane = next(_numbers) % _TOGETHER if self._perception.gathers else 0
        return self._pool.start(self._perception.look_again(frame, hands, faces), f"between {lane}")

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that scores by label (probabilities 0..1) mean to the network that gave them."""
        return self._perception.answer(scores)

    @property
    def motions(self) -> MotionRecognizer | None:
        """What recognises motions; where `decide` is off, it is for those who decide in hindsight."""
        return self._motions

    def reset(self) -> None:
        """Forget everything seen so far: the next frame has nothing to do with the last one."""
        self._perception.reset()
        if self._identifier:
            self._identifier.reset()
        if self._expressions:
            self._expressions.reset()
        for stage in (self._states, self._motions, self._decider, self._rules):
            if stage:
                stage.reset()
        if self._liveness:
            self._liveness.reset()

    def close(self) -> None:
        """Stop the worker threads and give back the networks; calling it again does nothing."""
        if not self._borrows:
            self._pool.close()
        self._perception.close()

    def _threads(self) -> int:
        gathers = isinstance(self._perception, OnnxPerception) and self._perception.gathers
        return waiting_threads() if gathers else usual_threads()

    def _searched_ahead(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames; on an accelerator, some are read and searched together before their turn."""
        if not (isinstance(self._perception, OnnxPerception) and self._perception.gathers):
            yield from frames
            return
        coming = iter(frames)
        before: list[Frame] = []
        while together := list(islice(coming, _TOGETHER)):
            self._pool.start(self._perception.look_ahead(together), self._lane + "ahead")
            yield from before
            before = together
        yield from before

    def _decided(self, pending: _Pending) -> FrameResult:
        seconds = pending.seconds
        hands = pending.hands()
        if hands:
            chain = timed(self._perception.naming(hands, pending.frame), "gestures", seconds)
            hands = self._pool.start(chain, self._lane + "gestures", here=True).result()
        result = pending.result(hands)
        if self._states:
            result = self._states(result)
        if self._liveness:
            result = replace(result, events=(*result.events, *self._liveness(result)))
        if self._motions and self.settings.decide:
            begun = time.perf_counter()
            result = self._motions(result, pending.frame.mirrored)
            seconds["motions"] = time.perf_counter() - begun
        if self._decider:
            result = self._decider(result)
        if self._rules:
            result = self._rules(result)
        seconds["total"] = time.perf_counter() - pending.begun
        return result

    def _begin(self, frame: Frame, without: Collection[str] = (), here: bool = False) -> _Pending:
        """Begin to look at a frame; `here` does in this thread what else it would only wait for."""
        begun, seconds = time.perf_counter(), dict[str, float]()
        chains: dict[str, Chain[Any]] = {
            name: timed(chain, name, seconds)
            for name, chain in self._perception.lanes(frame).items()
            if name not in without
        }
        stages: tuple[tuple[str, FaceStage | None], ...] = (
            ("identity", self._identifier),
            ("expressions", self._expressions),
            ("liveness", self._liveness),
        )
        for name, stage in stages:
            if stage and "faces" in chains:
                chains["faces"] = _known_better(chains["faces"], stage, frame, name, seconds)
        mine = (
            next(iter(chains), "") if here else ""
        )  # the hands, which take longest and are waited for first
        lanes = {
            name: self._pool.start(chain, self._lane + name) for name, chain in chains.items() if name != mine
        }
        if mine:
            lanes[mine] = self._pool.start(chains[mine], self._lane + mine, here=True)
        return _Pending(frame, lanes, seconds, begun)


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """A frame whose chains are running."""

    frame: Frame
    lanes: Mapping[str, Future[Any]]
    seconds: dict[str, float]
    begun: float

    def hands(self) -> tuple[Hand, ...]:
        """Wait for the hands, which have no gestures yet."""
        return self.lanes["hands"].result() if "hands" in self.lanes else ()

    def result(self, hands: tuple[Hand, ...]) -> FrameResult:
        """Wait for the faces, and put them and the hands with their gestures together."""
        faces: tuple[Face, ...] = self.lanes["faces"].result() if "faces" in self.lanes else ()
        return FrameResult(
            source=self.frame.source,
            frame=self.frame.index,
            time=self.frame.time,
            width=self.frame.width,
            height=self.frame.height,
            faces=faces,
            hands=hands,
            seconds=self.seconds,
        )


def _share_cores_well() -> None:
    """Settings of the process that suit a few threads which come back from a network every few milliseconds."""
    # The workers keep the cores busy: OpenCV's own threads would wait for one, spinning (a tenth of all time).
    cv2.setNumThreads(1)
    # A thread that comes back must not wait 5 ms for one that computes in Python: that made every frame 5 % later.
    sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))


def _known_better(
    faces: Chain[tuple[Face, ...]], stage: FaceStage, frame: Frame, name: str, seconds: dict[str, float]
) -> Chain[tuple[Face, ...]]:
    """The chain that finds faces, and then lets a stage say more about them."""
    found = yield from faces
    return (yield from timed(stage.steps(frame, found), name, seconds))
