"""The training loop: fair batches, early stopping, checkpoints, a log; the same seed gives the same weights."""

from __future__ import annotations

import csv
import io
import json
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from livefg.errors import LivefgError
from training.adamw import AdamW
from training.augment import Augmentation, Batch, augment
from training.calibration import softmax
from training.checkpoint import read_checkpoint, write_checkpoint
from training.directions import Direction
from training.files import write_whole
from training.inference import Embedder, inputs_of, logits_of, still
from training.losses import LossName, loss_of
from training.networks import GestureNetwork, NetworkShape
from training.pixels import PixelAugmentation, with_crops
from training.samples import Samples

__all__ = ["Epoch", "FitSettings", "Fitted", "fit", "numbered", "row_weights"]

_STANDARD_DRAWS = 8192
_CHECKPOINT = 2
# torch draws first weights from one stream for the whole process.
_beginning = threading.Lock()
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How a network is trained.

    An epoch is `draws` hands. Training ends after `epochs`, or when the validation loss has not fallen for `patience`
    of them. `none_share` is how many times as often as another label `none` is drawn. `device` is a torch device;
    on the CPU the same data and `seed` give the same weights.
    """

    loss: LossName = "cross_entropy"
    gamma: float = 2.0
    margin: float = 1.0
    smoothing: float = 0.02
    epochs: int = 40
    draws: int = 20000
    batch: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 2e-2
    averaging: float = 0.98
    patience: int = 12
    none_share: float = 3.0
    seed: int = 0
    device: str = "cpu"
    augmentation: Augmentation = field(default_factory=Augmentation)
    pixels: PixelAugmentation = field(default_factory=PixelAugmentation)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What happened in one epoch; the validation's values are NaN where there is no validation side."""

    number: int
    training_loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A trained network in evaluation mode on the CPU, its best epoch's number, and the course of its training."""

    network: GestureNetwork
    best: int
    history: tuple[Epoch, ...]


class OnEpoch(Protocol):
    """Is told of every epoch, and how many there will be at most."""

    def __call__(self, epoch: Epoch, total: int) -> None:
        """Take one epoch."""
        ...


def row_weights(samples: Samples, none_share: float = 1.0) -> npt.NDArray[np.float64]:
    """How often each row should be drawn, summing to 1.

    Labels count alike (`none` so many times), and within a label a source counts with the square root of its rows:
    thousands of neighbouring frames of one hand do not outvote hundreds of other people's.
    """
    weights = np.zeros(len(samples))
    for label in samples.counts():
        mine = samples.label == label
        _, place, counts = np.unique(samples.source[mine], return_inverse=True, return_counts=True)
        share = np.sqrt(counts) / np.sqrt(counts).sum()
        weights[mine] = (share / counts)[place] * (none_share if label == "none" else 1.0)
    return np.asarray(weights / weights.sum())


def fit(
    training: Samples,
    validation: Samples | None,
    labels: Sequence[str],
    shape: NetworkShape,
    settings: FitSettings,
    *,
    directions: Sequence[Direction] = (),
    embedder: Embedder | None = None,
    start: Mapping[str, Tensor] | None = None,
    folder: Path | None = None,
    resume: bool = False,
    on_epoch: OnEpoch | None = None,
    watch: bool = False,
) -> Fitted:
    """Train a network on `training` and keep the epoch that does best on `validation` (the last one if there is none).

    With `watch` nothing is decided by `validation`, which stays good for an examination: the last epoch is kept.
    `start` are weights to begin with. With a `folder` the course is logged to `log.csv` and every epoch leaves a
    checkpoint, from which `resume` goes on. Raises LivefgError if a label of the samples is not among `labels`, or a
    checkpoint does not belong to this training. KeyboardInterrupt passes through; the last checkpoint stays.
    """
    with _beginning:
        torch.manual_seed(settings.seed)
        network = GestureNetwork(shape, len(labels))
    if start:
        network.load_state_dict({**network.state_dict(), **start})
    run = _Run(
        training, validation, labels, network, settings, directions, embedder, fresh=not start, watch=watch
    )
    if resume and folder:
        run.restore(folder / "checkpoint.npz")
    for number in range(run.done, settings.epochs):
        epoch = run.epoch(number)
        if folder:
            run.save(folder)
        if on_epoch:
            on_epoch(epoch, settings.epochs)
        if not watch and number - run.best >= settings.patience:
            break
    network.load_state_dict(run.best_state)
    return Fitted(network.cpu().eval(), run.best, tuple(run.history))


