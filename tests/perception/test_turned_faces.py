"""Faces on tilted heads are found where a picture is searched thoroughly."""

import cv2
import numpy as np
import pytest

from livefg.inference.network import Network
from livefg.perception.detection import FaceDetector
from livefg.perception.faces import FaceTracker
from livefg.results import Frame, ImageArray


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(Network.load("face_detector", "cpu"))


def turned(image: ImageArray, degrees: float) -> tuple[ImageArray, np.ndarray]:
    """The picture turned anticlockwise around the face of the demo clip, and the way there (2, 3)."""
    turn = cv2.getRotationMatrix2D((302, 174), degrees, 1.0)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, turn, size, borderMode=cv2.BORDER_REPLICATE), np.uint8), turn


@pytest.mark.parametrize("degrees", [-60, -45, 0, 45, 60])
def test_points_of_a_tilted_face_lie_where_those_of_the_upright_face_go(
    detector: FaceDetector, demo_frames: list[Frame], degrees: float
) -> None:
    upright = detector(demo_frames[0].image, 4, 1024)[0]
    picture, turn = turned(demo_frames[0].image, degrees)
    (found,) = detector.in_any_pose(picture, 4, 1024)
    there = upright.points @ turn[:, :2].T + turn[:, 2]
    width = upright.box[2] - upright.box[0]
    assert np.abs(found.points - there).max() < 0.12 * width
    assert found.box[2] - found.box[0] == pytest.approx(width, rel=0.25)
    middle = (found.box[:2] + found.box[2:]) / 2
    assert np.abs(middle - there.mean(axis=0)).max() < 0.25 * width


def test_a_face_is_told_once(detector: FaceDetector, demo_frames: list[Frame]) -> None:
    assert len(detector.in_any_pose(demo_frames[0].image, 4, 1024)) == 1


def test_an_upright_face_is_found_as_it_is_without_turning(
    detector: FaceDetector, demo_frames: list[Frame]
) -> None:
    (thorough,) = detector.in_any_pose(demo_frames[0].image, 4, 1024)
    assert np.array_equal(thorough.points, detector(demo_frames[0].image, 4, 1024)[0].points)


def test_a_large_picture_is_searched_at_the_working_size(
    detector: FaceDetector, demo_frames: list[Frame]
) -> None:
    picture, _ = turned(demo_frames[0].image, 45)
    large = np.asarray(cv2.resize(picture, None, fx=3, fy=3), np.uint8)
    (found,) = detector.in_any_pose(large, 4, 640)
    (small,) = detector.in_any_pose(picture, 4, 640)
    assert found.points / 3 == pytest.approx(small.points, abs=6)


def test_an_empty_picture_has_none(detector: FaceDetector) -> None:
    assert detector.in_any_pose(np.zeros((240, 320, 3), np.uint8), 4, 1024) == []


def test_the_mesh_confirms_a_face_tilted_by_a_third_of_a_turn(demo_frames: list[Frame]) -> None:
    networks = FaceDetector(Network.load("face_detector", "cpu")), Network.load("face_mesh", "cpu")
    picture, _ = turned(demo_frames[0].image, 60)
    (face,) = FaceTracker(*networks, None, smooth=False, thorough=True).update(Frame(picture, 0, 0.0, "test"))
    assert face.landmarks is not None
    assert face.confidence > 0.9


@pytest.mark.parametrize("side", [48, 64, 100])
def test_a_face_that_fills_a_tiny_picture_is_found(
    detector: FaceDetector, demo_frames: list[Frame], side: int
) -> None:
    face = detector(demo_frames[0].image, 4, 1024)[0]
    left, top, right, bottom = face.box.round().astype(int)
    tiny = cv2.resize(
        demo_frames[0].image[top:bottom, left:right], (side, side), interpolation=cv2.INTER_AREA
    )
    (found,) = detector.in_any_pose(np.asarray(tiny, np.uint8), 4, 1024)
    scale = side / (face.box[2:] - face.box[:2])
    assert np.abs(found.points - (face.points - face.box[:2]) * scale).max() < 0.12 * side
