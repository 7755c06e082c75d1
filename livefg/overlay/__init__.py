"""What people see: draws a `FrameResult` on a picture, with a head-up display and a help panel.

>>> import numpy as np
>>> from livefg.results import FrameResult
>>> image = np.zeros((480, 640, 3), np.uint8)
>>> Overlay().draw(image, FrameResult("demo", 0, 0.0, 640, 480))
>>> draw_hud(image, Hud(fps=30.0))
>>> bool(image.any())
True
"""

from livefg.overlay.events import EVENT_SECONDS
from livefg.overlay.help import KEYS, draw_help
from livefg.overlay.hud import Hud, draw_hud, hud_rects
from livefg.overlay.overlay import Overlay
from livefg.overlay.shown import mirrored_result, scaled_result
from livefg.overlay.trail import Trail

__all__ = [
    "EVENT_SECONDS",
    "KEYS",
    "Hud",
    "Overlay",
    "Trail",
    "draw_help",
    "draw_hud",
    "hud_rects",
    "mirrored_result",
    "scaled_result",
]
