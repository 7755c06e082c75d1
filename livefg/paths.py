"""Where livefg finds what it ships and where it keeps what belongs to the user."""

from pathlib import Path

import platformdirs

__all__ = [
    "assets_dir",
    "shipped_models_dir",
    "user_cache_dir",
    "user_config_dir",
    "user_data_dir",
    "user_models_dir",
    "user_recordings_dir",
]

_PACKAGE = Path(__file__).resolve().parent


def _shipped(name: str) -> Path:
    """Folder of shipped files: inside the installed package, or beside it in a source tree."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def shipped_models_dir() -> Path:
    """Folder of the ONNX networks and their manifest that come with livefg."""
    return _shipped("models")


def assets_dir() -> Path:
    """Folder of the demo clip, fonts and other media that come with livefg."""
    return _shipped("assets")


def user_data_dir() -> Path:
    """The user's own livefg folder (models they made, people they enrolled); it may not exist yet."""
    return Path(platformdirs.user_data_dir("livefg", appauthor=False))


def user_models_dir() -> Path:
    """Folder in which a user's own classifiers are found by name; it may not exist yet."""
    return user_data_dir() / "models"


def user_recordings_dir() -> Path:
    """Folder of the examples of gestures that the user recorded; it may not exist yet."""
    return user_data_dir() / "recordings"


def user_config_dir() -> Path:
    """Folder of the user's settings; it may not exist yet."""
    return Path(platformdirs.user_config_dir("livefg", appauthor=False))


def user_cache_dir() -> Path:
    """Folder for what can be made again (optimised graphs, compiled engines); it may not exist yet."""
    return Path(platformdirs.user_cache_dir("livefg", appauthor=False))
