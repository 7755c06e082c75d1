"""Making a data set: it can be stopped and gone on with, and its tables hold what they say."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from livefg.errors import LivefgError
from training.samples import Samples
from training.synthetic import shards as shards_module
from training.synthetic.__main__ import command
from training.synthetic.generate import generate
from training.synthetic.shards import read_arrays, shards, write_arrays
from training.synthetic.table import compact, joined


@pytest.fixture(autouse=True)
def two_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards_module, "CLASSES", ("none", "open_palm"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.npz")}


def test_shards_cover_every_sample_once_and_classes_take_turns() -> None:
    listed = shards(per_class=90, seed=0)
    for label, count in (("none", 360), ("open_palm", 90)):
        own = sorted((shard.start, shard.stop) for shard in listed if shard.label == label)
        assert [start for start, _ in own] == [0, *(stop for _, stop in own[:-1])]
        assert own[-1][1] == count
    assert {shard.label for shard in listed[:2]} == {"none", "open_palm"}


def test_a_run_that_was_stopped_goes_on_to_the_same_files(tmp_path: Path) -> None:
    wanted = generate(tmp_path, per_class=2, seed=0, jobs=1)
    whole = contents(tmp_path)
    wanted[0].landmarks(tmp_path).unlink()
    wanted[1].landmarks(tmp_path).unlink()
    wanted[1].pictures(tmp_path).unlink()
    kept = wanted[0].pictures(tmp_path).stat().st_mtime_ns
    generate(tmp_path, per_class=2, seed=0, jobs=1)
    assert contents(tmp_path) == whole
    assert wanted[0].pictures(tmp_path).stat().st_mtime_ns == kept


def test_two_processes_make_the_same_files_as_one(tmp_path: Path) -> None:
    for jobs in (1, 2):
        generate(tmp_path / str(jobs), per_class=1, seed=0, jobs=jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_the_command_writes_tables_and_a_report(tmp_path: Path) -> None:
    small = tmp_path / "small.npz"
    arguments = ["--out", str(tmp_path / "out"), "--per-class", "2", "--table", str(small), "--sheets"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0
    assert "open_palm" in result.stdout
    table = read_arrays(tmp_path / "out" / "table.npz")
    assert table["label"].tolist() == ["none"] * 8 + ["open_palm"] * 2
    assert table["landmarks"].shape == (10, 21, 3)
    assert (tmp_path / "out" / "sheets" / "none.png").exists()
    chosen = Samples.load(small)
    assert 0 < len(chosen) <= table["found"].sum()
    assert chosen.has_depth.all()
    assert read_arrays(small)["landmarks"].dtype == np.float16


def test_the_small_table_keeps_landmarks_to_a_fraction_of_their_error(tmp_path: Path) -> None:
    table = joined(tmp_path, generate(tmp_path, per_class=1, seed=5, jobs=1))
    seen = {"found": np.ones(5, bool), "error": np.zeros(5), "joints": table["landmarks"][:, :, :2]}
    chosen = compact(table | seen)
    assert np.abs(chosen["landmarks"].astype(float)[:, :, :2] - table["landmarks"][:, :, :2]).max() <= 0.25
    assert np.abs(chosen["world"].astype(float) - table["world"]).max() <= 0.0005


def test_landmarks_that_show_another_gesture_are_left_out_of_the_small_table(tmp_path: Path) -> None:
    table = joined(tmp_path, generate(tmp_path, per_class=1, seed=5, jobs=1))
    found = table | {
        "found": np.ones(5, bool),
        "error": np.zeros(5),
        "joints": table["landmarks"][:, :, :2].copy(),
    }
    found["joints"][2, 8] += 0.7 * found["palm"][2]
    assert len(compact(found)["label"]) == 4


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    write_arrays(path, {"a": np.arange(3)})
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(LivefgError, match=r"table\.npz cannot be read"):
        read_arrays(path)
