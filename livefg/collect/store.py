"""The user's recordings: a file for each, in a folder that only its owner may look into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from livefg import paths
from livefg.collect.file_names import RECORDING_SUFFIX, free_file
from livefg.collect.recording import Recording, check_label, decode, encode
from livefg.errors import LivefgError
from livefg.private_files import make_private_folder, remove_private, write_private

__all__ = ["RecordingStore", "Stored"]


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A file of the store: its recording, or what is wrong with it."""

    path: Path
    recording: Recording | None
    fault: str | None = None


class RecordingStore:
    """Keeps recordings as files `<label>-<session>.npz`. What counts is in the file, its name is for people."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is by default `recordings` in the user's data folder."""
        self.folder = folder or paths.user_recordings_dir()

    def save(self, recording: Recording) -> Path:
        """Keep a recording, whole or not at all, readable by its owner only. Raises LivefgError if that fails.

        A file that is there already is never written over.
        """
        if not recording.examples:
            raise ValueError("a recording without examples")
        check_label(recording.label)
        path = free_file(self.folder, recording.label, recording.session)
        try:
            make_private_folder(self.folder)
            write_private(path, encode(recording))
        except OSError as error:
            raise LivefgError(f"The recording {path} cannot be saved ({_cause(error)}).") from error
        return path

    def load(self) -> list[Stored]:
        """Everything that is stored, by the names of the files; what cannot be read has a fault.

        Raises LivefgError if the folder itself cannot be read.
        """
        try:
            files = sorted(path for path in self.folder.iterdir() if path.suffix == RECORDING_SUFFIX)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise LivefgError(f"The recordings in {self.folder} cannot be read ({_cause(error)}).") from error
        return [_load(path) for path in files]

    def counts(self) -> dict[str, int]:
        """How many examples each label has, by name."""
        counts: Counter[str] = Counter()
        for recording in _readable(self.load()):
            counts[recording.label] += len(recording.examples)
        return dict(sorted(counts.items()))

    def remove(self, label: str) -> int:
        """Remove every recording of a label, pictures and all; gives how many examples that were.

        Raises LivefgError if there is none, or a file cannot be removed.
        """
        wanted = check_label(label)
        stored = [one for one in self.load() if one.recording and one.recording.label == wanted]
        if not stored:
            known = ", ".join(self.counts()) or "nothing at all"
            raise LivefgError(f"Nothing is recorded of {wanted!r}; there is {known}.")
        for one in stored:
            try:
                remove_private(one.path)
            except OSError as error:
                raise LivefgError(f"{one.path} cannot be removed ({_cause(error)}).") from error
        return sum(len(recording.examples) for recording in _readable(stored))


def _load(path: Path) -> Stored:
    try:
        return Stored(path, decode(path.read_bytes(), str(path)))
    except OSError as error:
        return Stored(path, None, f"{path} cannot be read ({_cause(error)}).")
    except LivefgError as error:
        return Stored(path, None, str(error))


def _readable(stored: Sequence[Stored]) -> list[Recording]:
    return [one.recording for one in stored if one.recording]


def _cause(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
