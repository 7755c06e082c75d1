"""Annotated pictures: one file for each image of a folder, or one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import cv2

from livefg.errors import LivefgError
from livefg.overlay import Overlay
from livefg.results import Frame, FrameResult, ImageArray
from livefg.sinks.files import prepare, publish

if TYPE_CHECKING:
    from livefg.recorded.blur import Cover

__all__ = ["PictureSink", "picture_name", "save_picture"]

_KEPT = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_OPTIONS = {
    ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 95],
    ".jpeg": [cv2.IMWRITE_JPEG_QUALITY, 95],
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 95],
}


def picture_name(name: str) -> str:
    """The name of the annotated picture of `name`: the same where that format is written, else with .png after it."""
    return name if Path(name).suffix.lower() in _KEPT else f"{name}.png"


def save_picture(image: ImageArray, path: Path) -> None:
    """Write RGB (height, width, 3) uint8 to `path`, which appears whole. Raises LivefgError if it cannot be."""
    suffix = path.suffix.lower()
    partial = prepare(path)
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _OPTIONS.get(suffix, []))
    if not done:
        raise LivefgError(f"{path} cannot be written as a {suffix[1:]} picture.")
    try:
        partial.write_bytes(data.tobytes())
    except OSError as error:
        raise LivefgError(f"{path} cannot be written: {error.strerror}.") from error
    publish(path)


class PictureSink:
    """Writes each frame with its overlay as a picture: to `path` if that has a suffix of a picture, else below it.

    Below a folder, a picture has the name of its frame's source, which is relative (see `picture_name`). `cover`
    makes faces unrecognisable first.
    """

    def __init__(self, path: Path, overlay: Overlay, cover: Cover | None = None) -> None:
        self._path = path
        self._single = path.suffix.lower() in _KEPT
        self._overlay = overlay
        self._cover = cover

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one picture."""
        path = self._path if self._single else self._path / picture_name(frame.source)
        if self._cover:
            frame, result = self._cover(frame, result)
        save_picture(self._overlay.compose(frame, result), path)

    def close(self) -> None:
        """Nothing is held: every picture is whole when `write` returns."""

    def abandon(self) -> None:
        """The pictures that were written stay."""
