"""The converter makes the shipped files again, byte for byte, and refuses what is broken."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from livefg import LivefgError
from livefg.paths import shipped_models_dir
from training.convert.__main__ import convert, main
from training.convert.manifest import update_manifest
from training.convert.parity import check_parity
from training.convert.recipes import RECIPES
from training.convert.samples import Samples
from training.convert.upstream import UPSTREAM, UpstreamFolder

ONE_EACH = ("palm_detector_lite", "blendshapes", "face_detector", "gesture_canned", "expression")


@pytest.fixture(scope="module")
def samples() -> Samples:
    return Samples()


@pytest.fixture
def upstream(shared: Path) -> UpstreamFolder:
    return UpstreamFolder(shared / "models")


@pytest.mark.shared
@pytest.mark.parametrize("name", ONE_EACH)
def test_a_shipped_network_can_be_made_again_byte_for_byte(
    name: str, upstream: UpstreamFolder, samples: Samples
) -> None:
    model, parity = convert(name, RECIPES[name], upstream, samples)
    assert model == (shipped_models_dir() / f"{name}.onnx").read_bytes()
    assert max(parity["max_abs"].values()) <= parity["tolerance"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["palm_detector_lite", "blendshapes", "gesture_canned"])
def test_a_network_with_one_changed_tensor_of_weights_is_refused(
    name: str, upstream: UpstreamFolder, samples: Samples
) -> None:
    recipe = RECIPES[name]
    parts = recipe.read(upstream)
    model = recipe.convert(*parts[: recipe.converted])
    weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    halved = numpy_helper.from_array(numpy_helper.to_array(weights) / 2, weights.name)
    weights.CopyFrom(halved)
    case = recipe.reference(parts, samples)
    with pytest.raises(LivefgError, match=rf"{name} is not written: its output \w+ is off by .* is allowed"):
        check_parity(name, model.SerializeToString(), case, recipe.tolerance)


@pytest.mark.shared
def test_the_command_writes_network_card_and_manifest(shared: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--from", str(shared / "models"), "--out", str(tmp_path), "--only", "face_detector"])
    assert exit_.value.code == 0
    content = (tmp_path / "face_detector.onnx").read_bytes()
    entry = json.loads((tmp_path / "manifest.json").read_text())["models"]["face_detector"]
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["sha256"] in (tmp_path / "cards" / "face_detector.md").read_text()
    printed = capsys.readouterr()
    assert printed.out.startswith("face_detector.onnx")
    assert printed.err == "converting face_detector\n"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "face_detector.md",
        "face_detector.onnx",
        "manifest.json",
    ]


def test_a_truncated_upstream_file_is_named_with_the_hash_it_should_have(tmp_path: Path) -> None:
    file = "face_landmarker.task"
    (tmp_path / file).write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(LivefgError) as error:
        UpstreamFolder(tmp_path).read(file)
    assert str(tmp_path / file) in str(error.value)
    assert UPSTREAM[file].sha256 in str(error.value)
    assert "changed or cut short" in str(error.value)


def test_a_missing_upstream_file_says_which_one_and_where_to_get_it(tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--from", str(tmp_path), "--out", str(tmp_path / "out"), "--only", "hand_landmarks_lite"])
    assert exit_.value.code == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert "hand_landmark_lite.tflite cannot be read (no such file or directory)" in message
    assert UPSTREAM["hand_landmark_lite.tflite"].sha256 in message
    assert "the PyPI wheel mediapipe 0.10.21" in message
    assert not (tmp_path / "out").exists()


def test_an_unknown_network_is_wrong_use(tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--from", str(tmp_path), "--only", "nose_detector"])
    assert exit_.value.code == 2
    assert "nose_detector" in capsys.readouterr().err


def test_a_new_entry_leaves_the_others_in_the_manifest(tmp_path: Path) -> None:
    update_manifest(tmp_path, {"mine": {"file": "mine.onnx"}})
    update_manifest(tmp_path, {"yours": {"file": "yours.onnx"}, "a": {"file": "a.onnx"}})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["format"] == 1
    assert list(manifest["models"]) == ["a", "mine", "yours"]


def test_a_manifest_that_is_not_json_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(LivefgError, match=r"manifest\.json cannot be read"):
        update_manifest(tmp_path, {"mine": {}})
    assert (tmp_path / "manifest.json").read_text() == "{"


def test_converting_does_not_need_torch() -> None:
    code = "import sys, training.convert.__main__; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_the_same_samples_come_out_each_time() -> None:
    first, second = Samples().hands(64), Samples().hands(64)
    assert first.shape[1:] == (64, 64, 3)
    assert np.array_equal(first, second)


def test_every_recipe_writes_the_licence_into_the_file_itself() -> None:
    for name, recipe in RECIPES.items():
        model = onnx.load(shipped_models_dir() / f"{name}.onnx")
        metadata = {entry.key: entry.value for entry in model.metadata_props}
        assert metadata["livefg.licence"] == UPSTREAM[recipe.source].licence
        assert metadata["livefg.source_sha256"] == UPSTREAM[recipe.source].sha256
