"""Enrolment by a key in the window: the name is typed while the best view is looked for, and nothing waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import FakePipeline, FakeSource, wait_until
from identities import look, somebody

from livefg.errors import LivefgError
from livefg.gallery import GalleryFile, Person, Portrait
from livefg.gallery.enrolment import Enrolled, Enroller
from livefg.gallery.live import EnrollKey, told
from livefg.loop import LiveLoop
from livefg.overlay import Overlay
from livefg.results import Face, Frame, FrameResult, ImageArray
from livefg.sinks.entry import TextEntry

PATIENCE_SECONDS = 60.0


class Pictures(FakeSource):
    """A camera that gives pictures of a test's choice."""

    def show(self, image: ImageArray) -> None:
        self._frames.put(Frame(image, self.given, self.given / 30, "fake"))
        self.given += 1


class Faces(FakePipeline):
    """Finds the faces that a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.faces: tuple[Face, ...] = ()

    def process(self, frame: Frame) -> FrameResult:
        self.seen.append(frame.index)
        return FrameResult("fake", frame.index, frame.time, frame.width, frame.height, faces=self.faces)


class Window:
    """Stands in for the window: somebody types in it."""

    def __init__(self) -> None:
        self.overlay, self.panel, self.entry, self.mirror = Overlay(), None, None, True

    def type(self, text: str, end: int = 0x0D) -> None:
        assert isinstance(self.entry, TextEntry)
        for code in [*map(ord, text), end]:
            self.entry.press(code)


class Room:
    """A live loop with somebody before the camera."""

    def __init__(self, file: GalleryFile, enroller: Enroller, image: ImageArray, face: Face) -> None:
        self.image, self.face, self.file = image, face, file
        self.source, self.pipeline, self.window = Pictures(), Faces(), Window()
        self.loop = LiveLoop(self.source, self.pipeline)
        self.notices: list[str] = []
        self.loaded = threading.Event()
        self.loaded.set()

        def load() -> Enroller:
            assert self.loaded.wait(PATIENCE_SECONDS)
            return enroller

        self.key = EnrollKey(self.loop, self.window, self.notices.append, load, file)  # type: ignore[arg-type]

    def show(self, *faces: Face, image: ImageArray | None = None) -> None:
        self.pipeline.faces = faces
        self.source.show(self.image if image is None else image)

    def until(self, text: str) -> None:
        """Show the same again and again until something has been said."""

        def said() -> bool:
            if not self.source._frames.qsize():
                self.source.show(self.image)
            self.key.turn()
            return any(text in notice for notice in self.notices)

        wait_until(said)

    def remark(self, text: str) -> None:
        """Wait until this is what is in the way."""
        wait_until(lambda: self.key._view is not None and text in self.key._view.obstacle)


@pytest.fixture(scope="module")
def enroller() -> Enroller:
    return Enroller("cpu")


@pytest.fixture
def room(tmp_path: Path, enroller: Enroller, demo_frames: list[Frame]) -> Iterator[Room]:
    image = demo_frames[0].image
    (face,) = enroller.faces(image)
    room = Room(GalleryFile(tmp_path / "people.jsonl"), enroller, image, face)
    with room.loop:
        yield room
        room.key.close()


def test_the_person_is_asked_for_by_name_and_enrolled(room: Room) -> None:
    room.key.press()
    assert room.key.active
    room.show(room.face)
    room.window.type("Ada Lovelace")
    room.until("Ada Lovelace is enrolled.")
    assert room.file.load().names == ("Ada Lovelace",)
    assert not room.key.active
    assert (room.window.panel, room.window.entry) == (None, None)


def test_nothing_waits_while_the_networks_load(room: Room) -> None:
    room.loaded.clear()
    room.key.press()
    room.window.type("Ada")
    room.show(room.face)
    for _ in range(3):
        room.key.turn()
    assert room.key.active
    assert not room.notices
    room.loaded.set()
    room.until("Ada is enrolled.")


def test_a_second_time_the_portrait_is_added(room: Room, demo_frames: list[Frame]) -> None:
    for picture, told_then in ((0, "Ada is enrolled."), (0, "enrolled already"), (300, "with 2 portraits")):
        room.image = demo_frames[picture].image
        (face,) = room.key._load().faces(room.image)
        room.key.press()
        room.show(face)
        room.window.type("ada" if room.notices else "Ada")
        room.until(told_then)
    assert room.file.load().names == ("Ada",)


def test_esc_leaves_it(room: Room) -> None:
    room.key.press()
    room.show(room.face)
    room.window.type("Ada", end=0x1B)
    room.key.turn()
    assert not room.key.active
    assert not room.notices
    assert room.file.state() is None


def test_what_is_in_the_way_is_shown_and_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livefg.gallery.live._PATIENCE", 0.0)
    room.key.press()
    room.remark("No face is in the picture")
    left, top, right, bottom = room.face.box
    other = replace(room.face, track=9, box=(left, top, right - 5, bottom))
    room.show(room.face, other)
    room.remark("2 faces are in the picture")
    blurred = cv2.GaussianBlur(room.image, (0, 0), 6)
    room.show(room.face, image=np.asarray(blurred, np.uint8))
    room.remark("The face is too blurred")
    room.window.type("Ada")
    room.key.turn()
    room.key.turn()
    assert room.notices == ["Ada was not enrolled: the face is too blurred."]
    assert room.file.state() is None


def test_faces_that_are_too_small_are_named_as_such(room: Room) -> None:
    small = np.asarray(cv2.resize(room.image, None, fx=0.12, fy=0.12, interpolation=cv2.INTER_AREA), np.uint8)
    assert room.face.points is not None
    box = tuple(0.12 * value for value in room.face.box)
    room.key.press()
    room.show(replace(room.face, box=box, points=room.face.points * np.float32(0.12)), image=small)
    room.remark("too small")


def test_the_key_again_gives_up_waiting(room: Room) -> None:
    room.key.press()
    room.window.type("Ada")
    room.key.turn()
    room.key.press()
    assert room.notices == ["Ada was not enrolled."]
    assert room.window.panel is None


def test_the_view_of_the_first_person_stays_when_somebody_else_comes(room: Room) -> None:
    room.key.press()
    room.show(room.face)
    room.remark("")
    wait_until(lambda: room.key._view is not None and room.key._view._best is not None)
    first = room.key._view._best  # type: ignore[union-attr]
    room.show(replace(room.face, track=room.face.track + 1, confidence=1.0))
    wait_until(lambda: len(room.pipeline.seen) == 2)
    room.window.type("Ada")
    room.until("Ada is enrolled.")
    assert first is not None
    assert first.portrait is not None
    assert room.file.load().person("Ada").portraits[0].quality == pytest.approx(
        first.portrait.quality, abs=1e-3
    )


def test_a_name_that_is_none_is_told(room: Room) -> None:
    room.key.press()
    room.show(room.face)
    room.window.type("  ")
    room.key.turn()
    assert room.notices == ["A name needs at least one character that can be seen."]
    assert not room.key.active


def test_somebody_else_is_not_added_to_a_person(room: Room) -> None:
    with room.file.edit() as edit:
        others = [Portrait(look(somebody(1), 0.8, number), 1.0) for number in range(2)]
        edit.gallery = edit.gallery.with_portraits("Ada", others)
    room.key.press()
    room.show(room.face)
    room.window.type("Ada")
    room.until("Ada was not enrolled: it does not look like the person on the other pictures.")


def test_a_damaged_file_is_told_and_left_alone(room: Room) -> None:
    room.file.path.write_bytes(b"nonsense")
    room.key.press()
    room.show(room.face)
    room.window.type("Ada")
    room.until("is damaged")
    assert room.file.path.read_bytes() == b"nonsense"


def test_networks_that_cannot_be_loaded_are_one_sentence(room: Room) -> None:
    def fail() -> Enroller:
        raise LivefgError("The network face_embedder is missing.")

    key = EnrollKey(room.loop, room.window, room.notices.append, fail, room.file)  # type: ignore[arg-type]
    key.press()

    def ended() -> bool:
        key.turn()
        return not key.active

    wait_until(ended)
    assert room.notices == ["The network face_embedder is missing."]


def test_who_was_named_when_the_window_closes_is_enrolled(room: Room) -> None:
    room.key.press()
    room.show(room.face)
    wait_until(lambda: room.key._view is not None and room.key._view._best is not None)
    room.window.type("Ada")
    room.key.turn()
    room.key.close()
    assert room.file.load().names == ("Ada",)
    assert room.notices == ["Ada is enrolled."]


def test_a_picture_that_stands_still_is_told(room: Room) -> None:
    room.loop.pause()
    room.key.press()
    assert not room.key.active
    assert "stands still" in room.notices[0]


def test_the_panel_shows_the_face_and_what_is_typed(room: Room) -> None:
    room.key.press()
    room.show(room.face)
    wait_until(lambda: room.key._view is not None and room.key._view.picture is not None)
    assert room.window.panel is not None
    image = np.zeros((480, 640, 3), np.uint8)
    room.window.panel(image)
    assert not image[:300].any()
    assert image[350:460, 90:200].std() > 20, "a face, not a flat panel"


def test_somebody_who_looks_like_another_is_told_of() -> None:
    person = Person("Ada", (Portrait(somebody(1), 1.0),))
    done = Enrolled("Ada", person, added=("the picture",), look_alikes=("Bo",))
    assert told(done) == ("Ada is enrolled, but looks like Bo: `livefg people merge` makes one of two.")
