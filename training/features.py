"""From raw landmarks to what the network sees: the module that becomes part of the exported graph.

Left hands are mirrored to right ones; position, size and the rotation in the picture are taken out of the points and
the rotation is given beside them, so that a thumb up and a thumb down still differ.
"""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["EMBEDDING", "FEATURE_GROUPS", "FeatureGroup", "HandFeatures"]

FeatureGroup = Literal["flat", "angles", "world", "embedding"]
FEATURE_GROUPS: tuple[FeatureGroup, ...] = ("flat", "angles", "world", "embedding")

EMBEDDING = 128
"""Numbers in an embedding."""
_DEEP = ("world", "embedding")
_KNUCKLES = [5, 9, 13, 17]
_PALM = [0, 5, 9, 13, 17]
_TIPS = [4, 8, 12, 16, 20]
_FINGERS = [list(range(first, first + 4)) for first in (1, 5, 9, 13, 17)]
# Joints as (before, at, after): the bend at 14 joints, and how far neighbouring fingers are apart at the knuckles.
_BENDS = [(a, b, c) for finger in _FINGERS for a, b, c in zip([0, *finger], finger, finger[1:], strict=False)]
_SPREADS = [(4, 2, 8), (8, 5, 12), (12, 9, 16), (16, 13, 20)]
_PAIRS = [
    *itertools.combinations(_TIPS, 2),
    *((tip, 0) for tip in _TIPS),
    *((4, point) for point in (5, 6, 7, 9, 10, 11, 13, 14, 17, 18)),
    (8, 5),
    (12, 9),
    (16, 13),
    (20, 17),
    (7, 11),
    (6, 10),
]
# Where a gesture points in the picture: along the thumb and along the index finger.
_POINTERS = [(2, 4), (5, 8)]
_TINY = 1e-6


