"""Measure the gesture recipe on pictures of people it has not seen, beside MediaPipe's recogniser on the same pictures.

    python -m training.gesture_benchmark --data ../shared/data

Trains the shipped recipe once without each source of pictures, does the same for every loss and activation, and writes
the figures to `docs/benchmarks/gestures.json`. MediaPipe joins where the variables of docs/parity.md name it.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
import numpy as np
import numpy.typing as npt

from livefg.inference.classifier import is_gesture
from livefg.mediapipe_peer import PYTHON_VARIABLE, MediaPipePeer
from livefg.sources import open_source
from training.bank import Table
from training.calibration import expected_calibration_error, softmax
from training.evaluation import evaluate, headline
from training.examination import Held, calibrated, examine
from training.files import write_whole
from training.losses import LossName
from training.networks import Activation
from training.progress import TrainingProgress
from training.recipes import GestureRecipe, default_recipe
from training.samples import Samples
from training.side_by_side import SideBySide
from training.sources.dataset import DatasetFile, Gathered, SourceEntry, gather
from training.sources.pictures import Item, Seen, choose_hand
from training.threads import one_thread

__all__ = ["Answers", "command", "compared"]

NONE = "none"
_OWN_SEVEN = (
    "closed_fist",
    "open_palm",
    "pointing_up",
    "thumb_down",
    "thumb_up",
    "victory",
    "i_love_you",
)
_FIFTHS = 5
_RECIPE = Path(__file__).parent / "data" / "default.toml"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a program says of N pictures: a label each ("" where it found no hand), and how sure it is (0..1)."""

    said: npt.NDArray[np.str_]
    confidence: npt.NDArray[np.float64]


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("docs/benchmarks/gestures.json"),
    show_default=True,
)
@click.option("--variants/--no-variants", default=True, help="Also compare losses and activations.")
def command(data: Path, out: Path, variants: bool) -> None:
    """Measure the gesture recipe on the pictures in DATA."""
    dataset = DatasetFile.read(_RECIPE, data)
    recipe = default_recipe()
    recipe = replace(
        recipe,
        never_examined=tuple(
            entry.name for entry in dataset.sources if entry.name not in recipe.calibrated_on
        ),
    )
    with TrainingProgress() as progress:
        gathered = gather(dataset, progress.gathering)
        held, threshold, temperature = _examined(gathered.samples, dataset, recipe, progress)
        report: dict[str, Any] = {
            "what": "gestures on pictures of sources left out of training, one after the other",
            "command": "python -m training.gesture_benchmark --data ../shared/data",
            "machine": platform.processor() or platform.machine(),
            "created": datetime.now(UTC).date().isoformat(),
            "reject_threshold": round(threshold, 4),
            "pictures": _pictures(held, gathered, dataset, threshold, temperature),
            "threshold_chosen_on_others": _on_others(held, dataset, recipe),
        }
        if os.environ.get(PYTHON_VARIABLE):
            progress.step("asking MediaPipe")
            report["beside_mediapipe"] = _beside(held, dataset, threshold, temperature)
        if variants:
            report["variants"] = _variants(gathered.samples, dataset, recipe, progress)
    write_whole(out, (json.dumps(report, indent=1) + "\n").encode())
    click.echo(json.dumps(report, indent=1))


def compared(shown: npt.NDArray[np.str_], answers: Answers, known: Sequence[str]) -> dict[str, Any]:
    """Figures of `answers` about pictures that show `shown` (N,), judged by the gestures `known` only.

    `right_of_found` and `right_of_all` are of pictures of those gestures; `false_gestures` is the share of the other
    pictures with a hand that get one of those gestures; `ece` is over all pictures with a hand.
    """
    own = np.isin(shown, list(known))
    expected = np.where(own, shown, NONE)
    said = np.where(np.isin(answers.said, [*known, ""]), answers.said, NONE)
    found = said != ""
    right = said == expected
    return {
        "pictures_of_known": int(own.sum()),
        "other_pictures": int((~own & found).sum()),
        "found": _share(found),
        "right_of_found": _share(right[own & found]),
        "right_of_all": _share(right[own]),
        "false_gestures": _share(~right[~own & found]),
        "ece": round(expected_calibration_error(answers.confidence[found], right[found]), 4),
    }


def _share(values: npt.NDArray[np.bool_]) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def _examined(
    samples: Samples, dataset: DatasetFile, recipe: GestureRecipe, progress: TrainingProgress
) -> tuple[Held, float, float]:
    """Examine on the pictures: what was held back, the threshold and the temperature."""
    table = Table(samples, len(samples), dataset.labels, ())
    with one_thread(), SideBySide(progress) as trainings:
        held = examine(table, dataset.labels, recipe, dataset.directions, trainings)
    temperature, threshold, _ = calibrated(held, dataset.labels, recipe)
    return held, threshold, temperature


def _pictures(
    held: Held, gathered: Gathered, dataset: DatasetFile, threshold: float, temperature: float
) -> dict[str, Any]:
    """All figures by source, and together; `found` counts the hands that perception missed."""
    reasons = gathered.reasons()
    figures: dict[str, Any] = {}
    for name in [*np.unique(held.samples.source).tolist(), "all"]:
        mine = held.samples.source == name if name != "all" else np.ones(len(held.samples), bool)
        found = evaluate(
            held.samples.take(mine), softmax(held.logits[mine], temperature), dataset.labels, threshold
        )
        missed = sum(
            sum(why.values())
            for source, why in reasons.items()
            if source in (name, *(np.unique(held.samples.source).tolist() if name == "all" else ()))
        )
        gestures = held.samples.label[mine] != NONE
        figures[name] = {
            **headline(found),
            "found": round(found.hands / (found.hands + missed), 4),
            "right_of_all": round(found.accuracy * found.hands / (found.hands + missed), 4),
            "gesture_hands": int(gestures.sum()),
            "recall": {score.label: round(score.recall, 4) for score in found.per_label if score.count},
        }
    return figures


