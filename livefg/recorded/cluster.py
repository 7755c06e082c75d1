"""The same jobs on the machines of a Ray cluster: https://docs.ray.io.

Ray finds the machines, starts processes on them, and takes up the work of a machine that goes away. Inputs and results
lie in folders that all machines reach under the same names; nothing of what is seen goes through Ray but the outcome
of each job. It needs the extra `ray`, on all machines.
"""

from __future__ import annotations

import io
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TextIO

import livefg
from livefg.batch import Batch, Outcome
from livefg.errors import LivefgError
from livefg.gallery import GalleryFile
from livefg.inference.network import NetworkReport
from livefg.jobs import BatchSettings, Job
from livefg.pipeline import PipelineSettings
from livefg.recorded.journal import Journal
from livefg.results import FrameResult
from livefg.sources import SourceInfo

__all__ = ["ADDRESS_VARIABLE", "require_ray", "run_on_ray"]

ADDRESS_VARIABLE = "RAY_ADDRESS"
_POLL_SECONDS = 0.5
_REPORT_SECONDS = 1.0
_CORES_A_JOB = 2
_LOST_MACHINES = 3
"""How many times Ray begins a job anew whose machine or process went away."""

Done = tuple[Outcome, tuple[NetworkReport, ...]]


def require_ray() -> Any:
    """The module `ray`. Raises LivefgError if it is not installed."""
    try:
        import ray  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise LivefgError("--engine ray needs Ray on all machines: pip install 'livefg[ray]'.") from None
    return ray


@dataclass(frozen=True, slots=True)
class _Order:
    """What a machine needs to know besides the job."""

    settings: BatchSettings
    pipeline: PipelineSettings
    version: str


def run_on_ray(
    jobs: Sequence[Job],
    settings: BatchSettings,
    pipeline: PipelineSettings,
    *,
    address: str | None = None,
    stopping: threading.Event,
    on_frames: Callable[[int], None] | None = None,
) -> Iterator[Done]:
    """Do jobs on a Ray cluster; gives each outcome, and where its networks ran, as it comes.

    `address` is that of the cluster (None: the one in RAY_ADDRESS, else this machine alone). A job whose machine is
    lost is begun elsewhere, where it goes on from what is on the shared disk; one that failed is tried once more on
    another machine, if there is one. Once `stopping` is set, jobs under way stop at the next frame and the others are
    not begun. `on_frames` is told now and then how many frames all of them have done. Raises LivefgError if Ray is
    not installed or the cluster cannot be reached.
    """
    ray = require_ray()
    address = address or os.environ.get(ADDRESS_VARIABLE)
    jobs = [_absolute(job) for job in jobs]
    order = _order(replace(settings, out=settings.out.resolve(), resume=True), pipeline)
    Batch(order.settings, order.pipeline)  # what is wrong with the settings is told once, and here
    _discard_older_runs(jobs, settings)
    output, joined = sys.stdout, False
    sys.stdout = _OwnOutput(output)
    try:
        joined = _join(ray, address)
        yield from _Run(ray, order).outcomes(jobs, stopping, on_frames)
    finally:
        if joined:
            with redirect_stdout(sys.stderr):  # at the end, Ray says in this thread what it had held back
                ray.shutdown()
        sys.stdout = output


