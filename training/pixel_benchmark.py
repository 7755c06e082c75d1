"""Compare what a network looks at, landmarks, pixels or both, on pictures of people it has not seen.

    python -m training.pixel_benchmark --data ../shared/data

Trains what `livefg train gestures --input` trains on one set of pictures and half of the students of another, and asks
about the other half, about a third set, and about the third set's hands seen from far away or in painted gloves.
Writes the figures to `docs/benchmarks/gestures_by_pixels.json`.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import cv2
import numpy as np

from livefg.results import FloatArray, ImageArray
from livefg.sources import open_source
from training.bank import shipped_hands, with_bank
from training.files import write_whole
from training.fit import fit
from training.inference import logits_of, still
from training.networks import INPUTS, GestureNetwork, InputKind
from training.progress import TrainingProgress
from training.recipes import own_recipe, pixel_recipe
from training.samples import Samples
from training.sources.dataset import DatasetFile, gather

__all__ = ["command"]

Change = Callable[[ImageArray, FloatArray], ImageArray]
"""A picture and the points (21, 2) of the hand in it to a changed picture."""

_TAUGHT, _HALVED, _ASKED = "images_14_classes", "images_digits", "sparrow_photos"
_FAR_PALM = 22.0  # pixels from the wrist to the middle finger's knuckle; under 20 no hand is taken
_RECIPE = Path(__file__).parent / "data" / "default.toml"


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/benchmarks/gestures_by_pixels.json"),
    show_default=True,
)
def command(data: Path, out: Path) -> None:
    """Compare landmarks, pixels and both on the pictures in DATA."""
    whole = DatasetFile.read(_RECIPE, data)
    dataset = replace(whole, sources=tuple(one for one in whole.sources if one.kind == "pictures"))
    with TrainingProgress() as progress:
        samples = gather(dataset, progress.gathering, pictures=True).samples
        students = np.unique(samples.session[samples.source == _HALVED])
        known = np.random.default_rng(0).permutation(students)[: len(students) // 2]
        taught = (samples.source == _TAUGHT) | np.isin(samples.session, known)
        asked = {
            "other students": samples.take(~taught & (samples.source == _HALVED)),
            "other people": samples.take(samples.source == _ASKED),
            "other people, far away": _seen_again(samples, dataset, progress, _far),
            "other people, painted gloves": _seen_again(samples, dataset, progress, _gloves()),
        }
        rows = [_row(kind, samples.take(taught), asked, dataset, progress) for kind in INPUTS]
    report = {
        "what": "accuracy on pictures of people not learned from, without a reject threshold",
        "command": "python -m training.pixel_benchmark --data ../shared/data",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        "hands": {"learned from": int(taught.sum()), **{name: len(some) for name, some in asked.items()}},
        "networks": rows,
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    click.echo(json.dumps(report, indent=1))


def _row(
    kind: InputKind,
    taught: Samples,
    asked: dict[str, Samples],
    dataset: DatasetFile,
    progress: TrainingProgress,
) -> dict[str, Any]:
    """The figures of one kind of network."""
    bank = shipped_hands(kind)
    bank = bank.take(~np.isin(bank.source, [_HALVED, _ASKED]))
    table = with_bank(taught, bank, (), None)
    recipe = own_recipe() if kind == "landmarks" else pixel_recipe()
    progress.step(f"learning by {kind}")
    begun = time.process_time()
    shape = replace(recipe.shape, input=kind)
    network = fit(
        table.samples,
        None,
        table.labels,
        shape,
        recipe.fit,
        directions=dataset.directions,
        on_epoch=progress.epoch,
    ).network
    return {
        "input": kind,
        "cpu_seconds": round(time.process_time() - begun),
        **{name: _accuracy(network, table.labels, some) for name, some in asked.items()},
    }


def _accuracy(network: GestureNetwork, labels: tuple[str, ...], samples: Samples) -> float:
    samples = samples.take(np.isin(samples.label, labels))
    shown = np.array([labels.index(label) for label in samples.label.tolist()], np.int64)
    return round(float((logits_of(network, still(samples, shown)).argmax(axis=1) == shown).mean()), 4)


def _seen_again(
    samples: Samples, dataset: DatasetFile, progress: TrainingProgress, change: Change
) -> Samples:
    """Every second hand of the third set as perception sees it once its picture is changed; some are not found."""
    (entry,) = (one for one in dataset.sources if one.name == _ASKED)
    mine = samples.take(samples.source == _ASKED)
    mine = mine.take(np.arange(0, len(mine), 2))
    with TemporaryDirectory() as folder:
        for item, points in zip(mine.item.tolist(), mine.landmarks, strict=True):
            with open_source(dataset.root / entry.path / item, on_notice=lambda _: None) as source:
                changed = change(next(iter(source)).image, points[:, :2])
            path = (Path(folder) / item).with_suffix(".png")
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), changed[..., ::-1])
        again = replace(entry, path=folder)
        return gather(replace(dataset, sources=(again,)), progress.gathering, pictures=True).samples


def _far(image: ImageArray, points: FloatArray) -> ImageArray:
    """A picture so small that its hand would not be taken if it were smaller."""
    scale = min(1.0, _FAR_PALM / float(np.linalg.norm(points[9] - points[0])))
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _gloves() -> Change:
    """Paints a glove of any colour over the hand, its light and shade kept."""
    rng = np.random.default_rng(0)

    def change(image: ImageArray, points: FloatArray) -> ImageArray:
        palm = np.linalg.norm(points[9] - points[0])
        mask, at = np.zeros(image.shape[:2], np.uint8), np.round(points).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(at[[0, 1, 5, 9, 13, 17]]), 1)
        thick = int(max(1, int(0.42 * palm)) * 0.75)
        for first in (1, 5, 9, 13, 17):
            cv2.polylines(mask, [at[[0, *range(first, first + 4)]]], isClosed=False, color=1, thickness=thick)
        soft = cv2.GaussianBlur(mask.astype("f"), (0, 0), float(palm * 0.03 + 0.5))[..., None]
        shade = image.mean(axis=2, keepdims=True)
        mean = (shade * soft).sum() / soft.sum()
        glove = np.clip(rng.uniform(0, 255, 3) + (shade - mean) * 0.7, 0, 255)
        return np.asarray(np.clip(image * (1 - soft) + soft * glove, 0, 255), np.uint8)

    return change


if __name__ == "__main__":
    command()
