"""What several test modules need: where the shared data is, and marks that follow from a test's needs."""

import json
from pathlib import Path
from typing import Any

import av
import pytest

from livefg.results import Frame

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that need the shared data where it is absent."""
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason="needs the data folder ../shared, which is absent"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data folder; use together with the `shared` marker."""
    return SHARED


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
