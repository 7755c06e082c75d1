"""The network: a multi-layer perceptron on hand features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from training.features import FeatureGroup, HandFeatures

__all__ = ["ACTIVATIONS", "Activation", "GestureNetwork", "NetworkShape"]

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
    """

    features: tuple[FeatureGroup, ...] = ("flat", "angles", "world")
    depth: int = 2
    width: int = 256
    activation: Activation = "relu"
    dropout: float = 0.2
    members: int = 1


class GestureNetwork(nn.Module):
    """Hand features to logits; a softmax over them, divided by the temperature, gives probabilities."""

    def __init__(self, shape: NetworkShape, labels: int) -> None:
        super().__init__()
        self.shape = shape
        self.features = HandFeatures(shape.features)
        self.members = nn.ModuleList(_Member(shape, self.features.size, labels) for _ in range(shape.members))

    def forward(
        self,
        landmarks: Tensor,
        world: Tensor,
        right: Tensor,
        depth: Tensor | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        """Logits (N, labels) of hands as `HandFeatures.forward` takes them: the mean of the members'."""
        return self.each(landmarks, world, right, depth, embedding).mean(dim=0)

    def each(
        self,
        landmarks: Tensor,
        world: Tensor,
        right: Tensor,
        depth: Tensor | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        """Logits (members, N, labels): what each member learns by, so that they stay different."""
        features = self.features(landmarks, world, right, depth, embedding)
        return torch.stack([member(features) for member in self.members])


class _Member(nn.Module):
    """A multi-layer perceptron."""

    def __init__(self, shape: NetworkShape, size: int, labels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(shape.depth):
            layers += [
                nn.Linear(size, shape.width),
                ACTIVATIONS[shape.activation](),
                nn.Dropout(shape.dropout),
            ]
            size = shape.width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(size, labels)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(features))
        return logits
