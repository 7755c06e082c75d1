"""What an examination says: findings with a state and, where something is amiss, the cure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Finding", "State"]

State = Literal["ok", "note", "warning", "problem"]
"""`ok`: works. `note`: nothing to do. `warning`: livefg works, but less well. `problem`: it does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its area, a summary, details line by line, and the cure for what is wrong."""

    area: str
    state: State
    summary: str
    details: tuple[str, ...] = ()
    cure: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, with the fields' names."""
        return {**asdict(self), "details": list(self.details)}
