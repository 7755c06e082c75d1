"""A machine that is too slow gets smaller hand networks, once, and is told; a fast one keeps what it has."""

from collections.abc import Callable
from typing import Any

import pytest
from fakes import wait_until

from livefg import LivefgError, Pipeline, PipelineSettings
from livefg.inference.network import Network
from livefg.perception.relief import Relief
from livefg.results import Frame

SLOW, FAST = 0.06, 0.02


class Watched:
    """A relief, and what came of it."""

    def __init__(self, load: Callable[[str], Any]) -> None:
        self.loaded: list[str] = []
        self.used: list[Any] = []
        self.notices: list[str] = []

        def loading(name: str) -> Any:
            self.loaded.append(name)
            return load(name)

        self.relief = Relief(loading, lambda *networks: self.used.append(networks), self.notices.append)

    def add(self, seconds: float, times: int) -> None:
        for _ in range(times):
            self.relief.add(seconds)


def cpu(name: str) -> Network:
    return Network.load(name, "cpu")


def missing(name: str) -> Network:
    raise LivefgError(f"There is no {name}.")


def test_slow_frames_bring_the_lite_networks_once() -> None:
    watched = Watched(cpu)

    def changed() -> bool:
        watched.add(SLOW, 1)
        return bool(watched.used)

    wait_until(changed)
    watched.add(SLOW, 200)
    assert watched.loaded == ["palm_detector_lite", "hand_landmarks_lite"]
    assert len(watched.used) == 1
    (notice,) = watched.notices
    assert "60 ms" in notice
    assert "--lite" in notice


def test_fast_frames_with_a_slow_one_now_and_then_change_nothing() -> None:
    watched = Watched(cpu)
    for _ in range(50):
        watched.add(FAST, 3)
        watched.add(SLOW, 1)
    assert watched.loaded == []


def test_where_the_lite_networks_cannot_be_had_the_others_stay(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(missing)

    def told() -> bool:
        watched.add(SLOW, 1)
        return bool(caplog.messages)

    wait_until(told)
    assert watched.used == []
    assert "palm_detector_lite" in caplog.text


def test_a_pipeline_goes_on_with_the_lite_networks(
    demo_frames: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livefg.perception.relief._FRAMES", 3)
    monkeypatch.setattr("livefg.perception.relief._SLOWEST", 0.0)
    notices: list[str] = []
    settings = PipelineSettings(device="cpu", faces=0, motions=False, relieve=True)
    with Pipeline(settings, notices.append) as pipeline:
        frames = iter(demo_frames[100:])

        def changed() -> bool:
            pipeline.process(next(frames))
            return bool(notices)

        wait_until(changed)
        assert len(pipeline.process(next(frames)).hands) == 2
