"""What was compiled for a network on a device, and in which form it turned out best: kept for the next start."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from livefg import paths
from livefg.inference.devices import DeviceName
from livefg.inference.forms import Form
from livefg.inference.nvidia import nvidia_driver
from livefg.inference.runtime import runtime

__all__ = ["KEEPING", "CompiledCache", "log_notice"]

KEEPING: tuple[DeviceName, ...] = ("cuda", "tensorrt", "coreml")
"""Devices that compile networks, or run them in several forms. OpenVINO writes its cache anew at every start."""

_CONTENTS = "contents.json"
_logger = logging.getLogger("livefg.inference")


def log_notice(sentence: str) -> None:
    """Tell the user something, as a warning of the logger `livefg.inference`."""
    _logger.warning("%s", sentence)


class CompiledCache:
    """The folder of one network on one device, with this ONNX Runtime and this hardware, in the user's cache folder.

    `folder` is where the device may keep what it compiles: the folder itself if it is whole, else one that is only put
    in its place by `keep`. What was changed since is thrown away, with a sentence to the log.
    """

    def __init__(self, device: DeviceName, name: str, content: bytes) -> None:
        self._network = f"{device} engine of {name}"
        place = paths.user_cache_dir() / "compiled"
        stem = f"{device}-{hashlib.sha256(content).hexdigest()[:16]}"
        self._others = (place, stem)
        self._kept = place / f"{stem}-{_surroundings(device)}"
        self.form: Form | None = None
        self._read()
        self.folder = self._kept if self.form else place / f"{self._kept.name}-{os.getpid()}.partial"

    def prepare(self) -> Path | None:
        """Make the folder; None, with a sentence to the log, if that cannot be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log_notice(
                f"Nothing can be kept in {self.folder} for the next start ({error.strerror or error})."
            )
            return None
        return self.folder

    def renew(self) -> None:
        """Take what the device has changed in the folder, which was whole, for what is to be found there."""
        try:
            contents = json.loads((self._kept / _CONTENTS).read_text(encoding="utf-8"))
            files = _checksums(self._kept)
            if contents["files"] != files:
                fresh = self._kept / f"{_CONTENTS}.{os.getpid()}"
                fresh.write_text(json.dumps({**contents, "files": files}, indent=2), encoding="utf-8")
                fresh.replace(self._kept / _CONTENTS)
        except OSError as error:
            log_notice(f"The {self._network} cannot be kept for the next start ({error.strerror or error}).")

    def keep(self, form: Form) -> None:
        """Keep what lies in the folder, and that `form` is best; what older versions left goes. Never raises."""
        try:
            if self.folder == self._kept:
                return
            place, stem = self._others
            self.folder.mkdir(parents=True, exist_ok=True)
            contents = {"form": asdict(form), "files": _checksums(self.folder)}
            whole = self._kept.with_name(f"{self.folder.name}.whole")
            # Copied, since a device may hold its files open or mapped.
            shutil.copytree(self.folder, whole)
            (whole / _CONTENTS).write_text(json.dumps(contents, indent=2), encoding="utf-8")
            for old in place.glob(f"{stem}-*"):
                if old != whole and not _is_being_made(old):
                    shutil.rmtree(old, ignore_errors=True)
            whole.rename(self._kept)
        except OSError as error:
            log_notice(f"The {self._network} cannot be kept for the next start ({error.strerror or error}).")
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Remove what was begun and is of no use."""
        if self.folder != self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def discard(self, reason: str) -> None:
        """Throw away what was kept and say why (a part of a sentence)."""
        log_notice(f"What was kept of the {self._network} is thrown away and made again: {reason}.")
        shutil.rmtree(self._kept, ignore_errors=True)
        self.form = None
        self.folder = self._kept.with_name(f"{self._kept.name}-{os.getpid()}.partial")

    def _read(self) -> None:
        try:
            contents: dict[str, Any] = json.loads((self._kept / _CONTENTS).read_text(encoding="utf-8"))
            form = Form(**contents["form"])
            found = _checksums(self._kept)
            intact = all(found.get(name) == checksum for name, checksum in contents["files"].items())
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError):
            intact = False
        if intact:
            self.form = form
        else:
            self.discard("its files are not those that were written")


def _is_being_made(folder: Path) -> bool:
    """Whether a process that is still running works in this folder."""
    process = folder.name.partition(".partial")[0].rpartition("-")[2]
    return ".partial" in folder.name and process.isdigit() and psutil.pid_exists(int(process))


def _checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below `folder` but the list of contents."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(_CONTENTS)
    }


def _surroundings(device: DeviceName) -> str:
    """A short name for the versions and the hardware that compiled networks depend on."""
    parts = [runtime().__version__, platform.machine(), platform.processor()]
    if device in ("cuda", "tensorrt"):
        driver = nvidia_driver()
        parts += [f"{gpu.name} {gpu.memory}" for gpu in driver.gpus] if driver else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]
