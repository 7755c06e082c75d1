"""`livefg collect`: examples from a camera, videos and pictures; what is listed, removed, and learned from."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from fakes import wait_until

from livefg import paths
from livefg.collect import RecordingStore
from training.sources.dataset import folder_as_dataset, gather

if TYPE_CHECKING:
    from conftest import Ended

Run = Callable[..., "Ended"]
Start = Callable[..., subprocess.Popen[str]]
CAMERA = ("--source", "demo", "--headless")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordingStore:
    """An empty folder that stands in for the user's own data."""
    monkeypatch.setattr(paths, "user_data_dir", lambda: tmp_path / "data" / "livefg")
    return RecordingStore()


def listed(livefg: Run) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in json.loads(livefg("collect", "--list", "--json").out)["labels"]}


def test_before_a_camera_examples_are_taken_until_there_are_enough(livefg: Run) -> None:
    ended = livefg("collect", "hush", *CAMERA, "--count", "3", "--countdown", "0.5", "--person", "anna")
    assert (ended.code, ended.out) == (0, "hush: 3 of 3 examples recorded\n")
    said = ended.err.splitlines()
    assert said[0] == "hush: get ready"
    assert [line for line in said if line.endswith(" of 3")] == ["1 of 3", "2 of 3", "3 of 3"]
    assert listed(livefg) == {"hush": {"label": "hush", "examples": 3, "sessions": 1, "people": ["anna"]}}


def test_what_was_taken_is_kept_when_the_source_ends_early(livefg: Run, clip: Path) -> None:
    ended = livefg("collect", "hush", "--source", clip, "--headless", "--countdown", "0", "--hand", "largest")
    assert ended.code == 0
    taken = listed(livefg)["hush"]["examples"]
    assert 1 <= taken < 20
    assert ended.out == f"hush: {taken} of 20 examples recorded\n"


def test_the_settings_say_who_and_how_many(
    livefg: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "user_config_dir", lambda: tmp_path)
    (tmp_path / "settings.toml").write_text('[collect]\nperson = "bo"\ncount = 1\ncountdown = 0\n')
    assert livefg("collect", "hush", *CAMERA).out == "hush: 1 of 1 examples recorded\n"
    assert listed(livefg)["hush"]["people"] == ["bo"]


def test_videos_give_all_their_good_examples_each_as_a_session(
    livefg: Run, clip: Path, tmp_path: Path
) -> None:
    other = shutil.copy(clip, tmp_path / "other.mp4")
    ended = livefg("collect", "palm", clip, other, "--hand", "highest")
    assert ended.code == 0
    row = listed(livefg)["palm"]
    assert row["sessions"] == 2
    assert row["examples"] == int(ended.out.split()[1])
    assert "Left out: " in ended.err


def test_pictures_and_folders_make_one_session(livefg: Run, pictures: Path, store: RecordingStore) -> None:
    ended = livefg("collect", "palm", pictures, pictures / "b.png", "--hand", "largest", "--json")
    found = json.loads(ended.out)
    assert (found["label"], found["examples"]) == ("palm", 2)
    assert found["left_out"] == {"no hand": 1, "the same as before": 1}
    (stored,) = store.load()
    assert stored.recording is not None
    assert [example.item for example in stored.recording.examples] == ["b.png", "beach/c.jpg"]


def test_of_two_hands_neither_is_taken_unless_one_is_meant(livefg: Run, pictures: Path) -> None:
    ended = livefg("collect", "palm", pictures / "b.png")
    assert (ended.code, ended.out) == (1, "")
    assert "Left out: 1 x two hands" in ended.err
    assert ended.err.splitlines()[-1] == "livefg: palm: nothing was recorded."


def test_a_count_holds_for_all_files_together(livefg: Run, clip: Path, pictures: Path) -> None:
    livefg("collect", "palm", clip, pictures, "--hand", "largest", "--count", "2")
    assert listed(livefg)["palm"]["examples"] == 2


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_it(
    livefg: Run, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"nonsense")
    ended = livefg("collect", "palm", tmp_path / "broken.mp4", pictures, "--hand", "largest")
    assert ended.code == 1
    assert "broken.mp4" in ended.err
    assert ended.out == "palm: 2 examples recorded\n"


