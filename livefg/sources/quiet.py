"""Keeping OpenCV's own warnings off the terminal while livefg tries things that may fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import cv2

__all__ = ["quiet_opencv"]


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Silence OpenCV's logger inside the block, for the whole process (it has only one)."""
    logging = cv2.utils.logging
    before = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(before)
