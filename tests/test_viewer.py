"""What the keys do, seen from a window that only writes down what it is asked to show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FakePipeline, FakeSource, wait_until
from PIL import Image

from livefg.loop import LiveLoop
from livefg.overlay import Hud, Overlay
from livefg.results import Frame, FrameResult
from livefg.sinks.recorder import Recorder
from livefg.sinks.window import Key
from livefg.viewer import Viewer, stage_devices


class FakeWindow:
    """Gives the keys that a test lines up, one a poll, each once the picture is there; then quits."""

    def __init__(self, keys: list[Any]) -> None:
        self.overlay, self.mirror, self.show_help = Overlay(), False, False
        self.hud: Hud | None = None
        self.huds: list[Hud | None] = []
        self.shown: list[FrameResult] = []
        self._keys: Iterator[Any] = iter(keys)

    def write(self, frame: Frame, result: FrameResult) -> None:
        self.shown.append(result)
        self.huds.append(self.hud)

    def poll(self) -> Key | None:
        if not self.shown:
            return None
        step = next(self._keys, Key.QUIT)
        if callable(step):
            step()
            return None
        return step


class Room:
    """A loop with a source that a test feeds, and the viewer in front of it."""

    def __init__(self, folder: Path) -> None:
        self.source = FakeSource(width=64, height=48, mirrored=False, has_audio=False)
        self.pipeline = FakePipeline()
        self.folder = folder
        self.notices: list[str] = []
        self.loop = LiveLoop(self.source, self.pipeline)

    def feed(self) -> None:
        """One more frame, all the way to the sinks."""
        self.source.give()
        wait_until(lambda: self.loop.statistics().processed == self.source.given)

    def press(self, *keys: Any, tools: dict[Key, Any] | None = None) -> FakeWindow:
        window = FakeWindow(list(keys))
        recorder = Recorder(self.loop, self.source.info, on_notice=self.notices.append)
        with recorder, self.loop:
            self.source.give()
            Viewer(
                self.loop,
                self.source,
                window,
                recorder,
                devices=lambda: ("hands cpu",),
                folder=self.folder,  # type: ignore[arg-type]
                tools=tools,
            ).run()
        return window


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "saved")


def test_q_ends_the_run(room: Room) -> None:
    assert len(room.press(Key.QUIT).shown) == 1


def test_the_end_of_the_source_ends_the_run(room: Room) -> None:
    room.press(room.source.end, *[lambda: time.sleep(0.001)] * 1000)
    assert room.loop._views.finished


def test_m_mirrors_the_picture_and_leaves_the_result_as_it_is(room: Room) -> None:
    window = room.press(Key.MIRROR, room.feed, None)
    assert window.mirror
    assert {hand.side for result in window.shown for hand in result.hands} == {"left"}
    assert {hand.box for result in window.shown for hand in result.hands} == {(16.0, 12.0, 48.0, 36.0)}


def test_h_l_and_question_mark_switch_figures_landmarks_and_help(room: Room) -> None:
    window = room.press(Key.HUD, Key.LANDMARKS, Key.HELP, room.feed, None)
    assert window.hud is None
    assert not window.overlay.landmarks
    assert window.show_help
    assert isinstance(window.huds[0], Hud)
    assert window.huds[0].devices == ("hands cpu",)


def test_space_pauses_and_goes_on(room: Room) -> None:
    paused: list[bool] = []
    room.press(
        Key.PAUSE, lambda: paused.append(room.loop.paused), Key.PAUSE, lambda: paused.append(room.loop.paused)
    )
    assert paused == [True, False]


def test_s_saves_the_picture_with_its_overlay(room: Room) -> None:
    window = room.press(Key.SNAPSHOT, None, None)
    (picture,) = room.folder.iterdir()
    assert picture.suffix == ".png"
    with Image.open(picture) as image:
        assert image.size == (64, 48)
    assert window.hud is not None
    assert window.hud.notice == f"Saved {picture}"


def test_two_snapshots_within_a_second_are_two_files(room: Room) -> None:
    room.press(Key.SNAPSHOT, Key.SNAPSHOT, None)
    assert len(list(room.folder.iterdir())) == 2


def test_a_snapshot_that_cannot_be_saved_is_told_and_the_loop_goes_on(room: Room) -> None:
    room.folder.touch()
    window = room.press(Key.SNAPSHOT, None, None, room.feed, None)
    assert window.hud is not None
    assert "cannot" in window.hud.notice or "saved" in window.hud.notice
    assert len(window.shown) >= 2


def test_r_starts_and_ends_a_recording(room: Room) -> None:
    def see_it_grow() -> None:
        wait_until(lambda: any(path.suffix == ".partial" for path in room.folder.iterdir()))

    room.press(Key.RECORD, room.feed, room.feed, see_it_grow, Key.RECORD, room.feed)
    (video,) = room.folder.iterdir()
    assert video.suffix == ".mp4"
    assert room.notices == [f"Recorded {video}."]


def test_a_recording_that_runs_when_the_window_closes_is_finished(room: Room) -> None:
    room.press(Key.RECORD, room.feed, room.feed, Key.QUIT)
    assert [path.suffix for path in room.folder.iterdir()] == [".mp4"]


def test_devices_are_told_once_a_stage() -> None:
    reports = [
        SimpleNamespace(name="palm_detector", device="cuda"),
        SimpleNamespace(name="hand_landmarks_lite", device="cuda"),
        SimpleNamespace(name="face_detector", device="cuda"),
        SimpleNamespace(name="blendshapes", device="cpu"),
        SimpleNamespace(name="gesture_canned", device="cpu"),
    ]
    assert stage_devices(reports) == ("hands cuda", "faces cuda+cpu", "gestures cpu")  # type: ignore[arg-type]


class Tool:
    """Goes on until its key is pressed again."""

    def __init__(self) -> None:
        self.active, self.turns, self.closed = False, 0, False

    def press(self) -> None:
        self.active = not self.active

    def turn(self) -> None:
        self.turns += 1

    def close(self) -> None:
        self.closed = True


def test_one_tool_at_a_time_has_the_window(room: Room) -> None:
    tools = {Key.COLLECT: Tool(), Key.ENROLL: Tool()}
    active: list[tuple[bool, bool]] = []

    def note() -> None:
        active.append((tools[Key.COLLECT].active, tools[Key.ENROLL].active))

    window = room.press(
        Key.COLLECT, note, Key.ENROLL, note, room.feed, None, Key.COLLECT, Key.ENROLL, note, tools=tools
    )
    assert active == [(True, False), (True, False), (False, True)]
    assert any(hud and "One thing at a time" in hud.notice for hud in window.huds)
    assert all(tool.closed and tool.turns for tool in tools.values())