class HandFeatures(nn.Module):
    """Raw landmarks to a row of numbers of about unit size.

    `groups` says what the row holds: `flat` the normalised points of the picture, `angles` bends and distances in
    them, `world` the same of the world landmarks in the palm's own frame with the palm's orientation, `embedding` an
    embedding that is given from outside. Of a hand without depth, `world` and `embedding` are zeros, marked as such.
    """

    def __init__(self, groups: tuple[FeatureGroup, ...] = ("flat", "angles", "world")) -> None:
        super().__init__()
        self.groups = groups
        sizes = {
            "flat": 2 * 21 + 2 + 2 * len(_POINTERS),
            "angles": len(_BENDS) + len(_PAIRS),
            "world": 3 * 21 + len(_BENDS) + len(_SPREADS) + len(_PAIRS) + 6,
            "embedding": EMBEDDING,
        }
        self.size = sum(sizes[group] for group in groups)
        """How many numbers there are for a hand."""
        needs_depth = [torch.full((sizes[group],), float(group in _DEEP)) for group in groups]
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("scale", torch.ones(self.size))
        self.register_buffer("needs_depth", torch.cat(needs_depth), persistent=False)
        self.mean: Tensor
        self.scale: Tensor
        self.needs_depth: Tensor

    def standardise(self, raw: Tensor, depth: Tensor) -> None:
        """Take the means and deviations of `raw` features (N, size) as what is usual; `depth` (N,) as in `forward`."""
        weight = torch.where(self.needs_depth > 0, depth.reshape(-1, 1), torch.ones_like(raw))
        total = weight.sum(dim=0).clamp(min=1)
        mean = (raw * weight).sum(dim=0) / total
        deviation = ((raw - mean).square() * weight).sum(dim=0).div(total).sqrt()
        self.mean.copy_(mean)
        self.scale.copy_(1 / deviation.clamp(min=0.05))

    def forward(
        self,
        landmarks: Tensor,
        world: Tensor,
        right: Tensor,
        depth: Tensor | None = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        """Features (N, size) of landmarks (N, 21, 3), world (N, 21, 3) and right (N,), all float32 and finite.

        `depth` (N,) is 1 where z and `world` are known and 0 where not; by default they are known.
        """
        usual = (self.raw(landmarks, world, right, embedding) - self.mean) * self.scale
        if depth is None:
            return usual
        return usual * torch.where(self.needs_depth > 0, depth.reshape(-1, 1), torch.ones_like(usual))

    def raw(self, landmarks: Tensor, world: Tensor, right: Tensor, embedding: Tensor | None = None) -> Tensor:
        """The features before they are brought to the usual size."""
        side = torch.where(right >= 0.5, 1.0, -1.0).reshape(-1, 1, 1)
        mirror = torch.cat([side, torch.ones_like(side), torch.ones_like(side)], dim=2)
        parts = []
        for group in self.groups:
            if group == "flat":
                parts.append(_flat((landmarks * mirror)[..., :2]))
            elif group == "angles":
                parts.append(_shape_of(_unit_size((landmarks * mirror)[..., :2])))
            elif group == "world":
                parts.append(_world(world * mirror))
            else:
                assert embedding is not None
                parts.append(embedding)
        return torch.cat(parts, dim=1)


def _unit_size(points: Tensor) -> Tensor:
    """Points (N, 21, d) around the palm's middle, in units of their spread."""
    centred = points - points[:, _PALM].mean(dim=1, keepdim=True)
    spread = (centred - centred.mean(dim=1, keepdim=True)).square().sum(dim=2).mean(dim=1).sqrt()
    return centred / (spread.reshape(-1, 1, 1) + _TINY)


def _flat(points: Tensor) -> Tensor:
    """The picture's points turned so that the palm points up, the turn, and where thumb and index finger point."""
    unit = _unit_size(points)
    axis = _direction(unit[:, _KNUCKLES].mean(dim=1) - unit[:, 0])
    x, y = axis[:, 0].reshape(-1, 1), axis[:, 1].reshape(-1, 1)
    turned = [-y * unit[..., 0] + x * unit[..., 1], -x * unit[..., 0] - y * unit[..., 1]]
    pointers = [_direction(unit[:, last] - unit[:, first]) for first, last in _POINTERS]
    return torch.cat([*turned, axis, *pointers], dim=1)


def _shape_of(points: Tensor) -> Tensor:
    """Bends and distances of points (N, 21, d) of unit size."""
    return torch.cat([_cosines(points, _BENDS), _distances(points)], dim=1)


def _world(points: Tensor) -> Tensor:
    """World points in the palm's own frame, their bends, spreads and distances, and how the palm is turned."""
    unit = _unit_size(points)
    up = _direction(unit[:, 9] - unit[:, 0])
    across = unit[:, 5] - unit[:, 17]
    normal = _direction(torch.linalg.cross(up, across, dim=1))
    side = torch.linalg.cross(normal, up, dim=1)
    frame = torch.stack([side, up, normal], dim=2)
    own = torch.matmul(unit, frame)
    return torch.cat(
        [
            own.flatten(1),
            _cosines(unit, _BENDS),
            _cosines(unit, _SPREADS),
            _distances(unit),
            up,
            normal,
        ],
        dim=1,
    )


def _cosines(points: Tensor, corners: list[tuple[int, int, int]]) -> Tensor:
    """Cosine of the angle by which the way through three points bends, for each corner (a, b, c)."""
    before, at, after = (points[:, [corner[place] for corner in corners]] for place in range(3))
    return (_direction(at - before) * _direction(after - at)).sum(dim=2)


def _distances(points: Tensor) -> Tensor:
    gaps = points[:, [first for first, _ in _PAIRS]] - points[:, [second for _, second in _PAIRS]]
    return (gaps.square().sum(dim=2) + _TINY).sqrt()


def _direction(vectors: Tensor) -> Tensor:
    """Vectors of length one (zero stays near zero)."""
    return vectors / (vectors.square().sum(dim=-1, keepdim=True) + _TINY).sqrt()
