"""A trained motion network becomes one ONNX file that explains itself, once ONNX Runtime agrees with torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from livefg.errors import LivefgError
from livefg.inference.classifier import ClassifierInfo
from livefg.recognition.motion_window import LONG_AGO
from livefg.results import FloatArray
from training.files import write_whole
from training.motion_networks import MotionNetwork, MotionShape
from training.onnx_file import AboutClassifier, largest_gap, sealed, traced

__all__ = ["AboutMotion", "export_motion", "read_motion", "to_onnx"]

_TOLERANCE = 1e-4
_INPUTS = {"hand": ("landmarks", "times", "right"), "head": ("pose", "times")}


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutMotion(AboutClassifier):
    """What the file of a motion network says of itself; see the contract of the file in docs/motions.md.

    `enter` is the threshold of every motion; the lowest stands for all where one number is asked for.
    """

    enter: Mapping[str, float]

    @property
    def reject_threshold(self) -> float:
        """The lowest threshold of a motion."""
        return min(self.enter.values())

    def metadata(self, network: MotionNetwork) -> dict[str, str]:
        """The ONNX metadata: every value a text, structured ones as JSON."""
        return {
            **self.contract(
                "motion",
                network.labels,
                reject_threshold=self.reject_threshold,
                activation="tanh" if network.shape.kind == "gru" else "relu",
            ),
            "livefg.enter": json.dumps(dict(sorted(self.enter.items()))),
            "livefg.network": json.dumps(asdict(network.shape)),
        }


class _Calibrated(nn.Module):
    """The network with a softmax at its temperature."""

    def __init__(self, network: MotionNetwork, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, values: Tensor, times: Tensor, right: Tensor | None = None) -> Tensor:
        return torch.softmax(self.network(values, times, right) / self.temperature, dim=1)


def to_onnx(network: MotionNetwork, about: AboutMotion) -> bytes:
    """The file's content: any number of windows of any length in, calibrated `probabilities` out."""
    names = _INPUTS[network.shape.subject]
    long = [name for name in names if name != "right"]
    model = traced(_Calibrated(network, about.temperature), _example(network, 2, 12), names, long=long)
    return sealed(model, about.metadata(network))


def export_motion(network: MotionNetwork, about: AboutMotion, path: Path) -> float:
    """Write the network to `path`, or nothing if ONNX Runtime disagrees with torch or the contract is broken.

    Gives the largest difference of a probability over windows of several lengths. Raises LivefgError.
    """
    content = to_onnx(network, about)
    ClassifierInfo.from_metadata(about.metadata(network), str(path))
    examples = [_example(network, count, length) for count, length in ((1, 3), (2, 25), (5, 48), (3, 80))]
    calibrated = _Calibrated(network, about.temperature)
    gap = largest_gap(content, calibrated, _INPUTS[network.shape.subject], examples, _TOLERANCE)
    write_whole(path, content)
    return gap


def read_motion(path: Path) -> tuple[MotionNetwork, ClassifierInfo]:
    """The trained network in a file that `export_motion` wrote, to go on from, and what the file says of it.

    Raises LivefgError if it is none.
    """
    try:
        model = onnx.load(path)
    except Exception as error:
        raise LivefgError(f"{path} cannot be read as a network ({error}).") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    info = ClassifierInfo.from_metadata(metadata, str(path))
    try:
        shape = MotionShape(**json.loads(metadata["livefg.network"]))
    except (KeyError, TypeError, ValueError) as error:
        raise LivefgError(f"{path} was not made by livefg's training, so it cannot be extended.") from error
    network = MotionNetwork(shape, info.labels)
    arrays = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    stored = {name.removeprefix("network."): array for name, array in arrays.items()}
    recurrent = [node for node in model.graph.node if node.op_type == "GRU"]
    for number, node in enumerate(recurrent):
        member = f"body.members.{number}" if shape.members > 1 else "body"
        weights = _recurrent_weights(*(arrays[name][0] for name in node.input[1:4]))
        stored |= {f"{member}.gru.{name}": value for name, value in weights.items()}
    wanted = network.state_dict()
    missing = sorted(set(wanted) - set(stored))
    if missing:
        raise LivefgError(f"{path} lacks the weights {missing[0]!r}, so it cannot be extended.")
    network.load_state_dict({name: torch.from_numpy(np.array(stored[name])) for name in wanted})
    return network.eval(), info


def _recurrent_weights(inputs: FloatArray, state: FloatArray, biases: FloatArray) -> dict[str, FloatArray]:
    """The weights of a recurrent unit by torch's names and in its order of the gates; ONNX has the second one first."""
    found = {}
    for name, gates in zip(
        ("weight_ih", "weight_hh", "bias_ih", "bias_hh"), (inputs, state, *np.split(biases, 2)), strict=True
    ):
        update, reset, new = np.split(gates, 3)
        found[f"{name}_l0"] = np.concatenate([reset, update, new])
    return found


def _example(network: MotionNetwork, count: int, length: int) -> tuple[Tensor, ...]:
    """Windows of noise with rising times, the first half of one of them unseen."""
    random = torch.Generator().manual_seed(count * 100 + length)
    times = torch.rand(count, length, generator=random).add(0.3).cumsum(dim=1) / 20
    times = times - times[:, -1:]
    times[0, : length // 2] = LONG_AGO
    if network.shape.subject == "head":
        return torch.randn(count, length, 3, generator=random) * 10, times
    landmarks = torch.rand(count, length, 21, 3, generator=random) * 100 + 200
    return landmarks, times, (torch.arange(count) % 2).float()
