"""The pieces that graphs are written with compute what they stand for."""

import numpy as np
import onnx
import onnxruntime
import pytest

from training.convert.graph_builder import GraphBuilder
from training.convert.picture import convolve_picture
from training.convert.prelu import write_prelu


def run(graph: GraphBuilder, **inputs: np.ndarray) -> np.ndarray:
    model = graph.build().SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def initializers(graph: GraphBuilder) -> list[onnx.TensorProto]:
    return list(graph.build().graph.initializer)


def sum_of(constant: np.ndarray, *, round_to_half: bool = False, exact: bool = False) -> GraphBuilder:
    graph = GraphBuilder("sum", round_to_half=round_to_half)
    value = graph.input("value", np.float32, ["N", constant.size])
    total = graph.node("Add", [value, graph.constant(constant, exact=exact)])
    graph.output("total", total, ["N", constant.size])
    return graph


@pytest.mark.parametrize(
    "slopes",
    [
        pytest.param([0.0, 0.25, 0.9, 1.0], id="none above one"),
        pytest.param([-0.5, 0.25, 1.0, 3.0], id="some above one, some negative"),
    ],
)
def test_prelu_is_prelu(slopes: list[float]) -> None:
    graph = GraphBuilder("prelu")
    value = graph.input("value", np.float32, ["N", 4, 5, 6])
    factors = np.array(slopes, np.float32)
    graph.output("result", write_prelu(graph, value, factors), ["N", 4, 5, 6])
    values = np.random.default_rng(0).normal(0, 10, (2, 4, 5, 6)).astype(np.float32)
    expected = np.where(values > 0, values, values * factors[:, None, None])
    np.testing.assert_allclose(run(graph, value=values), expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("fill", [0.0, 127.5])
@pytest.mark.parametrize(("strides", "pads"), [((2, 2), ((0, 1), (0, 1))), ((1, 2), ((1, 1), (2, 1)))])
def test_a_picture_read_as_rows_of_bytes_is_convolved_as_pixels(
    strides: tuple[int, int], pads: tuple[tuple[int, int], tuple[int, int]], fill: float
) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (2, 8, 10, 3), np.uint8)
    weights = random.normal(0, 1, (4, 3, 3, 3)).astype(np.float32)
    bias = random.normal(0, 1, 4).astype(np.float32)
    graph = GraphBuilder("picture")
    image = graph.input("image", np.uint8, ["N", "H", "W", 3])
    result = convolve_picture(graph, image, weights, bias, strides, pads, fill)
    graph.output("result", result, ["N", 4, "h", "w"])

    bordered = np.pad(picture.astype(np.float32), ((0, 0), *pads, (0, 0)), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(bordered, (3, 3), axis=(1, 2))
    windows = windows[:, :: strides[0], :: strides[1]]
    expected = np.einsum("nhwcyx,oyxc->nohw", windows, weights) + bias[:, None, None]
    np.testing.assert_allclose(run(graph, image=picture), expected, rtol=1e-4, atol=2e-3)


def test_weights_that_float16_holds_exactly_are_stored_as_float16_and_read_as_they_were() -> None:
    weights = np.arange(128, dtype=np.float32) / 8
    graph = sum_of(weights)
    assert [tensor.data_type for tensor in initializers(graph)] == [onnx.TensorProto.FLOAT16]
    assert np.array_equal(run(graph, value=np.zeros((1, 128), np.float32))[0], weights)


def test_weights_that_float16_would_change_stay_float32() -> None:
    weights = np.linspace(0, 1, 128, dtype=np.float32)
    graph = sum_of(weights)
    assert np.array_equal(run(graph, value=np.zeros((1, 128), np.float32))[0], weights)


def test_rounding_to_float16_spares_what_is_marked_exact() -> None:
    weights = np.linspace(0, 1, 128, dtype=np.float32)
    zeros = np.zeros((1, 128), np.float32)
    rounded = run(sum_of(weights, round_to_half=True), value=zeros)[0]
    assert np.array_equal(rounded, weights.astype(np.float16).astype(np.float32))
    assert np.array_equal(run(sum_of(weights, round_to_half=True, exact=True), value=zeros)[0], weights)


def test_equal_constants_are_stored_once() -> None:
    graph = GraphBuilder("twice")
    assert graph.scalar(2.5) == graph.scalar(2.5)
    assert graph.integers(1, 2) == graph.integers(1, 2)
    assert graph.integers(1, 2) != graph.integers(2, 1)


def test_the_same_graph_gives_the_same_bytes() -> None:
    weights = np.linspace(0, 1, 128, dtype=np.float32)
    first, second = (sum_of(weights).build().SerializeToString(deterministic=True) for _ in range(2))
    assert first == second
