"""Class folders of pictures or clips, seen through livefg's own perception, each picture by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np

from livefg.errors import LivefgError
from livefg.inference.manifest import Manifest
from livefg.paths import user_cache_dir
from livefg.perception import detection, geometry, hand_picture, handedness, hands
from livefg.perception.hand_picture import hand_crop
from livefg.perception.hand_regions import hand_box
from livefg.perception.handedness import apparent_right
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, Hand
from livefg.sources import open_source
from livefg.sources.images import is_image
from training.files import write_whole
from training.samples import CROP_SIDE, ByteArray

__all__ = ["HandChoice", "Item", "PictureReader", "Seen", "choose_hand"]

HandChoice = Literal["only", "largest", "central", "highest", "all"]
"""Which hand of a picture is meant if it shows two; `only` takes none of them, `all` takes both."""

_HANDS = 2
_SMALLEST = 20.0  # pixels from the wrist to the middle finger's knuckle under which points are guesses
# What is seen depends on these; the cache forgets what others saw.
_NETWORKS = ("palm_detector", "hand_landmarks")
_CODE = (detection, geometry, handedness, hands)


@dataclass(frozen=True, slots=True)
class Item:
    """One picture, or one frame of a clip: its file, and its number in it."""

    path: Path
    frame: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The hands of one item (landmarks, world and right, as in `Samples`), or why there is none.

    `crops` (n, 64, 64, 3) are their pictures, if they were asked for.
    """

    item: Item
    width: int
    height: int
    landmarks: np.ndarray
    world: np.ndarray
    right: np.ndarray
    fault: str | None = None
    crops: ByteArray | None = None


def choose_hand(seen: Seen, choice: HandChoice) -> tuple[list[int], str | None]:
    """The hands to take from what was seen, or none and the reason: `no hand`, `two hands`, `too small`, ..."""
    if seen.fault:
        return [], seen.fault
    count = len(seen.landmarks)
    if not count:
        return [], "no hand"
    if count > 1 and choice == "only":
        return [], "two hands"
    points = seen.landmarks[..., :2]
    middles = points.mean(axis=1)
    merits = {
        "only": np.zeros(count),
        "all": np.zeros(count),
        "largest": np.ptp(points, axis=1).max(axis=1),
        "central": -np.linalg.norm(middles - [seen.width / 2, seen.height / 2], axis=1),
        "highest": -middles[:, 1],
    }
    chosen = list(range(count)) if choice == "all" else [int(np.argmax(merits[choice]))]
    lengths = np.linalg.norm(points[:, 9] - points[:, 0], axis=1)
    kept = [hand for hand in chosen if lengths[hand] >= _SMALLEST]
    return (kept, None) if kept else ([], "too small")


class PictureReader:
    """Looks at pictures and clips with livefg's perception; what it saw is kept in the cache folder by content.

    Use as a context manager. `every` takes one frame in so many of a clip. With `crops` the hands' pictures are cut
    out, too.
    """

    def __init__(self, cache: Path | None = None, every: int = 1, *, crops: bool = False) -> None:
        self._folder = (cache or user_cache_dir()) / "landmarks"
        self._every = every
        self._crops = hashlib.sha256(Path(hand_picture.__file__).read_bytes()) if crops else None
        self._pipeline: Pipeline | None = None
        manifest = Manifest.load()
        parts = [manifest.entry(name).sha256.encode() for name in _NETWORKS]
        parts += [Path(str(module.__file__)).read_bytes() for module in _CODE]
        self._perception = hashlib.sha256(b"|".join(parts)).hexdigest()

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pipeline:
            self._pipeline.close()

    def read(self, path: Path) -> list[Seen]:
        """What is seen in a picture or in the frames of a clip; a file that cannot be read gives one with its fault."""
        try:
            content = path.read_bytes()
        except OSError as error:
            return [_faulty(path, f"unreadable: {(error.strerror or str(error)).lower()}")]
        every = 1 if is_image(path) else self._every
        key = hashlib.sha256(f"{self._perception}|{every}|".encode() + content).hexdigest()
        stored = self._folder / key[:2] / f"{key}.npz"
        known = _load(stored, path)
        if known is None:
            try:
                known = list(self._look(path, every))
            except LivefgError as error:
                known = [_faulty(path, f"unreadable: {error}")]
            _store(stored, known)
        return self._with_crops(path, key, known) if self._crops else known

    def _with_crops(self, path: Path, key: str, seen: list[Seen]) -> list[Seen]:
        """What was seen, with the pictures of the hands, cut out anew or from the cache."""
        assert self._crops
        name = hashlib.sha256(f"{key}|{CROP_SIDE}|{self._crops.hexdigest()}".encode()).hexdigest()
        stored = self._folder.with_name("crops") / name[:2] / f"{name}.npz"
        count = sum(len(one.landmarks) for one in seen)
        crops = _load_crops(stored, count) if count else _crops([])
        if crops is None:
            crops = _cut_out(path, seen)
            write_whole(stored, _npz({"crops": crops}))
        ends = np.cumsum([len(one.landmarks) for one in seen])
        return [
            replace(one, crops=crops[end - len(one.landmarks) : end])
            for one, end in zip(seen, ends, strict=True)
        ]

    def _look(self, path: Path, every: int) -> Iterator[Seen]:
        with open_source(path, on_notice=_ignore) as source:
            for frame in source:
                if frame.index % every == 0:
                    yield self._see(frame, path)

    def _see(self, frame: Frame, path: Path) -> Seen:
        if self._pipeline is None:
            self._pipeline = Pipeline(
                PipelineSettings(
                    hands=_HANDS, faces=0, device="cpu", smooth=False, gestures=False, blendshapes=False
                )
            )
        self._pipeline.reset()
        found = self._pipeline.process(frame).hands
        return Seen(
            Item(path, frame.index),
            frame.width,
            frame.height,
            _stack([hand.landmarks for hand in found]),
            _stack([_world(hand) for hand in found]),
            np.array([apparent_right(hand, frame.mirrored) for hand in found], np.float32),
        )


