"""`livefg people`: what a user can see and change of the enrolled people."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from identities import look, somebody

from livefg import LivefgError, paths
from livefg.cli import people
from livefg.gallery import GalleryFile, Portrait


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GalleryFile:
    """A gallery with Anna (two portraits, one with a thumbnail) and Bo (one)."""
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "livefg")
    gallery = GalleryFile()
    anna = [look(somebody(1), seed=seed) for seed in (1, 2)]
    with gallery.edit() as edit:
        first, second = Portrait(anna[0], 0.9, thumbnail=b"jpeg"), Portrait(anna[1], 0.8)
        edit.gallery = edit.gallery.with_portraits("Anna", [first, second])
        edit.gallery = edit.gallery.with_portraits("Bo", [Portrait(somebody(2), 0.7)])
    return gallery


def run(*arguments: str | Path, answer: str | None = None) -> Result:
    return CliRunner().invoke(people.command, [str(argument) for argument in arguments], input=answer)


def said(result: Result) -> str:
    """The sentence of an error."""
    assert isinstance(result.exception, LivefgError)
    return str(result.exception)


def test_the_list_has_everybody(file: GalleryFile) -> None:
    assert run("list").output == "Anna  (2 portraits)\nBo  (1 portrait)\n"
    listed = json.loads(run("list", "--json").output)
    assert [(person["name"], person["portraits"], person["thumbnails"]) for person in listed] == [
        ("Anna", 2, True),
        ("Bo", 1, False),
    ]


def test_where_nobody_is_enrolled_the_list_says_how_to_begin(file: GalleryFile) -> None:
    file.path.unlink()
    assert "livefg enroll NAME" in run("list").output
    assert json.loads(run("list", "--json").output) == []


def test_a_person_is_shown_portrait_by_portrait() -> None:
    lines = run("show", "anna").output.splitlines()
    assert lines[0] == "Anna"
    assert "quality 0.90" in lines[1]
    assert lines[1].endswith("with thumbnail")
    shown = json.loads(run("show", "Bo", "--json").output)
    assert shown["portraits"][0]["fits"] is None, "there is nothing to compare with"


def test_a_person_is_renamed(file: GalleryFile) -> None:
    assert run("rename", "Bo", "Böö/..").output == "Bo is called Böö/.. now\n"
    assert file.load().names == ("Anna", "Böö/..")
    assert "somebody called 'Anna' already" in said(run("rename", "Böö/..", "Anna"))


def test_two_entries_are_merged(file: GalleryFile) -> None:
    assert run("merge", "Bo", "Anna").output == "Anna has 3 portraits now\n"
    assert file.load().names == ("Anna",)


def test_forgetting_asks_first(file: GalleryFile) -> None:
    assert run("forget", "Anna", answer="n\n").exit_code == 1
    assert file.load().names == ("Anna", "Bo")
    assert "Forgot Anna" in run("forget", "Anna", answer="y\n").output
    assert file.load().names == ("Bo",)


def test_one_portrait_or_everybody_can_be_forgotten(file: GalleryFile) -> None:
    assert run("forget", "Anna", "--portrait", "1", "--yes").exit_code == 0
    (left,) = file.load().person("Anna").portraits
    assert left.thumbnail is None
    assert run("forget", "--all", "--yes").output == "Forgot everybody\n"
    assert not file.path.exists()


@pytest.mark.parametrize("arguments", [(), ("Anna", "--all"), ("--all", "--portrait", "1")])
def test_it_must_be_clear_who_is_to_be_forgotten(arguments: tuple[str, ...]) -> None:
    assert run("forget", *arguments).exit_code == 2


def test_everybody_can_be_forgotten_where_the_file_is_damaged(file: GalleryFile) -> None:
    file.path.write_bytes(b"garbage")
    assert "damaged" in said(run("forget", "Anna", "--yes"))
    assert file.path.exists()
    assert run("forget", "--all", "--yes").exit_code == 0
    assert not file.path.exists()


@pytest.mark.parametrize(
    "arguments", [("show", "X"), ("rename", "X", "Y"), ("merge", "X", "Anna"), ("forget", "X", "--yes")]
)
def test_who_is_not_there_is_one_sentence(arguments: tuple[str, ...]) -> None:
    assert "Nobody called 'X' is enrolled" in said(run(*arguments))


def test_people_travel_by_file(file: GalleryFile, tmp_path: Path) -> None:
    exported = tmp_path / "family.jsonl"
    assert run("export", exported).output == f"{exported}: 2 people\n"
    run("forget", "--all", "--yes")
    assert run("import", exported).exit_code == 0
    assert file.load().names == ("Anna", "Bo")
    assert run("import", exported).exit_code == 0
    assert len(file.load().person("Anna").portraits) == 2, "again adds nothing"


def test_one_person_can_be_exported(tmp_path: Path) -> None:
    exported = tmp_path / "bo.jsonl"
    assert run("export", exported, "--person", "Bo", "--person", "bo").exit_code == 0
    assert GalleryFile(exported).load().names == ("Bo",)
    assert os.name == "nt" or exported.stat().st_mode & 0o077 == 0


def test_an_export_does_not_lie_over_a_file_unasked(tmp_path: Path, file: GalleryFile) -> None:
    exported = tmp_path / "family.jsonl"
    exported.write_text("mine")
    assert "exists already" in said(run("export", exported))
    assert run("export", exported, "--force").exit_code == 0
    run("forget", "--all", "--yes")
    assert "nobody to export" in said(run("export", tmp_path / "empty.jsonl"))


def test_what_is_no_export_is_not_imported(tmp_path: Path, file: GalleryFile) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text("{}")
    assert "no livefg gallery" in said(run("import", other))
    assert file.load().names == ("Anna", "Bo")


def test_nothing_but_the_gallery_is_in_the_folder(file: GalleryFile) -> None:
    run("rename", "Bo", "Cleo")
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["people.jsonl", "people.jsonl.lock"]
