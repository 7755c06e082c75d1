"""Colours that everybody can tell apart, and text that can be read."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from livefg.overlay import style
from livefg.overlay.style import Colour

# Viénot, Brettel and Mollon (1999): linear RGB as seen without red and without green cones.
PROTANOPIA = np.array([[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.0040, -0.0040, 1.0]])
DEUTERANOPIA = np.array([[0.2928, 0.7072, 0.0], [0.2928, 0.7072, 0.0], [-0.0223, 0.0223, 1.0]])
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: Colour) -> np.ndarray:
    value = np.asarray(colour) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    scaled = XYZ @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(a: Colour, b: Colour) -> float:
    """Contrast ratio as WCAG 2 defines it."""
    low, high = sorted(float(XYZ[1] @ linear(colour)) for colour in (a, b))
    return (high + 0.05) / (low + 0.05)


def over(colour: Colour, opacity: float, below: Colour) -> Colour:
    mixed = np.asarray(colour) * opacity + np.asarray(below) * (1 - opacity)
    red, green, blue = (round(float(value)) for value in mixed)
    return (red, green, blue)


@pytest.mark.parametrize("eyes", [np.eye(3), PROTANOPIA, DEUTERANOPIA], ids=["all", "no red", "no green"])
def test_any_two_fingers_differ_for_every_kind_of_colour_vision(eyes: np.ndarray) -> None:
    colours = [lab(eyes @ linear(colour)) for colour in style.FINGER_COLOURS]

    for a, b in itertools.combinations(colours, 2):
        assert np.linalg.norm(a - b) > 18


@pytest.mark.parametrize("eyes", [np.eye(3), PROTANOPIA, DEUTERANOPIA], ids=["all", "no red", "no green"])
def test_left_and_right_differ_for_every_kind_of_colour_vision(eyes: np.ndarray) -> None:
    left, right = (lab(eyes @ linear(style.SIDE_COLOURS[side])) for side in ("left", "right"))

    assert np.linalg.norm(left - right) > 40


@pytest.mark.parametrize(
    "below", [(255, 255, 255), (128, 128, 128), (0, 0, 0)], ids=["white", "grey", "black"]
)
@pytest.mark.parametrize("text", [style.TEXT, style.DIM], ids=["strong", "dim"])
def test_text_on_its_panel_has_the_contrast_of_readable_text(text: Colour, below: Colour) -> None:
    assert contrast(text, over(style.PANEL, style.PANEL_OPACITY, below)) >= 4.5


STROKES = [
    style.PALM,
    style.FACE,
    style.KNOWN,
    *style.FINGER_COLOURS,
    *style.SIDE_COLOURS.values(),
    *style.AXIS_COLOURS,
]


@pytest.mark.parametrize("stroke", STROKES, ids=str)
def test_strokes_stand_out_from_a_dark_picture(stroke: Colour) -> None:
    assert contrast(stroke, (0, 0, 0)) >= 3


def test_the_rim_of_a_stroke_stands_out_from_a_white_picture() -> None:
    rim = tuple(255 - value for value in style.HALO)

    assert contrast((rim[0], rim[1], rim[2]), (255, 255, 255)) >= 3
