"""The recipes: what ships, what a user trains alone, and what is added to the shipped gestures in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from training.fit import FitSettings
from training.networks import NetworkShape
from training.split import SplitBy

__all__ = [
    "GestureRecipe",
    "HoldBack",
    "changed",
    "default_recipe",
    "own_recipe",
    "pixel_recipe",
    "quick_recipe",
]

HoldBack = SplitBy | Literal["auto", "each_source"]

_SHAPE = ("input", "depth", "width", "activation")
_FIT = ("loss", "margin", "epochs", "seed", "device")
_RECIPE = ("hold_back", "false_rate")


@dataclass(frozen=True, slots=True)
class GestureRecipe:
    """Everything beside the data that decides the result.

    `hold_back` says what is put aside for the examination: whole persons, sessions or sources (`row` mixes neighbours
    into both sides, as a contrast only), `auto` for what the data allow, label by label, or `each_source` for one
    examination after the other, each without one source; `never_examined` names sources that always stay in (rendered
    hands: being right about them proves nothing). `calibrated_on` names the sources that temperature and threshold are
    chosen by (default: all), those whose hands were seen as the live loop will see them. `false_rate` is the share of
    hands without a gesture that may be given one.
    """

    shape: NetworkShape = field(default_factory=NetworkShape)
    fit: FitSettings = field(default_factory=FitSettings)
    hold_back: HoldBack = "auto"
    never_examined: tuple[str, ...] = ()
    calibrated_on: tuple[str, ...] = ()
    false_rate: float = 0.01


def default_recipe() -> GestureRecipe:
    """What ships: examined with each source left out once, so that no figure is about people it knows."""
    return GestureRecipe(
        NetworkShape(features=("flat", "angles"), members=5),
        FitSettings(epochs=20),
        hold_back="each_source",
        never_examined=("posed", "rendered"),
        calibrated_on=("images_14_classes", "images_digits", "sparrow_photos"),
    )


def own_recipe() -> GestureRecipe:
    """A user's own gestures, with the shipped bank as `none`."""
    return GestureRecipe(NetworkShape(features=("flat", "angles")), FitSettings(epochs=12, draws=10000))


def quick_recipe() -> GestureRecipe:
    """A few gestures more for a network that knows its own already; starts from its weights."""
    return GestureRecipe(
        NetworkShape(features=("flat", "angles")),
        FitSettings(epochs=5, draws=10000, learning_rate=2e-3),
    )


def pixel_recipe() -> GestureRecipe:
    """A user's own gestures by the hands' pictures, perhaps beside the landmarks: convolutions take longer."""
    return GestureRecipe(
        NetworkShape(features=("flat", "angles"), input="pixels"),
        FitSettings(epochs=10, draws=5000, batch=32),
    )


def changed(recipe: GestureRecipe, options: Mapping[str, Any]) -> GestureRecipe:
    """The recipe with what was asked for; None leaves a value as it is."""

    def asked(names: tuple[str, ...]) -> dict[str, Any]:
        return {name: options[name] for name in names if options.get(name) is not None}

    return replace(
        recipe,
        shape=replace(recipe.shape, **asked(_SHAPE)),
        fit=replace(recipe.fit, **asked(_FIT)),
        **asked(_RECIPE),
    )
