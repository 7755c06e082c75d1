"""A device is taken only if it proves itself; if not, the reason and the cure are said."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_devices import FakeDevices
from onnx_files import save_doubler

from livefg import LivefgError
from livefg.inference import DEVICES, Network, devices, network
from livefg.inference.devices import Obstacle, obstacle
from livefg.inference.nvidia import Gpu, NvidiaDriver
from livefg.inference.sessions import SessionOrder, UnavailableError


@pytest.fixture(autouse=True)
def _fresh_answers() -> Iterator[None]:
    devices._obstacle.cache_clear()
    yield
    devices._obstacle.cache_clear()


@pytest.fixture
def doubler(tmp_path: Path) -> Path:
    return save_doubler(tmp_path / "doubler.onnx")


def pretend(
    monkeypatch: pytest.MonkeyPatch,
    *,
    platform: str = "linux",
    driver: NvidiaDriver | None = None,
    providers: tuple[str, ...] = ("CPUExecutionProvider",),
    cuda: str = "13.0",
    printed: str = "",
    loadable: tuple[str, ...] = (),
) -> None:
    """A machine with this system, driver, ONNX Runtime build, and libraries that can be loaded."""
    runtime = SimpleNamespace(
        cuda_version=cuda,
        get_available_providers=lambda: list(providers),
        preload_dlls=lambda: print(printed),
    )
    monkeypatch.setattr(devices, "_PLATFORM", platform)
    monkeypatch.setattr(devices, "nvidia_driver", lambda: driver)
    monkeypatch.setattr(devices, "runtime", lambda: runtime)
    monkeypatch.setattr(devices, "_loads", lambda library: library in loadable)


CARD = NvidiaDriver((13, 0), (Gpu("Some card", 8192),))
CUDA_BUILD = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")


def reason(device: Any) -> Obstacle:
    found = obstacle(device)
    assert found is not None
    return found


def test_the_cpu_can_always_be_had(doubler: Path) -> None:
    assert obstacle("cpu") is None
    assert Network.load(doubler, "cpu").report.device == "cpu"


def test_an_unknown_device_is_refused_with_the_known_ones(doubler: Path) -> None:
    with pytest.raises(LivefgError, match=f"no device called 'gpu'; choose one of {', '.join(DEVICES)}"):
        Network.load(doubler, "gpu")


def test_without_a_driver_cuda_names_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, providers=CUDA_BUILD)
    assert reason("cuda") == Obstacle(
        "no NVIDIA driver found", "install the NVIDIA driver (on Ubuntu: sudo ubuntu-drivers install)"
    )
    assert reason("tensorrt") == reason("cuda")


def test_a_driver_without_a_card_is_told_from_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, providers=CUDA_BUILD, driver=NvidiaDriver((13, 0), ()))
    assert reason("cuda").reason == "the NVIDIA driver finds no graphics card"


def test_an_old_driver_is_to_be_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, providers=CUDA_BUILD, driver=NvidiaDriver((12, 4), CARD.gpus))
    assert "serves CUDA up to 12.4 and this onnxruntime-gpu needs CUDA 13" in reason("cuda").reason
    assert reason("cuda").cure.startswith("update the NVIDIA driver")


def test_an_onnx_runtime_without_cuda_is_replaced_by_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, driver=CARD, cuda="")
    assert reason("cuda") == Obstacle(
        "the installed ONNX Runtime is built without CUDAExecutionProvider",
        'pip uninstall -y onnxruntime && pip install "livefg[cuda]"',
    )


def test_missing_cuda_libraries_are_named_with_the_command_and_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    printed = "Failed to load libcublasLt.so.13: libcublasLt.so.13: cannot open shared object file"
    pretend(monkeypatch, providers=CUDA_BUILD, driver=CARD, printed=printed)
    assert reason("cuda") == Obstacle(
        "CUDA's libraries are missing (libcublasLt.so.13, cuDNN 9)", 'pip install "livefg[cuda]"'
    )
    assert capfd.readouterr() == ("", "")


def test_with_card_driver_and_libraries_cuda_may_be_tried_and_tensorrt_asks_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pretend(monkeypatch, providers=CUDA_BUILD, driver=CARD, loadable=("libcudnn.so.9",))
    assert obstacle("cuda") is None
    assert devices.accelerators() == ("cuda",)
    assert reason("tensorrt") == Obstacle(
        "TensorRT 10 is missing", 'pip install "tensorrt-cu13-libs>=10,<11"'
    )


@pytest.mark.parametrize(
    ("platform", "device", "expected"),
    [
        ("darwin", "cuda", "CUDA does not exist on macOS"),
        ("linux", "coreml", "Core ML exists on macOS only"),
        ("linux", "directml", "DirectML exists on Windows only"),
    ],
)
def test_a_device_of_another_system_says_so(
    monkeypatch: pytest.MonkeyPatch, platform: str, device: str, expected: str
) -> None:
    pretend(monkeypatch, platform=platform)
    assert reason(device).reason == expected


@pytest.mark.parametrize(
    ("platform", "device", "package"),
    [
        ("win32", "directml", "onnxruntime-directml"),
        ("linux", "openvino", "onnxruntime-openvino"),
        ("win32", "openvino", "onnxruntime-openvino openvino"),
    ],
)
def test_a_device_that_needs_another_package_gives_the_command(
    monkeypatch: pytest.MonkeyPatch, platform: str, device: str, package: str
) -> None:
    pretend(monkeypatch, platform=platform)
    assert reason(device).cure == (f"pip uninstall -y onnxruntime onnxruntime-gpu && pip install {package}")


def test_a_device_that_was_asked_for_and_cannot_be_had_is_an_error_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, doubler: Path
) -> None:
    monkeypatch.setattr(network, "obstacle", lambda device: Obstacle("it is not there", "fetch it"))
    with pytest.raises(LivefgError, match=r"^The device cuda cannot be had: it is not there; .* fetch it\.$"):
        Network.load(doubler, "cuda")


def test_auto_takes_the_faster_device_and_says_what_it_beat(
    monkeypatch: pytest.MonkeyPatch, doubler: Path, tmp_path: Path
) -> None:
    FakeDevices(monkeypatch, tmp_path, "cuda").times["cuda"] = 1.0
    report = Network.load(doubler).report
    assert (report.device, report.why) == ("cuda", "auto: 5.0 ms on the CPU")


def test_auto_stays_on_the_cpu_where_the_accelerator_is_slower(
    monkeypatch: pytest.MonkeyPatch, doubler: Path, tmp_path: Path
) -> None:
    FakeDevices(monkeypatch, tmp_path, "cuda").times["cuda"] = 9.0
    report = Network.load(doubler).report
    assert (report.device, report.why) == ("cpu", "auto: 9.0 ms on cuda")


def test_auto_does_not_trust_a_device_with_other_results(
    monkeypatch: pytest.MonkeyPatch, doubler: Path, tmp_path: Path
) -> None:
    fakes = FakeDevices(monkeypatch, tmp_path, "coreml")
    fakes.times["coreml"] = 1.0
    fakes.wrong.add("coreml")
    report = Network.load(doubler).report
    assert (report.device, report.why) == (
        "cpu",
        "auto: coreml failed (it gives other results than the CPU)",
    )


def test_a_device_that_was_asked_for_is_refused_where_it_gives_other_results(
    monkeypatch: pytest.MonkeyPatch, doubler: Path, tmp_path: Path
) -> None:
    FakeDevices(monkeypatch, tmp_path).wrong.add("openvino")
    with pytest.raises(LivefgError, match=r"openvino cannot be had for doubler \(it gives other results"):
        Network.load(doubler, "openvino")


def test_auto_falls_back_when_the_session_fails_and_says_why(
    monkeypatch: pytest.MonkeyPatch, doubler: Path, tmp_path: Path
) -> None:
    FakeDevices(monkeypatch, tmp_path, "cuda").failures["cuda"] = "out of memory"
    report = Network.load(doubler).report
    assert (report.device, report.why) == ("cpu", "auto: cuda failed (out of memory)")


def test_a_session_that_fails_on_the_device_asked_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch, doubler: Path, tmp_path: Path
) -> None:
    FakeDevices(monkeypatch, tmp_path).failures["cuda"] = "out of memory"
    with pytest.raises(LivefgError, match=r"cannot be had for doubler \(out of memory\); `livefg doctor`"):
        Network.load(doubler, "cuda")


def test_a_provider_that_silently_stays_away_is_found_out(
    doubler: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    order = SessionOrder("doubler", doubler, doubler.read_bytes(), threads=1)
    if obstacle("cuda") is None:
        pytest.skip("CUDA works here")
    with pytest.raises(UnavailableError):
        order.session("cuda")
    assert capfd.readouterr() == ("", "")
