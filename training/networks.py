"""The network: a multi-layer perceptron on hand features, on what convolutions see of its picture, or on both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from training.features import FeatureGroup, HandFeatures

__all__ = ["ACTIVATIONS", "INPUTS", "Activation", "GestureNetwork", "InputKind", "NetworkShape"]

InputKind = Literal["landmarks", "pixels", "both"]
INPUTS: tuple[InputKind, ...] = ("landmarks", "pixels", "both")
_CHANNELS = (16, 32, 64, 128)
_SEEN = 128
"""Numbers that the convolutions make of a picture."""
_ALONE = 0.15
"""In training, the share of hands of which a network of both sees the picture only, and of those with points only."""
Activation = Literal["relu", "tanh", "sigmoid"]
ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """How a network is built: what it sees, and its hidden layers' number, width, activation and dropout (0..1).

    `members` networks that began differently answer together: steadier than one, and hardly slower at this size.
    `input` says whether the features of landmarks, the hand's picture, or both are looked at; the members share the
    convolutions.
    """

    features: tuple[FeatureGroup, ...] = ("flat", "angles", "world")
    depth: int = 2
    width: int = 256
    activation: Activation = "relu"
    dropout: float = 0.2
    members: int = 1
    input: InputKind = "landmarks"


class GestureNetwork(nn.Module):
    """Hand features to logits; a softmax over them, divided by the temperature, gives probabilities."""

    def __init__(self, shape: NetworkShape, labels: int) -> None:
        super().__init__()
        self.shape = shape
        points, picture = shape.input != "pixels", shape.input != "landmarks"
        self.features = HandFeatures(shape.features) if points else None
        size = (self.features.size if self.features else 0) + (_SEEN if picture else 0)
        self.chance = torch.Generator()
        """Decides what is dropped in training: its own, so that trainings side by side repeat themselves."""
        self.members = nn.ModuleList(_Member(shape, size, labels, self.chance) for _ in range(shape.members))
        self.pixels = _HandPixels(shape.activation) if picture else None

    def forward(
        self,
        landmarks: Tensor,
        world: Tensor,
        right: Tensor,
        depth: Tensor | None = None,
        embedding: Tensor | None = None,
        crop: Tensor | None = None,
        has_crop: Tensor | None = None,
    ) -> Tensor:
        """Logits (N, labels) of hands as `HandFeatures.forward` takes them: the mean of the members'.

        `crop` uint8 (N, S, S, 3) are the pictures for networks that look at them; `has_crop` (N,) is 0 where there is
        none, by default there are all.
        """
        return self.each(landmarks, world, right, depth, embedding, crop, has_crop).mean(dim=0)

    def each(
        self,
        landmarks: Tensor,
        world: Tensor,
        right: Tensor,
        depth: Tensor | None = None,
        embedding: Tensor | None = None,
        crop: Tensor | None = None,
        has_crop: Tensor | None = None,
    ) -> Tensor:
        """Logits (members, N, labels): what each member learns by, so that they stay different."""
        parts = []
        if self.features:
            parts.append(self.features(landmarks, world, right, depth, embedding))
        if self.pixels:
            assert crop is not None
            parts.append(self._seen(crop, right, has_crop))
        if len(parts) == 2 and self.training:
            parts = self._one_alone(parts, has_crop)
        features = torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]
        return torch.stack([member(features) for member in self.members])

    def _seen(self, crop: Tensor, right: Tensor, has_crop: Tensor | None) -> Tensor:
        """What the convolutions make of the pictures there are; zeros for the others, whose blackness is no fact."""
        assert self.pixels is not None
        if has_crop is None:
            return torch.as_tensor(self.pixels(crop, right))
        seen = torch.zeros(len(crop), _SEEN, device=crop.device)
        rows = has_crop.nonzero().flatten()
        if len(rows) > int(self.training):  # of a single one no deviation could be learned
            seen[rows] = self.pixels(crop[rows], right[rows])
        return seen

    def _one_alone(self, parts: list[Tensor], has_crop: Tensor | None) -> list[Tensor]:
        """Points and picture, of some hands only one of both: so that neither is relied upon."""
        points, picture = parts
        draw = torch.rand(len(points), 1, generator=self.chance).to(points.device)
        has = torch.ones_like(draw) if has_crop is None else has_crop.reshape(-1, 1)
        return [points * (1 - has * (draw > 1 - _ALONE).float()), picture * (draw > _ALONE).float()]


class _HandPixels(nn.Module):
    """Convolutions on the picture of a hand, mirrored to a right one: bytes (N, S, S, 3) to (N, 128)."""

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        size = 3
        for channels in _CHANNELS:
            layers += _convolution(size, channels, 2, activation)
            size = channels
        layers += _convolution(size, _SEEN, 1, activation)
        self.body = nn.Sequential(*layers)
        # Means over the picture hardly differ from hand to hand: what learns from them wants them as large as features.
        self.usual = nn.BatchNorm1d(_SEEN)

    def forward(self, crop: Tensor, right: Tensor) -> Tensor:
        picture = crop.to(torch.float32).permute(0, 3, 1, 2) / 127.5 - 1
        side = (right >= 0.5).reshape(-1, 1, 1, 1)
        picture = torch.where(side, picture, picture.flip(3))
        seen: Tensor = self.usual(self.body(picture).mean(dim=(2, 3)))
        return seen


def _convolution(before: int, after: int, stride: int, activation: Activation) -> list[nn.Module]:
    return [
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(after),
        ACTIVATIONS[activation](),
    ]


class _Member(nn.Module):
    """A multi-layer perceptron."""

    def __init__(self, shape: NetworkShape, size: int, labels: int, chance: torch.Generator) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(shape.depth):
            layers += [
                nn.Linear(size, shape.width),
                ACTIVATIONS[shape.activation](),
                _Dropout(shape.dropout, chance),
            ]
            size = shape.width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(size, labels)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(features))
        return logits


class _Dropout(nn.Module):
    """In training sets about a share of the values to zero and scales up the others; to 1/256 of the share exactly.

    torch's own takes five times as long on the CPU, which was a fourth of a training.
    """

    def __init__(self, share: float, chance: torch.Generator) -> None:
        super().__init__()
        self._dropped = round(256 * share)
        self._chance = chance

    def forward(self, values: Tensor) -> Tensor:
        if not self.training or not self._dropped:
            return values
        words = torch.empty(values.numel() // 8 + 1, dtype=torch.int64)
        words.random_(-(2**63), None, generator=self._chance)
        kept = words.view(torch.uint8)[: values.numel()].view(values.shape).to(values.device) >= self._dropped
        return values * kept.to(values.dtype).mul_(256 / (256 - self._dropped))
