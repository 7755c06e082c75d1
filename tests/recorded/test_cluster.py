"""`--engine ray`: the same results from two machines of a cluster, whatever becomes of one of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from videos import make_video

from livefg.batch import Batch, BatchSettings, Outcome, plan
from livefg.errors import LivefgError
from livefg.pipeline import PipelineSettings
from livefg.recorded import cluster as cluster_module
from livefg.recorded.cluster import run_on_ray

NOTHING = PipelineSettings(hands=0, faces=0, workers=1)


@pytest.fixture(scope="module")
def ray() -> Any:
    """Ray itself, which warns of its own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("ray", reason="needs the extra ray")


@pytest.fixture
def cluster(ray: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two machines with a core each, as far as Ray knows."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = two_nodes()
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def two_nodes(attempts: int = 3) -> Any:
    """A cluster that is up. Ray gives each node 30 s, which is too short on a machine that is busy otherwise."""
    from ray.cluster_utils import Cluster

    made = Cluster()
    try:
        made.add_node(num_cpus=1, include_dashboard=False)
        made.add_node(num_cpus=1)
        made.wait_for_nodes()
    except Exception:
        made.shutdown()
        if attempts == 1:
            raise
        return two_nodes(attempts - 1)
    return made


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Four films and what calls itself one."""
    first = make_video(tmp_path / "a.mp4", range(40), Fraction(1, 30), audio="aac", flash_at=0.5)
    others = [Path(shutil.copy(first, tmp_path / f"{name}.mp4")) for name in "bcd"]
    (tmp_path / "z.mp4").write_bytes(b"no video" * 100)
    return [first, *others, tmp_path / "z.mp4"]


def on_ray(
    out: Path, films: list[Path], address: str, stopping: threading.Event | None = None
) -> list[Outcome]:
    """The outcomes in the order of the inputs."""
    settings = BatchSettings(out)
    jobs = plan(map(str, films), settings).jobs
    frames: list[int] = []
    found = run_on_ray(
        jobs,
        settings,
        NOTHING,
        address=address,
        stopping=stopping or threading.Event(),
        on_frames=frames.append,
    )
    outcomes = sorted((outcome for outcome, _ in found), key=lambda outcome: outcome.source)
    assert frames == sorted(frames)
    return outcomes


@pytest.mark.timeout(290)
def test_two_machines_give_what_one_gives(cluster: Any, films: list[Path], tmp_path: Path) -> None:
    outcomes = on_ray(tmp_path / "cluster", films, cluster.address)
    assert [outcome.status for outcome in outcomes] == ["done"] * 4 + ["failed"]
    assert outcomes[-1].error
    assert "z.mp4 cannot be opened as a video" in outcomes[-1].error
    settings = BatchSettings(tmp_path / "alone")
    with Batch(settings, NOTHING) as batch:
        alone = [batch.run(job) for job in plan(map(str, films[:4]), settings).jobs]
    for one, other in zip(alone, outcomes, strict=False):
        assert [path.name for path in one.files] == [path.name for path in other.files]
        for path in one.files:
            twin = tmp_path / "cluster" / path.name
            if path.suffix == ".jsonl":
                assert [json.loads(line) for line in path.read_text().splitlines()] == [
                    json.loads(line) for line in twin.read_text().splitlines()
                ]
    assert not list((tmp_path / "cluster").glob("*.unfinished"))


@pytest.mark.timeout(290)
def test_what_a_lost_machine_had_is_done_by_another(cluster: Any, tmp_path: Path) -> None:
    films = [make_video(tmp_path / f"{name}.mp4", range(2500), Fraction(1, 30)) for name in "ab"]
    out = tmp_path / "out"
    options = ["--hands", "0", "--faces", "0", "--json", "--engine", "ray", "--ray-address", cluster.address]
    running = subprocess.Popen(
        [sys.executable, "-m", "livefg", "process", *map(str, films), "--out", str(out), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while len(list(out.glob("*.unfinished"))) < 2 and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    told, err = running.communicate(timeout=150)
    assert running.returncode == 0, err
    inputs = json.loads(told)["inputs"]
    assert [one["status"] for one in inputs] == ["done", "done"]
    assert [one["seen"]["frames"] for one in inputs] == [2500, 2500]
    assert not list(out.glob("*.unfinished"))


@pytest.mark.timeout(290)
def test_a_run_that_is_stopped_ends_whole(cluster: Any, films: list[Path], tmp_path: Path) -> None:
    stopping = threading.Event()
    stopping.set()
    outcomes = on_ray(tmp_path / "out", films[:4], cluster.address, stopping)
    assert {outcome.status for outcome in outcomes} <= {"stopped"}
    assert not list((tmp_path / "out").glob("*.jsonl"))


def test_what_ray_says_of_lost_machines_is_no_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Said:
        def __init__(self, *_: object) -> None:
            thread = threading.Thread(target=print, args=("one is lost",), name="ray_listen_error_messages")
            thread.start()
            thread.join()

        def outcomes(self, *_: object) -> list[Any]:
            print("a result")
            return []

    fake = SimpleNamespace(shutdown=lambda: print("another one, too"))
    monkeypatch.setattr(cluster_module, "require_ray", lambda: fake)
    monkeypatch.setattr(cluster_module, "_join", lambda *_: True)
    monkeypatch.setattr(cluster_module, "_Run", Said)
    assert list(run_on_ray([], BatchSettings(tmp_path), NOTHING, stopping=threading.Event())) == []
    assert capsys.readouterr() == ("a result\n", "one is lost\nanother one, too\n")


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(LivefgError, match=r"pip install 'livefg\[ray\]'"):
        list(run_on_ray([], BatchSettings(tmp_path), NOTHING, stopping=threading.Event()))
