"""Alignment and quality of views, and the embedder on real pictures."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from identities import face

from livefg.inference.network import Network
from livefg.perception.detection import FaceDetector
from livefg.perception.faces import FaceTracker
from livefg.recognition.identity_embedding import NETWORK, FaceEmbedder, View, ViewMeasures, align, measure
from livefg.results import Frame, ImageArray
from livefg.sources.images import read_image

TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)


def checks(size: int) -> ImageArray:
    """A picture with detail everywhere."""
    noise = np.random.default_rng(0).integers(0, 256, (size // 8, size // 8, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("degrees", [-170, -45, 0, 30, 90])
@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_a_turned_and_scaled_face_is_aligned_as_if_it_were_not(degrees: float, scale: float) -> None:
    picture = np.zeros((112, 112, 3), np.uint8)
    picture[40:100, 30:80] = (200, 100, 50)
    turn = cv2.getRotationMatrix2D((56, 56), degrees, scale) + np.array([[0, 0, 300], [0, 0, 300]])
    turned = cv2.warpAffine(picture, turn, (800, 800), flags=cv2.INTER_LINEAR)
    points = (TEMPLATE @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    aligned = align(np.asarray(turned, np.uint8), points)
    assert aligned.shape == (112, 112, 3)
    assert aligned[60:80, 40:70].mean(axis=(0, 1)) == pytest.approx([200, 100, 50], abs=4)
    assert aligned[:30].mean() < 3


def test_a_very_large_face_is_averaged_not_sampled() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    points = TEMPLATE * 16 + 50
    assert align(noise, points).std() < 40, "single pixels of the noise would keep its 74"


def test_points_in_one_spot_and_outside_the_picture_are_no_error() -> None:
    picture = checks(200)
    assert align(picture, np.full((5, 2), 50, np.float32)).shape == (112, 112, 3)
    assert align(picture, TEMPLATE * 20 + 5000).shape == (112, 112, 3)


def test_good_views_lose_nothing() -> None:
    found = face(width=200)
    assert found.points is not None
    measures = measure(align(checks(400), found.points), found.points, 1.0)
    assert measures.quality > 0.95


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"eye_distance": 4.0}, "small"),
        ({"sharpness": -2.6}, "blurred"),
        ({"misfit": 0.5}, "turned away"),
        ({"contrast": 2.0}, "dark"),
        ({"confidence": 0.6}, "doubtful"),
    ],
)
def test_what_is_wrong_with_a_view_has_a_name(change: dict[str, float], word: str) -> None:
    good = ViewMeasures(60.0, -1.3, 0.1, 40.0, 1.0)
    bad = good._replace(**change)
    assert good.quality == 1.0
    assert bad.quality < 0.8
    assert max(bad.losses, key=bad.losses.__getitem__) == word


def test_a_view_below_the_wanted_quality_is_not_embedded() -> None:
    def network(*_: object) -> list[np.ndarray]:
        raise AssertionError("the network was run")

    found = face(width=20)
    assert found.points is not None
    assert FaceEmbedder(network)(np.zeros((200, 200, 3), np.uint8), found.points, 1.0, 0.5) is None


@pytest.fixture(scope="module")
def look_at() -> Callable[[ImageArray], View]:
    detector, mesh = FaceDetector(Network.load("face_detector", "cpu")), Network.load("face_mesh", "cpu")
    embedder = FaceEmbedder(Network.load(NETWORK, "cpu"))

    def look(image: ImageArray) -> View:
        tracker = FaceTracker(detector, mesh, None, smooth=False)
        found = tracker.update(Frame(image, 0, 0.0, "test"))[0]
        assert found.points is not None
        view = embedder(image, found.points, found.confidence)
        assert view is not None
        return view

    return look


def test_the_portrait_of_the_demo_clip_is_one_person_throughout(
    look_at: Callable[[ImageArray], View], demo_frames: list[Frame]
) -> None:
    views = [look_at(demo_frames[index].image) for index in (0, 100, 200, 300)]
    assert all(np.linalg.norm(view.embedding) == pytest.approx(1.0, abs=1e-3) for view in views)
    assert min(float(views[0].embedding @ view.embedding) for view in views) > 0.6
    assert min(view.quality for view in views) > 0.8


def test_quality_falls_with_size_and_sharpness(
    look_at: Callable[[ImageArray], View], demo_frames: list[Frame]
) -> None:
    image = demo_frames[0].image
    small = np.asarray(cv2.resize(image, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), 5), np.uint8)
    whole = look_at(image).quality
    assert look_at(small).quality < whole
    assert look_at(blurred).quality < 0.7 < whole


@pytest.mark.shared
def test_pictures_of_one_person_are_more_alike_than_those_of_two(
    look_at: Callable[[ImageArray], View], shared: Path
) -> None:
    folder = shared / "data" / "faces" / "ageitgey_knn" / "train"
    people = {
        name: [look_at(read_image(path)).embedding for path in sorted((folder / name).iterdir())]
        for name in ("biden", "obama", "kit_harington", "rose_leslie")
    }
    for name, (first, second) in people.items():
        others = [embedding for other, pair in people.items() if other != name for embedding in pair]
        assert first @ second > 0.5
        assert max(first @ other for other in others) < 0.35
