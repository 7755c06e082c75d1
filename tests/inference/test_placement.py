"""What an accelerator can do is tried, proved and remembered; what fails is said and done without."""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_devices import FakeDevices
from onnx_files import save_classifier, save_doubler

from livefg.inference import Network, bindings, placement
from livefg.inference import network as network_module
from livefg.inference.bindings import BoundRuns, PlainRuns
from livefg.inference.forms import PLAIN, Form
from livefg.inference.placement import agree, is_faster
from livefg.inference.sessions import SessionOrder

GRAPHS = Form(bound=True, graph=True)
BOUND = Form(bound=True)


@pytest.fixture
def doubler(tmp_path: Path) -> Path:
    return save_doubler(tmp_path / "models" / "doubler.onnx")


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDevices:
    return FakeDevices(monkeypatch, tmp_path / "cache")


def forms(fakes: FakeDevices) -> list[Form]:
    return [one.form for one in fakes.opened]


def start_again(fakes: FakeDevices, path: Path, device: str = "cuda") -> Network:
    """As in a new process: what is in memory is forgotten."""
    fakes.opened.clear()
    network_module._in_use.clear()
    return Network.load(path, device)


def test_cuda_replays_graphs_in_full_precision_where_half_brings_nothing(
    fakes: FakeDevices, doubler: Path
) -> None:
    report = Network.load(doubler, "cuda").report
    assert (report.form, report.failures) == ("CUDA graphs", ())
    assert str(report).startswith("doubler: cuda (CUDAExecutionProvider, CUDA graphs), ")
    assert forms(fakes) == [GRAPHS, Form(half=True, bound=True, graph=True)]


def test_half_precision_is_taken_where_it_is_faster_and_as_exact(fakes: FakeDevices, doubler: Path) -> None:
    fakes.half = 0.5
    assert Network.load(doubler, "cuda").report.form == "float16, CUDA graphs"


def test_half_precision_with_other_results_is_left_out_with_a_sentence(
    fakes: FakeDevices, doubler: Path
) -> None:
    fakes.half = 0.5
    fakes.wrong_forms.add(Form(half=True, bound=True, graph=True))
    report = Network.load(doubler, "cuda").report
    assert report.form == "CUDA graphs"
    assert report.failures == ("no float16, CUDA graphs: it gives other results than the CPU",)
    assert str(report).endswith("as asked; no float16, CUDA graphs: it gives other results than the CPU")


def test_where_recording_fails_buffers_stay_and_the_reason_is_said(fakes: FakeDevices, doubler: Path) -> None:
    fakes.failing_forms[GRAPHS] = "an operation is on the CPU"
    report = Network.load(doubler, "cuda").report
    assert report.form == "fixed buffers"
    assert report.failures == ("no CUDA graphs: an operation is on the CPU",)


def test_a_recording_that_ignores_new_inputs_is_found_out(fakes: FakeDevices, doubler: Path) -> None:
    fakes.replays_old_results = True
    report = Network.load(doubler, "cuda").report
    assert report.form == ""
    assert len(report.failures) == 2
    assert all("other results" in failure for failure in report.failures[:2])


def test_what_was_found_out_is_remembered_for_the_next_start(fakes: FakeDevices, doubler: Path) -> None:
    fakes.half = 0.5
    Network.load(doubler, "cuda")
    again = start_again(fakes, doubler)
    assert forms(fakes) == [Form(half=True, bound=True, graph=True)]
    assert again.report.form == "float16, CUDA graphs"


