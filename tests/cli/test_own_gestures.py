"""A classifier of one's own, from the file to the running loop, as a user does it: each command a process."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from onnx_files import save_gestures

Start = Callable[..., "subprocess.Popen[str]"]
PATIENCE_SECONDS = 60.0


class Live:
    """`livefg live` without a window, whose words can be waited for."""

    def __init__(self, start: Callable[..., subprocess.Popen[str]]) -> None:
        self.process = start("live", "--source", "demo", "--loop", "--headless", "--faces", "0")
        self._lines: queue.Queue[str] = queue.Queue()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self._lines.put(line)

    def says(self, *words: str) -> str:
        """Wait for a line with these words in it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            if all(word in line for word in words):
                return line.strip()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def user(start_livefg: Start, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start commands as a user whose folders are empty."""
    environment = {name: str(tmp_path / "home") for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    return lambda *arguments: start_livefg(*arguments, environment=environment)


@pytest.fixture
def live(user: Callable[..., subprocess.Popen[str]]) -> Iterator[Live]:
    running = Live(user)
    yield running
    running.end()


def run(user: Callable[..., subprocess.Popen[str]], *arguments: object) -> str:
    process = user(*arguments)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    return out


def test_a_running_loop_takes_a_new_classifier_a_changed_one_and_refuses_a_bad_one(
    live: Live, user: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    live.says("gesture", "start", "closed_fist")

    made = save_gestures(tmp_path / "made.onnx")
    assert "made names gestures now" in run(user, "models", "use", made)
    assert live.says("Gestures are named by") == "Gestures are named by made (wave_off, hush) now."
    live.says("gesture", "start", "wave_off")

    installed = tmp_path / "home" / "livefg" / "models" / "made.onnx"
    save_gestures(installed, says="hush")
    live.says("Gestures are named by made")
    live.says("gesture", "start", "hush")

    installed.write_bytes(b"nonsense")
    assert live.says("made.onnx").endswith("made stays in use.")
    live.says("gesture", "start", "hush")

    assert "is removed" in run(user, "models", "remove", "made")
    live.says("Gestures are named by gesture")
    live.says("gesture", "start", "closed_fist")
    assert live.process.poll() is None


def test_a_model_for_one_run_is_named_with_a_flag(
    user: Callable[..., subprocess.Popen[str]], clip: Path, tmp_path: Path
) -> None:
    made = save_gestures(tmp_path / "made.onnx")
    out = run(user, "live", "--source", clip, "--headless", "--json", "--gesture-model", made)
    assert '"label":"wave_off"' in out


def test_a_choice_that_is_gone_is_one_sentence(
    user: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    run(user, "models", "use", save_gestures(tmp_path / "made.onnx"))
    (tmp_path / "home" / "livefg" / "models" / "made.onnx").unlink()
    process = user("live", "--source", "demo", "--headless")
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "'made' that you chose is not there any more; `livefg models use gesture" in err.splitlines()[-1]
