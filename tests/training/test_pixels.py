"""Networks that look at the hands' pictures: the pictures' way to them, how they learn, what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from livefg.cli.evaluate import command as evaluate_command
from livefg.collect.recording import Example, Recording
from livefg.collect.store import RecordingStore
from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.results import Frame
from tests.training.hands import FIST, HORNS, ONE, OPEN, many
from training.augment import Augmentation, augment
from training.bank import shipped_hands
from training.cli import gestures
from training.export import read_network
from training.fit import FitSettings
from training.gestures import Trained, train_gestures
from training.inference import logits_of, still
from training.networks import InputKind, NetworkShape
from training.pixels import PixelAugmentation, change_crops, points_in_crops
from training.progress import TrainingProgress
from training.recipes import GestureRecipe
from training.samples import CROP_SIDE, Samples
from training.sources.dataset import SourceEntry, folder_as_dataset, gather
from training.sources.pictures import PictureReader

SKIN = (220, 170, 140)
FIT = FitSettings(
    epochs=6,
    draws=480,
    batch=12,
    learning_rate=3e-3,
    averaging=0.8,
    none_share=1.0,
    pixels=PixelAugmentation(clutter=0, glove=0, hide=0, coarse=0, grey=0),
)


def pictured(samples: Samples, seed: int = 0) -> Samples:
    """The samples with pictures in which the hands are drawn."""
    rng = np.random.default_rng(seed)
    pictures = []
    for points in np.round(points_in_crops(samples.landmarks)).astype(np.int32):
        image = np.full((CROP_SIDE, CROP_SIDE, 3), rng.integers(0, 90), np.uint8)
        cv2.fillConvexPoly(image, points[[0, 5, 9, 13, 17]], SKIN)
        fingers = [points[[0, *range(first, first + 4)]] for first in (1, 5, 9, 13, 17)]
        cv2.polylines(image, fingers, isClosed=False, color=SKIN, thickness=5)
        pictures.append(image)
    return replace(samples, crop=np.arange(len(samples)), pictures=np.stack(pictures))


MINE = pictured(many({"pointing": ONE, "horns": HORNS}, count=30))
BANK = pictured(many({"none": OPEN, "closed_fist": FIST}, count=30, seed=9), 1)


def train(
    place: Path,
    samples: Samples,
    kind: InputKind,
    name: str = "mine.onnx",
    *,
    thorough: bool = False,
    **more: object,
) -> Trained:
    data = place / f"data_{name}"
    data.mkdir()
    samples.save(data / "recorded.npz")
    settings = FIT if thorough else replace(FIT, epochs=1, draws=120)
    recipe = GestureRecipe(NetworkShape(features=("flat", "angles"), width=32, input=kind), settings)
    more.setdefault("bank", BANK)
    with TrainingProgress() as quiet:
        return train_gestures(folder_as_dataset(data), place / name, recipe, quiet, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def by_pixels(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("pixels")
    return train(folder, MINE, "pixels", thorough=True, folder=folder / "work")


def test_pictures_stay_with_their_hands() -> None:
    plain = many({"ok": OPEN}, count=3)
    both = Samples.concatenate([plain, MINE, BANK])
    assert both.has_crop.tolist() == [False] * 3 + [True] * (len(MINE) + len(BANK))
    chosen = both.take([len(both) - 1, 0, 4])
    assert np.array_equal(chosen.crops()[0], BANK.crops()[-1])
    assert not chosen.crops()[1].any()
    assert np.array_equal(chosen.crops()[2], MINE.crops()[1])


def test_a_table_with_pictures_is_nearly_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    Samples.concatenate([many({"ok": OPEN}, count=2), MINE]).save(tmp_path / "t.npz")
    after = Samples.load(tmp_path / "t.npz", pictures=True)
    assert after.has_crop.tolist() == [False, False] + [True] * len(MINE)
    assert np.abs(after.crops()[2:].astype(int) - MINE.crops()).mean() < 4
    assert not Samples.load(tmp_path / "t.npz").has_crop.any()


def test_the_thumbnails_of_recordings_are_pictures_to_learn_from(tmp_path: Path) -> None:
    thumbnail = cv2.imencode(".jpg", np.full((96, 96, 3), (10, 20, 200), np.uint8))[1].tobytes()
    points = MINE.landmarks[0]
    examples = tuple(
        Example(points, points / 1000, 1.0, "right", float(number), "camera", picture)
        for number, picture in enumerate((thumbnail, None))
    )
    path = RecordingStore(tmp_path).save(Recording("ok", "anna", "monday", examples))
    found = Samples.load(path, pictures=True)
    assert found.has_crop.tolist() == [True, False]
    assert found.crops()[0].mean(axis=(0, 1)) == pytest.approx([200, 20, 10], abs=4)


def test_pictures_of_a_class_folder_are_cut_out_once_and_then_kept(
    tmp_path: Path, demo_frames: list[Frame]
) -> None:
    folder = tmp_path / "data" / "shown"
    folder.mkdir(parents=True)
    Image.fromarray(demo_frames[150].image).save(folder / "one.png")
    dataset = replace(
        folder_as_dataset(tmp_path / "data"),
        sources=(SourceEntry("data", "pictures", ".", licence="CC0-1.0", hand="all"),),
    )
    first = gather(dataset, cache=tmp_path / "cache", pictures=True).samples
    assert first.has_crop.all()
    inside = points_in_crops(first.landmarks)[0]
    assert inside.min() > 5
    assert inside.max() < CROP_SIDE - 5
    # On the hand the picture has the colours of the frame there.
    x, y = first.landmarks[0, 9, :2].round().astype(int)
    u, v = inside[9].round().astype(int)
    there = demo_frames[150].image[y - 3 : y + 4, x - 3 : x + 4].mean(axis=(0, 1))
    assert first.crops()[0, v, u] == pytest.approx(there, abs=30)
    kept = list((tmp_path / "cache" / "crops").rglob("*.npz"))
    assert len(kept) == 1
    with PictureReader(tmp_path / "cache", crops=True) as reader:
        (seen,) = reader.read(folder / "one.png")
    assert seen.crops is not None
    assert np.array_equal(seen.crops, first.crops())
    assert not gather(dataset, cache=tmp_path / "cache").samples.has_crop.any()


def test_without_a_change_a_picture_stays_as_it_is() -> None:
    nothing = PixelAugmentation.none()
    same = change_crops(MINE.crops(), MINE.landmarks, np.zeros(len(MINE)), np.random.default_rng(0), nothing)
    assert np.array_equal(same, MINE.crops())


def test_a_picture_turns_as_its_points_do() -> None:
    one = MINE.take([0])
    turned = augment(
        one.landmarks,
        one.world,
        one.right,
        np.zeros(1, np.int64),
        np.random.default_rng(3),
        replace(Augmentation.none(), roll=40),
    )
    assert abs(turned.roll[0]) > 15
    rng = np.random.default_rng(0)
    crop = change_crops(one.crops(), one.landmarks, turned.roll, rng, PixelAugmentation.none())[0]
    angle = np.radians(turned.roll[0])
    middle = points_in_crops(one.landmarks)[0] - CROP_SIDE / 2
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    way = turned.landmarks[0, 8, :2] - turned.landmarks[0, 0, :2]
    expected = (middle[8] - middle[0]) @ matrix.T
    assert way / np.linalg.norm(way) == pytest.approx(expected / np.linalg.norm(expected), abs=0.02)
    u, v = (middle[7] @ matrix.T + CROP_SIDE / 2).round().astype(int)
    assert crop[v, u] == pytest.approx(SKIN, abs=40)


@pytest.mark.parametrize("change", ["clutter", "glove"])
def test_another_background_leaves_the_hand_and_a_glove_the_background(change: str) -> None:
    how = replace(PixelAugmentation.none(), **{change: 1.0})
    before = MINE.crops()
    after = change_crops(before, MINE.landmarks, np.zeros(len(MINE)), np.random.default_rng(0), how)
    palm = np.round(points_in_crops(MINE.landmarks)[:, 9]).astype(int)
    rows = np.arange(len(MINE))
    hand = np.abs(after[rows, palm[:, 1], palm[:, 0]].astype(int) - before[rows, palm[:, 1], palm[:, 0]])
    corner = np.abs(after[:, :3, :3].astype(int) - before[:, :3, :3])
    changed, kept = (corner, hand) if change == "clutter" else (hand, corner)
    assert kept.max() <= 1
    assert changed.mean() > 20


def test_what_was_learned_from_pictures_names_pictures(by_pixels: Trained) -> None:
    classifier = Classifier.load(by_pixels.path, "cpu", task="gesture")
    assert classifier.labels == ("none", "horns", "pointing")
    assert classifier.network.input_names == ("landmarks", "world", "right", "crop")
    assert classifier.network.input_shapes[3][1:] == (CROP_SIDE, CROP_SIDE, 3)
    assert by_pixels.parity.labels_differ == 0
    other = pictured(many({"horns": HORNS, "pointing": ONE, "none": FIST}, count=8, seed=4), 5)
    nowhere = np.zeros_like(other.landmarks)
    said = classifier.classify(nowhere, nowhere, other.right, other.crops()).argmax(axis=1)
    assert np.mean(np.array(classifier.labels)[said] == other.label) > 0.7


def test_a_left_hand_is_seen_as_a_right_one_in_a_mirror(by_pixels: Trained) -> None:
    network = read_network(by_pixels.path).network
    batch = still(MINE, np.zeros(len(MINE), np.int64))
    assert batch.crop is not None
    flipped = replace(batch, crop=batch.crop[:, :, ::-1].copy(), right=np.zeros(len(MINE), np.float32))
    assert logits_of(network, flipped) == pytest.approx(logits_of(network, batch), abs=1e-5)


def test_the_report_shows_the_conditions_of_pictures(by_pixels: Trained, tmp_path: Path) -> None:
    conditions = {point.condition.partition(":")[0] for point in by_pixels.evaluation.conditions}
    assert conditions == {"clutter", "occlusion", "angle", "size", "variation"}
    page = next((by_pixels.path.parent / "work" / "report").glob("*.html")).read_text(encoding="utf-8")
    assert "by convolutions" in page
    assert "Clutter is not among these" not in page


def test_the_weights_can_be_read_back_and_extended(by_pixels: Trained, tmp_path: Path) -> None:
    learned = read_network(by_pixels.path, "pixels")
    expected = by_pixels.fitted.network.state_dict()
    for name, value in learned.network.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value, expected[name]), name
    more = pictured(many({"palm": OPEN}, count=20, seed=2), 3)
    added = train(tmp_path, more, "landmarks", "more.onnx", extend=by_pixels.path, bank=MINE)
    assert added.about.labels == ("none", "horns", "pointing", "palm")
    assert added.about.shape.input == "pixels"


def test_both_learn_from_hands_without_pictures_too(tmp_path: Path) -> None:
    points_only = many({"none": OPEN, "closed_fist": FIST}, count=30, seed=11)
    trained = train(tmp_path, MINE, "both", thorough=True, bank=Samples.concatenate([BANK, points_only]))
    assert trained.parity.labels_differ == 0
    assert trained.evaluation.macro_f1 > 0.8
    classifier = Classifier.load(trained.path, "cpu", task="gesture")
    other = pictured(many({"horns": HORNS, "pointing": ONE}, count=8, seed=4), 5)
    said = classifier.classify(other.landmarks, other.world, other.right, other.crops()).argmax(axis=1)
    assert np.mean(np.array(classifier.labels)[said] == other.label) > 0.85


def test_a_network_of_landmarks_is_described_as_before(tmp_path: Path) -> None:
    quick = many({"pointing": ONE, "horns": HORNS}, count=30)
    trained = train(tmp_path, quick, "landmarks", bank=many({"none": OPEN}, count=30, seed=9))
    metadata = {one.key: one.value for one in onnx.load(str(trained.path)).metadata_props}
    assert "input" not in json.loads(metadata["livefg.network"])
    assert not any("pixels" in name for name in trained.fitted.network.state_dict())
    with pytest.raises(LivefgError, match=r"looks at landmarks, so it cannot be extended with --input both"):
        read_network(trained.path, "both")


@pytest.mark.parametrize(
    ("kind", "complaint"), [("pixels", "60 x no picture of the hand"), ("both", "None of the examples has a")]
)
def test_examples_without_pictures_are_refused_in_one_sentence(
    kind: InputKind, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(LivefgError, match=complaint):
        train(tmp_path, many({"pointing": ONE, "horns": HORNS}), kind)


def test_hands_with_pictures_ship_and_are_small() -> None:
    shipped = shipped_hands("pixels")
    assert shipped.has_crop.all()
    assert shipped.counts()["none"] > 300
    assert shipped.pictures.std() > 20
    file = Path(__file__).parents[2] / "training" / "data" / "rendered_pictures.npz"
    assert file.stat().st_size < 3_000_000
    assert not shipped_hands("landmarks").has_crop.any()


def test_the_commands_train_and_evaluate_by_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.gestures.shipped_hands", lambda kind: BANK)
    recipe = GestureRecipe(NetworkShape(features=("flat", "angles"), input="pixels"), replace(FIT, draws=120))
    monkeypatch.setattr("training.recipes.pixel_recipe", lambda: recipe)
    data, out = tmp_path / "data", tmp_path / "out.onnx"
    data.mkdir()
    MINE.save(data / "anna.npz")
    arguments = ["--data", str(data), "--out", str(out), "--work", str(tmp_path / "work"), "--epochs", "1"]
    result = CliRunner().invoke(gestures, [*arguments, "--input", "pixels", "--width", "16", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["labels"] == ["none", "horns", "pointing"]

    told = CliRunner().invoke(evaluate_command, [str(out), "--data", str(data), "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["hands"] == len(MINE)
    assert found["conditions"][0]["condition"].startswith("clutter")

    unfit = CliRunner().invoke(gestures, [*arguments, "--extend", "--base", str(out), "--input", "landmarks"])
    assert isinstance(unfit.exception, LivefgError)
    assert "looks at pixels, so it cannot be extended with --input landmarks" in str(unfit.exception)


def test_what_ships_is_not_rebuilt_on_pixels(tmp_path: Path) -> None:
    result = CliRunner().invoke(gestures, ["--data", str(tmp_path), "--recipe", "default", "--input", "both"])
    assert isinstance(result.exception, LivefgError)
    assert "--recipe default cannot be had with another --input" in str(result.exception)
