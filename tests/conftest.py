"""What several test modules need: where the shared data is, and marks that follow from a test's needs."""

from pathlib import Path

import pytest

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