class _OwnOutput(io.TextIOBase):
    """Standard output without what Ray's threads say of lost machines: that goes to standard error."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def write(self, text: str) -> int:
        """Write to where the thread belongs."""
        rays = threading.current_thread().name.startswith("ray")
        return (sys.stderr if rays else self._output).write(text)

    def flush(self) -> None:
        """Hand over what was written."""
        self._output.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)


def _discard_older_runs(jobs: Sequence[Job], settings: BatchSettings) -> None:
    """Every machine resumes what it finds, since it may be the second to have a job: so nothing older may lie there."""
    if not settings.resume:
        for job in jobs:
            Journal(job.unfinished, raw=True).remove()


def _join(ray: Any, address: str | None) -> bool:
    """Join the cluster, or start one of this machine alone; returns whether it must be left again."""
    if ray.is_initialized():
        return False
    # Ray tells its makers how it is used unless this is set where a cluster is started.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"address": address} if address else {"include_dashboard": False}
    try:
        ray.init(**options, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        raise LivefgError(
            f"The Ray cluster {address or 'on this machine'} cannot be reached: {reason}."
        ) from None
    return True


def _absolute(job: Job) -> Job:
    """The same job with names that hold from any folder."""
    local = "://" not in job.source and job.source != "demo"
    return replace(
        job,
        source=str(Path(job.source).resolve()) if local else job.source,
        data=job.data.resolve(),
        pictures=job.pictures.resolve() if job.pictures else None,
    )


def _order(settings: BatchSettings, pipeline: PipelineSettings) -> _Order:
    """With the people of this machine by name: a machine that cannot see their file must not call them unknown."""
    gallery = GalleryFile(pipeline.gallery)
    if pipeline.identity and gallery.path.exists():
        pipeline = replace(pipeline, gallery=gallery.path.resolve())
    return _Order(settings, pipeline, livefg.__version__)


class _Run:
    """One run of jobs on a cluster that was joined."""

    def __init__(self, ray: Any, order: _Order) -> None:
        self._ray = ray
        cores = min(order.pipeline.workers or _CORES_A_JOB, max(1, self._most("CPU")))
        gpus = int("cuda" in order.pipeline.device or "tensorrt" in order.pipeline.device)
        if gpus > self._most("GPU"):
            raise LivefgError(
                f"No machine of the Ray cluster has a GPU, but --device {order.pipeline.device} asks for one."
            )
        self._order = ray.put(replace(order, pipeline=replace(order.pipeline, workers=cores)))
        # Here, where it lasts as long as the run: any other machine may go away.
        here = self._on(ray.get_runtime_context().get_node_id(), soft=False)
        self._control = ray.remote(num_cpus=0, scheduling_strategy=here)(_Control).remote()
        self._task = ray.remote(num_cpus=cores, num_gpus=gpus, max_retries=_LOST_MACHINES)(_work)

    def outcomes(
        self, jobs: Sequence[Job], stopping: threading.Event, on_frames: Callable[[int], None] | None
    ) -> Iterator[Done]:
        """The outcomes as they come."""
        ray, told = self._ray, False
        running = {self._begin(job): (job, True) for job in jobs}
        while running:
            if stopping.is_set() and not told:
                ray.get(self._control.stop.remote())  # those that have not begun end as soon as they do
                told = True
            ready, _ = ray.wait(list(running), timeout=_POLL_SECONDS)
            if on_frames:
                on_frames(ray.get(self._control.frames_done.remote()))
            for one in ready:
                job, may_try_again = running.pop(one)
                outcome, reports, machine = self._result(one, job)
                other = self._other_machine(machine) if may_try_again and not told else None
                if outcome.status == "failed" and other:
                    running[self._begin(job, other)] = (job, False)
                elif not (told and not outcome.seconds):
                    yield outcome, reports

    def _begin(self, job: Job, machine: str | None = None) -> Any:
        """Give a job to the cluster, to `machine` by its id if that has room."""
        strategy = self._on(machine, soft=True) if machine else "SPREAD"
        return self._task.options(scheduling_strategy=strategy).remote(self._order, job, self._control)

    def _on(self, machine: str, *, soft: bool) -> Any:
        """The wish to run on the machine with this id, if it has room (`soft`) or not at all."""
        strategies = self._ray.util.scheduling_strategies
        return strategies.NodeAffinitySchedulingStrategy(machine, soft=soft)

    def _result(self, done: Any, job: Job) -> tuple[Outcome, tuple[NetworkReport, ...], str]:
        try:
            outcome, reports, machine = self._ray.get(done)
        except self._ray.exceptions.RayError as error:
            sentence = (
                f"{job.source}: the machine that worked on it was lost, and so were those that took it up"
                f" ({type(error).__name__}); the same command with --resume goes on."
            )
            return Outcome(job.source, "failed", error=sentence), (), ""
        return outcome, reports, machine

    def _other_machine(self, machine: str) -> str | None:
        """A machine that is there, but is not this one."""
        others = (node["NodeID"] for node in self._ray.nodes() if node["Alive"])
        return next((other for other in others if machine and other != machine), None)

    def _most(self, resource: str) -> int:
        """The most that one machine has of a resource."""
        nodes = (node for node in self._ray.nodes() if node["Alive"])
        return int(max((node["Resources"].get(resource, 0) for node in nodes), default=0))


class _Control:
    """What all machines tell, and what they are told: an actor of the cluster."""

    def __init__(self) -> None:
        self._frames = 0
        self._stopped = False

    def report(self, frames: int) -> bool:
        """So many more frames are done; returns whether to stop."""
        self._frames += frames
        return self._stopped

    def frames_done(self) -> int:
        """How many frames are done by now."""
        return self._frames

    def stop(self) -> None:
        """Let all jobs end at their next frame."""
        self._stopped = True


def _work(order: _Order, job: Job, control: Any) -> tuple[Outcome, tuple[NetworkReport, ...], str]:
    """Do a job on the machine that Ray chose."""
    ray = require_ray()
    machine = ray.get_runtime_context().get_node_id()
    problem = _obstacle(order)
    if problem:
        return Outcome(job.source, "failed", error=f"{job.source}: {problem}"), (), machine
    if ray.get(control.report.remote(0)):
        return Outcome(job.source, "stopped"), (), machine
    with _Reporter(ray, control) as reporter:
        try:
            with Batch(order.settings, order.pipeline, stopping=reporter.stopping) as batch:
                outcome = batch.run(job, on_start=reporter.start, on_result=reporter.count)
                return outcome, batch.reports, machine
        except LivefgError as error:
            return Outcome(job.source, "failed", error=f"{job.source}: {error}"), (), machine


def _obstacle(order: _Order) -> str | None:
    """Why this machine cannot do a job, in words; None if it can."""
    name = platform.node()
    if order.version != livefg.__version__:
        return f"{name} has livefg {livefg.__version__}, not {order.version}."
    gallery = order.pipeline.gallery
    if gallery and order.pipeline.identity and not gallery.exists():
        return f"{name} cannot see the enrolled people in {gallery}; that folder must be on a shared disk."
    return None


class _Reporter:
    """Tells the first machine once a second how far this one is, and is told when to stop."""

    def __init__(self, ray: Any, control: Any) -> None:
        self.stopping = threading.Event()
        self._ray = ray
        self._control = control
        self._frames = 0
        self._counts = True
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="livefg-report", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def start(self, info: SourceInfo, doing: str = "", done: int = 0) -> None:  # noqa: ARG002 - see OnStart
        """A pass begins."""
        self._counts = doing != "writing"  # every frame once, though it comes by twice

    def count(self, _: FrameResult) -> None:
        """One more frame is done."""
        self._frames += self._counts

    def _tell(self) -> None:
        told = 0
        while True:
            over = self._over.wait(_REPORT_SECONDS)
            frames = self._frames
            if self._ray.get(self._control.report.remote(frames - told)):
                self.stopping.set()
            told = frames
            if over:
                return
