"""ONNX Runtime's options for each device."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livefg.inference.devices import PROVIDERS, DeviceName
from livefg.inference.forms import Form
from livefg.threads import usual_threads

__all__ = ["BATCHES", "GraphNode", "providers"]

BATCHES = (1, 2, 4, 8)
"""Batch sizes that an accelerator gets to see: each new shape costs it a search or a compilation."""

# Sides of a picture that may have any: the least, the usual, and the most that the face detector looks at.
_SIDES = (32, 640, 1472)
_IMAGE_RANK = 4


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An input or output of a graph: its name, its type as ONNX Runtime names it, and its shape."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        kind = self.type.removeprefix("tensor(").removesuffix(")")
        return f"{self.name} {kind} [{', '.join(str(size) for size in self.shape)}]"


Providers = list[tuple[str, dict[str, Any]]]


def providers(
    device: DeviceName, form: Form, cache: Path | None, threads: int, inputs: Sequence[GraphNode] = ()
) -> Providers:
    """ONNX Runtime's providers with their options for `device`, the one asked for first.

    `cache` is an existing folder of this network's own for what is compiled; `threads` is for a run on a CPU. `inputs`
    of the graph tell a compiler the shapes to expect.
    """
    cpu = (PROVIDERS["cpu"], dict[str, Any]())
    match device:
        case "cuda":
            return [_cuda(form), cpu]
        case "tensorrt":
            return [(PROVIDERS[device], _tensorrt(form, cache, inputs)), _cuda(Form()), cpu]
        case "coreml":
            options = {"ModelFormat": "MLProgram"} | _folder("ModelCacheDirectory", cache)
            return [(PROVIDERS[device], options), cpu]
        case "directml":
            return [(PROVIDERS[device], {"performance_preference": "high_performance"}), cpu]
        case "openvino":
            # With the type AUTO it comes up and then leaves every operation to the ordinary CPU provider.
            return [(PROVIDERS[device], {"device_type": "CPU", "load_config": _openvino(threads)}), cpu]
        case _:
            return [cpu]


def _openvino(threads: int) -> str:
    """As many runs side by side as a pipeline has threads, each on `threads` of its own.

    By itself OpenVINO ties every network with one thread to the same core, and runs one request after the other: two
    hands and a face on two cores then take twice as long.
    """
    streams = usual_threads()
    settings = {
        "ENABLE_CPU_PINNING": "NO",
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": str(streams * threads),
    }
    return json.dumps({"CPU": settings})


def _cuda(form: Form) -> tuple[str, dict[str, Any]]:
    # The search for the fastest convolution takes half a second for every new shape when exhaustive; TF32
    # would move landmarks by a tenth of a pixel and these networks are bound by launches, not by arithmetic.
    return (
        PROVIDERS["cuda"],
        {
            "cudnn_conv_algo_search": "HEURISTIC",
            "use_tf32": "0",
            "arena_extend_strategy": "kSameAsRequested",
            "enable_cuda_graph": str(int(form.graph)),
        },
    )


def _tensorrt(form: Form, cache: Path | None, inputs: Sequence[GraphNode]) -> dict[str, Any]:
    options = {
        "trt_fp16_enable": str(form.half),
        "trt_cuda_graph_enable": str(form.graph),
        "trt_engine_cache_enable": str(cache is not None),
        "trt_timing_cache_enable": str(cache is not None),
        **_folder("trt_engine_cache_path", cache),
        **_folder("trt_timing_cache_path", cache),
    }
    # Without a range of shapes it builds its engine again whenever a run leaves those that it has seen.
    ranges = [_range(node) for node in inputs]
    if ranges and all(ranges):
        for place, name in enumerate(("min", "opt", "max")):
            options[f"trt_profile_{name}_shapes"] = ",".join(one[place] for one in ranges)
    return options


def _range(node: GraphNode) -> tuple[str, ...]:
    """The least, usual and largest shape of an input as TensorRT spells them; nothing where they are not known."""
    batches = (BATCHES[0], BATCHES[1], BATCHES[-1])
    loose = [axis for axis, size in enumerate(node.shape) if not isinstance(size, int)]
    is_image = len(node.shape) == _IMAGE_RANK
    if any(axis != 0 and not (is_image and axis < _IMAGE_RANK - 1) for axis in loose):
        return ()
    return tuple(
        f"{node.name}:"
        + "x".join(
            str(size if isinstance(size, int) else batch if axis == 0 else side)
            for axis, size in enumerate(node.shape)
        )
        for batch, side in zip(batches, _SIDES, strict=True)
    )


def _folder(option: str, cache: Path | None) -> dict[str, str]:
    return {option: str(cache)} if cache else {}
