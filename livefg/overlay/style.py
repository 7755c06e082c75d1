"""Colours and sizes of the overlay: one palette, and one scale that follows the size of the picture.

Colours are RGB. Those of the fingers come from Okabe and Ito's palette (https://jfly.uni-koeln.de/color/),
lightened until each stands out from the dark line that lies under every stroke, so that they can be told
apart with any kind of colour vision and on any picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from livefg.results import Box

__all__ = [
    "AXIS_COLOURS",
    "DIM",
    "EVENT_COLOURS",
    "FACE",
    "FINE_HALO",
    "FINGER_COLOURS",
    "HALO",
    "KNOWN",
    "PALM",
    "PANEL",
    "PANEL_OPACITY",
    "RECORDING",
    "SIDE_COLOURS",
    "TEXT",
    "TRACK",
    "TRACK_OPACITY",
    "WARNING",
    "Colour",
    "Scale",
]

Colour = tuple[int, int, int]

PANEL: Colour = (14, 17, 24)
"""Background of chips and panels, laid over the picture with `PANEL_OPACITY`."""
PANEL_OPACITY = 0.76
TEXT: Colour = (255, 255, 255)
DIM: Colour = (186, 194, 206)
TRACK: Colour = (255, 255, 255)
"""The unfilled part of a confidence bar, laid over the panel with `TRACK_OPACITY`."""
TRACK_OPACITY = 0.2
HALO: Colour = (112, 112, 112)
"""Taken off the picture along every stroke: the dark rim carries the stroke on a light picture."""
FINE_HALO: Colour = (92, 92, 92)
"""The same for the fine lines of a face, which heavy rims would turn into a mask."""

PALM: Colour = (232, 236, 242)
FINGER_COLOURS: tuple[Colour, ...] = (
    (240, 228, 66),  # thumb: yellow
    (31, 190, 145),  # index: bluish green
    (96, 190, 245),  # middle: sky blue
    (226, 88, 168),  # ring: reddish purple
    (245, 130, 48),  # little: vermilion
)
FACE: Colour = (214, 232, 255)
"""A face nobody was asked to name, or that is unknown."""
KNOWN: Colour = (62, 214, 168)
SIDE_COLOURS: dict[str, Colour] = {"left": (96, 190, 245), "right": (255, 176, 59)}
AXIS_COLOURS: tuple[Colour, Colour, Colour] = ((245, 130, 48), (31, 190, 145), (96, 190, 245))
"""Axes of a head: toward the person's left, up, and where the face looks."""
EVENT_COLOURS: dict[str, Colour] = {
    "gesture": (255, 176, 59),
    "motion": (96, 190, 245),
    "head": (232, 140, 200),
    "rule": (250, 190, 90),
    "face": (62, 214, 168),
}
RECORDING: Colour = (255, 82, 82)
WARNING: Colour = (255, 176, 59)

_REFERENCE_AREA = 640 * 480
_SMALLEST_TEXT = 10
_COMPACT_BELOW = 0.8


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes in pixels for one size of picture.

    `unit` is 1 for 640x480 and grows with the picture's side length. `text` and `small` are font sizes, `pad`
    the inner margin of a chip, `gap` the space between things, `bar` the thickness of a confidence bar,
    `radius` the corner radius of a chip, `stroke` the width of a slim line.
    """

    unit: float
    text: int
    small: int
    pad: int
    gap: int
    bar: int
    radius: int
    stroke: float

    @classmethod
    def of(cls, width: int, height: int) -> Scale:
        """The scale for a picture of `width` x `height` pixels."""
        return _scale_of_unit(math.sqrt(max(1, width) * max(1, height) / _REFERENCE_AREA))

    @property
    def compact(self) -> bool:
        """Whether room is short: labels are then kept narrow."""
        return self.unit < _COMPACT_BELOW

    def smaller(self) -> Scale:
        """The scale for objects that are small in the picture: three quarters, still legible."""
        return _scale_of_unit(self.unit * 0.75)

    def stroke_for(self, box: Box) -> float:
        """Width in pixels of a line around `box`: slim, and thinner around what is small."""
        return max(1.0, min(self.stroke, min(box[2] - box[0], box[3] - box[1]) / 55))

    def bracket(self, box: Box) -> tuple[float, float]:
        """Radius and length of the arms, in pixels, of the corners that mark `box`."""
        side = max(1.0, min(box[2] - box[0], box[3] - box[1]))
        return min(9 * self.unit, side * 0.12), side * 0.1


@lru_cache(maxsize=64)
def _scale_of_unit(unit: float) -> Scale:
    text = max(_SMALLEST_TEXT, round(13 * unit))
    return Scale(
        unit=unit,
        text=text,
        small=max(_SMALLEST_TEXT - 1, round(11 * unit)),
        pad=max(3, round(text * 0.46)),
        gap=max(2, round(text * 0.4)),
        bar=max(2, round(text * 0.24)),
        radius=max(3, round(text * 0.42)),
        stroke=max(1.0, 1.6 * unit),
    )
