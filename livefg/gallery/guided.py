"""Enrolment before a camera: asks for the head in five directions and takes a picture when each is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from livefg.gallery.enrolment import Candidate, Enroller, fault_of, portrait_of
from livefg.recognition.identity_embedding import View
from livefg.results import Face, Frame, FrameResult, HeadPose

__all__ = ["Advice", "Guide", "Step"]

_TURNED, _NODDED = 14.0, 9.0  # degrees beyond the straight look
_TURNED_MOST, _NODDED_MOST = 45.0, 30.0
_STRAIGHT_YAW, _STRAIGHT_PITCH = 12.0, 20.0
_LEAST_EYES = 30.0  # pixels between the eyes
_HOLD = 0.4
_PATIENCE = 8.0
_FIRST_PATIENCE = 30.0


class Step(NamedTuple):
    """A direction that is asked for: its name and what the person is told."""

    name: str
    request: str


STEPS = (
    Step("ahead", "Look straight into the camera"),
    Step("left", "Turn your head slowly to your left"),
    Step("right", "Turn your head slowly to your right"),
    Step("up", "Lift your chin a little"),
    Step("down", "Lower your chin a little"),
)


@dataclass(frozen=True, slots=True)
class Advice:
    """What to tell the person now: the `request`, what is in the way (`obstacle`, may be empty), and which of the
    steps it is, from 1 on; `step` is None when all is done.
    """

    request: str
    obstacle: str
    step: int | None

    def __str__(self) -> str:
        place = f"{self.step} of {len(STEPS)}: " if self.step else ""
        return f"{place}{self.request}" + (f" ({self.obstacle})" if self.obstacle else "")


class Guide:
    """Watches results of a pipeline and collects candidates, one for each step in which it got a good view.

    A step other than the first is given up after some seconds. Times are those of the frames.
    """

    def __init__(self, enroller: Enroller, *, thumbnails: bool = False) -> None:
        self._enroller = enroller
        self._thumbnails = thumbnails
        self._place = 0
        self._begun: float | None = None
        self._held: float | None = None
        self._best: tuple[View, Candidate] | None = None
        self._straight: HeadPose | None = None
        self.candidates: list[Candidate] = []
        """What was taken so far; `source` is the step's name."""

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to ask for."""
        return self._place >= len(STEPS)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the steps without a picture."""
        taken = {candidate.source for candidate in self.candidates}
        return tuple(step.name for step in STEPS if step.name not in taken)

    def see(self, frame: Frame, result: FrameResult) -> Advice:
        """Take in what was seen in a frame, and say what the person should do now."""
        if self.finished:
            return self._advice("")
        if self._begun is None:
            self._begun = frame.time
        place = self._place
        obstacle = self._look(STEPS[place], frame, result)
        if obstacle:
            self._held, self._best = None, None
        elif self._held is not None and frame.time - self._held >= _HOLD and self._best:
            self.candidates.append(self._best[1])
            self._next()
        if self._place == place and self._is_too_late(frame.time):
            self._next()
        return self._advice(obstacle if self._place == place else "")

    def _advice(self, obstacle: str) -> Advice:
        if self.finished:
            return Advice("Done", "", None)
        return Advice(STEPS[self._place].request, obstacle, self._place + 1)

    def _next(self) -> None:
        # If there was no straight look at all, none of the others can be told.
        self._place = self._place + 1 if self._straight else len(STEPS)
        self._begun = self._held = self._best = None

    def _is_too_late(self, now: float) -> bool:
        assert self._begun is not None
        return now - self._begun > (_PATIENCE if self._place else _FIRST_PATIENCE)

    def _look(self, step: Step, frame: Frame, result: FrameResult) -> str:
        """Judge the view; keep it if it is the best of this step. Says what is in the way, or nothing."""
        if not result.faces:
            return "no face is in the picture"
        if len(result.faces) > 1:
            return f"{len(result.faces)} faces are in the picture: only one may be"
        face = result.faces[0]
        if face.pose is None or face.points is None:
            return "come closer"
        eyes = float(((face.points[1] - face.points[0]) ** 2).sum() ** 0.5)
        if eyes < _LEAST_EYES:
            return f"come closer: {eyes:.0f} pixels between the eyes where {_LEAST_EYES:.0f} are needed"
        wrong = self._wrong_pose(step.name, face.pose)
        if wrong:
            return wrong
        return self._take(step, frame, face)

    def _take(self, step: Step, frame: Frame, face: Face) -> str:
        assert face.points is not None
        view = self._enroller.embedder(frame.image, face.points, face.confidence)
        assert view is not None
        fault = fault_of(view.measures, turned=step.name != "ahead")
        if fault:
            return fault
        if self._held is None:
            self._held = frame.time
        if self._best is None or view.quality > self._best[0].quality:
            portrait = portrait_of(frame.image, face.points, view, thumbnail=self._thumbnails)
            self._best = view, Candidate(step.name, portrait)
            if step.name == "ahead":
                self._straight = face.pose
        return ""

    def _wrong_pose(self, step: str, pose: HeadPose) -> str:
        """What is wrong with a pose; cameras stand high or low, so turns are measured from the straight look."""
        if step == "ahead":
            straight = abs(pose.yaw) <= _STRAIGHT_YAW and abs(pose.pitch) <= _STRAIGHT_PITCH
            return "" if straight else "you are looking aside"
        assert self._straight is not None
        yaw, pitch = pose.yaw - self._straight.yaw, pose.pitch - self._straight.pitch
        amount, enough, most = {
            "left": (yaw, _TURNED, _TURNED_MOST),
            "right": (-yaw, _TURNED, _TURNED_MOST),
            "up": (pitch, _NODDED, _NODDED_MOST),
            "down": (-pitch, _NODDED, _NODDED_MOST),
        }[step]
        if amount < enough:
            return "a little more"
        return "a little less" if amount > most else ""
