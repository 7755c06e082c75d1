"""Real clips for the tests of perception."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from livefg.results import Frame


@pytest.fixture(scope="session")
def shared_clip(shared: Path) -> Callable[[str], list[Frame]]:
    """The frames of a clip of a person who signs, by its name; for tests marked `shared`."""

    def read(name: str) -> list[Frame]:
        with av.open(str(shared / "data" / "video" / "intel_asl" / f"{name}.mkv")) as clip:
            return [
                Frame(picture.to_ndarray(format="rgb24"), index, index / 30, name)
                for index, picture in enumerate(clip.decode(video=0))
            ]

    return read
