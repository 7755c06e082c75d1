"""What of a result may be drawn on a newer picture: only what is still to be seen where it was."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from livefg.results import Box, FrameResult, ImageArray

__all__ = ["still_there"]

_SIDE, _REACH = 32, 4  # pixels of a box that is compared, and how far what is in it may have moved
# Correlation. After up to a second, faces that stay reach 0.56 or more; what is seen in their place once they have gone
# reaches 0.51 at most, and of hands 0.55 in 19 of 20.
_ALIKE = 0.55
_FLAT = 2.0  # grey levels: what varies less has nothing to be known by


def still_there(result: FrameResult, own: ImageArray, newer: ImageArray) -> FrameResult:
    """The result of a picture (height, width, 3) without the faces and hands that a newer one does not show there.

    Where perception is slow, who is drawn around may have gone meanwhile.
    """
    if own.shape != newer.shape:
        return replace(result, faces=(), hands=())
    return replace(
        result,
        faces=tuple(face for face in result.faces if _is_alike(face.box, own, newer)),
        hands=tuple(hand for hand in result.hands if _is_alike(hand.box, own, newer)),
    )


def _is_alike(box: Box, own: ImageArray, newer: ImageArray) -> bool:
    old, now = _part(own, box), _part(newer, box)
    if old is None or now is None:
        return False
    inner = old[_REACH : _SIDE - _REACH, _REACH : _SIDE - _REACH]
    if float(inner.std()) < _FLAT:
        return float(cv2.absdiff(old, now).mean()) < _FLAT
    return float(cv2.matchTemplate(now, inner, cv2.TM_CCOEFF_NORMED).max()) >= _ALIKE


def _part(image: ImageArray, box: Box) -> npt.NDArray[np.uint8] | None:
    """What lies in a box, grey, in (32, 32); None if it lies beyond the picture."""
    left, top, right, bottom = (round(value) for value in box)
    part = image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if not part.size:
        return None
    small = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
