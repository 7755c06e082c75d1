"""Simulated people by their numbers: those who teach, and those who never taught anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.motion_data.heads import simulated_head
from training.motion_data.sessions import simulated_take
from training.motion_data.takes import Take, meaning
from training.motion_networks import Subject

__all__ = ["EXAMINERS", "HARD_TEACHERS", "JUDGES", "TEACHERS", "idle_takes", "moving_takes", "teachers"]

TEACHERS, HARD_TEACHERS, EXAMINERS, JUDGES = 0, 100_000, 200_000, 300_000
"""The first of each sort: who examines or judges is never among those who teach."""


def moving_takes(subject: Subject, first: int, count: int, seconds: float = 60.0) -> list[Take]:
    """Simulated people who make motions between other things; numbers from `first` on."""
    return [_simulated(subject, person, seconds, 0.45) for person in range(first, first + count)]


def idle_takes(subject: Subject, first: int, count: int, seconds: float = 60.0) -> list[Take]:
    """Simulated people who move and mean nothing."""
    return [_simulated(subject, person, seconds, 0.0) for person in range(first, first + count)]


def teachers(
    subject: Subject, people: range, seconds: float, shares: Sequence[float], labels: Sequence[str]
) -> Iterator[Take]:
    """People to learn from, whose acts are meant by these shares in turn. What has no label means nothing."""
    for number, person in enumerate(people):
        yield meaning(_simulated(subject, person, seconds, shares[number % len(shares)]), labels)


def _simulated(subject: Subject, person: int, seconds: float, share: float) -> Take:
    if subject == "head":
        return simulated_head(person, 0, seconds, share)
    return simulated_take(person, 0, seconds, share=share)
