"""The network: a multi-layer perceptron on hand features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    """How a network is built: what it sees, and its hidden layers' number, width, activation and dropout (0..1)."""

    features: tuple[FeatureGroup, ...] = ("flat", "angles", "world")
    depth: int = 2
    width: int = 256
    activation: Activation = "relu"
    dropout: float = 0.2


class GestureNetwork(nn.Module):
    """Hand features to logits; a softmax over them, divided by the temperature, gives probabilities."""

    def __init__(self, shape: NetworkShape, labels: int) -> None:
        super().__init__()
        self.shape = shape
        self.features = HandFeatures(shape.features)
        layers: list[nn.Module] = []
        size = self.features.size
        for _ in range(shape.depth):
            layers += [
                nn.Linear(size, shape.width),
                ACTIVATIONS[shape.activation](),
                nn.Dropout(shape.dropout),
            ]
            size = shape.width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(size, labels)

    def forward(
        self,
        landmarks: Tensor,
        world: Tensor,
        right: Tensor,
        depth: Tensor | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        """Logits (N, labels) of hands as `HandFeatures.forward` takes them."""
        logits: Tensor = self.head(self.body(self.features(landmarks, world, right, depth, embedding)))
        return logits
