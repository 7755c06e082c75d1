"""The report on a gesture classifier, from what training or an examination has in hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from livefg.collect.recording import decode
from livefg.errors import LivefgError
from livefg.sources import open_source
from livefg.sources.images import is_image
from training.augment import Augmentation, augment
from training.evaluation import CONDITIONS, PIXEL_CONDITIONS, Evaluation, Mistake
from training.pixels import change_crops
from training.report.content import DataSource, ImageArray, Strip, Thumbnail
from training.report.hands import cut_out, drawn_hand, square
from training.samples import FloatArray, Samples
from training.sources.dataset import DatasetFile

__all__ = [
    "CLUTTER_NOTE",
    "PIXEL_NOTE",
    "FindPicture",
    "data_of",
    "pictures_of",
    "strips_of",
    "thumbnails_of",
]

FindPicture = Callable[[Mistake, FloatArray], ImageArray | None]
"""A square picture of a mistake whose landmarks (21, 3) are given; None where there is none."""

PIXEL_NOTE = (
    "The hands' pictures are changed so. Whether a hand is found at all, and where, is not among these."
)
CLUTTER_NOTE = (
    "Clutter is not among these: this classifier sees the hand's points and no pixels, so that what else is in the "
    "picture can only mislead the finding of the hand. It is measured for classifiers of pixels."
)
_MOST_PICTURED = 24
_ALIKE = 3
"""So many mistakes of one source with the same names are shown before others."""
_DRAWS = 15
_STRIP_SIDE = 128  # pixels


def data_of(
    samples: Samples,
    examined: Samples,
    attributions: Mapping[str, str] | None = None,
    rejected: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[DataSource, ...]:
    """A row for each source of the samples learned from and of those examined, the largest first."""
    thanks, refused = attributions or {}, rejected or {}
    learned, asked = set(samples.source.tolist()), set(examined.source.tolist())
    rows = []
    for source in {*learned, *asked, *refused}:
        held = samples if source in learned else examined
        mine = held.take(held.source == source)
        uses = [word for word, names in (("training", learned), ("examination", asked)) if source in names]
        rows.append(
            DataSource(
                source,
                ", ".join(sorted(set(mine.licence.tolist()))),
                len(mine),
                people=len(set(mine.person.tolist())),
                sessions=len(set(mine.session.tolist())),
                use=", ".join(uses),
                attribution=thanks.get(source, ""),
                rejected=refused.get(source, {}),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.count, row.name)))


def pictures_of(dataset: DatasetFile) -> FindPicture:
    """Finds the pictures of mistakes in a dataset: in its pictures and clips, or among the thumbnails of recordings."""
    entries = {entry.name: entry for entry in dataset.sources}

    def find(mistake: Mistake, points: FloatArray) -> ImageArray | None:
        entry = entries.get(mistake.source)
        if entry is None:
            return None
        if entry.kind == "samples":
            return _of_recordings(sorted(dataset.root.glob(entry.path)), points)
        if entry.kind == "pictures" and mistake.item:
            return _of_pictures(dataset.root / entry.path, mistake.item, points)
        return None

    return find


def _of_pictures(folder: Path, item: str, points: FloatArray) -> ImageArray | None:
    path, number = folder / item, 0
    if not is_image(path):
        written, _, frame = item.rpartition("#")
        path, number = folder / written, int(frame) if frame.isdigit() else 0
    picture = _frame(path, number) if path.is_file() else None
    return None if picture is None else cut_out(picture, points)


def _of_recordings(files: Sequence[Path], points: FloatArray) -> ImageArray | None:
    """The thumbnail of the example with these very points."""
    for file in files:
        try:
            examples = decode(file.read_bytes(), str(file)).examples
        except (OSError, LivefgError):
            continue  # a table of samples that `livefg collect` did not write
        for example in examples:
            if example.thumbnail and np.array_equal(example.landmarks, points):
                return square(np.asarray(Image.open(BytesIO(example.thumbnail)).convert("RGB")))
    return None


def _frame(path: Path, number: int) -> ImageArray | None:
    try:
        with open_source(path, on_notice=_ignore) as source:
            for frame in source:
                if frame.index == number:
                    return frame.image
    except LivefgError:
        return None
    return None


def _ignore(sentence: str) -> None:
    """A picture with damage is still worth showing."""


def thumbnails_of(
    evaluation: Evaluation, samples: Samples, find: FindPicture | None = None, most: int = _MOST_PICTURED
) -> tuple[Thumbnail, ...]:
    """Pictures of the surest mistakes among `samples`, to which the evaluation's row numbers belong.

    A few of each kind come first: neighbouring frames of one hand are wrong alike. Where `find` knows no picture, the
    hand is drawn from its points.
    """
    made = []
    for mistake in _varied(evaluation.mistakes)[:most]:
        points = samples.landmarks[mistake.row]
        image = find(mistake, points) if find else None
        made.append(Thumbnail(mistake, drawn_hand(points) if image is None else image))
    return tuple(sorted(made, key=lambda one: -one.mistake.confidence))


def _varied(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """The same mistakes, with those put last of whose kind there were enough before."""
    seen: Counter[tuple[str, str, str]] = Counter()
    first: list[Mistake] = []
    rest: list[Mistake] = []
    for mistake in mistakes:
        kind = (mistake.source, mistake.shown, mistake.said)
        (first if seen[kind] < _ALIKE else rest).append(mistake)
        seen[kind] += 1
    return first + rest


def strips_of(samples: Samples) -> tuple[Strip, ...]:
    """How one hand looks under each condition as it grows stronger: an ordinary hand with open fingers."""
    if not len(samples):
        return ()
    chosen = samples.take([_ordinary_open_hand(samples)])
    strips = []
    if samples.has_crop.any():
        pictured = samples.take(samples.has_crop)
        return _pictured_strips(pictured.take([_ordinary_open_hand(pictured)]))
    for condition, (strengths, change) in CONDITIONS.items():
        draws = [
            [_changed(chosen, change(strength), seed) for strength in strengths] for seed in range(_DRAWS)
        ]
        # A change that happens to some hands only should show from the first strength on.
        shown = [hands for hands in draws if np.abs(hands[1] - hands[0]).max() > 0] or draws
        sizes = [float(np.abs(hands[-1] - hands[0]).mean()) for hands in shown]
        typical = shown[int(np.argsort(sizes)[len(sizes) // 2])]
        strips.append(Strip(condition, [drawn_hand(points, _STRIP_SIDE) for points in typical]))
    return tuple(strips)


def _pictured_strips(one: Samples) -> tuple[Strip, ...]:
    """The same of a hand with a picture, for classifiers that look at pictures."""
    strips = []
    for condition, (strengths, change) in PIXEL_CONDITIONS.items():
        images = []
        for strength in strengths:
            rng = np.random.default_rng(1)
            points, pixels = change(strength)
            # One hand cannot show a share: from the first strength on it is changed.
            pixels = replace(
                pixels, **{name: float(value > 0) for name, value in asdict(pixels).items() if value}
            )
            # And it is turned by the angle itself, where hands in general are by such angles.
            roll = np.array([points.roll])
            images.append(square(change_crops(one.crops(), one.landmarks, roll, rng, pixels)[0]))
        strips.append(Strip(condition, images))
    return tuple(strips)


def _changed(one: Samples, how: Augmentation, seed: int) -> FloatArray:
    nothing = np.zeros(1, np.int64)
    rng = np.random.default_rng(seed)
    points: FloatArray = augment(one.landmarks, one.world, one.right, nothing, rng, how).landmarks[0]
    return points


def _ordinary_open_hand(samples: Samples) -> int:
    """The row nearest to the middle of the label whose fingers are longest, with depth if any has: it shows most."""
    solid = np.flatnonzero(samples.has_depth)
    if 0 < len(solid) < len(samples):
        return int(solid[_ordinary_open_hand(samples.take(solid))])
    flat = samples.landmarks[..., :2] - samples.landmarks[:, :1, :2]
    flat = flat / np.maximum(np.linalg.norm(flat[:, 9:10], axis=2, keepdims=True), 1e-9)
    reach = np.linalg.norm(flat[:, [8, 12, 16, 20]], axis=2).mean(axis=1)
    label = max(samples.counts(), key=lambda name: float(np.median(reach[samples.label == name])))
    rows = np.flatnonzero(samples.label == label)
    away = np.abs(flat[rows] - np.median(flat[rows], axis=0)).mean(axis=(1, 2))
    return int(rows[np.argmin(away)])
