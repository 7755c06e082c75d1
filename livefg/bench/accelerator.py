"""What an accelerator is worth: `python -m livefg.bench.accelerator cuda --out docs/benchmarks`.

Runs the tests of the device, then measures each network beside the CPU, perception on frames that are decoded already,
and a 720p recording from file to files. Writes DATE-accelerator-DEVICE-MACHINE.json. A part that fails, or for which no
time is left, is named in it, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from livefg.batch import Batch, BatchSettings, plan
from livefg.bench.host import surroundings
from livefg.bench.measure import measure
from livefg.bench.scenes import endless_frames, fitted, frames_of
from livefg.errors import LivefgError
from livefg.inference import Manifest, Network
from livefg.inference.devices import obstacle, parse_device
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recorded.many import run_many
from livefg.results import Frame, FrameResult
from livefg.sinks.video import VideoSink

__all__ = ["main", "measure_accelerator"]

_ROOT = Path(__file__).resolve().parents[2]
_BATCHES = (1, 2, 4, 8)
_SIZE = (1280, 720)
_FPS = 30
_FIRST = 100  # of the demo clip: hands are in sight
_MOST_TOGETHER = 8
_POLL_SECONDS = 0.5
_SHARE = 1 / 16  # of the whole time: what one measurement may take, about
_TESTS_SHARE = 1 / 3
_FEWEST = 2 * _FPS  # frames: fewer say nothing
_ROUNDS, _ROUNDS_SECONDS = 20, 1.0
Tell = Callable[[str], None]


def measure_accelerator(
    device: str, seconds: int, minutes: float, tell: Tell = lambda _: None
) -> dict[str, Any]:
    """Everything but the tests, as a value for JSON; recordings last `seconds` at most, at 30 frames a second.

    They are shorter where `minutes` would not do otherwise; what has not begun by then is left out. `failed` names the
    parts that broke off, and why. Raises LivefgError if the device cannot be had.
    """
    hindrance = obstacle(parse_device(device))
    if hindrance:
        raise LivefgError(f"The device {device} cannot be had: {hindrance.reason}.")
    found: dict[str, Any] = {**surroundings(), "device": device, "failed": []}
    ends, share = time.monotonic() + 60 * minutes, 60 * minutes * _SHARE
    settings = PipelineSettings(device=device)
    count = max(2, min(_MOST_TOGETHER, (os.cpu_count() or 1) // 2))

    def part(name: str, figures: Iterator[Any]) -> list[Any]:
        """The figures as far as they come."""
        kept = found[name] = []
        try:
            while time.monotonic() < ends:
                kept.append(next(figures))
            raise LivefgError("No time was left for the rest of it.")
        except StopIteration:
            pass
        except Exception as error:  # whatever it is, the other parts are worth having
            why = str(error) if isinstance(error, LivefgError) else f"{type(error).__name__}: {error}"
            found["failed"].append({"part": name, "error": why})
            tell(f"{name}: broke off: {why}")
        return kept

    part("networks", (_network(name, device, tell) for name in Manifest.load().entries))
    speed = part("speed", (_side_by_side(settings, _FEWEST, 1) for _ in range(1)))
    frames = max(_FEWEST, min(seconds * _FPS, round((speed or [_FPS])[0] * share)))
    part("workloads", (measure("demo", settings, frames, _SIZE).to_dict() for _ in range(1)))
    part("perception", _perception(settings, frames, count, 3 * share, tell))
    part("recorded", _recorded(settings, max(2, frames // _FPS // count), count, tell))
    return found


def _network(name: str, device: str, tell: Tell) -> dict[str, Any]:
    """One network on the device and on the CPU: milliseconds a call, and how far the results lie apart."""
    cpu = Network.load(name, "cpu")
    try:
        ours = Network.load(name, device)
    except LivefgError as error:
        tell(str(error))
        return {"name": name, "error": str(error)}
    times = {
        str(batch): {"cpu": _milliseconds(cpu, batch), "device": _milliseconds(ours, batch)}
        for batch in _BATCHES
    }
    inputs = cpu.sample_inputs(_BATCHES[-1])
    deviation = [
        float(np.abs(a - b).max(initial=0) / max(1e-3, np.abs(b).max(initial=0)))
        for a, b in zip(ours(*inputs), cpu(*inputs), strict=True)
    ]
    tell(f"{ours.report}; on the CPU {cpu.report.median_ms:.1f} ms")
    return {
        **ours.report.to_dict(),
        "ms": times,
        "deviation": dict(zip(ours.output_names, deviation, strict=True)),
    }


def _milliseconds(network: Network, batch: int) -> float:
    inputs = network.sample_inputs(batch)
    network(*inputs)
    spent: list[float] = []
    while len(spent) < _ROUNDS and sum(spent) < _ROUNDS_SECONDS:
        begun = time.perf_counter()
        network(*inputs)
        spent.append(time.perf_counter() - begun)
    return round(statistics.median(spent) * 1e3, 3)


def _perception(
    settings: PipelineSettings, frames: int, most: int, limit: float, tell: Tell
) -> Iterator[dict[str, Any]]:
    """Frames a second of perception alone: one recording, several in this process, several processes.

    All together they look at `frames` each time, or a few more. Processes that take more than `limit` seconds are
    ended: raises LivefgError.
    """
    for count in sorted({1, most}):
        fps = _side_by_side(settings, max(_FEWEST, frames // count), count)
        yield {"recordings": count, "processes": 1, "fps": fps}
        tell(f"perception, {count} at a time in one process: {fps} frames a second")
    fps = _in_processes(settings, max(_FEWEST, frames // most), most, limit)
    yield {"recordings": most, "processes": most, "fps": fps}
    tell(f"perception, {most} processes: {fps} frames a second")


def _in_processes(settings: PipelineSettings, frames: int, count: int, limit: float) -> float:
    """Frames a second of `count` processes with a recording each."""
    context = get_context("spawn")
    barrier, answers = context.Barrier(count), context.SimpleQueue()
    share = replace(settings, workers=max(1, (os.cpu_count() or 1) // count))
    processes = [
        context.Process(target=_process, args=(share, frames, barrier, answers), daemon=True)
        for _ in range(count)
    ]
    for process in processes:
        process.start()
    ends = time.monotonic() + limit
    for process in processes:
        while process.is_alive() and time.monotonic() < ends:
            process.join(_POLL_SECONDS)
            if any(one.exitcode for one in processes):
                barrier.abort()  # nobody may wait for one that is gone
    late = [process for process in processes if process.is_alive()]
    for process in late:
        process.terminate()
        process.join()
    if late:
        raise LivefgError(f"{count} processes did not end within {limit:.0f} s.")
    if any(process.exitcode for process in processes):
        raise LivefgError("A process of the measurement failed; see above.")
    spans: list[tuple[float, float]] = [answers.get() for _ in processes]
    return round(count * frames / (max(end for _, end in spans) - min(begin for begin, _ in spans)), 1)


def _side_by_side(settings: PipelineSettings, frames: int, count: int) -> float:
    """Frames a second of `count` recordings of decoded frames that share the networks of this process."""
    pictures = _decoded(frames)
    shared = Pipeline(settings)
    pipelines = [shared, *(Pipeline(settings, beside=shared) for _ in range(count - 1))]
    try:
        for pipeline in pipelines:
            for _ in pipeline.stream(pictures[:_FPS]):
                pass
            pipeline.reset()
        threads = [
            threading.Thread(target=lambda pipeline: list(pipeline.stream(pictures)), args=(pipeline,))
            for pipeline in pipelines
        ]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return round(count * frames / (time.perf_counter() - begun), 1)
    finally:
        for pipeline in reversed(pipelines):
            pipeline.close()


def _process(settings: PipelineSettings, frames: int, barrier: Any, answers: Any) -> None:
    pictures = _decoded(frames)
    with Pipeline(settings) as pipeline:
        for _ in pipeline.stream(pictures[:_FPS]):
            pass
        pipeline.reset()
        barrier.wait()
        begun = time.time()
        for _ in pipeline.stream(pictures):
            pass
        answers.put((begun, time.time()))


def _decoded(frames: int) -> list[Frame]:
    """Frames in memory, four seconds to and fro: what is measured does not wait for a decoder."""
    few = islice(endless_frames("demo"), _FIRST, _FIRST + min(frames, 4 * _FPS))
    pictures = [fitted(frame.image, *_SIZE) for frame in few]
    to_and_fro = pictures + pictures[-2:0:-1]
    return [
        Frame(to_and_fro[index % len(to_and_fro)], index, index / _FPS, "demo") for index in range(frames)
    ]


def _recorded(settings: PipelineSettings, seconds: int, most: int, tell: Tell) -> Iterator[dict[str, Any]]:
    """`livefg process` on 720p files: how many times their real time, one file and several at once."""
    with TemporaryDirectory(prefix="livefg-bench-") as folder:
        clip = Path(folder) / "clip0.mp4"
        with VideoSink(clip) as video:
            for frame in islice(frames_of("demo", _SIZE), seconds * _FPS):
                video.write(frame, _nothing(frame))
        clips = [clip, *(clip.with_name(f"clip{number}.mp4") for number in range(1, most))]
        for copy in clips[1:]:
            copy.write_bytes(clip.read_bytes())
        for pictures in (True, False):
            for files in ([clip], clips):
                out = Path(folder) / f"out-{len(files)}-{pictures}"
                spent = _processed([str(path) for path in files], out, settings, pictures)
                speed = round(len(files) * seconds / spent, 2)
                yield {"files": len(files), "video_written": pictures, "times_real_time": speed}
                written = "with" if pictures else "without"
                tell(f"720p, {len(files)} files at a time, {written} video: {speed} times real time")


def _processed(files: Sequence[str], out: Path, settings: PipelineSettings, pictures: bool) -> float:
    """Seconds that it took, from the first frame on where one process does it."""
    options = BatchSettings(out, video=pictures)
    jobs = plan(files, options).jobs
    if len(jobs) == 1:
        with Batch(options, settings) as batch:
            batch.pipeline_for("video")
            begun = time.perf_counter()
            outcomes = [batch.run(jobs[0])]
            spent = time.perf_counter() - begun
    else:
        begun = time.perf_counter()
        done = run_many(jobs, options, settings, len(jobs), stopping=threading.Event())
        outcomes = [outcome for outcome, _ in done]
        spent = time.perf_counter() - begun
    for outcome in outcomes:
        if outcome.status != "done":
            raise LivefgError(outcome.error or f"{outcome.source} was not finished.")
    return spent


def _nothing(frame: Frame) -> FrameResult:
    return FrameResult(frame.source, frame.index, frame.time, frame.width, frame.height, (), ())


def _tests(device: str, limit: float) -> dict[str, Any]:
    """How the tests of the device end within `limit` seconds; nothing where there is no source tree."""
    if not (_ROOT / "tests").is_dir():
        return {}
    # All tests of devices are in this folder; to collect the others takes longer than to run these.
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests/inference"]
    environment = {**os.environ, "LIVEFG_TEST_DEVICE": device}
    try:
        ran = subprocess.run(
            command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return {"passed": False, "summary": f"not ended within {limit:.0f} s", "failed": []}
    lines = ran.stdout.strip().splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return {"passed": ran.returncode == 0, "summary": lines[-1] if lines else "", "failed": failed}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print one line for each figure on standard error, and write the file, whose name is printed."""
    parser = argparse.ArgumentParser(prog="python -m livefg.bench.accelerator", description=__doc__)
    parser.add_argument("device", help="cuda, tensorrt, openvino, ...")
    parser.add_argument("--out", type=Path, default=Path(), help="folder of the result")
    parser.add_argument("--seconds", type=int, default=60, help="length of the recordings at most")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long all of it may take, about")
    options = parser.parse_args(arguments)
    begun = time.monotonic()

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    try:
        tests = _tests(options.device, 60 * options.minutes * _TESTS_SHARE)
        tell(f"tests: {tests.get('summary', 'no source tree here')}")
        left = options.minutes - (time.monotonic() - begun) / 60
        found = {**measure_accelerator(options.device, options.seconds, left, tell), "tests": tests}
    except LivefgError as error:
        parser.exit(1, f"{error}\n")
    machine = re.sub(r"[^a-z0-9]+", "-", " ".join(found["gpu"][:1] or [found["cpu"]]).lower()).strip("-")
    path = options.out / f"{found['date'][:10]}-accelerator-{options.device}-{machine}.json"
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(path)  # noqa: T201
    if found["failed"]:
        parser.exit(1, f"{len(found['failed'])} parts broke off; the file says why.\n")


if __name__ == "__main__":
    main()
