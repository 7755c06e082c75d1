"""What a pipeline is asked for: what to look for, how thoroughly, with which networks, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from livefg.errors import LivefgError
from livefg.recognition.decisions import DecisionSettings
from livefg.recognition.motion_decisions import MotionSettings
from livefg.recognition.rules import Rule

__all__ = ["Backend", "PipelineSettings"]

Backend = Literal["livefg", "mediapipe"]

_STAGES = ("hands", "faces", "gestures", "identity", "expressions")


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What to look for, and with what.

    `hands` and `faces` are how many to follow at most (0: none). `device` is one name for all stages, or one a
    stage, as in `hands=cuda,faces=cpu` (stages: hands, faces, gestures, identity, expressions; those not named take
    `auto`; see docs/devices.md). `lite` takes the smaller, less exact hand networks, and looks less often for missing
    hands and at what faces express. `smooth` filters landmarks and scores over time and makes events as `decisions`
    says. `stills` is for pictures that have nothing to do with each other: each is
    searched thoroughly and judged by itself. Without `decide` scores stay as the networks gave them and make no
    events: for those who decide in hindsight. `identity` names the people who are enrolled in the file `gallery`
    (None: the user's own), and costs nothing while nobody is; `identity_model` names a classifier that was trained on
    people, by name or path, who are known beside those. `expressions` says what faces express,
    `liveness` looks for signs that they are no pictures and asks for a blink and a turn.
    `motions` makes events of hands and heads that move with a meaning, as `motion_decisions` says; `motion_model` names
    the network for hands, by name or path (None: the one that ships). `rules` make events of other events.
    `search_interval` is the shortest time in seconds between two searches for missing hands or faces (0: in every
    frame). `exact` computes every hand and face anew in every frame; without it, what looks as it did a moment ago is
    moved along for five frames at most, and an unchanged picture is not searched: see docs/parity.md (None: exact, but
    for faces where `decide` is off). `relieve` takes the lite hand networks once frames that are processed one by one
    turn out to take longer than 1/25 s, and says so. `gesture_model` names the classifier of gestures, by name or path
    (None: the one that the user chose, else the one that ships); its file is looked at every `reload_interval`
    seconds, and a new or changed one is used from the next frame on (0: never). `workers` is how many threads compute
    side by side (None: see `livefg.threads`). `backend` says whose perception runs: livefg's own, or MediaPipe Tasks
    with the task files in `mediapipe_models`.
    """

    hands: int = 2
    faces: int = 4
    device: str = "auto"
    lite: bool = False
    smooth: bool = True
    stills: bool = False
    decide: bool = True
    blendshapes: bool = True
    gestures: bool = True
    identity: bool = True
    gallery: Path | None = None
    identity_model: str | None = None
    expressions: bool = True
    liveness: bool = False
    motions: bool = True
    motion_model: str | None = None
    search_interval: float = 0.0
    exact: bool | None = None
    relieve: bool = False
    gesture_model: str | None = None
    reload_interval: float = 0.0
    workers: int | None = None
    decisions: DecisionSettings = field(default_factory=DecisionSettings)
    motion_decisions: MotionSettings = field(default_factory=MotionSettings)
    rules: tuple[Rule, ...] = ()
    backend: Backend = "livefg"
    mediapipe_models: str | None = None

    @property
    def follows(self) -> bool:
        """Whether one frame is smoothed by the ones before it."""
        return self.smooth and not self.stills

    def device_of(self, stage: str) -> str:
        """The device that was asked for a stage; raises LivefgError if `device` names a stage that does not exist.

        Where one accelerator is asked for everything, gestures run where they are fastest: a hundred numbers to a few
        names are done on the CPU before they have reached a graphics card.
        """
        if "=" not in self.device:
            return "auto" if stage == "gestures" and self.device != "cpu" else self.device
        devices: dict[str, str] = {}
        for part in self.device.split(","):
            name, _, device = part.partition("=")
            if name not in _STAGES or not device:
                raise LivefgError(
                    f"'{part}' is not a device for a stage; write STAGE=DEVICE with a stage of {', '.join(_STAGES)}."
                )
            devices[name] = device
        return devices.get(stage, "auto")
