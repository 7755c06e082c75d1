"""The examination finds what is wrong and says the cure; a check that breaks does not stop the others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from onnx_files import save_classifier, save_doubler, write_manifest

from livefg import LivefgError, paths
from livefg.doctor import Finding, examine, inference, machine, packages
from livefg.inference.devices import Obstacle
from livefg.inference.nvidia import Gpu, NvidiaDriver
from livefg.sources import devices as cameras

CARD = NvidiaDriver((13, 0), (Gpu("Some card", 8192),))


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


def test_a_check_that_breaks_is_a_finding_and_the_next_one_runs() -> None:
    def broken() -> Iterator[Finding]:
        raise RuntimeError("the disk\nis on fire")

    findings = list(examine({"first": broken, "second": lambda: [Finding("second", "ok", "fine")]}))
    assert [finding.state for finding in findings] == ["problem", "ok"]
    assert findings[0].summary == "could not be examined (RuntimeError: the disk)"
    assert findings[0].cure


def test_a_check_that_misses_a_package_points_to_the_packages() -> None:
    def broken() -> Iterator[Finding]:
        raise ImportError("No module named 'av'")

    finding = only(examine({"video": broken}))
    assert finding.summary == "cannot be examined (No module named 'av')"
    assert finding.cure == "cure what is said about packages first"


def test_this_interpreter_and_its_packages_are_fine() -> None:
    assert only(packages.examine_python()).state == "ok"
    assert {finding.state for finding in packages.examine_packages()} == {"ok"}


def test_an_old_interpreter_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    finding = only(packages.examine_python())
    assert finding.state == "problem"
    assert finding.cure == "install Python 3.11 or later for 64 bits"


def test_a_package_that_cannot_be_imported_is_a_problem_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packages, "_MODULES", {"pillow": "PIL.NoSuchThing"})
    finding = next(packages.examine_packages())
    assert finding.state == "problem"
    assert finding.cure == "pip install --force-reinstall pillow"


def test_two_packages_in_one_cv2_folder_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"cv2": ["opencv-python", "opencv-contrib-python", "opencv-python"]}
    monkeypatch.setattr(packages, "packages_distributions", lambda: owners)
    finding = next(packages.examine_opencv())
    assert finding.state == "warning"
    assert finding.cure == (
        "pip uninstall -y opencv-contrib-python opencv-python && pip install opencv-python"
    )


def test_an_opencv_without_windows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    headless = SimpleNamespace(__version__="4.12", getBuildInformation=lambda: "\n  GUI:   NONE\n")
    monkeypatch.setitem(sys.modules, "cv2", headless)
    monkeypatch.setattr(packages, "owners", lambda module: ["opencv-python-headless"])
    finding = only(packages.examine_opencv())
    assert finding.state == "warning"
    assert "can only run headless" in finding.summary
    assert finding.cure == "pip uninstall -y opencv-python-headless && pip install opencv-python"


def test_two_onnx_runtimes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "owners", lambda module: ["onnxruntime", "onnxruntime-gpu"])
    finding = next(inference.examine_runtime())
    assert finding.state == "warning"
    assert finding.cure == ("pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu")


def test_an_onnx_runtime_that_cannot_be_loaded_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise LivefgError("ONNX Runtime cannot be loaded (a library is missing).")

    monkeypatch.setattr(inference, "runtime", fail)
    assert only(inference.examine_runtime()).state == "problem"


def test_the_cpu_is_proved_by_running_a_shipped_network() -> None:
    first = next(inference.examine_devices())
    assert first.state == "ok"
    assert first.summary.startswith("cpu: CPUExecutionProvider runs ")


def test_a_card_without_cuda_libraries_is_a_warning_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inference, "nvidia_driver", lambda: CARD)
    monkeypatch.setattr(inference, "obstacle", lambda device: Obstacle("libraries are missing", "pip it"))
    finding = inference._try_device("cuda", "face_detector")
    assert (finding.state, finding.cure) == ("warning", "pip it")


def test_a_machine_without_a_card_has_nothing_to_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "nvidia_driver", lambda: None)
    monkeypatch.setattr(inference, "obstacle", lambda device: Obstacle("no driver", "install it"))
    monkeypatch.setattr(inference, "_cards_on_the_bus", lambda: ["Intel"])
    assert inference._try_device("cuda", "face_detector").cure is None
    assert only(inference.examine_graphics_cards()).state == "note"


def test_an_nvidia_card_without_its_driver_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "nvidia_driver", lambda: None)
    monkeypatch.setattr(inference, "obstacle", lambda device: Obstacle("no driver", "install it"))
    monkeypatch.setattr(inference, "_cards_on_the_bus", lambda: ["NVIDIA"])
    finding = only(inference.examine_graphics_cards())
    assert (finding.state, finding.cure) == ("warning", "install it")


def test_a_working_card_is_named_with_its_memory_and_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "nvidia_driver", lambda: CARD)
    finding = only(inference.examine_graphics_cards())
    assert finding.state == "ok"
    assert finding.summary == "Some card with 8192 MiB; its driver serves CUDA up to 13.0"


def test_a_changed_network_is_a_problem(shipped_models: Path, own_models: Path) -> None:
    path = save_doubler(shipped_models / "doubler.onnx")
    write_manifest(shipped_models, path)
    path.write_bytes(b"something else")
    findings = list(inference.examine_models())
    assert findings[0].state == "problem"
    assert "doubler.onnx was changed or cut short" in findings[0].summary


def test_ones_own_classifiers_are_checked_too(shipped_models: Path, own_models: Path) -> None:
    write_manifest(shipped_models)
    save_classifier(own_models / "good.onnx")
    save_classifier(own_models / "bad.onnx", {"livefg.task": "weather"})
    states = {finding.summary.split(" ")[0]: finding.state for finding in inference.examine_models()}
    assert states["good"] == "ok"
    assert "warning" in states.values()


def camera(path: str | None = None) -> cameras.CameraInfo:
    mode = cameras.CameraMode("MJPG", 1280, 720, 30)
    return cameras.CameraInfo("0", "Test camera", "v4l2", path=path, modes=(mode,))


def test_a_camera_is_listed_with_its_modes_and_the_time_to_its_first_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = camera()
    info = SimpleNamespace(notes=())
    monkeypatch.setattr(cameras, "list_cameras", lambda: (found,))
    monkeypatch.setattr(cameras, "try_camera", lambda camera: (cameras.CameraTrial("v4l2", 0.5, info, None),))
    finding = only(machine.examine_cameras())
    assert finding.state == "ok"
    assert finding.summary == "0: Test camera"
    assert finding.details[0] == "MJPG: 1280x720 at 30"
    assert finding.details[1] == "v4l2: first picture after 0.50 s"


def test_a_camera_that_cannot_be_opened_is_a_warning_with_a_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "list_cameras", lambda: (camera(path="/nowhere/video0"),))
    monkeypatch.setattr(
        cameras, "try_camera", lambda camera: (cameras.CameraTrial("v4l2", 0.1, None, "it is locked"),)
    )
    finding = only(machine.examine_cameras())
    assert finding.state == "warning"
    assert "v4l2: it is locked" in finding.details
    assert finding.cure is not None
    assert "usermod" in finding.cure


def test_no_camera_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "list_cameras", tuple)
    assert only(machine.examine_cameras()).state == "note"


def test_no_display_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_PLATFORM", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert only(machine.examine_display()).state == "note"


def test_a_display_that_refuses_is_a_warning_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 134, "", "first\ncould not connect to display :9\n")
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setattr(machine.subprocess, "run", lambda *args, **kwargs: done)
    finding = only(machine.examine_display())
    assert finding.state == "warning"
    assert "could not connect to display :9" in finding.summary


@pytest.mark.window
@pytest.mark.skipif("DISPLAY" not in os.environ, reason="needs an X display")
def test_a_display_that_works_is_proved_by_a_window() -> None:
    assert only(machine.examine_display()).summary == "a window can be opened"


def test_video_is_proved_by_writing_and_reading_it() -> None:
    finding = only(machine.examine_video())
    assert finding.state == "ok"
    assert "h264" in finding.summary


def test_folders_that_cannot_be_written_to_are_problems(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "not" / "yet")
    monkeypatch.setattr(paths, "user_cache_dir", lambda: tmp_path)
    assert {finding.state for finding in machine.examine_folders()} == {"ok"}
    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    findings = list(machine.examine_folders())
    assert {finding.state for finding in findings} == {"problem"}
    assert all(str(tmp_path) in finding.summary and finding.cure for finding in findings)


def test_a_network_that_fails_on_the_cpu_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LivefgError("it is broken.")

    monkeypatch.setattr(inference.Network, "load", fail)
    assert inference._try_device("cpu", "face_detector").state == "problem"