def test_a_file_that_is_not_there_is_told_before_anything_is_read(livefg: Run, pictures: Path) -> None:
    ended = livefg("collect", "palm", pictures, "nowhere.mp4")
    assert (ended.code, ended.err) == (1, "livefg: There is no file or folder nowhere.mp4.\n")


def test_removing_a_label_leaves_the_others(livefg: Run, pictures: Path) -> None:
    for label in ("palm", "none"):
        livefg("collect", label, pictures, "--hand", "largest")
    assert livefg("collect", "--remove", "palm").out == "palm: 2 examples removed\n"
    assert set(listed(livefg)) == {"none"}
    assert livefg("collect", "--remove", "palm").code == 1


def test_the_list_is_for_people_too(livefg: Run, pictures: Path, store: RecordingStore) -> None:
    assert "Nothing is recorded" in livefg("collect", "--list").out
    livefg("collect", "palm", pictures, "--hand", "largest")
    (store.folder / "bad.npz").write_bytes(b"nonsense")
    ended = livefg("collect", "--list")
    assert ended.out.splitlines() == ["palm      2  in 1 session of me", f"in {store.folder}"]
    assert "bad.npz is damaged" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [(), ("hush", "--list"), ("--list", "--remove", "hush"), ("hush", "--hand", "left")],
)
def test_wrong_use_is_told(livefg: Run, arguments: tuple[str, ...]) -> None:
    assert livefg("collect", *arguments).code == 2


def test_the_training_package_reads_what_was_recorded(
    livefg: Run, pictures: Path, clip: Path, store: RecordingStore
) -> None:
    livefg("collect", "palm", pictures, "--hand", "largest", "--person", "anna")
    livefg("collect", "hush", clip, "--hand", "largest")
    gathered = gather(folder_as_dataset(store.folder))
    assert not gathered.rejections
    samples = gathered.samples
    assert samples.counts() == {label: row["examples"] for label, row in listed(livefg).items()}
    assert samples.has_depth.all()
    palms = samples.take(samples.label == "palm")
    assert set(palms.person.tolist()) == {"anna"}
    assert len(set(samples.session.tolist())) == 2
    (stored,) = [one for one in store.load() if one.recording and one.recording.label == "palm"]
    assert stored.recording is not None
    np.testing.assert_array_equal(palms.landmarks[0], stored.recording.examples[0].landmarks)


def test_ctrl_c_keeps_what_was_taken(start_livefg: Start, tmp_path: Path) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path / "home")}
    running = start_livefg(
        "collect", "hush", *CAMERA, "--count", "500", "--countdown", "0", environment=environment
    )
    assert running.stderr is not None
    while not running.stderr.readline().startswith("2 of"):
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    store = RecordingStore(tmp_path / "home" / "livefg" / "recordings")
    assert out == f"hush: {store.counts()['hush']} of 500 examples recorded\n"


@pytest.mark.window
def test_in_windows_a_gesture_is_recorded_by_command_and_by_key(
    start_livefg: Start, screen: str, tmp_path: Path
) -> None:
    environment = {
        "DISPLAY": screen,
        "WAYLAND_DISPLAY": "",
        "QT_QPA_PLATFORM": "xcb",
        "XDG_DATA_HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "home"),
    }
    (tmp_path / "home" / "livefg").mkdir(parents=True)
    (tmp_path / "home" / "livefg" / "settings.toml").write_text("[collect]\ncount = 2\ncountdown = 0.2\n")
    store = RecordingStore(tmp_path / "home" / "livefg" / "recordings")

    def xdotool(*arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    running = start_livefg("collect", "hush", "--source", "demo", environment=environment)
    wait_until(lambda: xdotool("search", "--name", "livefg collect - hush") != "")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert out == "hush: 2 of 2 examples recorded\n"

    running = start_livefg("live", "--source", "demo", "--loop", environment=environment)
    wait_until(lambda: xdotool("search", "--name", "livefg - demo") != "")
    seen = xdotool("search", "--name", "livefg - demo").split()[0]
    time.sleep(1)
    for key in ("c", "o", "q", "BackSpace", "k", "Return"):
        xdotool("key", "--window", seen, key)
        time.sleep(0.3)
    wait_until(lambda: store.counts().get("ok") == 2)
    xdotool("key", "--window", seen, "q")
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "ok: 2 examples recorded." in err
