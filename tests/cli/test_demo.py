"""`livefg demo` without a display: to the end, without a network, with everything named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from livefg import FrameResult

Start = Callable[..., subprocess.Popen[str]]

# Ends the program at once where it reaches for a network, so that no handler can hide it.
BLOCK_SOCKETS = """
import os, socket, sys

def refuse(*arguments, **names):
    sys.stderr.write(f"NETWORK {arguments}\\n")
    sys.stderr.flush()
    os._exit(97)

for name in ("connect", "connect_ex", "sendto", "bind"):
    setattr(socket.socket, name, refuse)
for name in ("getaddrinfo", "create_connection", "gethostbyname"):
    setattr(socket, name, refuse)
"""


@pytest.fixture
def no_network(tmp_path: Path) -> dict[str, str]:
    """An environment in which every attempt to reach a network ends the program with status 97."""
    folder = tmp_path / "blocked"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BLOCK_SOCKETS)
    root = Path(__file__).resolve().parents[2]
    return {"PYTHONPATH": f"{folder}:{root}", "DISPLAY": "", "WAYLAND_DISPLAY": ""}


def test_the_demo_runs_to_the_end_without_a_network_or_a_display(
    start_livefg: Start, no_network: dict[str, str], tmp_path: Path
) -> None:
    running = start_livefg("demo", environment=no_network)
    out, err = running.communicate(timeout=280)
    assert running.returncode == 0, err
    folder = tmp_path / "livefg-demo"
    results = [
        FrameResult.from_json(line) for line in (folder / "demo.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(results) == 360
    assert sum(len(result.faces) == 1 for result in results) >= 0.99 * 360
    with av.open(str(folder / "demo.mp4")) as video:
        assert video.streams.video[0].frames == 360
    assert "There is no display here" in err
    for word in (
        "frames",
        "faces",
        "hands",
        "victory",
        "right hand",
        "thumb_up",
        "frames/s",
        "on cpu",
        "demo.mp4",
    ):
        assert word in out


def test_the_block_would_be_noticed(no_network: dict[str, str]) -> None:
    reach_out = (
        "import urllib.request as r\ntry:\n r.urlopen('http://127.0.0.1:9/')\nexcept BaseException: pass"
    )
    ended = subprocess.run([sys.executable, "-c", reach_out], env={**os.environ, **no_network}, check=False)
    assert ended.returncode == 97


def test_json_prints_one_object(start_livefg: Start, tmp_path: Path) -> None:
    running = start_livefg("demo", "--json", "--out", tmp_path / "out", "--hands", "0", "--quality", "low")
    out, err = running.communicate(timeout=280)
    assert running.returncode == 0, err
    summary = json.loads(out)
    assert summary["seen"]["frames_with_hands"] == 0
    assert [Path(name).name for name in summary["files"]] == ["demo.jsonl", "demo.mp4", "demo.meta.json"]
