"""How right the expression network is on people's pictures, and the temperature that makes its confidence true.

`python -m training.expressions --data DIR` reads a folder as `muxspace` is laid out: `labels.csv` with the columns
image, emotion, person, and `DIR/<emotion>/<image>`. No weight is trained here. Each picture goes through the pipeline
as `livefg process` runs it, whole and as a small grey face; the temperature is measured on some people and judged on
the others, in turns. The value for the model file is the one over all of them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from livefg.inference.classifier import Classifier
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.expression import EXPRESSION_NETWORK
from livefg.results import Face, Frame
from training.calibration import expected_calibration_error, fit_temperature, softmax
from training.convert.face_expression import EXPRESSIONS

__all__ = ["CONDITIONS", "Answers", "judge", "read_pictures"]

Array = npt.NDArray[np.float64]
Pictures = npt.NDArray[np.uint8]
_NAMES = {
    "neutral": "neutral",
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fear": "fearful",
    "disgust": "disgusted",
    "surprise": "surprised",
}
_FOLDS = 5
_PRESS_SIDE = 350  # the press photographs are grey squares of this side, all others are stills from films
_WHOLE = 250
_FACE_MARGIN = 1.15
_LEAST_SCORE = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One labelled picture (height, width, 3) RGB; `press` or a still from a film."""

    image: Pictures
    label: str
    person: str
    press: bool


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the network says in one condition: `logits` (n, labels), `target` (n,), the `people`, which are `press`
    photographs, and how many faces were `missed`.
    """

    logits: Array
    target: npt.NDArray[np.intp]
    people: npt.NDArray[np.str_]
    press: npt.NDArray[np.bool_]
    missed: int

    def folds(self) -> npt.NDArray[np.intp]:
        """A number below five for each answer, the same for all of one person."""
        return np.array([int(hashlib.sha256(name.encode()).hexdigest(), 16) % _FOLDS for name in self.people])


def read_pictures(folder: Path) -> Iterator[Picture]:
    """The pictures of a folder whose labels are among the seven, the longer side at most 250 pixels."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["emotion"] not in _NAMES:
                continue
            with Image.open(folder / row["emotion"] / row["image"]) as picture:
                press = picture.size == (_PRESS_SIDE, _PRESS_SIDE) and picture.mode == "L"
                image = picture.convert("RGB")
            image.thumbnail((_WHOLE, _WHOLE), Image.Resampling.BOX)
            yield Picture(np.asarray(image), _NAMES[row["emotion"]], row["person"], press)


