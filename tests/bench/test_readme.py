"""The README's figures are those of the newest results, and nobody types them."""

import json
from pathlib import Path

import pytest

from livefg.bench.readme import figures, with_figures
from livefg.errors import LivefgError

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_says_what_the_newest_results_say() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_figures(text, figures(ROOT / "docs" / "benchmarks")) == text


def test_newer_results_take_the_place_of_older_ones(tmp_path: Path) -> None:
    machine = {"cpu": "Some CPU", "cores": 8}
    contestant = {"name": "livefg", "every": {"mean": 5.0, "p95": 6.0}, "cpu_ms": 9.0}
    against = {"source": "demo", "width": 640, "height": 480, "contestants": [contestant]}
    for day, ratio in (("2026-01-01", 1.5), ("2026-02-01", 2.5)):
        result = {**machine, **against, "ratios": {"livefg": {"all": ratio}}}
        (tmp_path / f"{day}-against-mediapipe-x.json").write_text(json.dumps(result))
    workload = {"name": "demo 640x480", "fps": 99.6, "stream_fps": 120.0, "cpu_ms": 8.0}
    live = {"sources": 1, "fps": 30.0, "age_p50_ms": 12, "age_p95_ms": 20, "dropped": 3, "captured": 300}
    cameras = {"live": [{**live, "cpu_percent": 41.0}], "first_frame_seconds": [2, 1.2, 1.1]}
    for what, result in (("sizes", {"workloads": [workload]}), ("cameras", cameras)):
        (tmp_path / f"2026-02-01-{what}-x.json").write_text(json.dumps({**machine, **result}))
    found = figures(tmp_path)
    assert "8 cores of Some CPU" in found
    assert "| livefg | 5.0 | 6.0 | 9.0 | 2.50 times |" in found
    assert "| demo 640x480 | 100 | 120 | 8.0 |" in found
    assert "| 1 | 30.0 | 12 | 20 | 1% | 41 % |" in found
    assert "1.2 s." in found


def test_without_results_or_a_place_for_them_there_is_a_clear_word(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="against-mediapipe"):
        figures(tmp_path)
    with pytest.raises(LivefgError, match="no lines"):
        with_figures("# A README", "figures")
