"""`livefg models` lists, checks and describes what is installed."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from onnx_files import LABELS, save_classifier, save_doubler, save_gestures, write_manifest

from livefg import LivefgError, Pipeline, PipelineSettings
from livefg.cli import models
from livefg.inference.manifest import find_model


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models.command, arguments)


@pytest.fixture
def installed(shipped_models: Path, own_models: Path) -> Path:
    """A shipped network and a shipped classifier, and one classifier of the user's own; gives the shipped folder."""
    files = [save_doubler(shipped_models / "doubler.onnx"), save_classifier(shipped_models / "canned.onnx")]
    write_manifest(shipped_models, *files)
    save_classifier(own_models / "mine.onnx", {"livefg.task": "motion", "livefg.licence": "private"})
    return shipped_models


@pytest.mark.usefixtures("installed")
def test_the_list_has_the_shipped_ones_and_ones_own() -> None:
    result = run("list")
    rows = [line.split() for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert rows[1] == ["doubler", "-", "0.0", "MiB", "Apache-2.0", "intact"]
    assert rows[2][:2] == ["canned", "gesture"]
    assert rows[3] == ["mine", "motion", "0.0", "MiB", "private", "your", "own"]


@pytest.mark.usefixtures("installed")
def test_the_list_as_json_has_labels_and_sources() -> None:
    listed = {model["name"]: model for model in json.loads(run("list", "--json").output)}
    assert listed["canned"]["labels"] == list(LABELS)
    assert listed["doubler"]["source"] == "a test"
    assert listed["doubler"]["inputs"] == ["image uint8 [N, 4, 4, 3]"]
    assert [listed[name]["shipped"] for name in ("doubler", "canned", "mine")] == [True, True, False]
    assert all(model["fault"] is None for model in listed.values())


@pytest.mark.usefixtures("installed")
def test_verify_passes_where_all_is_well() -> None:
    result = run("verify")
    assert result.exit_code == 0
    assert result.output.split() == ["ok", "doubler", "ok", "canned", "ok", "mine"]


def test_verify_fails_and_says_which_and_why(installed: Path) -> None:
    (installed / "doubler.onnx").write_bytes(b"changed")
    result = run("verify")
    assert result.exit_code == 1
    assert "FAIL  doubler: The network" in result.output
    assert "was changed or cut short" in result.output
    assert "ok    canned" in result.output


@pytest.mark.usefixtures("installed")
def test_verify_checks_ones_own_classifiers_against_the_contract(own_models: Path) -> None:
    save_classifier(own_models / "mine.onnx", {"livefg.labels": "[]"})
    result = run("verify", "--json")
    faults = {model["name"]: model["fault"] for model in json.loads(result.output)}
    assert result.exit_code == 1
    assert faults["doubler"] is None
    assert "has fewer than two labels" in faults["mine"]


@pytest.mark.usefixtures("installed")
def test_a_file_with_a_shipped_name_is_pointed_out(own_models: Path) -> None:
    save_classifier(own_models / "canned.onnx")
    result = run("verify")
    assert result.exit_code == 1
    assert "has the name of a shipped network and is found by its path only" in result.output


@pytest.mark.usefixtures("installed")
def test_info_describes_a_classifier() -> None:
    output = run("info", "mine").output
    assert "  task:              motion" in output
    assert "by person" in output
    assert ", ".join(LABELS) in output
    assert json.loads(run("info", "mine", "--json").output)["classifier"]["metrics"] == {"accuracy": 0.9}


def test_info_describes_a_file_by_its_path(installed: Path, tmp_path: Path) -> None:
    path = save_classifier(tmp_path / "elsewhere.onnx")
    result = run("info", str(path))
    assert result.exit_code == 0
    assert str(path) in result.output


def test_everything_that_ships_is_as_it_should_be() -> None:
    assert run("verify").exit_code == 0


@pytest.mark.usefixtures("installed")
def test_info_of_an_unknown_name_is_an_error() -> None:
    result = run("info", "nobody")
    assert isinstance(result.exception, LivefgError)
    assert "There is no network called 'nobody'" in str(result.exception)


def test_info_of_a_faulty_network_tells_what_it_knows_and_fails(installed: Path) -> None:
    (installed / "doubler.onnx").write_bytes(b"changed")
    result = run("info", "doubler")
    assert isinstance(result.exception, LivefgError)
    assert "licence:             Apache-2.0" in result.output


@pytest.fixture
def canned(shipped_models: Path, own_models: Path) -> Path:
    """The gestures that ship; gives the folder of the user's own models."""
    write_manifest(shipped_models, save_gestures(shipped_models / "gesture_canned.onnx"))
    return own_models


def in_use() -> list[str]:
    return [model["name"] for model in json.loads(run("list", "--json").output) if model["in_use"]]


def test_a_file_is_copied_checked_and_used(canned: Path, tmp_path: Path) -> None:
    assert in_use() == ["gesture_canned"]
    result = run("use", str(save_gestures(tmp_path / "mine.onnx")))
    assert result.output == "mine names gestures now (3 labels: none, wave_off, hush)\n"
    assert (canned / "mine.onnx").is_file()
    assert in_use() == ["mine"]
    assert run("list").output.splitlines()[-1].endswith("your own, in use")


def test_ones_own_and_what_ships_are_chosen_by_name(canned: Path) -> None:
    save_gestures(canned / "mine.onnx")
    assert run("use", "mine").exit_code == 0
    assert in_use() == ["mine"]
    assert run("use", "gesture_canned").exit_code == 0
    assert in_use() == ["gesture_canned"]


@pytest.mark.usefixtures("canned")
def test_a_copy_may_get_another_name(tmp_path: Path) -> None:
    made = save_gestures(tmp_path / "gesture_canned.onnx")
    assert "give --name another" in str(run("use", str(made)).exception)
    assert run("use", str(made), "--name", "mine").exit_code == 0
    assert in_use() == ["mine"]
    assert run("use", "mine", "--name", "yours").exit_code == 2


@pytest.mark.usefixtures("canned")
def test_what_cannot_name_gestures_is_not_taken(tmp_path: Path) -> None:
    result = run("use", str(save_classifier(tmp_path / "strange.onnx", {"livefg.task": "identity"})))
    assert "is for identity, not for gesture" in str(result.exception)
    assert in_use() == ["gesture_canned"]


def test_motions_of_hands_are_named_by_the_chosen_one_too(own_models: Path, tmp_path: Path) -> None:
    made = str(shutil.copy(find_model("motion").path, tmp_path / "mine.onnx"))
    assert in_use() == ["gesture", "motion"]
    assert run("use", made).output.startswith("mine names motions now (")
    assert in_use() == ["gesture", "mine"]
    pipeline = Pipeline(PipelineSettings(faces=0, device="cpu"))
    pipeline.wait()
    assert "mine" in {report.name for report in pipeline.reports}
    pipeline.close()
    assert run("remove", "mine").output == "mine is removed; motion names motions now\n"
    assert not (own_models / "mine.onnx").exists()


@pytest.mark.usefixtures("own_models")
def test_motions_of_heads_cannot_take_the_place_of_those_of_hands() -> None:
    assert isinstance(run("use", "head_motion").exception, LivefgError)
    assert in_use() == ["gesture", "motion"]


def test_removing_goes_back_to_what_ships(canned: Path) -> None:
    save_gestures(canned / "mine.onnx")
    run("use", "mine")
    assert run("remove", "mine").output == "mine is removed; gesture_canned names gestures now\n"
    assert in_use() == ["gesture_canned"]
    assert isinstance(run("remove", "mine").exception, LivefgError)


def test_a_choice_that_is_gone_does_not_keep_the_list_from_being_shown(canned: Path) -> None:
    save_gestures(canned / "mine.onnx")
    run("use", "mine")
    (canned / "mine.onnx").unlink()
    assert in_use() == []
    assert run("use", "gesture_canned").exit_code == 0
