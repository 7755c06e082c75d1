"""ONNX networks: the device they run on, the check that their files are intact, the classifiers' contract."""

from livefg.inference.classifier import Classifier, ClassifierInfo, Task
from livefg.inference.devices import DEVICES, DeviceName
from livefg.inference.manifest import Manifest, ModelEntry, ModelFile, find_model, user_models
from livefg.inference.network import Network, NetworkReport

__all__ = [
    "DEVICES",
    "Classifier",
    "ClassifierInfo",
    "DeviceName",
    "Manifest",
    "ModelEntry",
    "ModelFile",
    "Network",
    "NetworkReport",
    "Task",
    "find_model",
    "user_models",
]
