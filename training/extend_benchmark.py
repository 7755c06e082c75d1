"""Measure what twenty examples a gesture are worth when they are added to gestures that are known already.

    python -m training.extend_benchmark --data ../shared/data

A network learns the shipped recipe's data without three gestures and without two of the three sources of pictures. One
person's twenty examples of each of the three are then added as `livefg train gestures --extend` does, and the result is
asked about the pictures of the other two sources. Writes `docs/benchmarks/gestures_extended.json`.
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np

from livefg.inference.classifier import Classifier
from training.bank import compact_bank
from training.evaluation import Evaluation, evaluate
from training.export import About, export
from training.files import write_whole
from training.fit import fit
from training.gestures import train_gestures
from training.inference import still
from training.progress import TrainingProgress
from training.recipes import default_recipe, quick_recipe
from training.samples import Samples
from training.shipping import BANK_ROWS
from training.sources.dataset import DatasetFile, folder_as_dataset, gather

__all__ = ["command"]

_RECIPE = Path(__file__).parent / "data" / "default.toml"
_NEW = ("four", "rock", "three")
_TEACHER = "images_14_classes"
_OTHERS = ("images_digits", "sparrow_photos")
_EXAMPLES = 20
_TRIALS = 3


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/benchmarks/gestures_extended.json"),
    show_default=True,
)
def command(data: Path, out: Path) -> None:
    """Add three gestures to a network that has never seen them, and measure on other people."""
    dataset = DatasetFile.read(_RECIPE, data)
    with TrainingProgress() as progress, tempfile.TemporaryDirectory() as folder:
        samples = gather(dataset, progress.gathering).samples
        known = samples.take(~np.isin(samples.label, _NEW) & ~np.isin(samples.source, _OTHERS))
        base = Path(folder) / "base.onnx"
        progress.step("learning what is known")
        _known_already(known, dataset, base)
        bank = compact_bank(known, BANK_ROWS)
        others = samples.take(np.isin(samples.source, _OTHERS))
        trials = [
            _extended(samples, bank, others, base, Path(folder), seed, progress) for seed in range(_TRIALS)
        ]
    report = {
        "what": f"{_EXAMPLES} examples each of {', '.join(_NEW)} by the people of {_TEACHER}, added to a network that "
        f"has not seen these gestures; asked about {' and '.join(_OTHERS)}, which it has not seen either",
        "command": "python -m training.extend_benchmark --data ../shared/data",
        "machine": platform.processor() or platform.machine(),
        "created": datetime.now(UTC).date().isoformat(),
        "trials": trials,
    }
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    click.echo(json.dumps(report, indent=1))


def _known_already(known: Samples, dataset: DatasetFile, path: Path) -> None:
    """A network for all but the new gestures, with the shipped one's temperature and threshold."""
    recipe = default_recipe()
    shipped = Classifier.load("gesture", "cpu").info
    labels = tuple(label for label in dataset.labels if label not in _NEW)
    fitted = fit(known, None, labels, recipe.shape, recipe.fit, directions=dataset.directions)
    about = About(
        labels=labels,
        shape=recipe.shape,
        temperature=shipped.temperature,
        reject_threshold=shipped.reject_threshold,
        reject_reason=shipped.reject_reason,
        loss=recipe.fit.loss,
        training_data="a part of the shipped recipe's",
        split="nobody held back",
        licence=shipped.licence,
        directions=dataset.directions,
    )
    export(fitted.network, about, still(known.take(slice(0, 100)), np.zeros(100, np.int64)), path)


def _extended(
    samples: Samples,
    bank: Samples,
    others: Samples,
    base: Path,
    folder: Path,
    seed: int,
    progress: TrainingProgress,
) -> dict[str, Any]:
    """One person's choice of examples, and what came of it."""
    random = np.random.default_rng(seed)
    rows: list[int] = []
    for label in _NEW:
        shown = np.flatnonzero((samples.label == label) & (samples.source == _TEACHER))
        rows += random.permutation(shown)[:_EXAMPLES].tolist()
    own = samples.take(rows)
    me = np.full(len(own), "me")
    own = replace(own, source=me, person=me, session=me)
    mine = folder / f"recorded_{seed}"
    mine.mkdir()
    own.save(mine / "me.npz")
    path = folder / f"extended_{seed}.onnx"
    began = time.perf_counter()
    train_gestures(
        folder_as_dataset(mine),
        path,
        quick_recipe(),
        progress,
        extend=base,
        bank=bank,
        folder=folder / f"work_{seed}",
    )
    seconds = time.perf_counter() - began
    after = _asked(path, others)
    old = others.take(~np.isin(others.label, _NEW))
    new = [score for score in after.per_label if score.label in _NEW]
    return {
        "seconds": round(seconds, 1),
        "macro_f1_new": round(float(np.mean([score.f1 for score in new])), 4),
        "recall_new": {score.label: round(score.recall, 4) for score in new},
        "accuracy_known_before": round(_asked(base, old).accuracy, 4),
        "accuracy_known_after": round(_asked(path, old).accuracy, 4),
    }


def _asked(path: Path, samples: Samples) -> Evaluation:
    classifier = Classifier.load(path, "cpu", task="gesture")
    chances = classifier.classify(samples.landmarks, samples.world, samples.right)
    return evaluate(samples, chances, classifier.labels, classifier.info.reject_threshold)


if __name__ == "__main__":
    command()
