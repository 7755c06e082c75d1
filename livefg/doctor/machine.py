"""Cameras, display, video codecs and folders: what livefg meets outside Python."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from livefg import paths
from livefg.doctor.findings import Finding

__all__ = ["examine_cameras", "examine_display", "examine_folders", "examine_video"]

_PLATFORM: str = sys.platform
_OPEN_WINDOW = "import cv2; cv2.namedWindow('livefg'); cv2.waitKey(1); cv2.destroyAllWindows()"
_WINDOW_SECONDS = 30
_READ = ("h264", "hevc", "vp9", "av1")


def examine_cameras() -> Iterator[Finding]:
    """The cameras with their modes; each is opened, and the first picture timed, with every backend."""
    from livefg.sources.devices import list_cameras, try_camera  # noqa: PLC0415 - OpenCV may be broken

    cameras = list_cameras()
    if not cameras:
        yield Finding("camera", "note", "none found; files, streams and `livefg demo` need none")
    for camera in cameras:
        modes = [
            f"{fourcc}: {', '.join(str(mode) for mode in modes)}"
            for fourcc, modes in groupby(camera.modes, key=lambda mode: mode.fourcc)
        ]
        trials = try_camera(camera)
        told = [
            f"{trial.backend}: {trial.problem or f'first picture after {trial.seconds:.2f} s'}"
            for trial in trials
        ]
        works = any(trial.info for trial in trials)
        yield Finding(
            "camera",
            "ok" if works else "warning",
            f"{camera.source}: {camera.name}",
            details=(*modes, *told),
            cure=None if works else _camera_cure(camera.path),
        )


def _camera_cure(path: str | None) -> str:
    if path and not os.access(path, os.R_OK | os.W_OK):
        return 'sudo usermod -aG video "$USER", then log out and in again'
    return "close other programs that use the camera, check its cable, and allow this program to use it"


def examine_display() -> Iterator[Finding]:
    """Whether a window can be opened: tried in a process of its own, because a failure can end it."""
    if _PLATFORM == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield Finding("display", "note", "none; `livefg live --headless` and `livefg process` need none")
        return
    command = [sys.executable, "-c", _OPEN_WINDOW]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WINDOW_SECONDS, check=False)
        failure = (done.stderr.strip().splitlines() or ["no reason given"])[-1] if done.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"it did not open within {_WINDOW_SECONDS} seconds"
    if failure:
        yield Finding(
            "display",
            "warning",
            f"a window cannot be opened ({failure})",
            cure="check DISPLAY and the opencv finding above, or use --headless",
        )
    else:
        yield Finding("display", "ok", "a window can be opened")


def examine_video() -> Iterator[Finding]:
    """PyAV: writes an H.264 video and reads it back; which other formats can be read."""
    import av  # noqa: PLC0415 - slow to load, and it may be broken

    readable = [name for name in _READ if _has_decoder(name)]
    try:
        encoder = _write_and_read_back()
    except (av.FFmpegError, ValueError) as error:
        yield Finding(
            "video",
            "problem",
            f"PyAV {av.__version__} cannot write and read H.264 ({error})",
            cure="pip install --force-reinstall av",
        )
        return
    yield Finding(
        "video", "ok", f"PyAV {av.__version__} writes H.264 ({encoder}) and reads {', '.join(readable)}"
    )


def _has_decoder(name: str) -> bool:
    import av  # noqa: PLC0415

    try:
        av.codec.Codec(name, "r")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def _write_and_read_back() -> str:
    """Write two black frames as H.264 in MP4 and read them: the encoder's name."""
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("h264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(2):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        output.mux(stream.encode())
        encoder = stream.codec_context.codec.name
    buffer.seek(0)
    with av.open(buffer, "r") as written:
        if sum(1 for _ in written.decode(video=0)) != 2:
            raise ValueError("frames were lost")
    return str(encoder)


def examine_folders() -> Iterator[Finding]:
    """The user's folders, or the place where they will be made: can they be written to?"""
    for use, folder in (("models and people", paths.user_data_dir()), ("cache", paths.user_cache_dir())):
        existing = next(place for place in (folder, *folder.parents) if place.is_dir())
        try:
            with tempfile.TemporaryFile(dir=existing):
                pass
        except OSError as error:
            yield Finding(
                "folders",
                "problem",
                f"{existing} cannot be written to ({error.strerror}), where {use} would be kept",
                cure=_folder_cure(existing),
            )
        else:
            yield Finding("folders", "ok", f"{use}: {folder}")


def _folder_cure(folder: Path) -> str:
    if _PLATFORM == "win32":
        return f"allow yourself to write to {folder}, or free space on its disk"
    return f'sudo chown -R "$USER" {folder}, or free space on its disk'
