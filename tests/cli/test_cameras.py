"""`livefg cameras`: what is connected, in words and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from livefg.cli.cameras import command
from livefg.sources import CameraInfo, SourceInfo, devices
from livefg.sources.devices import CameraTrial
from livefg.sources.v4l2 import CameraMode

MODES = (
    CameraMode("MJPG", 640, 480, 30.0),
    CameraMode("MJPG", 1280, 720, 30.0),
    CameraMode("YUYV", 640, 480, 15.0),
)
WEBCAM = CameraInfo("0", "HD Webcam", "v4l2", "/dev/video0", MODES)
GIVEN = SourceInfo("camera 0", "camera", 640, 480, notes=("camera 0 (v4l2): asked for a lot, got that.",))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine with one webcam; the list says which cameras were opened."""
    opened: list[str] = []

    def try_camera(camera: CameraInfo) -> tuple[CameraTrial, ...]:
        opened.append(camera.source)
        return (CameraTrial("v4l2", 0.4321, GIVEN, None), CameraTrial("any", 1.0, None, "camera 0 is busy."))

    monkeypatch.setattr(devices, "list_cameras", lambda: (WEBCAM,))
    monkeypatch.setattr(devices, "try_camera", try_camera)
    return opened


def test_each_camera_is_shown_with_its_modes_and_how_fast_it_opened(connected: list[str]) -> None:
    result = CliRunner().invoke(command)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "0  HD Webcam  (/dev/video0)",
        "   MJPG  640x480 at 30, 1280x720 at 30",
        "   YUYV  640x480 at 15",
        "   first picture after 0.43 s. camera 0 (v4l2): asked for a lot, got that.",
        "   any: camera 0 is busy.",
    ]
    assert connected == ["0"]


def test_no_camera_is_opened_unasked(connected: list[str]) -> None:
    assert CliRunner().invoke(command, ["--no-open"]).exit_code == 0
    assert connected == []


def test_json_is_for_programs(connected: list[str]) -> None:
    (camera,) = json.loads(CliRunner().invoke(command, ["--json"]).stdout)
    assert (camera["source"], camera["name"], camera["path"]) == ("0", "HD Webcam", "/dev/video0")
    assert camera["modes"][0] == {"fourcc": "MJPG", "width": 640, "height": 480, "fps": 30.0}
    assert [trial["seconds"] for trial in camera["trials"]] == [0.432, 1.0]
    assert [trial["problem"] for trial in camera["trials"]] == [None, "camera 0 is busy."]


def test_a_computer_without_a_camera_is_told_what_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "list_cameras", tuple)
    result = CliRunner().invoke(command)
    assert result.exit_code == 0
    assert "`livefg demo` needs none" in result.stdout
    assert json.loads(CliRunner().invoke(command, ["--json"]).stdout) == []
