"""How the loop is doing: rates, ages and losses over the last seconds."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Meter", "Statistics"]

_MOST_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Statistics:
    """One look at a running loop: counts since the start; rates, ages and times over the last seconds.

    The source had `captured` frames; `dropped` of them gave way to a newer one because perception was busy,
    `processed` went through the pipeline, `shown` of the results reached the consumer. `camera_fps` is the
    source's rate, `fps` the pipeline's. `age_p50_ms` and `age_p95_ms` tell how old what is seen is when it is
    on display: from the grab of the frame to the end of showing its result, None before the first. `model_ms`
    is the median time of the pipeline for a frame, `stage_ms` that of each of its stages. `record_dropped`
    frames were left out of recordings because the writer could not keep up. `seconds` is the time since the
    start.
    """

    seconds: float = 0.0
    captured: int = 0
    dropped: int = 0
    processed: int = 0
    shown: int = 0
    record_dropped: int = 0
    camera_fps: float = 0.0
    fps: float = 0.0
    age_p50_ms: float | None = None
    age_p95_ms: float | None = None
    model_ms: float | None = None
    stage_ms: Mapping[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """One line for a person: `0:30  29.9 fps (camera 30.0)  age 14/22 ms  model 9 ms  0 dropped`."""
        minutes, seconds = divmod(int(self.seconds), 60)
        parts = [f"{minutes}:{seconds:02d}", f"{self.fps:.1f} fps (camera {self.camera_fps:.1f})"]
        if self.age_p50_ms is not None and self.age_p95_ms is not None:
            parts.append(f"age p50 {self.age_p50_ms:.0f} ms, p95 {self.age_p95_ms:.0f} ms")
        if self.model_ms is not None:
            parts.append(f"model {self.model_ms:.1f} ms")
        parts.append(f"{self.dropped} of {self.captured} frames dropped")
        if self.record_dropped:
            parts.append(f"{self.record_dropped} not recorded")
        return "  ".join(parts)


class Meter:
    """Collects what the threads of a loop report; `now` is a time of the loop's one clock, in seconds."""

    def __init__(self, start: float, window: float = 5.0) -> None:
        self._lock = threading.Lock()
        self._start = start
        self._window = window
        self._counts: Counter[str] = Counter()
        self._missed = 0
        self._samples: dict[str, deque[tuple[float, float]]] = {}

    def captured(self, now: float, missed: int = 0) -> None:
        """A frame came from the source, which had dropped `missed` frames before it."""
        self._add("captured", now, 1.0 + missed)
        with self._lock:
            self._missed += missed

    def processed(self, now: float, seconds: float, stages: Mapping[str, float]) -> None:
        """The pipeline took `seconds` for a frame, its stages as in `stages`."""
        self._add("processed", now, seconds)
        for name, value in stages.items():
            self._add(f"stage {name}", now, value)

    def shown(self, now: float, age: float) -> None:
        """A result was shown, `age` seconds after its frame was grabbed."""
        self._add("shown", now, age)

    def snapshot(self, now: float, dropped: int = 0, record_dropped: int = 0) -> Statistics:
        """What is known at `now`; `dropped` and `record_dropped` are counted elsewhere."""
        with self._lock:
            for samples in self._samples.values():
                while samples and samples[0][0] < now - self._window:
                    samples.popleft()
            ages = self._values("shown")
            model = self._values("processed")
            return Statistics(
                seconds=now - self._start,
                captured=self._counts["captured"] + self._missed,
                dropped=dropped + self._missed,
                processed=self._counts["processed"],
                shown=self._counts["shown"],
                record_dropped=record_dropped,
                camera_fps=self._rate("captured", weighted=True),
                fps=self._rate("processed"),
                age_p50_ms=_percentile_ms(ages, 50),
                age_p95_ms=_percentile_ms(ages, 95),
                model_ms=_percentile_ms(model, 50),
                stage_ms={
                    name.removeprefix("stage "): _percentile_ms(self._values(name), 50) or 0.0
                    for name in self._samples
                    if name.startswith("stage ")
                },
            )

    def _add(self, name: str, now: float, value: float) -> None:
        with self._lock:
            self._counts[name] += 1
            self._samples.setdefault(name, deque(maxlen=_MOST_SAMPLES)).append((now, value))

    def _values(self, name: str) -> list[float]:
        return [value for _, value in self._samples.get(name, ())]

    def _rate(self, name: str, weighted: bool = False) -> float:
        """Events a second, from the gaps between samples; `weighted`: a sample stands for so many events."""
        samples = self._samples.get(name)
        if samples is None or len(samples) < 2:
            return 0.0
        span = samples[-1][0] - samples[0][0]
        events = sum(value if weighted else 1.0 for _, value in samples) - (
            samples[0][1] if weighted else 1.0
        )
        return events / span if span > 0 else 0.0


def _percentile_ms(values: list[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) * 1000 if values else None
