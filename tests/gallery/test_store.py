"""The gallery file: private, whole or not at all, never overwritten blindly, safe between processes."""

import base64
import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from livefg import LivefgError
from livefg.gallery import Gallery, GalleryFile, Portrait
from livefg.gallery.lock import locked

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")


def portrait(seed: int, thumbnail: bytes | None = None) -> Portrait:
    embedding = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return Portrait(embedding / np.linalg.norm(embedding), 0.9, thumbnail=thumbnail)


@pytest.fixture
def file(tmp_path: Path) -> GalleryFile:
    return GalleryFile(tmp_path / "livefg" / "people.jsonl", patience=5.0)


def put(file: GalleryFile, name: str, *portraits: Portrait) -> None:
    with file.edit() as edit:
        edit.gallery = edit.gallery.with_portraits(name, portraits or (portrait(len(name)),))


def forget(file: GalleryFile, name: str) -> None:
    with file.edit() as edit:
        edit.gallery = edit.gallery.without(name)


def test_where_there_is_no_file_nobody_is_enrolled(file: GalleryFile) -> None:
    assert file.load().people == ()
    assert file.state() is None
    assert not file.path.parent.exists(), "reading makes nothing"


def test_people_come_back_as_they_were_saved(file: GalleryFile) -> None:
    saved = portrait(1, b"a picture")
    put(file, "Zoë 🎉/..", saved)
    (person,) = file.load().people
    (loaded,) = person.portraits
    assert person.name == "Zoë 🎉/.."
    assert loaded.embedding @ saved.embedding == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(loaded.embedding) == pytest.approx(1.0, abs=1e-6)
    assert (loaded.quality, loaded.added, loaded.thumbnail) == (0.9, saved.added, b"a picture")


def test_names_never_become_paths(file: GalleryFile) -> None:
    put(file, "../../outside")
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["people.jsonl", "people.jsonl.lock"]


@posix
def test_only_the_owner_may_read(file: GalleryFile) -> None:
    file.path.parent.mkdir(mode=0o755)
    put(file, "Anna")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (file.path, file.path.parent)}
    assert modes == {file.path: 0o600, file.path.parent: 0o700}
    file.path.chmod(0o644)
    put(file, "Bo")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_to_forget_leaves_no_trace(file: GalleryFile) -> None:
    secret = portrait(1, b"the picture of Anna")
    put(file, "Anna", secret)
    put(file, "Bo")
    stale = file.path.with_name("people.jsonl.partial")
    stale.write_bytes(file.path.read_bytes())  # as an interrupted run leaves it
    forget(file, "Anna")
    left = b"".join(path.read_bytes() for path in file.path.parent.iterdir())
    traces = [
        b"Anna",
        base64.b64encode(b"the picture of Anna"),
        base64.b64encode(secret.embedding.astype("<f2").tobytes()),
    ]
    assert not any(trace in left for trace in traces)
    assert b"Bo" in left
    stale.write_bytes(file.path.read_bytes())
    forget(file, "Bo")
    assert [path.name for path in file.path.parent.iterdir()] == ["people.jsonl.lock"]


def cut_short(content: bytes) -> bytes:
    return content[:-40]


def changed(content: bytes) -> bytes:
    return content.replace(b'"quality":0.9', b'"quality":0.8')


def newer(content: bytes) -> bytes:
    return content.replace(b'"format":1', b'"format":2')


def of_another_network(content: bytes) -> bytes:
    return content.replace(b'"space":"', b'"space":"x')


def emptied(_: bytes) -> bytes:
    return b""


def something_else(_: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n"


def a_list(_: bytes) -> bytes:
    return b"[]\n"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_short, "checksum"),
        (changed, "checksum"),
        (newer, "format 2"),
        (of_another_network, "another face network"),
        (emptied, "is damaged, or no livefg gallery"),
        (something_else, "is damaged, or no livefg gallery"),
        (a_list, "is damaged, or no livefg gallery"),
    ],
)
def test_a_file_that_is_not_understood_is_told_and_never_overwritten(
    file: GalleryFile, damage: Callable[[bytes], bytes], words: str
) -> None:
    put(file, "Anna")
    damaged = damage(file.path.read_bytes())
    file.path.write_bytes(damaged)
    for attempt in (file.load, lambda: put(file, "Bo"), lambda: forget(file, "Anna")):
        with pytest.raises(LivefgError, match=words) as error:
            attempt()
        assert str(file.path) in str(error.value)
    assert file.path.read_bytes() == damaged


def test_an_entry_that_makes_no_sense_is_told(file: GalleryFile) -> None:
    put(file, "Anna")
    head, line = file.path.read_bytes().splitlines()
    person = json.loads(line)
    person["portraits"][0]["embedding"] = base64.b64encode(bytes(256)).decode()
    body = json.dumps(person).encode() + b"\n"
    fields = {**json.loads(head), "sha256": hashlib.sha256(body).hexdigest()}
    file.path.write_bytes(json.dumps(fields).encode() + b"\n" + body)
    with pytest.raises(LivefgError, match="cannot be understood"):
        file.load()


def test_a_full_disk_loses_nothing(file: GalleryFile, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, "Anna")
    before = file.path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LivefgError, match="no space left on device"):
        put(file, "Bo")
    assert file.path.read_bytes() == before
    assert not file.path.with_name("people.jsonl.partial").exists()


def test_an_error_while_editing_changes_nothing(file: GalleryFile) -> None:
    def break_off() -> None:
        with file.edit() as edit:
            edit.gallery = Gallery()
            raise LivefgError("no")

    put(file, "Anna")
    with pytest.raises(LivefgError, match="no"):
        break_off()
    assert file.load().names == ("Anna",)


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LivefgError, match="cannot be used"):
        put(GalleryFile(tmp_path / "livefg" / "people.jsonl"), "Anna")


def test_who_waits_too_long_for_another_is_told(file: GalleryFile) -> None:
    put(file, "Anna")
    hasty = GalleryFile(file.path, patience=0.05)
    with locked(file.path.with_name("people.jsonl.lock"), 1.0), pytest.raises(LivefgError, match="try again"):
        put(hasty, "Bo")
    put(hasty, "Bo")
    assert file.load().names == ("Anna", "Bo")


def test_threads_that_enroll_at_once_lose_nobody(file: GalleryFile) -> None:
    threads = [threading.Thread(target=put, args=(file, f"Person {n}", portrait(n))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.load()) == 12


def test_processes_that_enroll_at_once_lose_nobody(file: GalleryFile) -> None:
    script = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from livefg.gallery import GalleryFile, Portrait\n"
        "for n in range(5):\n"
        "    e = np.random.default_rng(hash((sys.argv[2], n)) % 2**32).normal(size=128).astype(np.float32)\n"
        "    with GalleryFile(Path(sys.argv[1]), patience=60).edit() as edit:\n"
        "        edit.gallery = edit.gallery.with_portraits(\n"
        "            f'{sys.argv[2]} {n}', [Portrait(e / np.linalg.norm(e), 1.0)])\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(file.path), name], cwd=ROOT)
        for name in ("first", "second", "third")
    ]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    assert len(file.load()) == 15
