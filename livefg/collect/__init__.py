"""Examples of gestures: taken from a camera, videos or pictures, judged, and kept in the user's own folder."""

from livefg.collect.collector import Collector, Progress
from livefg.collect.recording import Example, Recording, check_label
from livefg.collect.store import RecordingStore, Stored

__all__ = ["Collector", "Example", "Progress", "Recording", "RecordingStore", "Stored", "check_label"]
