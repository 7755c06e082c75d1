"""Enrolment from a live window by a key: a name is typed while the best view of the face is being looked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from livefg.errors import LivefgError
from livefg.gallery.enrolment import Candidate, Enrolled, Enroller, enroll, face_meant, fault_of
from livefg.gallery.people import check_name
from livefg.gallery.store import GalleryFile
from livefg.loop.slot import Slot
from livefg.overlay.panel import draw_entry
from livefg.overlay.style import KNOWN, WARNING
from livefg.recognition.identity_embedding import ViewMeasures, align, measure
from livefg.results import Frame, FrameResult, ImageArray
from livefg.sinks.callback import CallbackSink
from livefg.sinks.display import capitals_are_told
from livefg.sinks.entry import TextEntry

if TYPE_CHECKING:
    from livefg.loop import LiveLoop
    from livefg.sinks.window import WindowSink

__all__ = ["BestView", "EnrollKey", "told"]

_LOOK_SECONDS = 0.2  # between two looks: the networks that follow faces need the machine too
_LEAST_EYES = 20.0  # pixels between the eyes: before a camera one can come nearer
_BETTER = 0.02  # of quality; for less no other view is taken
_PATIENCE = 10.0
_JOIN_SECONDS = 15.0
_SOURCE = "the picture"


class BestView:
    """Watches a live loop for the best view of one face, in a thread of its own, and enrols it when told to.

    The face is the first that can be meant: the only one, or one much wider than all others. `load` loads the
    networks, in the thread.
    """

    def __init__(self, loop: LiveLoop, load: Callable[[], Enroller], file: GalleryFile) -> None:
        self.obstacle = "No face is in the picture"
        """Why there is no good view yet; empty once there is one."""
        self.picture: ImageArray | None = None
        """The face as it would be taken, (112, 112, 3) uint8 RGB."""
        self.enrolled: Enrolled | None = None
        """What became of it, once it is enrolled."""
        self.error: LivefgError | None = None
        """Why it ended without."""
        self._loop, self._load, self._file = loop, load, file
        self._best: Candidate | None = None
        self._track = 0
        self._name: str | None = None
        self._seen: Slot[tuple[Frame, FrameResult]] = Slot()
        self._stopping = threading.Event()
        self._sink = CallbackSink(self._offer)
        self._thread = threading.Thread(target=self._run, name="livefg-enroll", daemon=True)
        self._thread.start()
        loop.add_sink(self._sink)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self.enrolled is not None or self.error is not None

    def take(self, name: str) -> None:
        """Enrol the best view under a name that `check_name` gave, as soon as there is one."""
        self._name = name

    def close(self) -> None:
        """Look no more. What is being enrolled at this moment still is: `wait` for that."""
        self._stopping.set()
        self._loop.remove_sink(self._sink)
        self._seen.close()

    def wait(self) -> None:
        """Wait, after `close`, until the thread has ended."""
        self._thread.join(_JOIN_SECONDS)

    def _offer(self, frame: Frame, result: FrameResult) -> None:
        self._seen.put((frame, result))

    def _run(self) -> None:
        try:
            enroller = self._load()
            while not self._stopping.is_set() and not self.finished:
                seen = self._seen.take(_LOOK_SECONDS)
                if seen:
                    self._look(enroller, *seen)
                if self._enroll() is None and seen:
                    self._stopping.wait(_LOOK_SECONDS)
            self._enroll()
        except LivefgError as error:
            self.error = error

    def _enroll(self) -> Enrolled | None:
        """Enrol the best view, once, if there is one and its name."""
        if self.enrolled is None and self._name is not None and self._best is not None:
            self.enrolled = enroll(self._name, [self._best], self._file)
        return self.enrolled

    def _look(self, enroller: Enroller, frame: Frame, result: FrameResult) -> None:
        """Take this view if it is good and better than the one before."""
        face = face_meant(result.faces)
        if self._best is not None and (face is None or face.track != self._track):
            return  # whose view was taken has gone, or somebody else has come
        if face is None or face.points is None:
            count = len(result.faces)
            self.obstacle = (
                f"{count} faces are in the picture: only one may be near"
                if count > 1
                else "No face is in the picture"
            )
            return
        aligned = align(frame.image, face.points)
        measures = measure(aligned, face.points, face.confidence)
        fault = _fault(measures)
        if self._best is None:
            self.picture = aligned
            self.obstacle = fault[:1].upper() + fault[1:]
        known = self._best.portrait if self._best else None
        if fault or (known and measures.quality < known.quality + _BETTER):
            return
        self._best, self._track = enroller.candidate_of(frame.image, face, _SOURCE), face.track
        self.picture, self.obstacle = aligned, ""


class EnrollKey:
    """What the key for it does in a live window: ask who is in the picture, and enrol the face.

    `turn` is to be called again and again. `notice` takes a sentence for the person before the camera.
    """

    def __init__(
        self,
        loop: LiveLoop,
        window: WindowSink,
        notice: Callable[[str], None],
        load: Callable[[], Enroller] = Enroller,
        file: GalleryFile | None = None,
    ) -> None:
        """`load` loads the networks; it is called when the key is pressed for the first time, in a thread."""
        self._loop = loop
        self._window = window
        self._notice = notice
        self._load = cache(load)
        self._file = file or GalleryFile()
        self._view: BestView | None = None
        self._entry: TextEntry | None = None
        self._name = ""
        self._until = 0.0

    @property
    def active(self) -> bool:
        """Whether somebody is being enrolled."""
        return self._view is not None

    def press(self) -> None:
        """Ask for a name, or give up waiting for a good view."""
        if self._view:
            self._end(f"{self._name} was not enrolled.")
        elif self._loop.paused:
            self._notice("Nobody can be enrolled while the picture stands still: let it go on first.")
        else:
            self._view = BestView(self._loop, self._load, self._file)
            self._entry = self._window.entry = TextEntry(names=not capitals_are_told())
            self._window.panel = self._draw

    def turn(self) -> None:
        """Go on when a name was given, and end when it is done or nothing came of it."""
        if self._view is None:
            return
        if self._entry and self._entry.state != "open":
            entry, self._entry = self._entry, None
            self._window.entry = None
            if entry.state == "left":
                self._end("")
                return
            self._take(entry.text)
        if self._view and self._view.finished:
            self._end(self._told(self._view))
        elif self._view and not self._entry and self._view.obstacle and time.monotonic() > self._until:
            self._end(f"{self._name} was not enrolled: {_low(self._view.obstacle)}.")

    def close(self) -> None:
        """Stop; what has a name and a good view by now is still enrolled."""
        view = self._view
        if view is None:
            return
        self._end("")
        view.wait()
        if view.finished:
            self._notice(self._told(view))

    def _take(self, text: str) -> None:
        assert self._view is not None
        try:
            self._name = check_name(text)
        except LivefgError as error:
            self._end(str(error))
            return
        self._until = time.monotonic() + _PATIENCE
        self._view.take(self._name)

    def _end(self, sentence: str) -> None:
        if self._view:
            self._view.close()
        self._view = self._entry = self._window.entry = self._window.panel = None
        if sentence:
            self._notice(sentence)

    def _told(self, view: BestView) -> str:
        return told(view.enrolled) if view.enrolled else str(view.error)

    def _draw(self, image: ImageArray) -> None:
        view = self._view
        if view is None:
            return
        picture = view.picture
        if picture is not None and self._window.mirror:
            picture = picture[:, ::-1]
        draw_entry(
            image,
            "Who is this?" if self._entry else "Waiting for a good view",
            self._entry.text if self._entry else self._name,
            "Enter takes the face, Esc leaves it" if self._entry else "e leaves it",
            remark=view.obstacle or "A good view",
            remark_colour=WARNING if view.obstacle else KNOWN,
            picture=picture,
        )


def _fault(measures: ViewMeasures) -> str:
    if measures.eye_distance < _LEAST_EYES:
        return f"the face is too small ({measures.eye_distance:.0f} pixels between the eyes): come nearer"
    return fault_of(measures)


def told(enrolled: Enrolled) -> str:
    """What became of an enrolment by one view, in a sentence."""
    if enrolled.person is None:
        return f"{enrolled.name} was not enrolled: {enrolled.rejected[0][1]}."
    count = len(enrolled.person.portraits)
    many = f" with {count} portraits" if count > 1 else ""
    if not enrolled.added:
        return f"{enrolled.name} is enrolled already with this view."
    if enrolled.look_alikes:
        others = " and ".join(enrolled.look_alikes)
        return f"{enrolled.name} is enrolled{many}, but looks like {others}: `livefg people merge` makes one of two."
    return f"{enrolled.name} is enrolled{many}."


def _low(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
