"""Ctrl-C asks first and insists the second time."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from livefg.loop import StopSignals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_only_asks(number: int) -> None:
    calls: list[str] = []
    with StopSignals(lambda: calls.append("stop")) as signals:
        os.kill(os.getpid(), number)
        assert signals.event.wait(5)
        assert signals.received == number
    assert calls == ["stop"]


def test_the_second_signal_insists() -> None:
    with StopSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        assert signals.event.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopSignals():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_it_only_holds_the_event() -> None:
    received: list[int | None] = []

    def work() -> None:
        with StopSignals() as signals:
            received.append(signals.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert received == [None]
