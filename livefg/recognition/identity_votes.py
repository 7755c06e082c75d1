"""Who a face is over time: looks at one track are put together before anything is said about it.

Looks at the same face, weighted by their quality, make one embedding that is surer than each. A name is given only
when two looks at different moments bear it out, and taken back only when they clearly do not any more, so that a
wrong name does not flicker in for a frame. Looks that contradict all earlier ones twice mean that the track has gone
over to somebody else.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Self

import numpy as np

from livefg.gallery.people import UNKNOWN
from livefg.recognition.identity_classifier import as_unknown
from livefg.recognition.identity_embedding import View
from livefg.recognition.identity_model import Identities
from livefg.results import FloatArray, Label

__all__ = ["OTHER_PERSON", "SAME_PERSON", "Votes"]

SAME_PERSON = 0.45
"""From this cosine on two looks show the same person: reached by 1 in 4000 pairs of two people in news photographs."""
OTHER_PERSON = 0.3
"""Below this cosine two good looks show two people: so low are 3 in 1000 pairs of good pictures of one person."""
GOOD_QUALITY = 0.6
"""From this quality on a look can contradict others."""

_KEPT = 10
_LEAST_WEIGHT = 0.02
_NAMED_LOOKS = 2
_UNKNOWN_LOOKS = 3
_ENOUGH_QUALITY = 1.5
_LEAVE = 0.5


class _Look(NamedTuple):
    embedding: FloatArray
    quality: float


class Votes:
    """What is known of the identity of one track."""

    def __init__(self) -> None:
        self.answer: Label | None = None
        """The answer as it may be shown; None while there is too little to say."""
        self._looks: deque[_Look] = deque(maxlen=_KEPT)
        self._contradiction: _Look | None = None

    @property
    def looks(self) -> int:
        """How many looks are in."""
        return len(self._looks)

    @property
    def doubted(self) -> bool:
        """Whether the latest look contradicted the others, so that another one is wanted soon."""
        return self._contradiction is not None

    def add(self, view: View) -> Self | None:
        """Take in a look; once two in a row show the same other person, the votes for that one are given."""
        look = _Look(view.embedding, view.quality)
        contradiction, self._contradiction = self._contradiction, None
        if not self._contradicts(look):
            self._looks.append(look)
        elif contradiction is None:
            self._contradiction = look
        elif contradiction.embedding @ look.embedding >= SAME_PERSON:
            successor = type(self)()
            successor._looks.extend((contradiction, look))
            return successor
        else:
            # Looks that resemble nothing, not even each other, are poor ones.
            self._looks.extend((contradiction, look))
        return None

    def similarity(self, embedding: FloatArray) -> float | None:
        """Cosine of an embedding (128,) with the looks so far; None if there are no good ones."""
        if not self._looks or self.quality < GOOD_QUALITY:
            return None
        return float(self._middle() @ embedding)

    @property
    def quality(self) -> float:
        """Quality of the looks put together, 0..1."""
        qualities = np.array([look.quality for look in self._looks])
        return float((qualities**2).sum() / max(float(qualities.sum()), 1e-9)) if len(qualities) else 0.0

    def decide(self, classifier: Identities) -> None:
        """Answer anew, from the looks so far and the answer that holds."""
        if not self._looks:
            return
        found = classifier(self._middle(), self.quality)
        held = self.answer
        if found.name != UNKNOWN and len(self._looks) >= _NAMED_LOOKS:
            self.answer = found
        elif held and held.name != UNKNOWN and found.scores.get(held.name, 0.0) >= _LEAVE:
            self.answer = Label(held.name, found.scores[held.name], found.scores)
        elif held or self._enough():
            self.answer = as_unknown(found)

    def forget_answer(self) -> None:
        """Decide from the looks alone next time: the people have changed."""
        self.answer = None

    def _enough(self) -> bool:
        """Whether there was enough to see to call somebody unknown."""
        return (
            len(self._looks) >= _UNKNOWN_LOOKS
            and sum(look.quality for look in self._looks) >= _ENOUGH_QUALITY
        )

    def _contradicts(self, look: _Look) -> bool:
        similarity = self.similarity(look.embedding)
        return similarity is not None and look.quality >= GOOD_QUALITY and similarity < OTHER_PERSON

    def _middle(self) -> FloatArray:
        weights = np.array([max(_LEAST_WEIGHT, look.quality) for look in self._looks], np.float32)
        middle = weights @ np.stack([look.embedding for look in self._looks])
        return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9), np.float32)
