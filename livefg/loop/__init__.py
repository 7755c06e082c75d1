"""The loops: the clock, the slot, the worker threads and the statistics; nothing of models or windows."""

from livefg.loop.live import FrameProcessor, LiveLoop, View
from livefg.loop.recorded import decode_ahead, run_recorded
from livefg.loop.slot import BoundedQueue, Slot
from livefg.loop.statistics import Statistics
from livefg.loop.stop import StopSignals
from livefg.loop.together import Together

__all__ = [
    "BoundedQueue",
    "FrameProcessor",
    "LiveLoop",
    "Slot",
    "Statistics",
    "StopSignals",
    "Together",
    "View",
    "decode_ahead",
    "run_recorded",
]
