"""The bench of accelerators runs anywhere, and its file has what the issue of speed asks of a machine with a card."""

import json
from pathlib import Path

import pytest

from livefg import LivefgError
from livefg.bench import accelerator
from livefg.pipeline import PipelineSettings

FEW = PipelineSettings(
    device="cpu",
    hands=1,
    faces=0,
    gestures=False,
    identity=False,
    expressions=False,
    motions=False,
    lite=True,
)


class OneNetwork:
    """A manifest with one small network."""

    entries = ("blendshapes",)


def ignored(_: str) -> None:
    """Nobody listens."""


def test_a_network_is_timed_beside_the_cpu_and_its_deviation_is_told() -> None:
    found = accelerator._network("blendshapes", "cpu", ignored)
    assert found["device"] == "cpu"
    assert set(found["ms"]) == {"1", "2", "4", "8"}
    assert all(times["cpu"] > 0 and times["device"] > 0 for times in found["ms"].values())
    assert found["deviation"] == {"blendshapes": 0.0}


def test_a_network_that_a_device_cannot_run_is_a_line_and_not_the_end() -> None:
    told: list[str] = []
    found = accelerator._network("blendshapes", "coreml", told.append)
    assert "The device coreml cannot be had" in found["error"]
    assert told == [found["error"]]


def test_perception_is_measured_for_one_recording_several_and_several_processes() -> None:
    found = list(accelerator._perception(FEW, 20, 2, 120.0, ignored))
    assert [(one["recordings"], one["processes"]) for one in found] == [(1, 1), (2, 1), (2, 2)]
    assert all(one["fps"] > 0 for one in found)


def test_recordings_go_from_file_to_files_one_and_several_at_once() -> None:
    found = list(accelerator._recorded(FEW, 1, 2, ignored))
    assert [(one["files"], one["video_written"]) for one in found] == [
        (1, True),
        (2, True),
        (1, False),
        (2, False),
    ]
    assert all(one["times_real_time"] > 0 for one in found)


def test_a_part_that_breaks_off_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(accelerator, "Manifest", type("One", (), {"load": lambda: OneNetwork}))
    monkeypatch.setattr(accelerator, "PipelineSettings", lambda device: FEW)
    monkeypatch.setattr(accelerator, "measure", refuse)
    monkeypatch.setattr(accelerator, "_recorded", lambda *_: iter([{"files": 1, "times_real_time": 3.0}]))
    monkeypatch.setattr(accelerator, "_in_processes", lambda *_: 12.0)
    told: list[str] = []
    found = accelerator.measure_accelerator("cpu", 1, 60.0, told.append)
    assert found["failed"] == [{"part": "workloads", "error": "RuntimeError: out of memory"}]
    assert "workloads: broke off: RuntimeError: out of memory" in told
    assert [network["name"] for network in found["networks"]] == ["blendshapes"]
    assert [one["recordings"] for one in found["perception"]] == [1, 2, 2]
    assert found["recorded"]


def test_no_part_goes_on_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "PipelineSettings", lambda device: FEW)
    monkeypatch.setattr(accelerator, "measure", lambda *_: FEW)
    found = accelerator.measure_accelerator("cpu", 1, 0.0)
    assert [one["part"] for one in found["failed"]][:2] == ["networks", "speed"]
    assert found["networks"] == []


def test_the_result_is_a_file_named_by_date_device_and_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accelerator, "_tests", lambda device, limit: {"passed": True, "summary": "3 passed"})
    monkeypatch.setattr(
        accelerator,
        "measure_accelerator",
        lambda device, seconds, minutes, tell: {
            "failed": [],
            "date": "2026-11-23T10:00:00+00:00",
            "gpu": ["Some Card 8"],
            "cpu": "x",
        },
    )
    accelerator.main(["cuda", "--out", str(tmp_path), "--seconds", "3"])
    said = capsys.readouterr()
    path = tmp_path / "2026-11-23-accelerator-cuda-some-card-8.json"
    assert said.out.strip() == str(path)
    assert said.err == "tests: 3 passed\n"
    assert json.loads(path.read_text())["tests"]["passed"] is True


def test_a_device_that_is_not_there_ends_it_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise LivefgError("There is no device called 'x'.")

    monkeypatch.setattr(accelerator, "_tests", lambda device, limit: {})
    monkeypatch.setattr(accelerator, "measure_accelerator", refuse)
    with pytest.raises(SystemExit) as ended:
        accelerator.main(["x"])
    assert ended.value.code == 1
    assert capsys.readouterr().err.endswith("There is no device called 'x'.\n")
