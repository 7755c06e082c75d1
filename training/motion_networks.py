"""Networks for motions: a window of landmarks or head poses with real times in, logits out.

The first part of the graph resamples the window onto even steps by the samples' times and takes position, size and
side out of it, so that the same file serves every frame rate. The second part reads the steps: a gated recurrent
unit, or convolutions over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from livefg.recognition.motion_window import WINDOW_SECONDS
from training.motion_data.takes import mirrored_label

__all__ = ["Kind", "MotionNetwork", "MotionShape", "Steps", "Subject", "hand_steps", "head_steps"]

Kind = Literal["gru", "tcn"]
Subject = Literal["hand", "head"]

RATE = 25.0
"""Steps a second."""
STEPS = round(WINDOW_SECONDS * RATE) + 1
_GAP = 0.30
_PALM = [0, 5, 9, 13, 17]
_TIPS = [4, 8, 12, 16, 20]
_TINY = 1e-6
HAND_CHANNELS = 28
HEAD_CHANNELS = 8
Steps = Tensor
"""Even steps (N, STEPS, channels), the last one now."""


@dataclass(frozen=True, slots=True)
class MotionShape:
    """How a network is built: whose motions, the kind of its second part, that part's width, and dropout (0..1).

    `members` second parts that began differently answer together: they are mistaken about different things.
    """

    subject: Subject = "hand"
    kind: Kind = "tcn"
    width: int = 48
    dropout: float = 0.1
    members: int = 1

    def __str__(self) -> str:
        """The kind, how many there are, and the width, to be read."""
        kind = "gated recurrent unit" if self.kind == "gru" else "convolutions over time"
        together = "" if self.members == 1 else f"{self.members} together, each "
        return f"{together}{kind}, width {self.width}"


class MotionNetwork(nn.Module):
    """Windows to logits; a left hand is taken as the mirror image of a right one, and its answer turned back."""

    def __init__(self, shape: MotionShape, labels: Sequence[str]) -> None:
        super().__init__()
        self.shape = shape
        self.labels = tuple(labels)
        channels = HAND_CHANNELS if shape.subject == "hand" else HEAD_CHANNELS
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))
        self.mean: Tensor
        self.scale: Tensor
        member = _Recurrent if shape.kind == "gru" else _Convolutional
        members = [member(channels, shape.width, shape.dropout) for _ in range(shape.members)]
        self.body: _Together | _Recurrent | _Convolutional = (
            _Together(members) if shape.members > 1 else members[0]
        )
        self.head = nn.Linear(self.body.size, len(self.labels))
        # Every label's place in the answer about the mirror image; a user's own labels have no mirror image.
        turned = [mirrored_label(label) for label in self.labels]
        places = [self.labels.index(name) if name in self.labels else at for at, name in enumerate(turned)]
        self.register_buffer("turned", torch.tensor(places), persistent=False)
        self.turned: Tensor

    def standardise(self, steps: Tensor) -> None:
        """Take the deviations of `steps` (N, STEPS, channels) as what is usual."""
        self.mean.copy_(steps.mean(dim=(0, 1)))
        self.scale.copy_(1 / steps.std(dim=(0, 1)).clamp(min=0.05))

    def of_steps(self, steps: Tensor) -> Tensor:
        """Logits (N, labels) of even steps of right hands (or heads): the mean of the members'."""
        logits: Tensor = self.head(self.body((steps - self.mean) * self.scale))
        return logits

    def of_members(self, steps: Tensor) -> Tensor:
        """Logits (members * N, labels) of each member alone, one member's after the other's."""
        count = self.shape.members
        seen = self.body((steps - self.mean) * self.scale).reshape(len(steps), count, -1)
        weights = self.head.weight.reshape(len(self.labels), count, -1)
        return (torch.einsum("nms,kms->mnk", seen, weights) * count + self.head.bias).flatten(0, 1)

    def forward(self, values: Tensor, times: Tensor, right: Tensor | None = None) -> Tensor:
        """Logits (N, labels) of windows.

        `values` (N, T, 21, 3) landmarks in pixels of a picture that is not mirrored (of heads (N, T, 3), degrees),
        `times` (N, T) seconds, rising along T, and `right` (N,) the probability that it is the right hand.
        """
        if right is None:
            return self.of_steps(head_steps(values, times))
        is_right = right.reshape(-1, 1) >= 0.5
        logits = self.of_steps(hand_steps(values, times, right))
        return torch.where(is_right, logits, logits[:, self.turned])


