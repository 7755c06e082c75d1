"""Sessions of ONNX Runtime on one device, or the reason why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livefg.errors import LivefgError
from livefg.inference.devices import PROVIDERS, DeviceName
from livefg.inference.forms import PLAIN, Form
from livefg.inference.options import GraphNode, providers
from livefg.inference.rewriting import can_rewrite, in_half_precision, with_prelu
from livefg.inference.runtime import ERRORS, FATAL_ONLY, captured_stderr, runtime

__all__ = ["GraphNode", "SessionOrder", "UnavailableError", "inspect_graph", "reason_of"]


class UnavailableError(Exception):
    """A device that looked possible could not be had after all; the message is a part of a sentence."""


@dataclass(frozen=True, slots=True)
class SessionOrder:
    """What a network is opened from, whatever the device."""

    name: str
    path: Path
    content: bytes
    threads: int

    def session(self, device: DeviceName, form: Form = PLAIN, cache: Path | None = None) -> Any:
        """A session on `device` in a form; `cache` is an existing folder for what the device compiles, if it does.

        Raises UnavailableError if it comes up without its provider, or the form is not to be had.
        """
        content = self.content if device == "cpu" else self._suited(device, form)
        wanted = providers(device, form, cache, self.threads, self._inputs() if device == "tensorrt" else ())
        try:
            session = runtime().InferenceSession(content, self._options(device), wanted, enable_fallback=0)
        except Exception as error:
            if device == "cpu":
                raise _unreadable(self.path, error) from error
            raise UnavailableError(reason_of(error)) from error
        if session.get_providers()[0] != PROVIDERS[device]:
            raise UnavailableError(self._why_not(device, wanted))
        if device != "cpu" and not _takes_part(session, PROVIDERS[device]):
            raise UnavailableError(f"{PROVIDERS[device]} leaves every operation of it to the CPU")
        # The session keeps the bytes for a restart with other providers, which never happens here.
        session._model_bytes = None
        return session

    def _suited(self, device: DeviceName, form: Form) -> bytes:
        """The network in the spelling that accelerators like, and in the precision of `form`."""
        # TensorRT chooses the precision of each operation by itself.
        halve = form.half and device != "tensorrt"
        if not can_rewrite():
            if halve:
                raise UnavailableError("float16 needs the package onnx: pip install onnx")
            return self.content
        try:
            content = with_prelu(self.content)
            return in_half_precision(content) if halve else content
        except ValueError as error:
            raise UnavailableError(f"it cannot be rewritten: {reason_of(error)}") from error

    def _inputs(self) -> tuple[GraphNode, ...]:
        return inspect_graph(self.content, self.path)[0]

    def _options(self, device: DeviceName) -> Any:
        options = runtime().SessionOptions()
        options.log_severity_level = FATAL_ONLY
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        # Waiting threads that spin take the core from the network beside them: three of them with two threads
        # each on two cores ran in 75 ms spinning and in 23 ms without.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_mem_pattern = device != "directml"
        if device != "cpu":
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        return options

    def _why_not(self, device: DeviceName, wanted: list[tuple[str, dict[str, Any]]]) -> str:
        """Why the session came up without its provider; ONNX Runtime tells its log and nothing else."""
        with captured_stderr() as lines:
            runtime().set_default_logger_severity(ERRORS)
            try:
                runtime().InferenceSession(self.content, self._options(device), wanted, enable_fallback=0)
            finally:
                runtime().set_default_logger_severity(FATAL_ONLY)
        errors = [line for line in lines if "[E:onnxruntime" in line]
        return _reason(errors[0]) if errors else f"{PROVIDERS[device]} did not start and gave no reason"


def inspect_graph(
    content: bytes, path: Path
) -> tuple[tuple[GraphNode, ...], tuple[GraphNode, ...], dict[str, str]]:
    """Inputs, outputs and metadata of a network that is not prepared to run. Raises LivefgError if it is none."""
    options = runtime().SessionOptions()
    options.log_severity_level = FATAL_ONLY
    options.graph_optimization_level = runtime().GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = runtime().InferenceSession(content, options, [PROVIDERS["cpu"]], enable_fallback=0)
    except Exception as error:
        raise _unreadable(path, error) from error
    inputs, outputs = (
        tuple(GraphNode(node.name, node.type, tuple(node.shape)) for node in nodes)
        for nodes in (session.get_inputs(), session.get_outputs())
    )
    return inputs, outputs, dict(session.get_modelmeta().custom_metadata_map)


def _unreadable(path: Path, error: Exception) -> LivefgError:
    return LivefgError(f"{path} is not a network that ONNX Runtime can load ({reason_of(error)}).")


def _takes_part(session: Any, provider: str) -> bool:
    """Whether `provider` runs at least one operation; a session can name it and give it none."""
    try:
        assigned = session.get_provider_graph_assignment_info()
    except AttributeError:  # an ONNX Runtime before 1.24 does not tell
        return True
    return any(part.ep_name == provider for part in assigned)


def reason_of(error: BaseException) -> str:
    """What an error of ONNX Runtime says in its first line, without codes, as a part of a sentence."""
    return _reason((str(error).strip().splitlines() or [type(error).__name__])[0])


def _reason(line: str) -> str:
    """What a line of ONNX Runtime says without its codes and source locations, as a part of a sentence."""
    return re.sub(r"^.*(\] | : |with error: )", "", line).strip().rstrip(".")
