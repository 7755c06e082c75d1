"""The identity stage with a network that knows faces by their colour, for tests of who is looked at when."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
from identities import face, somebody

from livefg.gallery import GalleryFile, Portrait
from livefg.inference.classifier import Classifier
from livefg.recognition.identity import Identifier
from livefg.results import Face, Frame, ImageArray
from livefg.workers import run_chain

__all__ = ["PEOPLE", "RATE", "FakeNetwork", "Stage", "Tracks", "at", "picture", "put"]

PEOPLE = [somebody(seed) for seed in (1, 2, 3)]  # red, green and blue faces
RATE = 30.0


class FakeNetwork:
    """Knows a face by its colour, and counts how often it is asked."""

    report = SimpleNamespace(name="face_embedder")

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, aligned: np.ndarray) -> list[np.ndarray]:
        self.runs += 1
        return [PEOPLE[int(aligned[0].mean(axis=(0, 1)).argmax())][None]]


def picture(*colours: int) -> ImageArray:
    """Faces side by side, each 200 pixels wide, with detail in one colour."""
    noise = np.random.default_rng(0).integers(0, 256, (100, 50 * len(colours)), np.uint8)
    detail = cv2.resize(noise, (200 * len(colours), 400), interpolation=cv2.INTER_CUBIC)
    image = np.repeat((detail // 4)[:, :, None], 3, axis=2)
    for place, colour in enumerate(colours):
        image[:, 200 * place : 200 * (place + 1), colour] = detail[:, 200 * place : 200 * (place + 1)]
    return np.ascontiguousarray(image, np.uint8)


def at(place: int, track: int | None = None) -> Face:
    return face(track if track is not None else place + 1, left=200.0 * place + 50, width=100.0)


class Tracks:
    """Takes down what is asked of the tracks."""

    def __init__(self) -> None:
        self.exchanged: list[set[int]] = []
        self.parted: list[int] = []

    def exchange(self, one: int, other: int) -> None:
        self.exchanged.append({one, other})

    def part(self, track: int) -> int:
        self.parted.append(track)
        return 100 + len(self.parted)


class Stage:
    """An identifier, the network behind it, and the frames that it has seen."""

    def __init__(
        self,
        file: GalleryFile,
        *,
        tracked: bool = True,
        remembers: bool = False,
        trained: Classifier | None = None,
    ) -> None:
        self.network = FakeNetwork()
        self.loads = 0
        self.notices: list[str] = []
        self.identifier = Identifier(
            self._load, file, trained=trained, tracked=tracked, on_notice=self.notices.append
        )
        self.tracks = Tracks()
        if remembers:
            self.identifier.attach(self.tracks)
        self.identifier.wait(may_be_needed=True)
        self.frames = 0

    def _load(self) -> Any:
        self.loads += 1
        return self.network

    def faces(self, image: ImageArray, faces: Sequence[Face]) -> tuple[Face, ...]:
        frame = Frame(image, self.frames, self.frames / RATE, "test")
        self.frames += 1
        return run_chain(self.identifier.steps(frame, tuple(faces)))

    def see(self, image: ImageArray, faces: Sequence[Face]) -> list[str | None]:
        return [one.identity.name if one.identity else None for one in self.faces(image, faces)]

    def places(self, image: ImageArray, faces: Sequence[Face]) -> dict[int, int]:
        """Which track is where."""
        return {one.track: round(one.box[0] - 50) // 200 for one in self.faces(image, faces)}

    def watch_places(self, image: ImageArray, faces: Sequence[Face], count: int) -> list[dict[int, int]]:
        return [self.places(image, faces) for _ in range(count)]

    def watch(self, image: ImageArray, faces: Sequence[Face], count: int) -> list[list[str | None]]:
        return [self.see(image, faces) for _ in range(count)]


def put(file: GalleryFile, name: str, person: int) -> None:
    with file.edit() as edit:
        edit.gallery = edit.gallery.with_portraits(name, [Portrait(PEOPLE[person], 1.0)])
