"""The bank that ships: hands without a gesture for everybody, and the shipped gestures to extend.

It holds landmarks, and for networks that look at pixels rendered hands with their pictures. Its files lie in
`training/data`, small enough to be installed with livefg.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training.export import Learned
from training.features import HandFeatures
from training.inference import logits_of, still
from training.networks import InputKind
from training.samples import POINTS, Samples

__all__ = ["NONE", "Table", "compact_bank", "shipped_bank", "shipped_hands", "with_bank"]

NONE = "none"
_ALIKE = 0.3
"""The share of a gesture's examples from which it counts as the same as one of the bank's."""
_REACH = 1.5
"""Hands up to so many times as far from a gesture's examples as these from each other are held like them."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is learned from: the user's own samples first, then the bank's; what there is to tell apart; what to say."""

    samples: Samples
    own: int
    labels: tuple[str, ...]
    notes: tuple[str, ...]


def shipped_bank() -> Path:
    """The bank's file; it may be missing in a tree from which nothing was trained yet."""
    return Path(__file__).parent / "data" / "bank.npz"


def shipped_hands(kind: InputKind) -> Samples:
    """What ships for networks that look at landmarks, pixels or both; nothing if the files are missing."""
    pictures = Path(__file__).parent / "data" / "rendered_pictures.npz"
    files = {
        "landmarks": [shipped_bank()],
        "pixels": [pictures],
        "both": [shipped_bank(), pictures],
    }
    return Samples.concatenate(
        Samples.load(path, pictures=kind != "landmarks") for path in files[kind] if path.exists()
    )


def with_bank(own: Samples, bank: Samples, known: Sequence[str], judge: Learned | None) -> Table:
    """Put the user's own samples and the bank together.

    With `known` labels (of the classifier to be extended) the bank's samples keep their names. Without, all of them
    show `none`, except those of gestures that look like one of the user's to `judge`. Hands of the bank without a
    gesture that are held as one of the user's gestures are left out: what they show has a name now.
    """
    mine = sorted(set(own.counts()) - {NONE})
    alike = _alike(own, mine, judge)
    bank = bank.take(~_held_alike(bank, own, mine))
    if known:
        added = bank.take(np.isin(bank.label, list(known)))
        labels = (*known, *(name for name in mine if name not in known))
        notes = tuple(
            f"{share:.0%} of the examples of {name!r} look like {other!r}, a known gesture; they will be mixed up"
            for name, (other, share) in alike.items()
            if name not in known
        )
    else:
        similar = {other for other, _ in alike.values()} | set(mine)
        added = bank.take(~np.isin(bank.label, sorted(similar)))
        added = replace(added, label=np.full(len(added), NONE))
        labels = (NONE, *mine)
        notes = ()
    return Table(Samples.concatenate([own, added]), len(own), tuple(labels), notes)


def compact_bank(samples: Samples, most: int, seed: int = 0) -> Samples:
    """At most `most` samples of each label and source (of `none` four times as many), in few bytes once stored.

    Points are placed and scaled alike, and what is only read by people is left out.
    """
    rng = np.random.default_rng(seed)
    kept: list[int] = []
    for label in samples.counts():
        for source in sorted(set(samples.source[samples.label == label].tolist())):
            rows = np.flatnonzero((samples.label == label) & (samples.source == source))
            allowed = most * 4 if label == NONE else most
            kept += sorted(rng.permutation(rows)[:allowed].tolist())
    chosen = samples.take(kept)
    centre = chosen.landmarks[:, :1]
    size = np.ptp(chosen.landmarks[..., :2], axis=1).max(axis=1).reshape(-1, 1, 1)
    placed = (chosen.landmarks - centre) / size
    empty = np.full(len(chosen), "", np.str_)
    values = {field.name: getattr(chosen, field.name) for field in fields(chosen)}
    values |= {
        "landmarks": placed.astype(np.float16).astype(np.float32),
        "world": chosen.world.astype(np.float16).astype(np.float32),
        "item": empty,
    }
    return Samples(**values)


def _held_alike(bank: Samples, own: Samples, mine: Sequence[str]) -> npt.NDArray[np.bool_]:
    """(N,): which hands of the bank without a gesture are held like examples of one of the user's gestures.

    That is, about as near to one of them as they are to each other, position, size and rotation aside.
    """
    found = np.zeros(len(bank), bool)
    nothing = np.flatnonzero(bank.label == NONE)
    if not len(nothing):
        return found
    theirs = _shapes(bank.take(nothing))
    for name in mine:
        examples = _shapes(own.take(own.label == name))
        if len(examples) < 2:
            continue
        between = np.linalg.norm(examples[:, None] - examples[None], axis=2)
        np.fill_diagonal(between, np.inf)
        reach = _REACH * np.quantile(between.min(axis=1), 0.9)
        found[nothing[np.linalg.norm(theirs[:, None] - examples[None], axis=2).min(axis=1) < reach]] = True
    return found


def _shapes(samples: Samples) -> npt.NDArray[np.float32]:
    """(N, 42): the points as right hands that point up, of unit size."""
    batch = still(samples, np.zeros(len(samples), np.int64))
    features = HandFeatures(("flat",))
    given = (torch.from_numpy(array) for array in (batch.landmarks, batch.world, batch.right))
    with torch.no_grad():
        shapes: npt.NDArray[np.float32] = features.raw(*given)[:, : 2 * POINTS].numpy()
    return shapes


def _alike(own: Samples, mine: Sequence[str], judge: Learned | None) -> dict[str, tuple[str, float]]:
    """For each of the user's gestures: the gesture that the judge takes it for, if it does so often, and how often."""
    if judge is None or not len(own):
        return {}
    network, labels = judge.network, judge.info.labels
    said = logits_of(network, still(own, np.zeros(len(own), np.int64))).argmax(axis=1)
    found = {}
    for name in mine:
        answers = said[own.label == name]
        number = int(np.bincount(answers, minlength=len(labels)).argmax())
        share = float((answers == number).mean())
        if share >= _ALIKE and labels[number] not in {NONE, name}:
            found[name] = (labels[number], share)
    return found