def test_a_remembered_form_that_fails_now_is_forgotten_with_a_sentence(
    fakes: FakeDevices, doubler: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Network.load(doubler, "cuda")
    fakes.failing_forms[GRAPHS] = "another driver"
    with caplog.at_level(logging.WARNING, "livefg.inference"):
        again = start_again(fakes, doubler)
    assert again.report.form == "fixed buffers"
    assert caplog.messages == [
        "What was kept of the cuda engine of doubler is thrown away and made again: another driver."
    ]


def test_what_is_compiled_lies_in_the_cache_folder_whole_or_not_at_all(
    fakes: FakeDevices, doubler: Path, tmp_path: Path
) -> None:
    Network.load(doubler, "coreml")
    place = tmp_path / "cache" / "compiled"
    assert [path.name.startswith("coreml-") for path in place.iterdir()] == [True]
    (kept,) = place.iterdir()
    assert json.loads((kept / "contents.json").read_text())["form"] == {
        "half": False,
        "bound": False,
        "graph": False,
    }
    start_again(fakes, doubler, "coreml")
    assert [one.folder for one in fakes.opened] == [kept]


def test_nothing_is_kept_for_a_device_that_gains_nothing_from_it(
    fakes: FakeDevices, doubler: Path, tmp_path: Path
) -> None:
    Network.load(doubler, "openvino")
    assert not (tmp_path / "cache").exists()


class Compiler:
    """Lets a device write into the folder of its own that a session has, when that is opened."""

    def __init__(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cache = cache
        self.write: Callable[[Path], object] = lambda _: None
        opening = SessionOrder.session

        def session(
            order: SessionOrder, device: str, form: Form = PLAIN, folder: Path | None = None
        ) -> object:
            if folder:
                self.write(folder / "engine")
            return opening(order, device, form, folder)  # type: ignore[arg-type]

        monkeypatch.setattr(SessionOrder, "session", session)

    @property
    def engine(self) -> Path:
        """The only one that was kept."""
        (path,) = (self._cache / "compiled").glob("*/engine")
        return path


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    return Compiler(tmp_path / "cache", monkeypatch)


def test_what_a_device_changes_by_itself_in_its_folder_is_no_damage(
    fakes: FakeDevices, doubler: Path, compiler: Compiler, caplog: pytest.LogCaptureFixture
) -> None:
    compiler.write = lambda engine: engine.write_text(f"engine {len(fakes.opened)}")
    Network.load(doubler, "coreml")
    fakes.opened.append(fakes.opened[0])
    for _ in range(2):
        network_module._in_use.clear()
        Network.load(doubler, "coreml")
    assert caplog.messages == []
    assert compiler.engine.read_text() == "engine 3"


def test_a_damaged_engine_is_thrown_away_with_a_sentence(
    fakes: FakeDevices, doubler: Path, compiler: Compiler, caplog: pytest.LogCaptureFixture
) -> None:
    compiler.write = lambda engine: engine.exists() or engine.write_bytes(b"engine")
    Network.load(doubler, "tensorrt")
    engine = compiler.engine
    engine.write_bytes(b"engima")
    caplog.clear()
    with caplog.at_level(logging.WARNING, "livefg.inference"):
        start_again(fakes, doubler, "tensorrt")
    assert caplog.messages[0] == (
        "What was kept of the tensorrt engine of doubler is thrown away and made again: "
        "its files are not those that were written."
    )
    assert engine.read_bytes() == b"engine"


def test_building_an_engine_is_announced_once(
    fakes: FakeDevices, doubler: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "livefg.inference"):
        Network.load(doubler, "tensorrt")
        start_again(fakes, doubler, "tensorrt")
    (message,) = caplog.messages
    assert message.startswith("Building the TensorRT engine of doubler for ")
    assert message.endswith(", once; this takes a minute or two.")


def test_a_changed_network_takes_the_place_of_the_old_one_elsewhere(
    fakes: FakeDevices, doubler: Path, tmp_path: Path
) -> None:
    Network.load(doubler, "coreml")
    Network.load(save_classifier(tmp_path / "models" / "other.onnx"), "coreml")
    assert len(list((tmp_path / "cache" / "compiled").iterdir())) == 2


def test_a_cache_folder_that_cannot_be_written_costs_a_sentence_and_nothing_else(
    fakes: FakeDevices, doubler: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with caplog.at_level(logging.WARNING, "livefg.inference"):
        assert Network.load(doubler, "coreml").report.device == "coreml"
    assert any("for the next start" in message for message in caplog.messages)


def test_a_device_that_runs_a_network_in_no_form_leaves_nothing_behind(
    fakes: FakeDevices, doubler: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.failures["cuda"] = "out of memory"
    monkeypatch.setattr("livefg.inference.network.accelerators", lambda: ("cuda",))
    assert Network.load(doubler).report.device == "cpu"
    assert list((tmp_path / "cache" / "compiled").iterdir()) == []


def test_everything_on_a_card_is_done_by_one_thread(fakes: FakeDevices, doubler: Path) -> None:
    network = Network.load(doubler, "cuda")
    network(*network.sample_inputs(3))
    assert len(fakes.threads) == 1


class Clock:
    """A clock that only networks move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(placement, "time", SimpleNamespace(perf_counter=lambda: self.now))
        monkeypatch.setattr(placement, "usual_threads", lambda: 2)


class Timed:
    """A network that takes so many seconds for a batch of each size."""

    def __init__(self, clock: Clock, seconds: dict[int, float], batches: Sequence[int] = ()) -> None:
        self._clock = clock
        self._seconds = seconds
        self.batches = batches

    def sample_inputs(self, batch: int = 1) -> list[np.ndarray]:
        return [np.zeros((batch, 1), np.float32)]

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        self._clock.now += self._seconds[len(inputs[0])]
        return list(inputs)


@pytest.mark.parametrize(
    ("cpu", "card", "answer"),
    [
        ({1: 8.0, 2: 16.0, 4: 32.0}, {1: 1.0, 2: 1.1, 4: 1.3}, True),
        # As quick by itself, but four at a time cost it no more than one.
        ({1: 1.0, 2: 2.0, 4: 4.0}, {1: 1.0, 2: 1.0, 4: 1.0}, True),
        # A tiny network: getting there takes longer than the CPU's work.
        ({1: 0.1, 2: 0.1, 4: 0.2}, {1: 0.3, 2: 0.3, 4: 0.3}, False),
        # Two threads of the CPU do two pictures in the time of one.
        ({1: 1.0, 2: 2.0, 4: 2.0}, {1: 0.9, 2: 1.0, 4: 1.2}, False),
    ],
)
def test_the_faster_device_is_the_one_that_is_so_with_the_batches_that_occur(
    monkeypatch: pytest.MonkeyPatch, cpu: dict[int, float], card: dict[int, float], answer: bool
) -> None:
    clock = Clock(monkeypatch)
    assert is_faster(Timed(clock, card, (1, 2, 4, 8)), Timed(clock, cpu)) is answer


def test_a_device_without_batches_is_measured_by_single_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    assert is_faster(Timed(clock, {1: 1.0}), Timed(clock, {1: 2.0}))
    assert not is_faster(Timed(clock, {1: 1.95}), Timed(clock, {1: 2.0}))


def test_results_agree_within_what_half_precision_explains() -> None:
    reference = np.linspace(0, 200, 63, dtype=np.float32)
    assert agree([reference + 0.9], [reference])
    assert not agree([reference + 1.1], [reference])
    assert not agree([reference[:5]], [reference])
    assert not agree([np.full(63, np.nan, np.float32)], [reference])
    assert agree([np.float32([2e-7])], [np.float32([0])])


@pytest.mark.parametrize("name", ["hand_landmarks_lite", "face_detector", "blendshapes", "gesture"])
@pytest.mark.parametrize("graphs", [False, True])
def test_buffers_that_stay_give_what_plain_runs_give(name: str, graphs: bool) -> None:
    network = Network.load(name, "cpu")
    session = network._runs._session  # type: ignore[attr-defined]
    bound, plain = BoundRuns(session, "cpu", graphs=graphs), PlainRuns(session)
    first, second = network.sample_inputs(1), network.sample_inputs(2)
    for parts, size in (([first], 1), ([second], 2), ([first, second], 4), ([first], 1), ([second], 4)):
        count = sum(len(part[0]) for part in parts)
        ours, expected = bound(parts, size), plain(parts, size)
        for one, other in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(one[:count], other[:count])
        kept = [output.copy() for output in ours]
        bound([network.sample_inputs(1)], 1)
        for one, other in zip(ours, kept, strict=True):
            np.testing.assert_array_equal(one, other)


def test_buffers_for_pictures_of_any_size_are_few() -> None:
    network = Network.load("face_detector", "cpu")
    bound = BoundRuns(network._runs._session, "cpu")  # type: ignore[attr-defined]
    for step in range(1, 13):
        picture = np.zeros((1, 32 * step, 64, 3), np.uint8)
        for ours, expected in zip(bound([[picture]], 1), network(picture), strict=True):
            np.testing.assert_array_equal(ours, expected)
    assert len(bound._kept) == 8


@pytest.mark.parametrize("granted", [True, False])
def test_pages_are_locked_where_that_is_granted_and_given_back(
    monkeypatch: pytest.MonkeyPatch, granted: bool
) -> None:
    calls: list[str] = []

    def answer(name: str, result: int) -> object:
        return lambda *_: calls.append(name) or result

    library = SimpleNamespace(
        cudaHostRegister=answer("lock", 0 if granted else 712),
        cudaHostUnregister=answer("unlock", 0),
        cudaGetLastError=answer("forget", 712),
    )
    monkeypatch.setattr(bindings, "_cuda_runtime", lambda: library)
    array = bindings._page_locked(np.ones((2, 3, 5), np.uint8))
    assert (array.shape, array.dtype, array.sum()) == ((2, 3, 5), np.uint8, 0)
    assert array.flags.writeable
    assert array.ctypes.data % 4096 == 0
    assert calls == (["lock"] if granted else ["lock", "forget"])
    del array
    assert calls[1:] == (["unlock"] if granted else ["forget"])
