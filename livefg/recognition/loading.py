"""What recognises, by the settings of a pipeline: networks load beside the others, and only if they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from livefg.gallery import GalleryFile
from livefg.inference.chosen import model_for
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import find_model
from livefg.inference.network import Network
from livefg.pipeline_settings import PipelineSettings
from livefg.recognition.expression import EXPRESSION_NETWORK
from livefg.recognition.identity import Identifier
from livefg.recognition.identity_embedding import NETWORK
from livefg.recognition.identity_model import load_identities
from livefg.recognition.motion import MotionRecognizer, load_motions

__all__ = ["identifier_for", "loading_expressions", "loading_motions"]

Loaded = TypeVar("Loaded")


def identifier_for(settings: PipelineSettings, on_notice: Callable[[str], None]) -> Identifier | None:
    """What names the faces, with its network loading beside the others if it is needed."""
    if not (settings.identity and settings.faces):
        return None
    load = partial(Network.load, NETWORK, settings.device_of("identity"))
    file = GalleryFile(settings.gallery)
    # A hundred numbers to a few names: nothing for an accelerator.
    trained = load_identities(find_model(settings.identity_model), "cpu") if settings.identity_model else None
    return Identifier(load, file, trained=trained, tracked=settings.follows, on_notice=on_notice)


def loading_expressions(settings: PipelineSettings) -> Future[Classifier] | None:
    """What tells expressions, loading beside the other networks."""
    if not (settings.expressions and settings.faces):
        return None
    device = settings.device_of("expressions")
    return _beside(partial(Classifier.load, EXPRESSION_NETWORK, device, task="expression"))


def loading_motions(settings: PipelineSettings) -> Future[MotionRecognizer] | None:
    """What tells motions, loading beside the other networks. Raises LivefgError if the classifier is not there."""
    if not (settings.motions and settings.follows and (settings.hands or settings.faces)):
        return None
    hands, heads = bool(settings.hands), bool(settings.faces)
    model = model_for("motion", settings.motion_model) if hands else None
    return _beside(partial(load_motions, hands, heads, model, settings.motion_decisions))


def _beside(load: Callable[[], Loaded]) -> Future[Loaded]:
    """Load in a thread of its own, which ends with it."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="livefg-load")
    loading = executor.submit(load)
    executor.shutdown(wait=False)
    return loading
