"""In which forms a network can run on a device: the precision, and what is prepared once instead of in every run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from livefg.inference.devices import DeviceName

__all__ = ["PLAIN", "Form", "forms_of", "halved"]


@dataclass(frozen=True, slots=True)
class Form:
    """How a network runs. `half` computes in float16. `bound` keeps inputs and outputs in buffers on the device, one
    set for each shape; `graph` also records the run once, as a CUDA graph, and replays it.
    """

    half: bool = False
    bound: bool = False
    graph: bool = False

    def __str__(self) -> str:
        parts = (
            "float16" if self.half else "",
            "CUDA graphs" if self.graph else "fixed buffers" if self.bound else "",
        )
        return ", ".join(part for part in parts if part)


PLAIN = Form()
_NVIDIA: tuple[DeviceName, ...] = ("cuda", "tensorrt")


def forms_of(device: DeviceName) -> tuple[Form, ...]:
    """The forms in which to try a device in full precision: the first that works is the fastest, the last is plain."""
    if device in _NVIDIA:
        return (Form(bound=True, graph=True), Form(bound=True), PLAIN)
    return (PLAIN,)


def halved(device: DeviceName, form: Form) -> Form | None:
    """The same form in float16, None where that is not to be had."""
    return replace(form, half=True) if device in _NVIDIA else None
