"""Where pictures come from: cameras, video files, network streams, images, the demo."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from livefg.errors import LivefgError
from livefg.paths import assets_dir
from livefg.sources.addresses import is_address
from livefg.sources.base import Notice, Recorded, Source, SourceInfo, SourceKind, log_notice
from livefg.sources.camera import Camera, CameraOptions
from livefg.sources.devices import CameraInfo, list_cameras
from livefg.sources.health import Patience
from livefg.sources.images import FolderSource, ImageSource, is_image
from livefg.sources.live import LiveSource
from livefg.sources.paced import Paced
from livefg.sources.stream import FileOnServer, StreamConnection
from livefg.sources.video import VideoSource

__all__ = [
    "CameraInfo",
    "CameraOptions",
    "Notice",
    "Paced",
    "Patience",
    "Source",
    "SourceInfo",
    "SourceKind",
    "list_cameras",
    "open_source",
]


def open_source(
    spec: str | os.PathLike[str],
    *,
    backend: str = "auto",
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    fourcc: str | None = None,
    mirrored: bool = False,
    live: bool = False,
    loop: bool = False,
    patience: Patience | None = None,
    on_notice: Notice = log_notice,
) -> Source:
    """Open a source of pictures by its name.

    `spec` is a camera index ("0") or device path ("/dev/video0"), the address of a stream ("rtsp://...",
    "http://..."), the path of a video, an image or a folder of images, or "demo" (a file of that name is
    "./demo").

    `backend`, `size` (width, height in pixels), `fps` and `fourcc` are asked of a camera; see CameraOptions.
    With `live` a recording is played at its own speed with monotonic times, as if it were a camera, and with
    `loop` over and over. `mirrored` says that the pictures are mirror images of the scene. `patience` says
    when a camera or stream counts as failing; `on_notice` is told in one sentence when it fails and when it
    is back, and of damage in files (default: a warning of the logger `livefg.sources`); it may be called from
    another thread.

    Raises LivefgError in one sentence if the source does not exist, cannot be opened or has no picture, and
    ValueError for `loop` without `live`.
    """
    if loop and not live:
        raise ValueError("a source can be looped only when it is played live")
    text = os.fspath(spec)
    patience = patience or Patience()
    if text.isdecimal() or text.startswith("/dev/"):
        wanted = CameraOptions()
        options = CameraOptions(backend, size or wanted.size, fps or wanted.fps, fourcc)
        return _camera(text, options, patience, mirrored=mirrored, on_notice=on_notice)
    if is_address(text):
        with suppress(FileOnServer):
            return LiveSource(
                lambda: StreamConnection(text, patience, mirrored=mirrored),
                patience=patience,
                on_notice=on_notice,
            )
    recording = _recording(text, mirrored=mirrored, on_notice=on_notice)
    return Paced(recording, loop=loop) if live else recording


def _camera(
    text: str, options: CameraOptions, patience: Patience, *, mirrored: bool, on_notice: Notice
) -> LiveSource:
    address: int | str = int(text) if text.isdecimal() else text
    camera = Camera(address, options, patience, mirrored=mirrored)
    return LiveSource(camera, patience=patience, on_notice=on_notice)


def _recording(text: str, *, mirrored: bool, on_notice: Notice) -> Recorded:
    if text == "demo":
        clip = str(assets_dir() / "demo.mp4")
        return VideoSource(clip, name="demo", kind="demo", mirrored=mirrored, on_notice=on_notice)
    if is_address(text):
        return VideoSource(text, mirrored=mirrored, on_notice=on_notice)
    path = Path(text).expanduser()
    if not path.exists():
        raise LivefgError(
            f"There is no source {text!r}: it is no file, no folder, no camera number and no network address."
        )
    if path.is_dir():
        return FolderSource(path, mirrored=mirrored, on_notice=on_notice)
    if is_image(path):
        return ImageSource(path, mirrored=mirrored, on_notice=on_notice)
    return VideoSource(str(path), mirrored=mirrored, on_notice=on_notice)
