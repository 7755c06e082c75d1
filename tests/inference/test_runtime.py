"""ONNX Runtime comes in quietly, or with one sentence."""

import importlib
import os
import sys
from types import SimpleNamespace

import pytest

import livefg
from livefg import LivefgError
from livefg.inference import runtime


def load_in_place_of(monkeypatch: pytest.MonkeyPatch, module: object) -> object:
    monkeypatch.setattr(runtime.importlib, "import_module", module)
    return runtime._load.__wrapped__()


def test_livefg_switches_usage_reports_off_before_anything_can_load_onnx_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    importlib.reload(livefg)
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_what_it_prints_about_graphics_cards_at_import_is_dropped_and_the_rest_is_kept(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def noisy(_: str) -> SimpleNamespace:
        os.write(2, b"2026-01-01 [W:onnxruntime:Default, device_discovery.cc] GPU device discovery failed\n")
        os.write(2, b"a word from another library\n")
        return SimpleNamespace(
            set_default_logger_severity=lambda level: None, disable_telemetry_events=lambda: None
        )

    load_in_place_of(monkeypatch, noisy)
    assert capfd.readouterr() == ("", "a word from another library\n")


def test_a_runtime_that_cannot_be_loaded_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: str) -> None:
        raise ImportError("DLL load failed")

    with pytest.raises(LivefgError, match=r"^ONNX Runtime cannot be loaded \(DLL load failed\); install"):
        load_in_place_of(monkeypatch, broken)


def test_capturing_gives_the_lines_and_leaves_standard_error_as_it_was(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with runtime.captured_stderr() as lines:
        os.write(2, b"inside\n")
    print("after", file=sys.stderr)
    assert lines == ["inside"]
    assert capfd.readouterr().err == "after\n"
