"""A trained network becomes one ONNX file that explains itself, once ONNX Runtime has proved to agree with torch."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import compose, helper
from torch import Tensor, nn

from livefg.errors import LivefgError
from livefg.inference.classifier import ClassifierInfo
from livefg.recognition.gestures import CROP_INPUT
from training.augment import Batch
from training.directions import Direction
from training.features import EMBEDDING
from training.files import write_whole
from training.networks import GestureNetwork, InputKind, NetworkShape
from training.onnx_file import AboutClassifier, sealed, traced
from training.samples import CROP_SIDE, POINTS, ByteArray, FloatArray

__all__ = [
    "PROBABILITY_TOLERANCE",
    "About",
    "Learned",
    "Parity",
    "check_parity",
    "export",
    "read_network",
    "to_onnx",
]

PROBABILITY_TOLERANCE = 1e-5
_INPUTS = ("landmarks", "world", "right")
_AT_ONCE = 512
"""So many hands go through the network together where it sees their pictures, which need much memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About(AboutClassifier):
    """What the file of a classifier of gestures says of itself."""

    labels: tuple[str, ...]
    shape: NetworkShape
    reject_threshold: float
    directions: tuple[Direction, ...] = ()

    def metadata(self) -> dict[str, str]:
        """The ONNX metadata: every value a text, structured ones as JSON."""
        return {
            **self.contract(
                "gesture",
                self.labels,
                reject_threshold=self.reject_threshold,
                activation=self.shape.activation,
            ),
            "livefg.network": json.dumps(_described(self.shape)),
            "livefg.directions": json.dumps([asdict(one) for one in self.directions]),
        }


@dataclass(frozen=True, slots=True)
class Parity:
    """How far ONNX Runtime is from torch: the number of hands, differing labels, the largest gap of a probability."""

    hands: int
    labels_differ: int
    largest_gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What a file that `export` wrote holds for a training that goes on from it."""

    network: GestureNetwork
    info: ClassifierInfo
    directions: tuple[Direction, ...]


class _Calibrated(nn.Module):
    """The network with a softmax at its temperature."""

    def __init__(self, network: GestureNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(
        self, landmarks: Tensor, world: Tensor, right: Tensor, embedding: Tensor | None = None
    ) -> Tensor:
        logits = self.network(landmarks, world, right, None, embedding)
        return torch.softmax(logits / self.temperature, dim=1)


class _CalibratedOnPixels(_Calibrated):
    """The same for a network that looks at the hands' pictures."""

    def forward(self, landmarks: Tensor, world: Tensor, right: Tensor, crop: Tensor | None = None) -> Tensor:
        logits = self.network(landmarks, world, right, crop=crop)
        return torch.softmax(logits / self.temperature, dim=1)


def to_onnx(network: GestureNetwork, about: About, embedder: bytes | None = None) -> bytes:
    """The file's content: landmarks, world and right in, calibrated `probabilities` out, any number of hands.

    A network that looks at pixels has a fourth input, `crop` uint8 (N, 64, 64, 3). One that sees an embedding gets the
    graph of `embedder` (an ONNX file with the same three inputs) in front.
    """
    further = "embedding" if embedder is not None else CROP_INPUT if network.pixels else ""
    model = _exported(_calibrated(network, about.temperature), further)
    if embedder is not None:
        model = _behind(onnx.load_model_from_string(embedder), model)
    return sealed(model, about.metadata())


def check_parity(content: bytes, expected: npt.NDArray[np.floating], batch: Batch) -> Parity:
    """Run the file over a batch beside what torch gave (probabilities, N x K).

    Raises LivefgError if a label differs or a probability is off by more than `PROBABILITY_TOLERANCE`.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    wanted = {one.name for one in session.get_inputs()}
    found = np.concatenate(
        [_answers(session, wanted, piece) for piece in _pieces(batch, CROP_INPUT in wanted)]
    )
    parity = Parity(
        len(expected),
        int((found.argmax(axis=1) != expected.argmax(axis=1)).sum()),
        float(np.abs(found - expected).max(initial=0.0)),
    )
    if parity.labels_differ or not parity.largest_gap <= PROBABILITY_TOLERANCE:
        raise LivefgError(
            f"ONNX Runtime disagrees with torch on {parity.labels_differ} of {parity.hands} hands (a probability is "
            f"off by {parity.largest_gap:.1e}), so no model file was written."
        )
    return parity


def export(
    network: GestureNetwork, about: About, batch: Batch, path: Path, embedder: bytes | None = None
) -> Parity:
    """Write the network to `path`, or nothing if ONNX Runtime disagrees with torch on `batch`.

    Hands of the batch without depth are examined as if their depth were zero. Raises LivefgError.
    """
    content = to_onnx(network, about, embedder)
    ClassifierInfo.from_metadata(about.metadata(), str(path))
    parity = check_parity(content, probabilities(network, about.temperature, batch, embedder), batch)
    write_whole(path, content)
    return parity


def probabilities(
    network: GestureNetwork, temperature: float, batch: Batch, embedder: bytes | None = None
) -> FloatArray:
    """What torch gives for a batch, as the exported graph computes it (all depth taken as known)."""
    module = _calibrated(network, temperature)
    if network.pixels:
        pieces = _pieces(batch, several=True)
        with torch.no_grad():
            return np.concatenate([module(*_with_pictures(piece)).numpy() for piece in pieces])
    inputs = [torch.from_numpy(array) for array in (batch.landmarks, batch.world, batch.right)]
    if embedder is not None:
        session = onnxruntime.InferenceSession(embedder, providers=["CPUExecutionProvider"])
        given = dict(zip(_INPUTS, (batch.landmarks, batch.world, batch.right), strict=True))
        wanted = {one.name for one in session.get_inputs()}
        inputs.append(torch.from_numpy(session.run(None, {k: v for k, v in given.items() if k in wanted})[0]))
    with torch.no_grad():
        result: FloatArray = module(*inputs).numpy()
    return result


def _calibrated(network: GestureNetwork, temperature: float) -> nn.Module:
    kind = _CalibratedOnPixels if network.pixels else _Calibrated
    return kind(network.eval(), temperature).eval()


def _pieces(batch: Batch, several: bool) -> list[Batch]:
    if not several:
        return [batch]
    return [batch.take(slice(start, start + _AT_ONCE)) for start in range(0, len(batch.landmarks), _AT_ONCE)]


def _answers(session: onnxruntime.InferenceSession, wanted: set[str], batch: Batch) -> FloatArray:
    given: dict[str, npt.NDArray[Any]] = dict(
        zip(_INPUTS, (batch.landmarks, batch.world, batch.right), strict=True)
    )
    if CROP_INPUT in wanted:
        given[CROP_INPUT] = _pictures(batch)
    found: FloatArray = session.run(None, {name: value for name, value in given.items() if name in wanted})[0]
    return found


def _with_pictures(batch: Batch) -> list[Tensor]:
    arrays = (batch.landmarks, batch.world, batch.right, _pictures(batch))
    return [torch.from_numpy(array) for array in arrays]


def _pictures(batch: Batch) -> ByteArray:
    """The hands' pictures, black ones where the batch has none."""
    if batch.crop is not None:
        return batch.crop
    return np.zeros((len(batch.landmarks), CROP_SIDE, CROP_SIDE, 3), np.uint8)


