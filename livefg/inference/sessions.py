"""Sessions of ONNX Runtime on one device, or the reason why there is none."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livefg import paths
from livefg.errors import LivefgError
from livefg.inference.devices import PROVIDERS, DeviceName, providers
from livefg.inference.runtime import ERRORS, FATAL_ONLY, captured_stderr, runtime

__all__ = ["GraphNode", "SessionOrder", "UnavailableError", "inspect_graph", "reason_of"]

# Devices that compile a network first, and can keep the result for the next start.
_COMPILING: tuple[DeviceName, ...] = ("tensorrt", "coreml", "openvino")


@dataclass(frozen=True, slots=True)
class GraphNode:
    """An input or output of a graph: its name, its type as ONNX Runtime names it, and its shape."""

    name: str
    type: str
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        kind = self.type.removeprefix("tensor(").removesuffix(")")
        return f"{self.name} {kind} [{', '.join(str(size) for size in self.shape)}]"


class UnavailableError(Exception):
    """A device that looked possible could not be had after all; the message is a part of a sentence."""


@dataclass(frozen=True, slots=True)
class SessionOrder:
    """What a network is opened from, whatever the device."""

    name: str
    path: Path
    content: bytes
    threads: int

    def session(self, device: DeviceName) -> Any:
        """A session on `device`. Raises UnavailableError if it comes up without its provider."""
        wanted = providers(device, self._cache_folder(device), self.threads)
        try:
            session = runtime().InferenceSession(
                self.content, self._options(device), wanted, enable_fallback=0
            )
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

    def _cache_folder(self, device: DeviceName) -> Path:
        """A folder for what `device` compiles from this very network with this very ONNX Runtime."""
        folder = paths.user_cache_dir() / "compiled"
        if device in _COMPILING:
            network = hashlib.sha256(self.content).hexdigest()[:16]
            folder /= f"{device}-{runtime().__version__}-{network}"
            folder.mkdir(parents=True, exist_ok=True)
        return folder

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
