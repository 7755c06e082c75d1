"""The trained classifier of people: a softmax head on embeddings that begins as the prototype softmax and learns on.

It starts from what is known without training (the middle of each person's portraits, and the calibrated curve that
says what a cosine means) and moves away from that only as far as the pictures ask for: with one picture a person it is
nearly the prototype softmax, with many it has learned which directions tell these people from each other and from
strangers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from livefg.gallery import Gallery
from livefg.recognition.identity_classifier import FEATURES, Calibration
from livefg.results import FloatArray
from training.losses import loss_of

__all__ = ["FitSettings", "HeadLoss", "IdentityHead", "Looks", "fit_head", "imagined_strangers", "logits_of"]

HeadLoss = Literal["cross_entropy", "weston_watkins"]
IntArray = npt.NDArray[np.int64]

_IMPOSTOR_COSINE = 0.11
"""Standard deviation of the cosine of two people in news photographs; 0.088 would be that of random directions."""
_IMPOSTOR_MEAN = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Views of faces: `embeddings` (n, 128) of length 1, `qualities` (n,) 0..1, and `target` (n,), the place of the
    person, or the number of people for a stranger.
    """

    embeddings: FloatArray
    qualities: FloatArray
    target: IntArray

    def __len__(self) -> int:
        return len(self.target)

    def and_also(self, other: Looks) -> Looks:
        """These and the others."""
        return Looks(
            np.concatenate([self.embeddings, other.embeddings]),
            np.concatenate([self.qualities, other.qualities]),
            np.concatenate([self.target, other.target]),
        )

    def take(self, rows: npt.NDArray[np.bool_] | IntArray | npt.NDArray[np.intp]) -> Looks:
        """Some of them."""
        return Looks(self.embeddings[rows], self.qualities[rows], self.target[rows])


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a head is trained.

    `hold` is how strongly it is held at its beginning: the weight of the squared distance of each person's direction
    from the prototype, beside the mean loss. `steps` are those of the optimiser at most, `margin` is for
    Weston-Watkins, and `seed` draws the strangers that are made up.
    """

    loss: HeadLoss = "cross_entropy"
    margin: float = 1.0
    hold: float = 1.0
    steps: int = 60
    seed: int = 0


class IdentityHead(nn.Module):
    """Logits (n, people + 1), strangers last, from embeddings (n, 128) and qualities (n,).

    Each person's logit is what `IdentityClassifier` computes, with directions and an offset that learn; only of two
    people who are both as likely as can be, the likelier one stays the likelier.
    """

    floor: Tensor
    ceiling: Tensor

    def __init__(self, gallery: Gallery, calibration: Calibration) -> None:
        super().__init__()
        people = gallery.people
        constant, cosine, pictures, quality, cosine_quality = (
            calibration.weights[FEATURES.index(name)]
            for name in ("constant", "cosine", "pictures", "quality", "cosine_quality")
        )
        more = torch.tensor([1.0 - 1.0 / len(person.portraits) for person in people])
        self.directions = nn.Parameter(torch.tensor(np.stack([person.prototype for person in people])))
        self.offsets = nn.Parameter(torch.zeros(len(people)))
        self.strange = nn.Parameter(torch.zeros(self.directions.shape[1]))
        self.register_buffer("begin", self.directions.detach().clone())
        self.register_buffer("constants", constant + pictures * more)
        self.register_buffer("slopes", torch.tensor([cosine, quality, cosine_quality]))
        self.register_buffer("floor", torch.tensor(math.log(calibration.floor)))
        self.register_buffer("ceiling", torch.tensor(math.log(calibration.ceiling)))
        self.register_buffer("share", torch.tensor(math.log(len(people))))

    def forward(self, embedding: Tensor, quality: Tensor) -> Tensor:
        """Logits of looks."""
        cosines = embedding @ self.directions.T
        quality = quality.unsqueeze(1)
        slope, by_quality, slope_by_quality = self.slopes.unbind()  # type: ignore[operator]
        ratios = self.constants + self.offsets + by_quality * quality  # type: ignore[operator]
        ratios = ratios + (slope + slope_by_quality * quality) * cosines
        # Some good pictures of a person are like no other: the logarithm of ratio + floor.
        ratios = self.floor + functional.softplus(ratios - self.floor)
        # No look says more against a stranger than the ceiling, but it may say more of one person than of another.
        beyond = functional.relu(ratios.amax(dim=1, keepdim=True) - self.ceiling)
        people = ratios - beyond - self.share  # type: ignore[operator]
        strange = (embedding @ self.strange).unsqueeze(1)
        return torch.cat([people, strange], dim=1)

    def distance(self) -> Tensor:
        """How far it has moved from its beginning: the mean over people, squared."""
        moved = (self.directions - self.begin).square().sum(dim=1) + self.offsets.square() / 100  # type: ignore[operator]
        return moved.mean() + self.strange.square().sum() / 100


def imagined_strangers(gallery: Gallery, count: int, seed: int = 0) -> FloatArray:
    """Embeddings (count, 128) of people who do not exist: as like the enrolled people as strangers are, no more.

    Within the directions of the enrolled people they have the spread that the cosines of two people have in news
    photographs; across them they point anywhere.
    """
    noise = np.random.default_rng(seed)
    prototypes = np.stack([person.prototype for person in gallery.people]).astype(np.float64)
    basis = np.linalg.svd(prototypes, full_matrices=False)[2]
    near = noise.normal(0, _IMPOSTOR_COSINE, (count, len(basis)))
    near += _IMPOSTOR_MEAN * (basis @ np.linalg.pinv(prototypes).sum(axis=1))
    length = np.linalg.norm(near, axis=1, keepdims=True)
    near *= np.minimum(1.0, 0.95 / np.maximum(length, 1e-9))
    aside = noise.normal(size=(count, prototypes.shape[1]))
    aside -= aside @ basis.T @ basis
    aside *= np.sqrt(1 - np.square(near).sum(axis=1, keepdims=True)) / np.maximum(
        np.linalg.norm(aside, axis=1, keepdims=True), 1e-9
    )
    return np.asarray(near @ basis + aside, np.float32)


def fit_head(gallery: Gallery, looks: Looks, calibration: Calibration, settings: FitSettings) -> IdentityHead:
    """Train a head on looks at the gallery's people and at strangers; both halves weigh the same, and so do people."""
    head = IdentityHead(gallery, calibration)
    embeddings, qualities = torch.from_numpy(looks.embeddings), torch.from_numpy(looks.qualities)
    target = torch.from_numpy(looks.target)
    weight = torch.from_numpy(_weights(looks.target, len(gallery)))
    # Few weights and all looks at once: a method of the second order is done ten times as soon as steps down the slope.
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=settings.steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        each = loss_of(settings.loss, head(embeddings, qualities), target, margin=settings.margin)
        loss = (weight * each).sum() + settings.hold * head.distance()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return head.eval()


def logits_of(head: IdentityHead, looks: Looks) -> FloatArray:
    """Logits (n, people + 1) without training."""
    with torch.no_grad():
        return np.asarray(head(torch.from_numpy(looks.embeddings), torch.from_numpy(looks.qualities)).numpy())


def _weights(target: IntArray, people: int) -> FloatArray:
    """One half for strangers, one shared by the people, of whom each weighs the same; the sum is 1."""
    counts = np.bincount(target, minlength=people + 1)
    shown = int((counts[:people] > 0).sum())
    share = np.full(people + 1, 0.5 / max(1, shown))
    share[people] = 0.5
    if not counts[people]:
        share[:people] *= 2
    return np.asarray((share / np.maximum(counts, 1))[target], np.float32)
