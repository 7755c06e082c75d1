"""Faces: found and followed on the demo clip, in group photographs, and when they come and go."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from livefg.inference.network import Network
from livefg.perception.detection import Detection, FaceDetector
from livefg.perception.faces import FaceTracker
from livefg.perception.geometry import box_iou
from livefg.results import Frame


@pytest.fixture(scope="module")
def networks() -> dict[str, Network]:
    return {name: Network.load(name, "cpu") for name in ("face_detector", "face_mesh", "blendshapes")}


@pytest.fixture
def tracker(networks: dict[str, Network]) -> Callable[..., FaceTracker]:
    def make(**options: Any) -> FaceTracker:
        detector = FaceDetector(networks["face_detector"])
        return FaceTracker(detector, networks["face_mesh"], networks["blendshapes"], **options)

    return make


def picture(path: Path) -> Frame:
    image = cv2.imread(str(path))
    assert image is not None
    return Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), 0, 0.0, path.name)


def on_grey(face: np.ndarray, width: int, height: int, scale: float) -> Frame:
    """A frame with a picture of a face shrunk into its middle."""
    small = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    image = np.full((height, width, 3), 120, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    image[top : top + small.shape[0], left : left + small.shape[1]] = small
    return Frame(image, 0, 0.0, "small")


def test_the_face_of_the_demo_clip_is_followed_under_one_id(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame], demo_truth: list[dict[str, Any]]
) -> None:
    faces = tracker()
    for frame, truth in zip(demo_frames[::3], demo_truth[::3], strict=True):
        seen = faces.update(frame)
        assert [face.track for face in seen] == [1], f"frame {frame.index}"
        assert box_iou(seen[0].box, tuple(truth["face"])) > 0.3
        assert seen[0].landmarks is not None
        assert seen[0].landmarks.shape == (478, 3)
        assert seen[0].blendshapes is not None
        assert len(seen[0].blendshapes) == 52


def test_a_frontal_smiling_portrait_is_told_so(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame]
) -> None:
    (face,) = tracker().update(demo_frames[0])
    assert face.pose is not None
    assert abs(face.pose.yaw) < 15
    assert abs(face.pose.roll) < 15
    assert face.blendshapes is not None
    assert face.blendshapes["mouthSmileLeft"] > 0.5
    assert face.blendshapes["eyeBlinkLeft"] < 0.5


def test_a_mirrored_picture_gives_the_persons_own_pose_and_blendshapes(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame]
) -> None:
    frame = demo_frames[0]
    turned = cv2.warpAffine(frame.image, cv2.getRotationMatrix2D((300, 180), 20, 1), (640, 480))
    (plain,) = tracker().update(replace(frame, image=turned))
    flipped = replace(frame, image=np.ascontiguousarray(turned[:, ::-1]), mirrored=True)
    (mirrored,) = tracker().update(flipped)
    assert plain.pose is not None
    assert mirrored.pose is not None
    assert plain.pose.roll > 10, "the head leans to the picture's left: the person's right"
    assert mirrored.pose.roll == pytest.approx(plain.pose.roll, abs=3)
    assert mirrored.pose.yaw == pytest.approx(plain.pose.yaw, abs=3)
    assert plain.blendshapes is not None
    assert mirrored.blendshapes is not None
    differences = [abs(plain.blendshapes[name] - mirrored.blendshapes[name]) for name in plain.blendshapes]
    assert float(np.median(differences)) < 0.03


@pytest.mark.parametrize("width", [24, 32, 64])
def test_a_small_face_in_a_large_picture_is_found(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame], width: int
) -> None:
    portrait = demo_frames[0].image[20:330, 150:450]  # the face itself is about 105 pixels wide
    seen = tracker().update(on_grey(portrait, 1920, 1080, width / 105))
    assert len(seen) == 1
    assert seen[0].box[2] - seen[0].box[0] == pytest.approx(width, rel=0.4)


@pytest.mark.parametrize(("size", "close"), [((1920, 1080), [0.0, 2.0, 4.0]), ((1280, 720), [])])
def test_large_frames_are_searched_for_small_faces_at_first_and_then_rarely(
    networks: dict[str, Network], size: tuple[int, int], close: list[float]
) -> None:
    looks: list[tuple[float, int]] = []

    class Watched(FaceDetector):
        def __call__(self, image: np.ndarray, most: int, longest_side: int) -> list[Detection]:
            looks.append((now, longest_side))
            return super().__call__(image, most, longest_side)

    faces = FaceTracker(Watched(networks["face_detector"]), networks["face_mesh"], None)
    wall = np.full((size[1], size[0], 3), 120, np.uint8)
    for tick in range(9):
        now = tick / 2
        assert faces.update(Frame(wall, tick, now, "wall")) == ()
    assert [when for when, side in looks if side == 1024] == [tick / 2 for tick in range(9)]
    assert [when for when, side in looks if side == 1920] == close


def test_a_face_that_was_found_by_a_close_search_is_followed_until_the_next(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame]
) -> None:
    portrait = demo_frames[0].image[20:330, 150:450]
    frame, faces = on_grey(portrait, 1920, 1080, 20 / 105), tracker()
    for tick in range(9):
        assert [face.track for face in faces.update(replace(frame, time=tick / 4))] == [1]


def test_a_face_that_comes_is_found_soon_and_one_that_goes_is_dropped(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame]
) -> None:
    faces, frame = tracker(), demo_frames[0]
    nobody = np.full_like(frame.image, 120)
    for index in range(5):
        assert faces.update(replace(frame, image=nobody, time=index / 30)) == ()
    assert len(faces.update(replace(frame, time=5 / 30))) == 1
    assert faces.update(replace(frame, image=nobody, time=6 / 30)) == ()
    back = faces.update(replace(frame, time=12 / 30))
    assert [face.track for face in back] == [1], "the same face a moment later has the same id"


def test_a_second_face_is_found_while_the_first_is_followed(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame]
) -> None:
    faces, frame = tracker(), demo_frames[0]
    portrait = frame.image[20:330, 150:450]
    alone = np.full((480, 960, 3), 120, np.uint8)
    alone[:310, :300] = portrait
    together = alone.copy()
    together[:310, 600:900] = portrait
    counts = [
        len(faces.update(Frame(together if index > 5 else alone, index, index / 30, "two")))
        for index in range(30)
    ]
    assert counts[0] == 1
    assert counts[-1] == 2


def test_no_more_faces_than_asked_for_and_the_largest_first(
    tracker: Callable[..., FaceTracker], demo_frames: list[Frame]
) -> None:
    portrait = demo_frames[0].image[20:330, 150:450]
    scene = np.full((480, 960, 3), 120, np.uint8)
    scene[:310, 600:900] = portrait
    scene[100:255, 100:250] = cv2.resize(portrait, (150, 155), interpolation=cv2.INTER_AREA)
    (face,) = tracker(most=1).update(Frame(scene, 0, 0.0, "two"))
    assert face.box[0] > 600


@pytest.mark.shared
def test_group_photographs_give_every_face(tracker: Callable[..., FaceTracker], shared: Path) -> None:
    folder = shared / "data" / "groups" / "dlib_faces"
    least = {
        "2007_007763.jpg": 7,
        "2008_002470.jpg": 6,
        "2008_004176.jpg": 7,
        "2008_007676.jpg": 7,
        "bald_guys.jpg": 22,
    }
    for name, count in least.items():
        assert len(tracker(most=50).update(picture(folder / name))) >= count, name


@pytest.mark.shared
def test_a_bare_hand_and_a_dog_are_no_faces(tracker: Callable[..., FaceTracker], shared: Path) -> None:
    dogs = tracker().update(picture(shared / "data" / "groups" / "dlib_faces" / "dogs.jpg"))
    assert all(face.confidence > 0.5 for face in dogs)
    assert len(dogs) <= 1
