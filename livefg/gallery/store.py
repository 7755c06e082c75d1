"""The gallery file: one file in the user's data folder that only its owner may read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from livefg import paths
from livefg.errors import LivefgError
from livefg.gallery.encoding import decode, encode
from livefg.gallery.lock import BusyError, locked
from livefg.gallery.people import Gallery
from livefg.private_files import make_private_folder, remove_private, write_private

__all__ = ["Edit", "FileState", "GalleryFile", "export_gallery"]

_NAME = "people.jsonl"
_PATIENCE = 10.0


class FileState(NamedTuple):
    """What tells whether a file has changed: time of change in nanoseconds, size in bytes, number of the inode."""

    changed: int
    size: int
    inode: int


@dataclass(slots=True)
class Edit:
    """A gallery while it is being changed: put the changed one in its place."""

    gallery: Gallery


class GalleryFile:
    """Reads and changes the gallery. Several processes may do so at once: each change sees all earlier ones.

    The file appears whole or not at all: it is written beside, flushed to the disk, then renamed. One that cannot be
    understood is never written over; `clear` removes it.
    """

    def __init__(self, path: Path | None = None, *, patience: float = _PATIENCE) -> None:
        """`path` is by default `people.jsonl` in the user's data folder; `patience` in seconds for other processes."""
        self.path = path or paths.user_data_dir() / _NAME
        self._patience = patience

    def state(self) -> FileState | None:
        """What the file is at this moment, to see later whether it changed; None if there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return FileState(found.st_mtime_ns, found.st_size, found.st_ino)

    def load(self) -> Gallery:
        """The enrolled people; an empty gallery if there is no file.

        Raises LivefgError if the file cannot be read, is damaged, or was made by another version.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Gallery()
        except OSError as error:
            raise LivefgError(f"The people in {self.path} cannot be read ({_cause(error)}).") from error
        return decode(content, str(self.path))

    @contextmanager
    def edit(self) -> Iterator[Edit]:
        """Change the gallery: what the block puts in the place of `Edit.gallery` is written at its end.

        Nobody else can change the file meanwhile. Without people it is removed. Raises LivefgError, with the file as
        it was, if it cannot be read or written, or another process does not let go of it; an error in the block leaves
        the file as it was too.
        """
        with ExitStack() as stack:
            self._lock(stack)
            edit = Edit(self.load())
            before = edit.gallery
            yield edit
            if edit.gallery is not before:
                self._save(edit.gallery)

    def clear(self) -> None:
        """Forget everybody, also where the file cannot be understood. Raises LivefgError if it cannot be removed."""
        with ExitStack() as stack:
            self._lock(stack)
            self._save(Gallery())

    def _lock(self, stack: ExitStack) -> None:
        """Make the folder and hold the lock until the stack is closed."""
        folder = self.path.parent
        try:
            make_private_folder(folder)
            stack.enter_context(locked(self.path.with_name(self.path.name + ".lock"), self._patience))
        except BusyError:
            raise LivefgError(
                f"Another livefg has been changing {self.path} for {self._patience:g} seconds; try again when it is "
                "done."
            ) from None
        except OSError as error:
            raise LivefgError(f"The folder {folder} for people cannot be used ({_cause(error)}).") from error

    def _save(self, gallery: Gallery) -> None:
        try:
            if gallery.people:
                write_private(self.path, encode(gallery))
            else:
                remove_private(self.path)
        except OSError as error:
            raise LivefgError(
                f"The people in {self.path} cannot be saved ({_cause(error)}); nothing was changed."
            ) from error


def export_gallery(gallery: Gallery, path: Path) -> None:
    """Write people to a file of the same form, readable by its owner only. Raises LivefgError if that fails."""
    try:
        write_private(path, encode(gallery))
    except OSError as error:
        raise LivefgError(f"{path} cannot be written ({_cause(error)}).") from error


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
