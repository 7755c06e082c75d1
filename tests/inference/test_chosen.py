"""Which classifier does a task: the user's choice, or what ships."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from onnx_files import save_doubler, save_gestures, write_manifest

from livefg.errors import LivefgError
from livefg.inference.chosen import choice_file, choose, chosen, install, model_for, uninstall


@pytest.fixture
def canned(shipped_models: Path, own_models: Path) -> Path:
    """MediaPipe's classifier as the only one that ships; gives its file."""
    path = save_gestures(shipped_models / "gesture_canned.onnx")
    write_manifest(shipped_models, path)
    return path


def test_without_a_choice_the_canned_gestures_are_used_while_nothing_better_ships(canned: Path) -> None:
    assert chosen("gesture") is None
    assert model_for("gesture").path == canned


def test_the_gestures_that_ship_come_before_the_canned_ones(canned: Path) -> None:
    better = save_gestures(canned.with_name("gesture.onnx"))
    write_manifest(canned.parent, canned, better)
    assert model_for("gesture").path == better


@pytest.mark.usefixtures("canned")
def test_an_installed_file_is_used_once_it_is_chosen(own_models: Path, tmp_path: Path) -> None:
    made = save_gestures(tmp_path / "downloads" / "mine.onnx")
    installed = install(made, "mine")
    choose("gesture", "mine")
    assert installed.path == own_models / "mine.onnx"
    assert installed.path.read_bytes() == made.read_bytes()
    assert model_for("gesture").path == installed.path


@pytest.mark.usefixtures("canned")
@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_what_is_installed_can_be_read_by_its_owner_only(own_models: Path, tmp_path: Path) -> None:
    install(save_gestures(tmp_path / "mine.onnx"), "mine")
    choose("gesture", "mine")
    assert own_models.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in own_models.iterdir()} == {0o600}


@pytest.mark.usefixtures("canned")
def test_a_wish_comes_before_the_choice(own_models: Path, tmp_path: Path) -> None:
    save_gestures(own_models / "mine.onnx")
    choose("gesture", "mine")
    wished = save_gestures(tmp_path / "other.onnx")
    assert model_for("gesture", str(wished)).path == wished
    assert model_for("gesture", "gesture_canned").name == "gesture_canned"


@pytest.mark.usefixtures("canned")
def test_a_file_may_be_installed_from_where_it_lies_already(own_models: Path) -> None:
    mine = save_gestures(own_models / "mine.onnx")
    content = mine.read_bytes()
    assert install(mine, "mine").path == mine
    assert mine.read_bytes() == content


def test_removing_the_chosen_one_goes_back_to_what_ships(canned: Path, own_models: Path) -> None:
    save_gestures(own_models / "mine.onnx")
    choose("gesture", "mine")
    assert uninstall("mine") == ("gesture",)
    assert not (own_models / "mine.onnx").exists()
    assert model_for("gesture").path == canned


@pytest.mark.usefixtures("canned")
def test_removing_another_one_changes_nothing(own_models: Path) -> None:
    for name in ("mine", "yours"):
        save_gestures(own_models / f"{name}.onnx")
    choose("gesture", "mine")
    assert uninstall("yours") == ()
    assert chosen("gesture") == "mine"


@pytest.mark.usefixtures("canned")
def test_a_chosen_file_that_somebody_deleted_is_named_with_the_cure(own_models: Path) -> None:
    mine = save_gestures(own_models / "mine.onnx")
    choose("gesture", "mine")
    mine.unlink()
    with pytest.raises(
        LivefgError, match=r"'mine' that you chose is not there any more; `livefg models use ges"
    ):
        model_for("gesture")


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"gesture": 3}'])
@pytest.mark.usefixtures("canned", "own_models")
def test_a_damaged_choice_is_told(content: str) -> None:
    choice_file().write_text(content)
    with pytest.raises(LivefgError, match="is damaged; remove it and choose again"):
        model_for("gesture")


@pytest.mark.usefixtures("canned", "own_models")
def test_the_names_of_what_ships_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(LivefgError, match="'gesture_canned' is the name of a network that ships"):
        install(save_gestures(tmp_path / "mine.onnx"), "gesture_canned")
    with pytest.raises(LivefgError, match="ships with livefg and stays"):
        uninstall("gesture_canned")


@pytest.mark.parametrize("name", ["", "../mine", "a/b", ".hidden", "a\\b"])
@pytest.mark.usefixtures("canned", "own_models")
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    made = save_doubler(tmp_path / "made.onnx")
    with pytest.raises(LivefgError, match="cannot be the name of a model"):
        install(made, name)
    with pytest.raises(LivefgError, match="There is no model of your own"):
        uninstall(name)
