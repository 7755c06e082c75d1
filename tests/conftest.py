"""What several test modules need: where the shared data is, and marks that follow from a test's needs.

LIVEFG_TEST_DEVICE names the device that tests marked `gpu` run on (cuda unless it is set): `cpu` tries the tests.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from virtual_screen import virtual_screen

from livefg import paths
from livefg.inference.devices import obstacle, parse_device
from livefg.results import Frame

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
DEVICE = parse_device(os.environ.get("LIVEFG_TEST_DEVICE", "cuda"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that need the shared data where it is absent, or an accelerator where it cannot be had."""
    if not SHARED.is_dir():
        _skip(items, "shared", "needs the data folder ../shared, which is absent")
    if any(item.get_closest_marker("gpu") for item in items):
        hindrance = obstacle(DEVICE)
        if hindrance:
            _skip(items, "gpu", f"needs {DEVICE}: {hindrance.reason}")


def _skip(items: list[pytest.Item], marker: str, reason: str) -> None:
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data folder; use together with the `shared` marker."""
    return SHARED


@pytest.fixture(scope="session")
def accelerator() -> str:
    """The device under test; use together with the `gpu` marker."""
    return DEVICE


@pytest.fixture(scope="session")
def assets() -> Path:
    """The media that ship with livefg."""
    return ROOT / "assets"


@pytest.fixture(scope="session")
def demo_frames() -> list[Frame]:
    """The 360 frames of the demo clip."""
    with av.open(str(ROOT / "assets" / "demo.mp4")) as clip:
        return [
            Frame(picture.to_ndarray(format="rgb24"), index, float(picture.time), "demo")
            for index, picture in enumerate(clip.decode(video=0))
        ]


@pytest.fixture(scope="session")
def demo_truth() -> list[dict[str, Any]]:
    """What is in each frame of the demo clip: the face's box, and each hand's side, gesture and joints."""
    frames: list[dict[str, Any]] = json.loads((ROOT / "assets" / "demo.json").read_text())["frames"]
    return frames


@pytest.fixture(autouse=True, scope="session")
def _nobody_s_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what whoever runs the tests trained, enrolled and set out of them; processes that they start, too."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable.lower())))
        yield


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """A virtual screen of 1280 x 1024, and a tool that presses keys on it; gives its DISPLAY."""
    with virtual_screen("1280x1024", "xdotool") as display:
        yield display


@pytest.fixture
def shipped_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands in for the models that ship with livefg."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(paths, "shipped_models_dir", lambda: folder)
    return folder


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands in for the user's own models."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setattr(paths, "user_models_dir", lambda: folder)
    return folder
