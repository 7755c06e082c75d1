"""A network that is rewritten for an accelerator gives the results that it gave, and is smaller or simpler."""

import onnx
import pytest

from livefg.inference import Manifest, Network
from livefg.inference.placement import agree
from livefg.inference.rewriting import in_half_precision, with_prelu

NAMES = sorted(Manifest.load().entries)
SPELLED_OUT = {
    "palm_detector": 31,
    "palm_detector_lite": 26,
    "face_mesh": 69,
    "face_embedder": 27,
}


def operations(content: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(content).graph.node]


def run(network: Network, content: bytes, inputs: list) -> list:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(network.input_names, inputs, strict=True)))


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_network_means_the_same_with_prelu_and_in_half_precision(name: str) -> None:
    network = Network.load(name, "cpu")
    rewritten = with_prelu(network.path.read_bytes())
    inputs = network.sample_inputs(2)
    expected = network(*inputs)
    assert agree(run(network, rewritten, inputs), expected)
    halved = run(network, in_half_precision(rewritten), inputs)
    assert [output.dtype for output in halved] == [output.dtype for output in expected]
    assert agree(halved, expected)


@pytest.mark.parametrize(("name", "count"), SPELLED_OUT.items())
def test_two_scalings_and_a_sum_become_one_operation(name: str, count: int) -> None:
    before = Manifest.load().path(name).read_bytes()
    after = with_prelu(before)
    assert operations(after).count("PRelu") == count
    assert operations(after).count("Conv") == operations(before).count("Conv") - 2 * count
    onnx.checker.check_model(onnx.load_from_string(after))


def test_constants_are_stored_as_they_are_used() -> None:
    after = with_prelu(Manifest.load().path("hand_landmarks").read_bytes())
    graph = onnx.load_from_string(after).graph
    stored = {tensor.name for tensor in graph.initializer}
    assert not any(node.op_type == "Cast" and node.input[0] in stored for node in graph.node)
    assert all(tensor.data_type != onnx.TensorProto.FLOAT16 for tensor in graph.initializer)
