"""Recording beside a live loop, by the key in the window; and what is drawn of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import FakePipeline, FakeSource, wait_until
from shown import hand, seen

from livefg.collect import Progress, RecordingStore
from livefg.collect.panel import draw_progress
from livefg.collect.session import CollectKey
from livefg.loop import LiveLoop
from livefg.overlay import Overlay
from livefg.overlay.panel import draw_entry
from livefg.results import Frame, FrameResult
from livefg.settings import CollectSettings
from livefg.sinks.entry import TextEntry


class Hands(FakePipeline):
    """Sees a hand in every frame, each time in another view."""

    def process(self, frame: Frame) -> FrameResult:
        self.seen.append(frame.index)
        return seen(frame.index, hand(tilt=9 * frame.index))[1]


class Pictures(FakeSource):
    """A camera before which nothing blurs; a frame every half second."""

    def give(self, count: int = 1, **_: object) -> None:
        for _ in range(count):
            self._frames.put(seen(self.given)[0])
            self.given += 1


class Window:
    """Stands in for the window: somebody types in it."""

    def __init__(self) -> None:
        self.overlay, self.panel, self.entry = Overlay(), None, None

    def type(self, text: str, end: int = 0x0D) -> None:
        assert isinstance(self.entry, TextEntry)
        for code in [*map(ord, text), end]:
            self.entry.press(code)


class Room:
    def __init__(self, folder: Path) -> None:
        self.source = Pictures(width=640, height=480, mirrored=False)
        self.loop = LiveLoop(self.source, Hands())
        self.window = Window()
        self.notices: list[str] = []
        self.store = RecordingStore(folder)
        settings = CollectSettings(person="anna", count=3, countdown=0.0)
        self.key = CollectKey(
            self.loop,
            self.window,  # type: ignore[arg-type]
            settings,
            self.notices.append,
            self.store,
        )

    def show(self, count: int) -> None:
        # One more: a frame is counted just before the sinks get it.
        for _ in range(count + 1):
            self.source.give()
            wait_until(lambda: self.loop.statistics().processed == self.source.given)
        self.key.turn()


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "recordings")


def test_a_name_is_asked_for_then_it_records_until_there_is_enough(room: Room) -> None:
    with room.loop:
        room.key.press()
        assert room.window.panel is not None
        room.window.type("hush now")
        room.key.turn()
        assert room.window.entry is None
        for _ in range(4):
            room.show(1)
    assert room.notices == ["hush_now: 3 examples recorded."]
    assert room.store.counts() == {"hush_now": 3}
    assert room.window.panel is None


def test_esc_leaves_it(room: Room) -> None:
    with room.loop:
        room.key.press()
        room.window.type("hush", end=0x1B)
        room.show(2)
        room.key.close()
    assert not room.notices
    assert room.store.counts() == {}


def test_a_name_that_is_none_is_told(room: Room) -> None:
    with room.loop:
        room.key.press()
        room.window.type("  ")
        room.key.turn()
    assert room.notices == ["The name of a gesture needs at least one character that can be seen."]
    assert room.window.panel is None


@pytest.mark.parametrize("how", ["press", "close"])
def test_the_key_again_or_the_end_keeps_what_was_taken(room: Room, how: str) -> None:
    with room.loop:
        room.key.press()
        room.window.type("hush")
        room.key.turn()
        room.show(1)
        getattr(room.key, how)()
    taken = room.store.counts()["hush"]
    assert 1 <= taken < 3
    assert room.notices[0].startswith(f"hush: {taken} example")


def test_without_a_good_view_nothing_is_kept(room: Room) -> None:
    with room.loop:
        room.key.press()
        room.window.type("hush")
        room.key.turn()
        room.key.press()
    assert room.notices == ["hush: nothing was recorded."]
    assert not room.store.folder.exists()


def test_what_cannot_be_kept_is_told_and_the_loop_goes_on(room: Room) -> None:
    room.store.folder.touch()
    with room.loop:
        room.key.press()
        room.window.type("hush")
        room.key.turn()
        room.show(1)
        assert "cannot be read" in room.notices[0]
    assert room.window.panel is None


@pytest.mark.parametrize("size", [(1280, 800), (640, 480), (320, 240), (64, 48), (200, 900)])
def test_the_panel_fits_into_pictures_of_any_size(size: tuple[int, int]) -> None:
    width, height = size
    for progress in (
        Progress("静か hush", 3, 20, 0.0, "", "turn the hand", taken_at=1.0),
        Progress("x" * 60, 3, None, 2.4, "two hands: " + "x" * 200, "", None),
        Progress("hush", 20, 20, 0.0, "", "", 1.0),
    ):
        image = np.zeros((height, width, 3), np.uint8)
        draw_progress(image, progress, {"hush": 3, "none": 100}, now=1.1)
        assert image.any()
        draw_entry(image, "Name of the gesture", "x" * 60)
        draw_entry(image, "Who is this?", "x" * 60, remark="x" * 90, picture=np.ones((112, 112, 3), np.uint8))


def test_the_panel_stays_out_of_the_upper_half() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    draw_progress(image, Progress("hush", 3, 20, 0.0, "", "turn the hand"), {}, now=0.0)
    assert not image[:300].any()


def test_the_countdown_stands_in_the_middle() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    draw_progress(image, Progress("hush", 0, 20, 2.4, "", "turn the hand"), {}, now=0.0)
    assert image[100:250, 250:390].any()