def _said(chances: npt.NDArray[np.floating], labels: Sequence[str], threshold: float) -> npt.NDArray[np.str_]:
    """The answers (N,) that probabilities (N, K) mean."""
    named = is_gesture(chances.max(axis=1), chances[:, labels.index(NONE)], threshold)
    return np.where(named, np.array(labels)[chances.argmax(axis=1)], NONE)


def _on_others(held: Held, dataset: DatasetFile, recipe: GestureRecipe) -> dict[str, Any]:
    """The same hands, each fifth of the sessions by the temperature and threshold that the other four fifths ask for.

    Temperature and threshold above are chosen on the hands that they are reported on; this says what that flatters.
    """
    _, session = np.unique(
        np.char.add(np.char.add(held.samples.source, "/"), held.samples.session), return_inverse=True
    )
    fold = np.random.default_rng(0).permutation(session.max() + 1)[session] % _FIFTHS
    right, false, nothing, thresholds = 0, 0, 0, []
    for number in range(_FIFTHS):
        rest, mine = held.take(fold != number), held.take(fold == number)
        temperature, threshold, _ = calibrated(rest, dataset.labels, recipe)
        chances = softmax(mine.logits, temperature)
        said = _said(chances, dataset.labels, threshold)
        none = mine.samples.label == NONE
        right += int((said == mine.samples.label).sum())
        false += int((said[none] != NONE).sum())
        nothing += int(none.sum())
        thresholds.append(round(threshold, 3))
    return {
        "accuracy": round(right / len(held.samples), 4),
        "false_gestures": round(false / nothing, 4),
        "thresholds": thresholds,
    }


def _variants(
    samples: Samples, dataset: DatasetFile, recipe: GestureRecipe, progress: TrainingProgress
) -> list[dict[str, Any]]:
    """Each loss and each activation, one network each, everything else as in the recipe."""
    plain = replace(recipe, shape=replace(recipe.shape, members=1))
    losses: tuple[LossName, ...] = get_args(LossName)
    activations: tuple[Activation, ...] = get_args(Activation)
    kinds = [
        *(replace(plain, fit=replace(plain.fit, loss=loss)) for loss in losses),
        *(
            replace(plain, shape=replace(plain.shape, activation=activation))
            for activation in activations
            if activation != plain.shape.activation
        ),
    ]
    rows = []
    for kind in kinds:
        held, threshold, temperature = _examined(samples, dataset, kind, progress)
        chances = softmax(held.logits, temperature)
        found = evaluate(held.samples, chances, dataset.labels, threshold)
        undecided = evaluate(held.samples, chances, dataset.labels)
        rows.append(
            {
                "loss": kind.fit.loss,
                "activation": kind.shape.activation,
                **headline(found),
                "accuracy_without_threshold": round(undecided.accuracy, 4),
                "reject_threshold": round(threshold, 4),
                "temperature": round(temperature, 4),
            }
        )
    return rows


def _beside(held: Held, dataset: DatasetFile, threshold: float, temperature: float) -> dict[str, Any]:
    """livefg and MediaPipe on the pictures with a hand for livefg, judged by MediaPipe's own seven gestures."""
    chances = softmax(held.logits, temperature)
    best = chances.max(axis=1)
    said = _said(chances, dataset.labels, threshold)
    figures: dict[str, Any] = {"gestures": list(_OWN_SEVEN)}
    with MediaPipePeer.from_environment(video=False, faces=0) as peer:
        figures["mediapipe"] = peer.version
        for entry in dataset.sources:
            mine = held.samples.source == entry.name
            if not mine.any():
                continue
            shown = held.samples.label[mine]
            theirs = _asked(peer, dataset.root / entry.path, entry, held.samples.item[mine].tolist())
            figures[entry.name] = {
                "livefg": compared(shown, Answers(said[mine], best[mine]), _OWN_SEVEN),
                "mediapipe": compared(shown, theirs, _OWN_SEVEN),
            }
    return figures


def _asked(peer: MediaPipePeer, folder: Path, entry: SourceEntry, items: Sequence[str]) -> Answers:
    """MediaPipe's answers about the hand that is meant in each picture."""
    answers = list(_each(peer, folder, entry, items))
    return Answers(
        np.array([name for name, _ in answers], np.str_), np.array([score for _, score in answers])
    )


def _each(
    peer: MediaPipePeer, folder: Path, entry: SourceEntry, items: Sequence[str]
) -> Iterator[tuple[str, float]]:
    for item in items:
        with open_source(folder / item, on_notice=lambda _: None) as source:
            frame = next(iter(source))
        hands = peer.process(frame.image).hands
        points = np.array([hand.landmarks for hand in hands], np.float32).reshape(-1, 21, 3)
        world = np.array([hand.world_landmarks for hand in hands], np.float32).reshape(-1, 21, 3)
        right = np.array([hand.handedness == "Right" for hand in hands], np.float32)
        seen = Seen(Item(folder / item), frame.width, frame.height, points, world, right)
        chosen, _ = choose_hand(seen, entry.hand)
        if chosen:
            hand = hands[chosen[0]]
            yield hand.gesture.lower().replace("iloveyou", "i_love_you"), hand.gesture_score
        else:
            yield "", 0.0


if __name__ == "__main__":
    command()