def hand_steps(landmarks: Tensor, times: Tensor, right: Tensor) -> Steps:
    """What hands do at even steps, as right hands: where the palm is, how it turns, and how the fingers are bent.

    Lengths are in units of the hand's own size; places are relative to where the hand is now.
    """
    side = torch.where(right >= 0.5, 1.0, -1.0).reshape(-1, 1, 1, 1)
    points = torch.cat([landmarks[..., :1] * side, landmarks[..., 1:]], dim=3)
    palm = points[:, :, _PALM]
    centre = palm.mean(dim=2)
    size = ((palm - centre.unsqueeze(2)).square().sum(dim=3).mean(dim=2) + _TINY).sqrt()
    unit = (points - centre.unsqueeze(2)) / (size.reshape(*size.shape, 1, 1) + _TINY)
    tips, wrist = unit[:, :, _TIPS], unit[:, :, :1]
    reach = ((tips - wrist).square().sum(dim=3) + _TINY).sqrt()
    to_thumb = ((tips[:, :, 1:3] - tips[:, :, :1]).square().sum(dim=3) + _TINY).sqrt()
    up = unit[:, :, 9, :2] - unit[:, :, 0, :2]
    first, last = unit[:, :, 5] - unit[:, :, 0], unit[:, :, 17] - unit[:, :, 0]
    facing = (first[..., 0] * last[..., 1] - first[..., 1] * last[..., 0]).unsqueeze(2)
    knuckle_to_tip = unit[:, :, 8] - unit[:, :, 5]
    about = torch.cat(
        [
            centre[..., :2],
            size.log().unsqueeze(2),
            reach,
            to_thumb,
            up,
            facing,
            knuckle_to_tip,
            unit[:, :, 8, :2],
        ],
        dim=2,
    )
    even, seen = _resampled(about, times)
    count = seen.sum(dim=1, keepdim=True).clamp(min=1)
    usual = (even[..., 2:3] * seen).sum(dim=1, keepdim=True) / count
    length = usual.exp() + _TINY
    place = (even[..., :2] - even[:, -1:, :2]) / length
    moved = _change(place, seen) * 4
    tip = _change(even[..., -2:] + place, seen) * 4
    grown = even[..., 2:3] - usual
    shape = even[..., 3:-2]
    return torch.cat(
        [seen, torch.cat([place / 4, moved, tip, grown, shape, _change(shape[..., :7], seen)], dim=2) * seen],
        dim=2,
    )


def head_steps(pose: Tensor, times: Tensor) -> Steps:
    """What heads do at even steps: yaw, pitch and roll against their means, their changes, and roll as it is.

    A head that comes back upright from a tilt turns just as one that tilts; only how it stands in the end differs.
    """
    even, seen = _resampled(pose, times)
    count = seen.sum(dim=1, keepdim=True).clamp(min=1)
    mean = (even * seen).sum(dim=1, keepdim=True) / count
    roll = even[..., 2:] / 15
    return torch.cat(
        [seen, torch.cat([(even - mean) / 10, roll, _change(even, seen) / 3], dim=2) * seen], dim=2
    )


def _resampled(values: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
    """Values (N, T, C) at even steps (N, STEPS, C), and (N, STEPS, 1) whether anything was seen around each step."""
    since = (times - times[:, -1:]).unsqueeze(1)
    grid = torch.arange(1 - STEPS, 1, dtype=torch.float32).reshape(1, -1, 1) / RATE
    before = torch.cat([since[..., :1] - 1.0, since[..., :-1]], dim=2)
    after = torch.cat([since[..., 1:], since[..., -1:] + 1.0], dim=2)
    rising = (grid - before) / (since - before).clamp(min=1e-4)
    falling = (after - grid) / (after - since).clamp(min=1e-4)
    weights = torch.minimum(rising, falling).clamp(0, 1)
    weights = weights / weights.sum(dim=2, keepdim=True).clamp(min=1e-4)
    newest = torch.where(since <= grid, since, torch.full_like(since, -1e4)).max(dim=2).values
    next_one = torch.where(since >= grid, since, torch.full_like(since, 1e4)).min(dim=2).values
    seen = (next_one - newest < _GAP).to(values.dtype).unsqueeze(2)
    return torch.matmul(weights, values), seen


def _change(values: Tensor, seen: Tensor) -> Tensor:
    """The difference to the step before, 0 where one of both was not seen."""
    both = seen[:, 1:] * seen[:, :-1]
    change = (values[:, 1:] - values[:, :-1]) * both
    return torch.cat([torch.zeros_like(change[:, :1]), change], dim=1)


class _Recurrent(nn.Module):
    def __init__(self, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        self.size = width
        self.gru = nn.GRU(channels, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, steps: Tensor) -> Tensor:
        outputs, _ = self.gru(steps)
        last: Tensor = self.dropout(outputs[:, -1])
        return last


class _Convolutional(nn.Module):
    """Convolutions over time with growing strides, so that the last layer sees the whole window."""

    def __init__(self, channels: int, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(channels, width, 5),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, stride=2),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, stride=2),
            nn.ReLU(),
        )
        with torch.no_grad():
            length = self.layers(torch.zeros(1, channels, STEPS)).shape[2]
        self.join = nn.Sequential(nn.Linear(width * length, 2 * width), nn.ReLU(), nn.Dropout(dropout))
        self.size = 2 * width

    def forward(self, steps: Tensor) -> Tensor:
        joined: Tensor = self.join(self.layers(steps.transpose(1, 2)).flatten(1))
        return joined


class _Together(nn.Module):
    """What several members see, side by side, so that one linear layer makes the mean of their answers of it."""

    def __init__(self, members: Sequence[_Recurrent | _Convolutional]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.size = sum(member.size for member in members)

    def forward(self, steps: Tensor) -> Tensor:
        return torch.cat([member(steps) for member in self.members], dim=1) / len(self.members)
