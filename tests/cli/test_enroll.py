"""`livefg enroll` as a new user tries it, with the portrait of the demo clip."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from livefg import LivefgError, paths
from livefg.cli import enroll
from livefg.gallery import GalleryFile
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.results import Frame, FrameResult
from livefg.sinks.pictures import save_picture
from livefg.sources.images import read_image


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data folder that is empty."""
    folder = tmp_path / "home" / "livefg"
    monkeypatch.setattr(paths, "user_data_dir", lambda: folder)
    return folder


@pytest.fixture
def pictures(tmp_path: Path, demo_frames: list[Frame]) -> Path:
    """Two pictures of the portrait, one without a face, one that is no picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    save_picture(demo_frames[0].image, folder / "1.png")
    save_picture(demo_frames[200].image, folder / "2.png")
    save_picture(np.full((120, 160, 3), 90, np.uint8), folder / "wall.png")
    (folder / "broken.jpg").write_text("no picture")
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(enroll.command, [*map(str, arguments), "--device", "cpu"])


def named(frame: Frame) -> FrameResult:
    with Pipeline(PipelineSettings(hands=0, blendshapes=False, device="cpu", stills=True)) as pipeline:
        return pipeline.process(frame)


def test_one_picture_is_enough_to_be_known(pictures: Path, demo_frames: list[Frame]) -> None:
    result = run("Ada", pictures / "1.png")
    assert result.exit_code == 0
    assert result.stdout == "Ada: 1 added, 1 portrait in all\n"
    (seen,) = named(demo_frames[120]).faces
    assert seen.identity is not None
    assert seen.identity.name == "Ada"
    assert set(seen.identity.scores) == {"Ada", "unknown"}


def test_nobody_enrolled_means_no_identity(demo_frames: list[Frame]) -> None:
    assert [face.identity for face in named(demo_frames[0]).faces] == [None]


def test_a_folder_is_searched_and_what_is_left_out_is_told(pictures: Path) -> None:
    result = run("Ada", pictures)
    assert result.exit_code == 0
    assert result.stdout == "Ada: 2 added, 2 portraits in all\n"
    assert f"Left out: {pictures / 'wall.png'}: no face was found" in result.stderr
    assert "broken.jpg is not a picture" in result.stderr


def test_a_second_time_adds_nothing(pictures: Path) -> None:
    run("Ada", pictures / "1.png")
    result = run("ada", pictures / "1.png")
    assert result.exit_code == 0
    assert "Known already" in result.stderr
    assert "0 added, 1 portrait in all" in result.stdout


def test_a_tree_has_a_folder_for_each_person(pictures: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("Ada 🎉", "李雷"):
        (tree / name).mkdir(parents=True)
        (tree / name / "1.png").write_bytes((pictures / "1.png").read_bytes())
    result = run("--tree", tree, "--json")
    outcomes = {outcome["name"]: outcome for outcome in json.loads(result.stdout)}
    assert result.exit_code == 0
    assert [outcomes[name]["enrolled"] for name in ("Ada 🎉", "李雷")] == [True, True]
    assert outcomes["李雷"]["look_alikes"] == ["Ada 🎉"]
    assert GalleryFile().load().names == ("Ada 🎉", "李雷")


def test_who_cannot_be_enrolled_makes_the_command_fail(pictures: Path, home: Path) -> None:
    result = run("Ada", pictures / "wall.png")
    assert result.exit_code == 1
    assert "Ada was not enrolled: no picture was good enough." in result.stderr
    assert not home.exists()


def test_thumbnails_are_kept_only_if_wished(pictures: Path) -> None:
    run("Ada", pictures / "1.png")
    run("Bo", pictures / "1.png", "--thumbnails")
    kept = {person.name: person.portraits[0].thumbnail is not None for person in GalleryFile().load().people}
    assert kept == {"Ada": False, "Bo": True}


def test_a_clip_stands_in_for_a_camera(assets: Path) -> None:
    result = run("Ada", "--camera", assets / "demo.mp4", "--headless")
    assert result.exit_code == 0
    assert result.stderr.startswith("1 of 5: Look straight into the camera")
    assert "No good view was seen for:" in result.stderr
    assert "Ada: 1 added" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("Ada",),
        ("--tree", "."),
        ("Ada", "--tree", "."),
        ("Ada", "a.jpg", "--camera", "0"),
        ("--camera", "0"),
    ],
)
def test_ways_that_do_not_go_together_are_wrong_use(arguments: tuple[str, ...], tmp_path: Path) -> None:
    if arguments == ("--tree", "."):
        arguments = ("--tree", str(tmp_path / "none"))
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Ada", "none.jpg"), "no file or folder none.jpg"),
        (("unknown", "none.jpg"), "strangers"),
        (("a\nb", "none.jpg"), "control characters"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, LivefgError)
    assert words in str(result.exception)


def test_empty_folders_are_one_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, words in ((("Ada", empty), "holds no pictures"), (("--tree", empty), "holds no folders")):
        result = run(*arguments)
        assert isinstance(result.exception, LivefgError)
        assert words in str(result.exception)


def test_a_damaged_gallery_is_told_before_pictures_are_looked_at(home: Path, pictures: Path) -> None:
    home.mkdir(parents=True)
    (home / "people.jsonl").write_bytes(b"garbage")
    result = run("Ada", pictures / "1.png")
    assert isinstance(result.exception, LivefgError)
    assert "damaged" in str(result.exception)
    assert (home / "people.jsonl").read_bytes() == b"garbage"


@pytest.mark.shared
def test_a_head_that_turns_is_enrolled_in_five_views(shared: Path, tmp_path: Path) -> None:
    # Pictures of a student who looks ahead, to his left, to his right, up and down.
    pictures = [shared / "data" / "faces" / "orl" / "s1" / f"{number}.pgm" for number in (1, 5, 6, 7, 10)]
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "16"})
        video.width, video.height, video.pix_fmt = 640, 480, "yuv420p"
        for picture in pictures:
            image = np.full((480, 640, 3), 90, np.uint8)
            image[16:464, 136:504] = cv2.resize(
                read_image(picture), (368, 448), interpolation=cv2.INTER_CUBIC
            )
            for _ in range(30):
                output.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(video.encode(None))
    result = run("Student", "--camera", film, "--headless")
    assert result.stdout == "Student: 5 added, 5 portraits in all\n"
    assert "No good view" not in result.stderr
    assert "5 of 5: Lower your chin a little" in result.stderr


@pytest.mark.shared
def test_people_in_news_photographs_are_named_and_strangers_are_not(shared: Path) -> None:
    data = shared / "data" / "faces" / "ageitgey_knn"
    assert run("--tree", data / "train").exit_code == 0
    expected = {
        "alex_lacamoire1.jpg": ["alex_lacamoire"],
        "johnsnow_test1.jpg": ["kit_harington"],
        "kit_with_rose.jpg": ["kit_harington", "rose_leslie"],
        "obama1.jpg": ["obama"],
        "obama_and_biden.jpg": ["biden", "obama", "unknown"],
    }
    with Pipeline(PipelineSettings(hands=0, blendshapes=False, device="cpu", stills=True)) as pipeline:
        for name, people in expected.items():
            pipeline.reset()
            result = pipeline.process(Frame(read_image(data / "test" / name), 0, 0.0, name))
            assert sorted(face.identity.name for face in result.faces if face.identity) == people, name
