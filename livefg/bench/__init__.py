"""How fast livefg is on this machine: stage by stage, live, beside MediaPipe, and compared with an earlier run."""

from livefg.bench.against import Comparison, Contestant, Peer, compare
from livefg.bench.changes import changes, read_result
from livefg.bench.enrolled import with_somebody_enrolled
from livefg.bench.host import surroundings
from livefg.bench.measure import Live, Measurement, NetworkUse, measure, measure_live
from livefg.bench.scenes import MOST, SIZES, Scene, endless_frames
from livefg.bench.spread import Spread
from livefg.bench.start import seconds_to_first_frame

__all__ = [
    "MOST",
    "SIZES",
    "Comparison",
    "Contestant",
    "Live",
    "Measurement",
    "NetworkUse",
    "Peer",
    "Scene",
    "Spread",
    "changes",
    "compare",
    "endless_frames",
    "measure",
    "measure_live",
    "read_result",
    "seconds_to_first_frame",
    "surroundings",
    "with_somebody_enrolled",
]
