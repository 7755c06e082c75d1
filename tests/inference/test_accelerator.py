"""A real accelerator gives the CPU's results: every network by itself, from many threads, and the whole pipeline.

`pytest -m gpu` runs this on CUDA; LIVEFG_TEST_DEVICE names another device.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from livefg import paths
from livefg.inference import Manifest, Network
from livefg.inference import network as network_module
from livefg.inference.devices import PROVIDERS, parse_device
from livefg.inference.placement import agree
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, FrameResult

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(1800)]

# What perception runs on frames. Classifiers of a few numbers stay on the CPU where an accelerator does not gain.
ON_FRAMES = (
    "palm_detector",
    "palm_detector_lite",
    "hand_landmarks",
    "hand_landmarks_lite",
    "face_detector",
    "face_mesh",
    "face_embedder",
    "blendshapes",
    "expression",
)


@pytest.mark.parametrize("name", ON_FRAMES)
def test_every_network_that_sees_frames_gives_the_cpus_results(name: str, accelerator: str) -> None:
    ours, cpu = Network.load(name, accelerator), Network.load(name, "cpu")
    assert ours.report.provider == PROVIDERS[parse_device(accelerator)]
    for count in (1, 2, 3, 8, 11):
        inputs = cpu.sample_inputs(count)
        assert agree(ours(*inputs), cpu(*inputs))


@pytest.mark.parametrize("name", sorted(Manifest.load().entries))
def test_auto_takes_what_it_measured_to_be_faster_and_correct(name: str) -> None:
    report = Network.load(name).report
    assert report.why.startswith("auto: ")


def test_face_detection_takes_pictures_of_any_size(accelerator: str) -> None:
    ours, cpu = Network.load("face_detector", accelerator), Network.load("face_detector", "cpu")
    noise = np.random.default_rng(5)
    for width, height in ((640, 480), (1024, 576), (128, 128), (1440, 1440), (640, 480)):
        picture = noise.integers(0, 256, (1, height, width, 3), np.uint8)
        assert agree(ours(picture), cpu(picture))


def test_many_threads_get_their_own_results(accelerator: str) -> None:
    ours, cpu = Network.load("hand_landmarks", accelerator), Network.load("hand_landmarks", "cpu")
    pictures = np.random.default_rng(3).integers(0, 256, (24, 224, 224, 3), np.uint8)
    expected = [cpu(picture[None]) for picture in pictures]
    with ThreadPoolExecutor(12) as pool:
        for _ in range(5):
            found = pool.map(lambda picture: ours(picture[None]), pictures)
            for one, other in zip(found, expected, strict=True):
                assert agree(one, other)


def test_the_next_start_takes_the_form_that_was_best(
    accelerator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if accelerator == "cpu":
        pytest.skip("nothing is remembered for the CPU")
    monkeypatch.setattr(paths, "user_cache_dir", lambda: tmp_path)
    first = Network.load("face_mesh", accelerator, threads=2)
    network_module._in_use.clear()
    second = Network.load("face_mesh", accelerator, threads=2)
    assert second is not first
    assert (second.report.form, second.report.failures) == (first.report.form, ())


def test_cuda_keeps_buffers_or_graphs_for_the_networks_of_every_frame(accelerator: str) -> None:
    if accelerator != "cuda":
        pytest.skip("of CUDA alone")
    for name in ("hand_landmarks", "palm_detector", "face_mesh"):
        report = Network.load(name, "cuda").report
        assert "CUDA graphs" in report.form or "fixed buffers" in report.form, str(report)


def seen(device: str, frames: list[Frame], *, one_by_one: bool) -> list[FrameResult]:
    with Pipeline(PipelineSettings(device=device, identity=False, faces=1)) as pipeline:
        if one_by_one:
            return [pipeline.process(frame) for frame in frames]
        return [result for _, result in pipeline.stream(frames)]


@pytest.mark.parametrize("one_by_one", [True, False])
def test_the_pipeline_sees_what_it_sees_on_the_cpu(
    accelerator: str, demo_frames: list[Frame], one_by_one: bool
) -> None:
    frames = demo_frames[90:210]
    ours, cpu = (seen(device, frames, one_by_one=one_by_one) for device in (accelerator, "cpu"))
    distances = []
    for one, other in zip(ours, cpu, strict=True):
        assert (len(one.hands), len(one.faces)) == (len(other.hands), len(other.faces))
        for mine, his in zip((*one.hands, *one.faces), (*other.hands, *other.faces), strict=True):
            assert mine.landmarks is not None
            assert his.landmarks is not None
            offsets = mine.landmarks[:, :2] - his.landmarks[:, :2]
            distances.append(float(np.linalg.norm(offsets, axis=1).mean()))
    assert np.mean(distances) < 0.25
    names = [[hand.gesture and hand.gesture.name for hand in result.hands] for result in ours]
    expected = [[hand.gesture and hand.gesture.name for hand in result.hands] for result in cpu]
    assert np.mean([one == other for one, other in zip(names, expected, strict=True)]) > 0.95
