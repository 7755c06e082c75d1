"""The recipes of motion classifiers: what ships, what a user trains alone, and what is added to the shipped motions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from livefg.collect.takes import load_take
from livefg.errors import LivefgError
from training.motion_data.real import real_sets
from training.motion_data.takes import Take
from training.motion_fit import MotionFit
from training.motion_networks import Kind, MotionShape, Subject
from training.motions import MotionRecipe

__all__ = ["changed_motions", "own_motions", "recordings_in", "shipped_motions", "taught", "unseen"]

_TEACHING_RECORDER = "pose-18"
_FIT = ("loss", "batches", "seed")


def shipped_motions(subject: Subject, kind: Kind = "tcn") -> MotionRecipe:
    """What ships."""
    if subject == "head":
        shape = MotionShape(subject="head", kind=kind, width=32)
        recipe = MotionRecipe(shape, MotionFit(batches=3000), people=600, hard_people=300, examiners=80)
    else:
        shape = MotionShape(kind=kind, width=64, dropout=0.15, members=2)
        recipe = MotionRecipe(
            shape, MotionFit(batches=8000), people=2400, hard_people=900, examiners=300, versions=8
        )
    return replace(recipe, false_alarms=0.15, hold_back=False)


def own_motions(extend: bool, kind: Kind = "tcn") -> MotionRecipe:
    """A user's own motions, alone or beside those of another classifier; some minutes on two cores."""
    fit = MotionFit(batches=800, learning_rate=3e-2 if extend else 4e-3)
    motions = None if extend else ()
    return MotionRecipe(
        MotionShape(kind=kind), fit, motions, people=60, hard_people=0, examiners=6, seconds=60.0
    )


def changed_motions(recipe: MotionRecipe, options: Mapping[str, Any]) -> MotionRecipe:
    """The recipe with what was asked for; None leaves a value as it is."""
    fit = {name: options[name] for name in _FIT if options.get(name) is not None}
    changed = replace(recipe, fit=replace(recipe.fit, **fit))
    if options.get("people") is not None:
        share = options["people"] / recipe.people
        hard, examiners = round(share * recipe.hard_people), max(2, options["people"] // 10)
        changed = replace(
            changed,
            people=options["people"],
            hard_people=hard,
            examiners=min(recipe.examiners, examiners),
        )
    if options.get("false_alarms") is not None:
        changed = replace(changed, false_alarms=options["false_alarms"])
    return changed


def taught(data: Path) -> list[Take]:
    """The recordings in the data folder that the shipped network learns from; all others are there to examine it."""
    sets = real_sets(data)
    return [take for take in sets["pose_segments"] if take.person == _TEACHING_RECORDER] + sets["kinivi"]


def unseen(data: Path) -> dict[str, list[Take]]:
    """The recordings in the data folder that the shipped network never saw, by set."""
    sets = real_sets(data)
    del sets["kinivi"]
    sets["pose_segments"] = [take for take in sets["pose_segments"] if take.person != _TEACHING_RECORDER]
    return sets


def recordings_in(data: Path) -> Sequence[Take]:
    """What `livefg collect --motion` recorded: one file or a folder of them. Raises LivefgError if there is none."""
    files = [data] if data.is_file() else sorted(data.glob("*.npz"))
    if not files:
        raise LivefgError(
            f"{data} holds no recording of a motion; record one with: livefg collect LABEL --motion"
        )
    return [load_take(path) for path in files]
