"""Devices that are none: sessions on the CPU that pass for accelerators, with failings of one's choice."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livefg import paths
from livefg.inference import network, placement
from livefg.inference.devices import PROVIDERS
from livefg.inference.forms import PLAIN, Form
from livefg.inference.network import Network
from livefg.inference.sessions import SessionOrder, UnavailableError


@dataclass(frozen=True)
class Opened:
    """A session that was asked for."""

    device: str
    form: Form
    folder: Path | None


class FakeDevices:
    """Pretends that some devices are there.

    `times` are milliseconds of a run in a report, by device, and decide which one is faster; `half` is by what factor
    float16 changes them. `batches` are what the networks were given. The others say what goes wrong where.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cache: Path, *available: str) -> None:
        self.times = {"cpu": 5.0}
        self.half = 2.0
        self.failures: dict[str, str] = {}
        self.failing_forms: dict[Form, str] = {}
        self.wrong: set[str] = set()
        self.wrong_forms: set[Form] = set()
        self.replays_old_results = False
        self.opened: list[Opened] = []
        self.sizes: list[int] = []
        self.batches: dict[str, list[int]] = defaultdict(list)
        self.threads: set[int] = set()
        monkeypatch.setattr(paths, "user_cache_dir", lambda: cache)
        monkeypatch.setattr(network, "accelerators", lambda: available)
        monkeypatch.setattr(network, "obstacle", lambda device: None)
        monkeypatch.setattr(network, "_BOUND_MEMORY", "cpu")
        monkeypatch.setattr(network, "is_faster", self._is_faster)
        monkeypatch.setattr(placement, "is_faster", self._is_faster)
        self._open_session = SessionOrder.session
        warmed_up = Network._warmed_up

        def session(order: SessionOrder, device: Any, form: Form = PLAIN, folder: Path | None = None) -> Any:
            if device == "cpu":
                return self._open_session(order, "cpu")
            return self._session(order, device, form, folder)

        def timed(loaded: Network, *moments: float) -> Network:
            warmed_up(loaded, *moments)
            loaded.report = replace(loaded.report, median_ms=self._time(loaded))
            return loaded

        monkeypatch.setattr(SessionOrder, "session", session)
        monkeypatch.setattr(Network, "_warmed_up", timed)

    def _session(self, order: SessionOrder, device: Any, form: Form, folder: Path | None) -> Any:
        self.opened.append(Opened(device, form, folder))
        self.threads.add(threading.get_ident())
        if device in self.failures:
            raise UnavailableError(self.failures[device])
        if form in self.failing_forms:
            raise UnavailableError(self.failing_forms[form])
        return FakeSession(self._open_session(order, "cpu"), order.name, device, form, self)

    def _time(self, loaded: Network) -> float:
        half = "float16" in loaded.report.form
        return self.times.get(loaded.report.device, 1.0) * (self.half if half else 1.0)

    def _is_faster(self, rival: Any, present: Any) -> bool:
        return self._time(rival) < self._time(present)


class FakeSession:
    """A session on the CPU under another provider's name."""

    def __init__(self, session: Any, name: str, device: Any, form: Form, fakes: FakeDevices) -> None:
        self._session = session
        self._name = name
        self._fakes = fakes
        self._off = 1000 if device in fakes.wrong or form in fakes.wrong_forms else 0
        self._ran: set[int] = set()
        self.get_inputs, self.get_outputs = session.get_inputs, session.get_outputs
        self.get_modelmeta, self.io_binding = session.get_modelmeta, session.io_binding
        self._providers = [PROVIDERS[device], PROVIDERS["cpu"]]

    def get_providers(self) -> list[str]:
        return self._providers

    def run(self, names: Any, inputs: dict[str, np.ndarray], options: Any = None) -> list[np.ndarray]:
        self._note(len(next(iter(inputs.values()))))
        return [output + self._off for output in self._session.run(names, inputs, options)]

    def run_with_iobinding(self, binding: Any, options: Any = None) -> None:
        self._note(binding.get_outputs()[0].shape()[0])
        if self._fakes.replays_old_results and id(binding) in self._ran:
            return
        self._ran.add(id(binding))
        self._session.run_with_iobinding(binding, options)
        for output in binding.get_outputs() if self._off else ():
            values = output.numpy()
            values += self._off

    def _note(self, size: int) -> None:
        self._fakes.sizes.append(size)
        self._fakes.batches[self._name].append(size)
        self._fakes.threads.add(threading.get_ident())