def _ignore(sentence: str) -> None:
    """Damage shows up as missing frames; the rejections say what was left out."""


def _world(hand: Hand) -> np.ndarray:
    assert hand.world_landmarks is not None
    return hand.world_landmarks


def _stack(arrays: list[np.ndarray]) -> np.ndarray:
    return np.stack(arrays).astype(np.float32) if arrays else np.zeros((0, 21, 3), np.float32)


def _cut_out(path: Path, seen: list[Seen]) -> ByteArray:
    """The pictures of all hands that were seen in a picture or clip, in that order."""
    wanted = {one.item.frame: one for one in seen}
    cut: dict[int, list[np.ndarray]] = {}
    with open_source(path, on_notice=_ignore) as source:
        for frame in source:
            one = wanted.get(frame.index)
            if one is not None:
                cut[frame.index] = [
                    hand_crop(frame.image, hand_box(points), CROP_SIDE) for points in one.landmarks
                ]
    return _crops([crop for one in seen for crop in cut.get(one.item.frame, [])])


def _crops(parts: list[np.ndarray]) -> ByteArray:
    return np.stack(parts) if parts else np.zeros((0, CROP_SIDE, CROP_SIDE, 3), np.uint8)


def _faulty(path: Path, fault: str) -> Seen:
    return Seen(Item(path), 0, 0, _stack([]), _stack([]), np.zeros(0, np.float32), fault)


def _store(file: Path, seen: list[Seen]) -> None:
    arrays = {
        "frame": np.array([one.item.frame for one in seen]),
        "size": np.array([[one.width, one.height] for one in seen]),
        "hands": np.array([len(one.landmarks) for one in seen]),
        "fault": np.array([one.fault or "" for one in seen], np.str_),
        "landmarks": np.concatenate([one.landmarks for one in seen] or [_stack([])]),
        "world": np.concatenate([one.world for one in seen] or [_stack([])]),
        "right": np.concatenate([one.right for one in seen] or [np.zeros(0, np.float32)]),
    }
    write_whole(file, _npz(arrays))


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    content = BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def _load_crops(file: Path, count: int) -> ByteArray | None:
    """The pictures of so many hands in the cache, or None; a damaged file counts as none."""
    try:
        with np.load(file, allow_pickle=False) as data:
            crops: ByteArray = data["crops"]
    except (OSError, EOFError, ValueError, KeyError):
        return None
    return crops if crops.shape == (count, CROP_SIDE, CROP_SIDE, 3) else None


def _load(file: Path, path: Path) -> list[Seen] | None:
    """What is in the cache, or None; a damaged file counts as none."""
    try:
        with np.load(file, allow_pickle=False) as data:
            ends = np.cumsum(data["hands"])
            spans = list(zip(ends - data["hands"], ends, strict=True))
            return [
                Seen(
                    Item(path, int(frame)),
                    int(size[0]),
                    int(size[1]),
                    data["landmarks"][start:end],
                    data["world"][start:end],
                    data["right"][start:end],
                    str(fault) or None,
                )
                for frame, size, fault, (start, end) in zip(
                    data["frame"], data["size"], data["fault"], spans, strict=True
                )
            ]
    except (OSError, EOFError, ValueError, KeyError):
        return None
