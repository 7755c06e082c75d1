"""Samples as a network takes them when it does not learn, and what it answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.augment import Augmentation, Batch, augment
from training.networks import GestureNetwork
from training.pixels import with_crops
from training.samples import FloatArray, Samples

__all__ = ["Embedder", "inputs_of", "logits_of", "still"]

Embedder = Callable[[FloatArray], FloatArray]
"""Landmarks (N, 21, 3) to their embeddings (N, 128)."""


def still(samples: Samples, label: npt.NDArray[np.int64]) -> Batch:
    """The samples as they are, as the network takes them; with their pictures, if any has one."""
    batch = augment(
        samples.landmarks,
        samples.world,
        samples.right,
        label,
        np.random.default_rng(0),
        Augmentation.none(),
    )
    return with_crops(batch, samples) if samples.has_crop.any() else batch


def logits_of(network: GestureNetwork, batch: Batch, embedder: Embedder | None = None) -> FloatArray:
    """Logits (N, K) of a batch, without training."""
    network.eval()
    parts = []
    with torch.no_grad():
        for start in range(0, len(batch.landmarks), 4096):
            piece = slice(start, start + 4096)
            parts.append(network(*inputs_of(batch, piece, embedder, "cpu")).numpy())
    return np.concatenate(parts)


def inputs_of(
    batch: Batch, piece: slice, embedder: Embedder | None, device: str
) -> tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """What the network's `each` and `forward` take, in their order."""
    embedding = torch.from_numpy(embedder(batch.landmarks[piece])).to(device) if embedder else None
    landmarks, world, right, depth = (
        torch.from_numpy(array[piece]).to(device)
        for array in (batch.landmarks, batch.world, batch.right, batch.depth)
    )
    crop, has_crop = (
        None if array is None else torch.from_numpy(array[piece]).to(device)
        for array in (batch.crop, batch.has_crop)
    )
    return landmarks, world, right, depth, embedding, crop, has_crop