def _small_face(side: int, blur: float = 0.0, light: float = 1.0) -> Callable[[Pictures, Face], Pictures]:
    """Makes a grey square of the face alone, as FER-like sets have it; `blur` in its pixels, `light` a factor."""

    def make(image: Pictures, face: Face) -> Pictures:
        left, top, right, bottom = face.box
        scale = 4 * side / (_FACE_MARGIN * max(right - left, bottom - top))
        offset = 2 * side - scale * np.array([(left + right) / 2, (top + bottom) / 2])
        place = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]])
        large = cv2.warpAffine(
            image, place, (4 * side, 4 * side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        small = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        if blur:
            grey = cv2.GaussianBlur(grey, (0, 0), blur)
        return np.asarray(np.repeat((grey * light).astype(np.uint8)[..., None], 3, axis=2))

    return make


CONDITIONS: Mapping[str, Callable[[Pictures, Face], Pictures] | None] = {
    "250 px": None,
    "48 px grey": _small_face(48),
    "32 px grey": _small_face(32),
    "48 px blurred": _small_face(48, blur=1.0),
    "48 px dark": _small_face(48, light=0.25),
}
"""How pictures are shown: as they are, or as small grey faces, one way or another made worse."""


class _Eyes:
    """The pipeline as it looks at pictures by themselves."""

    def __init__(self) -> None:
        self._pipeline = Pipeline(
            PipelineSettings(hands=0, identity=False, blendshapes=False, stills=True, device="cpu")
        )
        info = Classifier.load(EXPRESSION_NETWORK, "cpu").info
        self.labels, self.temperature = info.labels, info.temperature

    def face(self, image: Pictures) -> Face | None:
        """The face that fills most of the picture."""
        self._pipeline.reset()
        faces = self._pipeline.process(Frame(np.ascontiguousarray(image), 0, 0.0, "picture")).faces
        return max(faces, key=lambda face: face.box[2] - face.box[0], default=None)

    def logits(self, face: Face | None) -> Array | None:
        """What the network gave before the temperature, up to a constant."""
        if face is None or face.expression is None:
            return None
        scores = np.array([face.expression.scores[label] for label in self.labels])
        return np.asarray(self.temperature * np.log(scores + _LEAST_SCORE), np.float64)


def look(
    folder: Path, conditions: Mapping[str, Callable[[Pictures, Face], Pictures] | None]
) -> dict[str, Answers]:
    """Show all pictures of a folder under all conditions."""
    eyes = _Eyes()
    rows: dict[str, list[tuple[Array, int, str, bool]]] = {name: [] for name in conditions}
    missed = dict.fromkeys(conditions, 0)
    for picture in read_pictures(folder):
        face = eyes.face(picture.image)
        for name, change in conditions.items():
            seen = face
            if change and face is not None:
                seen = eyes.face(change(picture.image, face))
            logits = eyes.logits(seen)
            if logits is None:
                missed[name] += picture.press
            else:
                rows[name].append((logits, eyes.labels.index(picture.label), picture.person, picture.press))
    return {
        name: Answers(
            np.stack([row[0] for row in found]),
            np.array([row[1] for row in found]),
            np.array([row[2] for row in found]),
            np.array([row[3] for row in found]),
            missed[name],
        )
        for name, found in rows.items()
    }


def judge(answers: Answers, fitted_on: list[Answers]) -> dict[str, Any]:
    """Accuracy and ECE over press photographs, each with the temperature of the other people's pictures."""
    probabilities = np.zeros_like(answers.logits)
    folds = answers.folds()
    for fold in range(_FOLDS):
        temperature = _temperature(fitted_on, fold)
        probabilities[folds == fold] = softmax(answers.logits[folds == fold], temperature)
    press = answers.press
    right = probabilities.argmax(axis=1) == answers.target
    confidence = probabilities.max(axis=1)
    classes = np.unique(answers.target[press])
    return {
        "faces": int(press.sum()),
        "missed": answers.missed,
        "accuracy": round(float(right[press].mean()), 3),
        "ece": round(expected_calibration_error(confidence[press], right[press]), 3),
        "recall": {
            EXPRESSIONS[kind]: round(float(right[press & (answers.target == kind)].mean()), 2)
            for kind in classes
        },
        "count": {EXPRESSIONS[kind]: int((answers.target[press] == kind).sum()) for kind in classes},
        "film_stills": {"faces": int((~press).sum()), "accuracy": round(float(right[~press].mean()), 3)},
    }


def _temperature(fitted_on: list[Answers], without: int | None) -> float:
    """The temperature over press photographs, without the people of one fold."""
    logits, target = [], []
    for answers in fitted_on:
        chosen = answers.press & (answers.folds() != without if without is not None else True)
        logits.append(answers.logits[chosen])
        target.append(answers.target[chosen])
    return fit_temperature(np.concatenate(logits), np.concatenate(target))


@click.command()
@click.option(
    "--data",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with labels.csv and the pictures by emotion.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(folder: Path, as_json: bool) -> None:
    """Measure the shipped expression network, and the temperature it should have."""
    cv2.setNumThreads(1)
    answers = look(folder, CONDITIONS)
    fitted_on = [answers["250 px"], answers["48 px grey"]]
    report = {name: judge(one, fitted_on) for name, one in answers.items()}
    temperature = round(_temperature(fitted_on, None), 2)
    if as_json:
        about = {
            "what": "the shipped expression network on press photographs, each person judged with others' temperature",
            "command": "python -m training.expressions --data DIR --json",
            "machine": platform.processor() or platform.machine(),
            "created": datetime.now(UTC).date().isoformat(),
        }
        click.echo(json.dumps({**about, "temperature": temperature, "conditions": report}, indent=1))
        return
    click.echo(f"temperature over all press photographs, at 250 and 48 pixels: {temperature}")
    for name, one in report.items():
        click.echo(
            f"{name:14} {one['faces']} faces ({one['missed']} not found)  right {one['accuracy']:.3f}  "
            f"ECE {one['ece']:.3f}  film stills {one['film_stills']['accuracy']:.3f}"
        )


if __name__ == "__main__":
    main()
