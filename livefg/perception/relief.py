"""Smaller hand networks for a machine that turns out too slow for the exact ones."""

from __future__ import annotations

import logging
import statistics
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from livefg.errors import LivefgError
from livefg.inference.network import Network
from livefg.perception.detection import NetworkCall, PalmDetector

__all__ = ["Relief"]

_logger = logging.getLogger("livefg.perception")

_SLOWEST = 1 / 25
_FRAMES = 60  # frames with hands that are judged together: two seconds and more


class Relief:
    """Watches how long frames with hands take, and once loads the lite networks if most take longer than 1/25 s.

    `use` gets the lite palm detector and hand landmark network, in the thread that calls `add`; `on_notice` is told.
    """

    def __init__(
        self,
        load: Callable[[str], Network],
        use: Callable[[PalmDetector, NetworkCall], None],
        on_notice: Callable[[str], None],
    ) -> None:
        """`load` loads a network by its name."""
        self._load = load
        self._use = use
        self._on_notice = on_notice
        self._seconds: deque[float] = deque(maxlen=_FRAMES)
        self._loading: Future[tuple[Network, Network]] | None = None
        self._ended = False

    def add(self, seconds: float) -> None:
        """Take in how long the last frame with hands took; no chain of the tracker may be running."""
        if self._ended:
            return
        if self._loading:
            if self._loading.done():
                self._change(self._loading)
            return
        self._seconds.append(seconds)
        if len(self._seconds) == _FRAMES and statistics.median(self._seconds) > _SLOWEST:
            executor = ThreadPoolExecutor(1, thread_name_prefix="livefg-load")
            self._loading = executor.submit(self._load_both)
            executor.shutdown(wait=False)

    def _load_both(self) -> tuple[Network, Network]:
        return self._load("palm_detector_lite"), self._load("hand_landmarks_lite")

    def _change(self, loading: Future[tuple[Network, Network]]) -> None:
        self._ended = True
        try:
            palms, landmarks = loading.result()
        except LivefgError as error:
            _logger.warning("%s The exact hand networks are kept.", error)
            return
        self._use(PalmDetector(palms), landmarks)
        self._on_notice(
            f"A frame takes {statistics.median(self._seconds) * 1000:.0f} ms here, too long for 25 a second: the "
            "smaller hand networks are used from now on, as with --lite."
        )
