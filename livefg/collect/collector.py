"""Takes examples of one gesture out of what a pipeline sees, and says what is in the way and what would help."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from livefg.collect.file_names import new_session
from livefg.collect.quality import Shown, fault_of, palm_length, points_of, thumbnail
from livefg.collect.recording import Example, Recording, check_label
from livefg.collect.variety import Variety
from livefg.perception.handedness import apparent_right
from livefg.results import FloatArray, Frame, FrameResult, Hand

__all__ = ["HAND_CHOICES", "Collector", "HandChoice", "Progress"]

HandChoice = Literal["only", "largest", "highest"]
"""Which hand of two is meant; `only` takes neither."""
HAND_CHOICES: tuple[str, ...] = get_args(HandChoice)

_INTERVAL = 0.25  # seconds between examples, so that they are not all of one movement
_FASTEST = (
    2.5  # palm lengths a second, which in a thirtieth of a second blur the points by a twelfth of the palm
)
_LASTING = 0.4  # seconds after which an obstacle is worth a word
_ALIKE = "the same as before"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the recording of `label` is: `done` of `count` examples (None: as many as there are).

    `starts_in` are the seconds until it begins, 0 once it has. `obstacle` is what is in the way now, or nothing;
    `request` what the person may do for the next examples to be different. `taken_at` is the time of the last one.
    """

    label: str
    done: int
    count: int | None
    starts_in: float
    obstacle: str
    request: str
    taken_at: float | None = None

    @property
    def finished(self) -> bool:
        """Whether there are as many examples as were wanted."""
        return self.count is not None and self.done >= self.count

    def __str__(self) -> str:
        if self.starts_in > 0:
            return f"{self.label}: get ready"
        if self.finished:
            return f"{self.label}: done"
        return f"{self.label}: {self.obstacle or self.request}"


class Collector:
    """Sees every frame with its result and takes the good examples that are unlike the ones before.

    `count` examples are wanted, None for all there are. `countdown` is in seconds. With `stills` every picture stands
    for itself; else frames follow each other, a hand that moves fast is left out, and examples lie a moment apart.
    `session` names the recording, by default after this moment.
    `see` is called from one thread; `progress` may be read from any.
    """

    def __init__(
        self,
        label: str,
        person: str,
        *,
        count: int | None = 20,
        countdown: float = 0.0,
        hand: HandChoice = "only",
        thumbnails: bool = True,
        stills: bool = False,
        session: str | None = None,
    ) -> None:
        self._label = check_label(label)
        self._person = check_label(person, "person")
        self._session = session or new_session()
        self._count = count
        self._countdown = countdown
        self._hand = hand
        self._thumbnails = thumbnails
        self._stills = stills
        self._variety = Variety(count)
        self._examples: list[Example] = []
        self._shown = Shown(stills)
        self._begun: float | None = None
        self._taken_at: float | None = None
        self._last: tuple[int, float, FloatArray] | None = None
        self._obstacle = ("", 0.0)
        self.left_out: Counter[str] = Counter()
        """How many pictures gave no example, by the reason."""
        self.progress = Progress(self._label, 0, count, countdown, "", self._variety.request)

    @property
    def recording(self) -> Recording:
        """What was taken so far."""
        return Recording(self._label, self._person, self._session, tuple(self._examples))

    def see(self, frame: Frame, result: FrameResult) -> None:
        """Take in what was seen in a frame."""
        if self.progress.finished:
            return
        if self._begun is None:
            self._begun = frame.time
        starts_in = self._countdown - (frame.time - self._begun)
        obstacle = "" if starts_in > 0 else self._lasting(self._look(frame, result), frame.time)
        self.progress = Progress(
            self._label,
            len(self._examples),
            self._count,
            max(0.0, starts_in),
            obstacle,
            self._variety.request,
            self._taken_at,
        )

    def _look(self, frame: Frame, result: FrameResult) -> str:
        """Take the hand of a frame, or say why it is not taken; nothing is said of the moment after an example."""
        hand, fault = self._choose(result)
        if hand is None:
            return self._leave_out(fault)
        moves = not self._stills and self._moves(hand, frame.time)
        fault = fault_of(frame, hand) or ("moving: hold it still for a moment" if moves else "")
        if fault:
            return self._leave_out(fault)
        just_taken = self._taken_at is not None and frame.time - self._taken_at < _INTERVAL
        if just_taken and not self._stills:
            return ""
        right = apparent_right(hand, frame.mirrored)
        assert hand.world_landmarks is not None  # or there is a fault
        if self._shown.has(points_of(hand), hand.world_landmarks, right):
            return self._leave_out(f"{_ALIKE}: {self._variety.request}")
        self._take(frame, hand, hand.world_landmarks, right)
        return ""

    def _lasting(self, obstacle: str, now: float) -> str:
        """The obstacle, once it has been there for a moment: nobody can read what flickers."""
        known, since = self._obstacle
        if obstacle.partition(":")[0] != known.partition(":")[0]:
            since = now
        self._obstacle = obstacle, since
        return obstacle if self._stills or now - since >= _LASTING else ""

    def _leave_out(self, fault: str) -> str:
        self.left_out[fault.partition(":")[0]] += 1
        return fault

    def _choose(self, result: FrameResult) -> tuple[Hand | None, str]:
        hands = result.hands
        if not hands:
            return None, "no hand: show it to the camera"
        if len(hands) > 1 and self._hand == "only":
            return None, "two hands: show only the one that makes the gesture"
        if self._hand == "highest":
            return min(hands, key=lambda hand: float(points_of(hand)[:, 1].mean())), ""
        return max(hands, key=lambda hand: palm_length(points_of(hand))), ""

    def _moves(self, hand: Hand, now: float) -> bool:
        """Whether the hand's points move so fast that they cannot be sharp."""
        points = points_of(hand)
        last, self._last = self._last, (hand.track, now, points)
        if last is None or last[0] != hand.track or now <= last[1]:
            return False
        way = float(np.linalg.norm(points[:, :2] - last[2][:, :2], axis=1).mean())
        return way / (now - last[1]) > _FASTEST * palm_length(points)

    def _take(self, frame: Frame, hand: Hand, world: FloatArray, right: float) -> None:
        self._examples.append(
            Example(
                landmarks=points_of(hand),
                world=world,
                right=right,
                side=hand.side,
                time=frame.time,
                item=frame.source if self._stills else f"{frame.source}#{frame.index}",
                thumbnail=thumbnail(frame.image, hand.box) if self._thumbnails else None,
            )
        )
        self._shown.add(points_of(hand), world, right)
        self._taken_at = frame.time
        self._variety.learn(self._examples, frame.height)
