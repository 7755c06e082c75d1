"""A network says where it runs, gives the same from every thread, and refuses with one sentence."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fake_devices import FakeDevices
from onnx_files import save_doubler

from livefg import LivefgError
from livefg.inference import Manifest, Network
from livefg.inference.network import observed
from livefg.inference.options import BATCHES


@pytest.fixture
def doubler(tmp_path: Path) -> Network:
    return Network.load(save_doubler(tmp_path / "doubler.onnx"), "cpu")


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 4, 4, 3), np.uint8)


def test_a_file_of_the_users_own_runs_without_a_manifest(doubler: Network) -> None:
    batch = images(3)
    doubled, sums = doubler(batch)
    np.testing.assert_array_equal(doubled, batch.astype(np.float32) * 2)
    np.testing.assert_array_equal(sums, batch.astype(np.float32).sum(axis=(1, 2, 3)))


def test_it_knows_its_inputs_and_outputs(doubler: Network) -> None:
    assert doubler.name == "doubler"
    assert doubler.input_names == ("image",)
    assert doubler.input_shapes == (("N", 4, 4, 3),)
    assert doubler.output_names == ("doubled", "sums")


def test_its_report_is_one_line_with_device_provider_time_and_reason(doubler: Network) -> None:
    assert str(doubler.report).startswith("doubler: cpu (CPUExecutionProvider), ")
    assert str(doubler.report).endswith(" ms, as asked")
    assert doubler.report.median_ms > 0
    assert doubler.report.to_dict()["provider"] == "CPUExecutionProvider"


def test_it_runs_from_several_threads_at_once(doubler: Network) -> None:
    batches = [images(1 + index % 3) for index in range(60)]
    with ThreadPoolExecutor(4) as pool:
        for batch, (doubled, _) in zip(batches, pool.map(doubler, batches), strict=True):
            np.testing.assert_array_equal(doubled, batch.astype(np.float32) * 2)


def test_its_sample_inputs_are_the_same_each_time_and_fit_the_graph(doubler: Network) -> None:
    (first,), (second,) = doubler.sample_inputs(2), doubler.sample_inputs(2)
    assert first.shape == (2, 4, 4, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("device", ["cuda", "coreml"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 20])
def test_an_accelerator_sees_only_a_few_batch_sizes_and_the_results_are_unpadded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, device: str
) -> None:
    fakes = FakeDevices(monkeypatch, tmp_path)
    network = Network.load(save_doubler(tmp_path / "doubler.onnx"), device)
    batch = images(count)
    doubled, sums = network(batch)
    assert set(fakes.sizes) <= set(BATCHES)
    np.testing.assert_array_equal(doubled, batch.astype(np.float32) * 2)
    np.testing.assert_array_equal(sums, batch.astype(np.float32).sum(axis=(1, 2, 3)))


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "picture.onnx"
    path.write_bytes(b"GIF89a")
    with pytest.raises(LivefgError, match=r"picture\.onnx is not a network that ONNX Runtime can load"):
        Network.load(path, "cpu")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.write_bytes(b"")
    with pytest.raises(LivefgError, match=r"empty\.onnx is not a network"):
        Network.load(path, "cpu")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match=r"gone\.onnx cannot be read \(no such file or directory\)"):
        Network.load(tmp_path / "gone.onnx", "cpu")


def test_a_folder_is_not_a_network(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="cannot be read"):
        Network.load(tmp_path, "cpu")


@pytest.mark.parametrize("name", sorted(Manifest.load().entries))
def test_every_shipped_network_runs_on_the_cpu_and_treats_each_of_a_batch_alike(name: str) -> None:
    network = Network.load(name, "cpu")
    pair = network.sample_inputs(2)
    together = network(*pair)
    for index in range(2):
        alone = network(*[array[index : index + 1] for array in pair])
        for one, both in zip(alone, together, strict=True):
            assert np.isfinite(one).all()
            np.testing.assert_allclose(one[0], both[index], rtol=1e-3, atol=1e-3 * np.abs(one).max())


def test_loading_is_silent_even_when_warnings_are_errors() -> None:
    code = (
        "from livefg.inference import Network, Manifest\n"
        "for name in Manifest.load().entries: Network.load(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_room_loads_no_runtime() -> None:
    code = "import sys, livefg.inference; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_loading_a_network_leaves_no_trace_of_usage_reports(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    for variable in ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"):
        environment.pop(variable, None)
    code = "from livefg.inference import Network; Network.load('face_detector', 'cpu')"
    subprocess.run([sys.executable, "-B", "-c", code], check=True, env=environment)
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_is_in_use_is_given_again_and_a_changed_file_is_not(tmp_path: Path) -> None:
    first = Network.load("gesture_canned", "cpu")
    assert Network.load("gesture_canned", "cpu") is first
    assert Network.load("gesture_canned", "cpu", threads=2) is not first
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(first.path.read_bytes())
    assert Network.load(copy, "cpu") is not first


def test_whoever_measures_is_told_of_every_run() -> None:
    network, told = Network.load("gesture_canned", "cpu"), []
    with observed(lambda name, seconds, busy: told.append((name, seconds >= 0, busy >= 0))):
        network(*network.sample_inputs())
    network(*network.sample_inputs())
    assert told == [("gesture_canned", True, True)]
