"""A gesture classifier that is replaced while the loop runs: a new or changed file is used from the next frame on."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from livefg.errors import LivefgError
from livefg.inference.chosen import choice_file, model_for
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.recognition.gestures import GestureRecognizer, load_gestures

__all__ = ["GestureModel", "GestureReload", "log_notice"]

_MOST_NAMED = 6
_JOIN_SECONDS = 10.0
_logger = logging.getLogger("livefg.gestures")


def log_notice(sentence: str) -> None:
    """The notice taker where the caller names none: a warning of the logger `livefg.gestures`."""
    _logger.warning("%s", sentence)


class _State(NamedTuple):
    """What tells without reading a file whether it has changed: when it was, in nanoseconds, its size, its inode."""

    changed: int
    size: int
    inode: int


class GestureModel:
    """The file of the gesture classifier that is wanted now, and whether it is another one than before.

    `wanted` is a name or path; None follows the user's choice. Raises LivefgError if there is no such network.
    """

    def __init__(self, wanted: str | None = None) -> None:
        self._wanted = wanted
        # Looked at before it is read: what changes in between is seen at the next look.
        self._choice = _state(choice_file())
        self.model = model_for("gesture", wanted)
        self._known = self._pending = self._look()
        self._digest = _digest(self.model)

    def changed(self) -> bool:
        """Whether there is another file to load; raises LivefgError if one is wanted that is not there.

        A file counts as changed when two looks in a row find it in the same new state, since somebody may still be
        writing it, and only if its content is another.
        """
        self._follow_choice()
        found = self._look()
        if found != self._pending:
            self._pending = found
            return False
        if found == self._known:
            return False
        self._known = found
        digest = _digest(self.model)
        if digest == self._digest:
            return False
        self._digest = digest
        return True

    def _follow_choice(self) -> None:
        state = _state(choice_file())
        if state != self._choice:
            self._choice = state
            self.model = model_for("gesture", self._wanted)

    def _look(self) -> tuple[Path, _State | None]:
        return self.model.path, _state(self.model.path)


class GestureReload:
    """Looks every `interval` seconds, in a thread of its own, whether there is another gesture classifier to use.

    One that loads is given to `recognizer`, one that does not is refused, and the old one stays; `on_notice` is told
    in one sentence either way. Close it when done.
    """

    def __init__(
        self,
        model: GestureModel,
        recognizer: GestureRecognizer,
        device: str,
        interval: float,
        on_notice: Callable[[str], None],
    ) -> None:
        self._model = model
        self._recognizer = recognizer
        self._device = device
        self._interval = interval
        self._on_notice = on_notice
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="livefg-models", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more; a second call does nothing."""
        self._done.set()
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        while not self._done.wait(self._interval):
            self._look()

    def _look(self) -> None:
        try:
            if not self._model.changed():
                return
            classifier = load_gestures(self._model.model, self._device)
        except LivefgError as error:
            self._on_notice(f"{error} {self._recognizer.classifier.network.name} stays in use.")
        else:
            self._recognizer.use(classifier)
            self._on_notice(f"Gestures are named by {_described(classifier)} now.")


def _described(classifier: Classifier) -> str:
    names = [label for label in classifier.labels if label != "none"]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{classifier.network.name} ({', '.join(names[:_MOST_NAMED])}{more})"


def _state(path: Path) -> _State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _State(found.st_mtime_ns, found.st_size, found.st_ino)


def _digest(model: ModelFile) -> str:
    return hashlib.sha256(model.read()).hexdigest()
