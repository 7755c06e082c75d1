"""The people one has introduced: plain values, changed only by making new ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

import numpy as np

from livefg.errors import LivefgError
from livefg.results import FloatArray

__all__ = ["UNKNOWN", "Gallery", "Person", "Portrait", "check_name"]

UNKNOWN = "unknown"
"""What a stranger is called; nobody can be enrolled by this name."""
_LONGEST_NAME = 100
_LEAST_WEIGHT = 0.05
_SAME_PICTURE = 0.9995
# Characters that turn the direction of what follows could make one name look like another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_name(name: str) -> str:
    """The name as it is kept: any script, composed (NFC), without blanks at its ends.

    Raises LivefgError if it is empty, too long, has control characters, or is `unknown`.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    kinds = {unicodedata.category(character) for character in cleaned}
    if kinds & {"Cc", "Cs", "Zl", "Zp"} or _TURNING & set(cleaned):
        raise LivefgError(f"The name {cleaned!a} has control characters; a name is one line of text.")
    if kinds <= {"Cf", "Zs"}:
        raise LivefgError("A name needs at least one character that can be seen.")
    if len(cleaned) > _LONGEST_NAME:
        raise LivefgError(f"The name {cleaned[:20]!r}... is longer than {_LONGEST_NAME} characters.")
    if cleaned.casefold() == UNKNOWN:
        raise LivefgError(f"Nobody can be called {cleaned!r}: that is the answer for strangers.")
    return cleaned


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One enrolled view of a person.

    `embedding` is (128,) float32 of length 1, `quality` 0..1, `added` the moment of enrolment (UTC), `thumbnail` a
    small JPEG of the aligned face, if the user wished to keep one.
    """

    embedding: FloatArray
    quality: float
    added: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Somebody with a name and at least one portrait."""

    name: str
    portraits: tuple[Portrait, ...]

    @property
    def prototype(self) -> FloatArray:
        """The middle of the portraits (128,), of length 1; better views count more."""
        weights = np.array([max(_LEAST_WEIGHT, one.quality) for one in self.portraits], np.float32)
        middle = weights @ np.stack([one.embedding for one in self.portraits])
        return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """All enrolled people, in the order of their names. Each change gives a new gallery.

    People are found by their names whatever the case of the letters; no two have names that differ in that only.
    """

    people: tuple[Person, ...] = ()

    @classmethod
    def of(cls, people: Iterable[Person]) -> Self:
        """A gallery of these people. Raises LivefgError if two have the same name."""
        everybody = tuple(people)
        known = {_key(person.name): person for person in everybody}
        if len(known) != len(everybody):
            raise LivefgError("two people have the same name")
        return cls(tuple(known[key] for key in sorted(known)))

    def __len__(self) -> int:
        return len(self.people)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(person.name for person in self.people)

    def get(self, name: str) -> Person | None:
        """Who has this name, or None."""
        return next((person for person in self.people if _key(person.name) == _key(name)), None)

    def person(self, name: str) -> Person:
        """Who has this name. Raises LivefgError if nobody has."""
        person = self.get(name)
        if person is None:
            raise LivefgError(f"Nobody called {name!r} is enrolled; `livefg people list` names them all.")
        return person

    def with_portraits(self, name: str, portraits: Iterable[Portrait]) -> Self:
        """Add portraits to a person, who may be new; one that the person has already is not added again.

        Raises LivefgError if the name cannot be one (see `check_name`), or somebody new has no portrait.
        """
        known = self.get(name)
        kept = list(known.portraits) if known else []
        for portrait in portraits:
            if all(float(portrait.embedding @ other.embedding) < _SAME_PICTURE for other in kept):
                kept.append(portrait)
        if not kept:
            raise LivefgError(f"{name!r} cannot be enrolled without a portrait.")
        return self._with(Person(known.name if known else check_name(name), tuple(kept)))

    def renamed(self, name: str, new_name: str) -> Self:
        """Give a person another name. Raises LivefgError if nobody has the old one, or somebody else the new one."""
        person, new_name = self.person(name), check_name(new_name)
        other = self.get(new_name)
        if other and other is not person:
            raise LivefgError(
                f"There is somebody called {other.name!r} already; `livefg people merge` makes one of two."
            )
        return self.without(person.name)._with(replace(person, name=new_name))

    def merged(self, name: str, into: str) -> Self:
        """Move all portraits of `name` to the person `into`. Raises LivefgError unless they are two people."""
        moved, stays = self.person(name), self.person(into)
        if moved is stays:
            raise LivefgError(f"{moved.name!r} cannot be merged into itself.")
        return self.without(moved.name).with_portraits(stays.name, moved.portraits)

    def without(self, name: str) -> Self:
        """Forget a person. Raises LivefgError if nobody has this name."""
        gone = self.person(name)
        return self.of(person for person in self.people if person is not gone)

    def without_portrait(self, name: str, number: int) -> Self:
        """Forget one portrait of a person, counted from 1. Raises LivefgError if it is not there, or the only one."""
        person = self.person(name)
        if not 1 <= number <= len(person.portraits):
            raise LivefgError(f"{person.name!r} has portraits 1 to {len(person.portraits)}, and no {number}.")
        if len(person.portraits) == 1:
            raise LivefgError(f"This is the only portrait of {person.name!r}; forget the person instead.")
        left = (*person.portraits[: number - 1], *person.portraits[number:])
        return self._with(replace(person, portraits=left))

    def _with(self, person: Person) -> Self:
        """The same people, this one in place of who had the name."""
        return self.of([*(other for other in self.people if _key(other.name) != _key(person.name)), person])


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())
