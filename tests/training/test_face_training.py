"""A trained classifier of people: what it learns from, how it is examined, and the file that it becomes."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from identities import GOOD, look, somebody

pytest.importorskip("torch", reason="training needs the training extra")

from click.testing import CliRunner

from livefg.cli.train import command
from livefg.errors import LivefgError
from livefg.gallery import Gallery
from livefg.inference.manifest import ModelFile
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.identity_classifier import Calibration, IdentityClassifier
from livefg.recognition.identity_model import TrainedIdentities, load_identities
from livefg.results import Frame
from livefg.sinks.pictures import save_picture
from training.calibration import softmax
from training.identity.export import AboutIdentities, export_identities
from training.identity.gathering import ORDINARY, FacePictures
from training.identity.head import FitSettings, IdentityHead, Looks, fit_head, imagined_strangers, logits_of
from training.identity.training import FaceRecipe, choose_threshold, examine, looks_at
from training.identity.views import Views

QUICK = FaceRecipe(FitSettings(steps=30), imagined=300)
ABOUT = AboutIdentities(
    labels=("ada", "Bo", "Cleo", "unknown"),
    temperature=1.0,
    reject_threshold=0.9,
    reject_reason="a test",
    loss="cross_entropy",
    training_data="numbers",
    split="none",
)


def views(people: dict[str, int], each: int, cosine: float = 0.75) -> Views:
    """Views of people made of numbers."""
    rows = [
        (look(somebody(seed), cosine, number), name, f"{name}/{number}.jpg")
        for name, seed in people.items()
        for number in range(each)
    ]
    if not rows:
        return Views.concatenate([])
    embeddings, names, files = zip(*rows, strict=True)
    return Views(
        np.stack(embeddings),
        np.tile(np.array(GOOD, np.float32), (len(rows), 1)),
        np.full(len(rows), ""),
        np.array(names),
        np.full(len(rows), ORDINARY),
        np.array(files),
    )


def made_up(each: int = 5, strangers: int = 0) -> FacePictures:
    others = {f"S{number}": 1000 + number for number in range(strangers)}
    return FacePictures(views({"Bo": 1, "ada": 2, "Cleo": 3}, each), views(others, 1), ())


def everything(pictures: FacePictures) -> np.ndarray:
    return np.ones(len(pictures.views.files), bool)


def test_it_begins_as_the_prototype_softmax() -> None:
    pictures = made_up()
    gallery, calibration = pictures.gallery(everything(pictures)), Calibration.load()
    looks = looks_at(pictures, everything(pictures), gallery, QUICK)
    begin = softmax(logits_of(IdentityHead(gallery, calibration), looks))
    instant = IdentityClassifier(gallery, calibration).probabilities(looks.embeddings, looks.qualities)
    assert begin == pytest.approx(instant, abs=1e-5)


@pytest.mark.parametrize("loss", ["cross_entropy", "weston_watkins"])
def test_two_people_who_look_alike_are_told_apart_by_what_differs(loss: str) -> None:
    """Twins whose pictures vary most in a direction that says nothing, as lighting does."""
    noise = np.random.default_rng(0)
    base, differs, light = np.linalg.qr(noise.normal(size=(128, 3)))[0].T.astype(np.float32)

    def twin(sign: float, count: int, seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        rows = base + sign * 0.12 * differs + random.normal(0, 0.5, (count, 1)).astype(np.float32) * light
        rows = rows + random.normal(0, 0.02, (count, 128)).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    def seen(count: int, seed: int) -> Views:
        table = views({"Ada": 1, "Bo": 2}, count)
        return Views(
            np.concatenate([twin(1, count, seed), twin(-1, count, seed + 1)]),
            *(getattr(table, name) for name in Views.__slots__[1:]),
        )

    pictures = FacePictures(seen(6, 10), Views.concatenate([]), ())
    gallery, calibration = pictures.gallery(everything(pictures)), Calibration.load()
    settings = FitSettings(loss=loss, hold=0.1)  # type: ignore[arg-type]
    recipe = FaceRecipe(settings, imagined=300)
    head = fit_head(gallery, looks_at(pictures, everything(pictures), gallery, recipe), calibration, settings)
    later = seen(40, 20)
    looks = Looks(later.embeddings, later.qualities, np.repeat([0, 1], 40))
    instant = IdentityClassifier(gallery, calibration).probabilities(looks.embeddings, looks.qualities)
    right = (logits_of(head, looks)[:, :2].argmax(axis=1) == looks.target).mean()
    assert right > (instant[:, :2].argmax(axis=1) == looks.target).mean() + 0.1


def test_imagined_strangers_are_as_like_the_people_as_strangers_are() -> None:
    gallery = made_up().gallery(np.ones(15, bool))
    strangers = imagined_strangers(gallery, 20_000)
    cosines = strangers @ np.stack([person.prototype for person in gallery.people]).T
    assert np.linalg.norm(strangers, axis=1) == pytest.approx(1.0, abs=1e-4)
    assert cosines.std() == pytest.approx(0.11, abs=0.01)
    assert 0.03 < cosines.mean() < 0.05
    assert (imagined_strangers(gallery, 5) == imagined_strangers(gallery, 5)).all()


def test_every_picture_is_asked_about_once_by_a_head_that_did_not_see_it() -> None:
    pictures = made_up(strangers=20)
    held = examine(pictures, QUICK, Calibration.load())
    asked = held.items[held.sources == "your pictures"]
    assert sorted(asked) == sorted(pictures.views.files)
    assert (held.sources == "strangers").sum() == 20
    names = np.array([*pictures.people, "unknown"])[held.looks.target]
    assert [name for name, item in zip(names, held.items, strict=True) if item.startswith(name)] == [
        item.partition("/")[0] for item in held.items if not item.startswith("S") and item
    ]
    assert (held.logits.argmax(axis=1) == held.looks.target).mean() > 0.98


def test_one_picture_of_each_is_too_little_to_examine_with() -> None:
    with pytest.raises(LivefgError, match=r"Nobody has two usable pictures.*enroll --tree"):
        examine(made_up(each=1), QUICK, Calibration.load())


def test_the_threshold_lets_through_as_many_strangers_as_may() -> None:
    best = np.linspace(0.0, 0.99, 1000)
    chances = np.stack([best, 1 - best], axis=1)
    threshold, reason = choose_threshold(chances, 0.01)
    assert (best >= threshold).sum() == 10
    assert "1.0% of 1000" in reason
    assert choose_threshold(chances[:400], 0.01)[0] == 0.9


def test_the_file_says_what_the_head_says_and_is_its_owner_s(tmp_path: Path) -> None:
    pictures = made_up()
    gallery = pictures.gallery(everything(pictures))
    looks = looks_at(pictures, everything(pictures), gallery, QUICK)
    head = fit_head(gallery, looks, Calibration.load(), QUICK.fit)
    path = tmp_path / "models" / "ours.onnx"
    assert export_identities(head, ABOUT, path) < 1e-5
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    tell = TrainedIdentities(load_identities(ModelFile("ours", path), "cpu"), Gallery())
    assert tell(look(somebody(2), 0.8, 77), 1.0).name == "ada"
    assert tell(look(somebody(9), 0.8), 1.0).name == "unknown"


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(command, ["faces", *map(str, arguments)])
    error = f"{done.exception}" if isinstance(done.exception, LivefgError) else done.stderr
    return done.exit_code, done.stdout, error


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, demo_frames: list[Frame]) -> Path:
    """A folder for the person of the demo clip, with one picture that shows nobody and one that is none."""
    folder = tmp_path_factory.mktemp("people") / "tree"
    (folder / "Eileen").mkdir(parents=True)
    for index in (0, 120, 300):
        save_picture(demo_frames[index].image, folder / "Eileen" / f"{index}.png")
    save_picture(np.full((120, 160, 3), 90, np.uint8), folder / "Eileen" / "wall.png")
    (folder / "Eileen" / "broken.png").write_bytes(b"no picture")
    return folder


def test_from_folders_to_a_name_in_the_pipeline(tree: Path, tmp_path: Path, demo_frames: list[Frame]) -> None:
    model, work = tmp_path / "ours.onnx", tmp_path / "work"
    code, out, err = run("--data", tree, "--out", model, "--work", work, "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert summary["labels"] == ["Eileen", "unknown"]
    assert summary["named"] == 1.0
    assert {entry["source"] for entry in summary["rejected"]} == {
        str(Path("Eileen") / "wall.png"),
        str(Path("Eileen") / "broken.png"),
    }
    page = (work / "report" / "index.html").read_text("utf-8")
    assert "Trained, or enrolled" in page
    assert "no face was found" in page
    with Pipeline(
        PipelineSettings(
            hands=0,
            stills=True,
            expressions=False,
            device="cpu",
            gallery=tmp_path / "none.jsonl",
            identity_model=str(model),
        )
    ) as pipeline:
        (face,) = pipeline.process(demo_frames[200]).faces
    assert face.identity is not None
    assert face.identity.name == "Eileen"


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: None, "holds no folders"),
        (lambda folder: (folder / "Ada").mkdir(), "holds no picture that people can be told by"),
        (lambda folder: [(folder / name).mkdir() for name in ("Ada", "ada")], "two folders"),
        (lambda folder: (folder / "unknown").mkdir(), "Nobody can be called"),
    ],
)
def test_folders_that_cannot_be_learned_from_are_one_sentence(
    prepare: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    prepare(tmp_path)
    code, out, err = run("--data", tmp_path, "--out", tmp_path / "out.onnx", "--work", tmp_path / "work")
    assert (code, out) == (1, "")
    assert words in err
    assert not (tmp_path / "out.onnx").exists()
