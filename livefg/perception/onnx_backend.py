"""livefg's own perception: its networks on ONNX Runtime, as chains for the pipeline's workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from livefg.inference.classifier import Classifier
from livefg.inference.manifest import ModelFile
from livefg.inference.network import Network, NetworkReport
from livefg.perception.detection import FaceDetector, PalmDetector
from livefg.perception.faces import FaceTracker
from livefg.perception.hands import HandTracker
from livefg.perception.relief import Relief
from livefg.perception.tracks import FaceMemory
from livefg.recognition.gesture_reload import GestureModel, GestureReload, log_notice
from livefg.recognition.gestures import GestureRecognizer, load_gestures
from livefg.results import Face, Frame, Hand, Label
from livefg.workers import Chain

if TYPE_CHECKING:
    from livefg.pipeline import PipelineSettings

__all__ = ["OnnxPerception"]

_VIEW_INTERVAL, _ECONOMICAL_VIEW_INTERVAL, _LITE_VIEW_INTERVAL = 0.1, 0.2, 0.4
_LITE_SEARCH_INTERVAL = 0.15
_KEPT_HANDS, _KEPT_FACES = 5, 5
"""Frames for which what looks the same is kept at most, where not every frame is computed."""


class OnnxPerception:
    """livefg's own networks on ONNX Runtime."""

    def __init__(
        self,
        settings: PipelineSettings,
        memory: FaceMemory | None = None,
        on_notice: Callable[[str], None] = log_notice,
    ) -> None:
        """`memory` recognises faces that come back after an absence; `on_notice` as for the pipeline."""
        networks = _Networks(settings)
        self.gathers = False  # whether it pays to have several frames looked at together
        exact = settings.exact is not False or not settings.follows
        gesture_model = GestureModel(settings.gesture_model) if settings.hands and settings.gestures else None
        self._hands: HandTracker | None = None
        self._faces: FaceTracker | None = None
        self._gestures: GestureRecognizer | None = None
        self._reload: GestureReload | None = None
        if settings.hands:
            variant = "_lite" if settings.lite else ""
            palms = networks.want(f"palm_detector{variant}", "hands")
            landmarks = networks.want(f"hand_landmarks{variant}", "hands")
        if settings.faces:
            detector, mesh = networks.want("face_detector", "faces"), networks.want("face_mesh", "faces")
            blendshapes = networks.want("blendshapes", "faces") if settings.blendshapes else None
        classifier = networks.want_gestures(gesture_model.model) if gesture_model else None
        if settings.hands:
            self.gathers = bool(palms().batches)
            self._hands = HandTracker(
                PalmDetector(palms()),
                landmarks(),
                settings.hands,
                settings.follows,
                _hand_search_interval(settings, exact),
                view_interval=0.0 if settings.stills else _view_interval(exact, settings.lite),
                keep=0 if exact else _KEPT_HANDS,
            )
            self._gestures = GestureRecognizer(classifier()) if classifier else None
            if gesture_model and self._gestures and settings.reload_interval:
                self._reload = GestureReload(
                    gesture_model,
                    self._gestures,
                    settings.device_of("gestures"),
                    settings.reload_interval,
                    on_notice,
                )
        if settings.faces:
            self._faces = FaceTracker(
                FaceDetector(detector()),
                mesh(),
                blendshapes() if blendshapes else None,
                settings.faces,
                settings.follows,
                settings.search_interval,
                memory=memory,
                thorough=settings.stills,
                keep=_KEPT_FACES if _keeps_faces(settings, exact) else 0,
            )
        self._reports = networks.reports()
        self._relief: Relief | None = None
        if self._hands and settings.relieve and not settings.lite:
            load = partial(Network.load, device=settings.device_of("hands"))
            self._relief = Relief(load, self._hands.use, on_notice)

    @property
    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs; of gesture classifiers, the one in use now."""
        return (*self._reports, *([self._gestures.classifier.report] if self._gestures else []))

    def look_ahead(self, frames: Sequence[Frame]) -> Chain[None]:
        """Search several frames in one batch before their turn."""
        if self._hands:
            yield [partial(self._hands.look_ahead, [frame.image for frame in frames])]

    def lanes(self, frame: Frame) -> Mapping[str, Chain[Any]]:
        """One lane for hands, one for faces."""
        lanes: dict[str, Chain[Any]] = {}
        if self._hands:
            lanes["hands"] = self._hands.steps(frame)
        if self._faces:
            lanes["faces"] = self._faces.steps(frame)
        return lanes

    def naming(self, hands: tuple[Hand, ...], frame: Frame) -> Chain[tuple[Hand, ...]]:
        """The same hands with their gestures."""
        if self._gestures and hands:
            (hands,) = yield [partial(self._gestures, hands, frame.mirrored, frame.image)]
        return hands

    def took(self, seconds: float) -> None:
        """Note how long a frame with hands took, between two frames."""
        if self._relief:
            self._relief.add(seconds)

    def look_again(
        self, frame: Frame, hands: Sequence[Hand], faces: Sequence[Face]
    ) -> Chain[tuple[list[Hand | None], list[Face | None]]]:
        """Each of these hands and faces as it is seen in the frame, or None; nothing is followed from there on."""
        looks: list[Callable[[], Any]] = []
        if self._hands:
            looks += [partial(self._hands.look_at, frame, hand) for hand in hands]
        if self._faces:
            looks += [partial(self._faces.look_at, frame, face) for face in faces]
        found = yield looks
        seen: list[Hand | None] = found[: len(hands)]
        shown = [hand for hand in seen if hand]
        if self._gestures and shown:
            (named,) = yield [partial(self._gestures, shown, frame.mirrored, frame.image)]
            by_track = {hand.track: hand for hand in named}
            seen = [hand and by_track[hand.track] for hand in seen]
        return seen, found[len(hands) :]

    def answer(self, scores: Mapping[str, float]) -> Label:
        """The gesture that scores mean to the network that gave them."""
        assert self._gestures is not None
        return self._gestures.answer(scores)

    def reset(self) -> None:
        """Forget all tracks."""
        for tracker in (self._hands, self._faces):
            if tracker:
                tracker.reset()

    def close(self) -> None:
        """Look for no new classifier any more; the sessions go with their last user."""
        if self._reload:
            self._reload.close()


def _hand_search_interval(settings: PipelineSettings, exact: bool) -> float:
    """The shortest time between two searches for hands; lite, they would be the largest part of all work."""
    if settings.lite and not exact:
        return max(settings.search_interval, _LITE_SEARCH_INTERVAL)
    return settings.search_interval


def _keeps_faces(settings: PipelineSettings, exact: bool) -> bool:
    """Whether faces that look the same are moved along: also where hindsight smooths what little is lost by it."""
    return not exact or (settings.exact is None and settings.follows and not settings.decide)


def _view_interval(exact: bool, lite: bool) -> float:
    if exact:
        return _VIEW_INTERVAL
    return _LITE_VIEW_INTERVAL if lite else _ECONOMICAL_VIEW_INTERVAL


class _Networks:
    """Loads the networks side by side, since most of a session's start is spent outside Python."""

    def __init__(self, settings: PipelineSettings) -> None:
        self._settings = settings
        self._executor = ThreadPoolExecutor(max_workers=4, thread_name_prefix="livefg-load")
        self._loading: list[Future[Any]] = []

    def want(self, name: str, stage: str) -> Callable[[], Network]:
        """Begin to load a network; call what comes back to wait for it."""
        future = self._executor.submit(Network.load, name, self._settings.device_of(stage))
        self._loading.append(future)
        return future.result

    def want_gestures(self, model: ModelFile) -> Callable[[], Classifier]:
        """Begin to load a gesture classifier; call what comes back to wait for it."""
        future = self._executor.submit(load_gestures, model, self._settings.device_of("gestures"))
        return future.result

    def reports(self) -> tuple[NetworkReport, ...]:
        """Where each network runs, in the order in which they were asked for."""
        self._executor.shutdown()
        return tuple(future.result().report for future in self._loading)