class _Run:
    """A training that is under way."""

    def __init__(
        self,
        training: Samples,
        validation: Samples | None,
        labels: Sequence[str],
        network: GestureNetwork,
        settings: FitSettings,
        directions: Sequence[Direction],
        embedder: Embedder | None,
        fresh: bool,
        watch: bool,
    ) -> None:
        self._samples, self._labels, self._settings = training, tuple(labels), settings
        self._directions, self._embedder = directions, embedder
        self._watch = watch
        self._solid = network.features is None or "world" in network.features.groups
        self._target = numbered(training, labels)
        self._weights = row_weights(training, settings.none_share)
        self._validation = still(validation, numbered(validation, labels)) if validation else None
        self._validation_weights = row_weights(validation) if validation else None
        self._network = network
        if fresh:
            self._standardise()
        self._network.to(settings.device)
        self._optimizer = AdamW(network.parameters(), settings.learning_rate, settings.weight_decay)
        self._average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self.history: list[Epoch] = []
        self.best = 0
        self.best_state: dict[str, Tensor] = self._average

    @property
    def done(self) -> int:
        """How many epochs lie behind."""
        return len(self.history)

    def epoch(self, number: int) -> Epoch:
        """Train for one epoch and examine."""
        settings = self._settings
        rng = np.random.default_rng([settings.seed, number])
        self._network.chance.manual_seed(settings.seed * 100_003 + number)
        steps = max(1, settings.draws // settings.batch)
        losses = []
        self._network.train()
        for step in range(steps):
            self._set_rate((number + step / steps) / settings.epochs)
            losses.append(self._step(rng, number * steps + step))
        self.history.append(self._examine(number, float(np.mean(losses))))
        latest = self.history[-1]
        before = [epoch.validation_loss for epoch in self.history[:-1]]
        if (
            self._watch
            or math.isnan(latest.validation_loss)
            or latest.validation_loss < min(before, default=math.inf)
        ):
            self.best = number
            self.best_state = {name: value.clone() for name, value in self._average.items()}
        return latest

    def _standardise(self) -> None:
        """Tell the network what size its features usually have."""
        features = self._network.features
        if features is None:
            return
        count = min(self._settings.draws, _STANDARD_DRAWS)
        batch = self._draw(np.random.default_rng(self._settings.seed), count)
        landmarks, world, right, depth, embedding = inputs_of(batch, slice(None), self._embedder, "cpu")[:5]
        assert depth is not None
        with torch.no_grad():
            features.standardise(features.raw(landmarks, world, right, embedding), depth)

    def _draw(self, rng: np.random.Generator, count: int, pictures: bool = False) -> Batch:
        rows = rng.choice(len(self._samples), count, p=self._weights)
        batch = augment(
            self._samples.landmarks[rows],
            self._samples.world[rows],
            self._samples.right[rows],
            self._target[rows],
            rng,
            self._settings.augmentation,
            self._labels,
            self._directions,
            solid=self._solid,
        )
        return with_crops(batch, self._samples.take(rows), rng, self._settings.pixels) if pictures else batch

    def _set_rate(self, progress: float) -> None:
        """A short rise, then half a cosine down to a hundredth."""
        warm = min(1.0, progress / 0.05 + 0.05)
        self._optimizer.rate = (
            self._settings.learning_rate * warm * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
        )

    def _step(self, rng: np.random.Generator, taken: int) -> float:
        settings = self._settings
        batch = self._draw(rng, settings.batch, self._network.pixels is not None)
        logits = self._network.each(*inputs_of(batch, slice(None), self._embedder, settings.device)).flatten(
            0, 1
        )
        members = self._network.shape.members
        target = torch.from_numpy(batch.label).to(settings.device).repeat(members)
        weight = torch.from_numpy(batch.weight).to(settings.device).repeat(members)
        each = loss_of(
            settings.loss,
            logits,
            target,
            gamma=settings.gamma,
            margin=settings.margin,
            smoothing=settings.smoothing,
        )
        # The sum over members: each goes its own way as fast as it would alone.
        loss = members * (each * weight).sum() / weight.sum().clamp(min=1)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        keep = min(settings.averaging, (taken + 1) / (taken + 10))
        for name, value in self._network.state_dict().items():
            mean = self._average[name]
            if mean.is_floating_point():
                mean.mul_(keep).add_(value.detach(), alpha=1 - keep)
            else:
                mean.copy_(value)
        return float(loss.detach()) / members

    def _examine(self, number: int, training_loss: float) -> Epoch:
        if self._validation is None or self._validation_weights is None:
            return Epoch(number, training_loss, math.nan, math.nan)
        state = {name: value.clone() for name, value in self._network.state_dict().items()}
        self._network.load_state_dict(self._average)
        logits = logits_of(self._network.cpu(), self._validation, self._embedder)
        self._network.load_state_dict(state)
        self._network.to(self._settings.device)
        probability = softmax(logits)[np.arange(len(logits)), self._validation.label]
        right = logits.argmax(axis=1) == self._validation.label
        return Epoch(
            number,
            training_loss,
            float(-(self._validation_weights * np.log(np.maximum(probability, 1e-12))).sum()),
            float((self._validation_weights * right).sum()),
        )

    def save(self, folder: Path) -> None:
        """Write the log and the checkpoint."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Epoch.__slots__)
        writer.writerows([list(asdict(epoch).values()) for epoch in self.history])
        write_whole(folder / "log.csv", text.getvalue().encode())
        about = {
            "settings": self._identity(),
            "best": self.best,
            "history": [asdict(epoch) for epoch in self.history],
        }
        states = {
            "network": self._network.state_dict(),
            "average": self._average,
            "best": self.best_state,
            "optimizer": self._optimizer.state(),
        }
        write_checkpoint(folder / "checkpoint.npz", about, states)

    def restore(self, file: Path) -> None:
        """Go on from a checkpoint, if there is one."""
        if not file.exists():
            return
        about, states = read_checkpoint(file)
        if about["settings"] != self._identity():
            raise LivefgError(
                f"The checkpoint {file} belongs to a training with other data or settings; train without --resume."
            )
        self._network.load_state_dict(states["network"])
        self._average, self.best_state = states["average"], states["best"]
        self._optimizer.restore(states["optimizer"])
        self.best = about["best"]
        self.history = [Epoch(**epoch) for epoch in about["history"]]

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a checkpoint to be continued."""
        settings = asdict(self._settings)
        return json.loads(  # type: ignore[no-any-return]
            json.dumps(
                {
                    **{name: value for name, value in settings.items() if name != "device"},
                    "format": _CHECKPOINT,
                    "labels": self._labels,
                    "samples": len(self._samples),
                    "weights": [list(value.shape) for value in self._network.state_dict().values()],
                }
            )
        )


def numbered(samples: Samples, labels: Sequence[str]) -> IntArray:
    """The label of each sample (N,) by its place in `labels`. Raises LivefgError if one is not among them."""
    places = {label: number for number, label in enumerate(labels)}
    strange = set(samples.counts()) - set(places)
    if strange:
        raise LivefgError(f"There are samples of {min(strange)!r}, which is not among the labels to learn.")
    return np.array([places[label] for label in samples.label.tolist()], np.int64)