def _described(shape: NetworkShape) -> dict[str, Any]:
    """The network's shape for its file, where it sees landmarks only as it was before there were others."""
    return {name: value for name, value in asdict(shape).items() if (name, value) != ("input", "landmarks")}


def read_network(path: Path, wanted: InputKind | None = None) -> Learned:
    """The network in a file that `export` wrote, so that training can go on from it.

    Raises LivefgError if the file is none of livefg's own, or its network looks at something else than `wanted`.
    """
    try:
        model = onnx.load(str(path))
    except Exception as error:
        raise LivefgError(f"{path} cannot be read as an ONNX file ({error}).") from error
    metadata = {one.key: one.value for one in model.metadata_props}
    if "livefg.network" not in metadata:
        raise LivefgError(f"{path} was not made by livefg's training, so it cannot be extended.")
    values = json.loads(metadata["livefg.network"])
    shape = NetworkShape(**{**values, "features": tuple(values["features"])})
    if wanted not in (None, shape.input):
        sees = {"landmarks": "landmarks", "pixels": "pixels", "both": "both landmarks and pixels"}
        raise LivefgError(
            f"{path} looks at {sees[shape.input]}, so it cannot be extended with --input {wanted}; leave out --input, "
            "or --extend."
        )
    info = ClassifierInfo.from_metadata(metadata, str(path))
    directions = tuple(Direction(**one) for one in json.loads(metadata.get("livefg.directions", "[]")))
    network = GestureNetwork(shape, len(info.labels))
    stored = {
        one.name.removeprefix("network."): onnx.numpy_helper.to_array(one) for one in model.graph.initializer
    }
    state = network.state_dict()
    for name, value in state.items():
        if value.is_floating_point():
            if name not in stored or stored[name].shape != tuple(value.shape):
                raise LivefgError(f"{path} lacks the weights {name!r}, so it cannot be extended.")
            state[name] = torch.from_numpy(np.array(stored[name]))
    network.load_state_dict(state)
    return Learned(network.eval(), info, directions)


def _exported(module: nn.Module, further: str) -> onnx.ModelProto:
    """The graph of a module with the three inputs and perhaps a further one, `embedding` or `crop`."""
    examples = [torch.rand(2, POINTS, 3), torch.rand(2, POINTS, 3), torch.tensor([0.0, 1.0])]
    if further == "embedding":
        examples.append(torch.rand(2, EMBEDDING))
    elif further:
        examples.append(torch.randint(0, 256, (2, CROP_SIDE, CROP_SIDE, 3), dtype=torch.uint8))
    names = [*_INPUTS, *([further] if further else [])]
    model = traced(module, examples, names, as_trained=further == CROP_INPUT)
    known = {one.name for one in model.graph.input}
    for place, name in enumerate(_INPUTS):
        if name not in known:
            # What the network does not look at is an input nevertheless: all gesture networks take the same three.
            shape: list[str | int | None] = ["N"] if name == "right" else ["N", POINTS, 3]
            model.graph.input.insert(
                place, helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
            )
    return model


def _behind(embedder: onnx.ModelProto, model: onnx.ModelProto) -> onnx.ModelProto:
    """One graph: the embedder's answer goes into the model's input `embedding`; both share the three inputs."""
    prefix = "embedder."
    embedder = compose.add_prefix(embedder, prefix)
    outer = onnx.ModelProto()
    outer.CopyFrom(model)
    graph = outer.graph
    rename = {f"{prefix}{name}": name for name in _INPUTS}
    rename[embedder.graph.output[0].name] = "embedding"
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in embedder.graph.node]
    for node in nodes:
        node.input[:] = [rename.get(name, name) for name in node.input]
        node.output[:] = [rename.get(name, name) for name in node.output]
    later = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *later])
    graph.initializer.extend(embedder.graph.initializer)
    kept = [one for one in graph.input if one.name != "embedding"]
    del graph.input[:]
    graph.input.extend(kept)
    return outer
