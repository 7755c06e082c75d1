"""What looks the same is moved along, what changes is not; and how far that is from computing every frame."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from livefg.inference.network import Network
from livefg.perception.detection import FaceDetector, PalmDetector
from livefg.perception.faces import FaceTracker
from livefg.perception.geometry import Region, box_of, to_picture
from livefg.perception.hands import HandTracker
from livefg.perception.steadiness import (
    Change,
    Glance,
    Overview,
    Shift,
    Steadiness,
    moved,
    moved_region,
    to_compute_anew,
)
from livefg.results import FloatArray, Frame, Hand, ImageArray

LIMITS = Steadiness(mean=4.0, patch=8.0, light=20.0, distance=0.1)
FACE = Region(300.0, 180.0, 230.0, 0.1)
EVERYTHING = (0.0, 0.0, 1.0, 1.0)
MEAN_PIXELS = 0.5  # what issue 7 allows between moving along and computing every frame


class Counted:
    """A network that counts how often it runs."""

    def __init__(self, name: str) -> None:
        self.network = Network.load(name, "cpu")
        self.runs = 0

    def __call__(self, *inputs: Any) -> Any:
        self.runs += 1
        return self.network(*inputs)


@pytest.fixture(scope="module")
def networks() -> dict[str, Counted]:
    names = ("palm_detector", "hand_landmarks", "face_detector", "face_mesh", "blendshapes")
    return {name: Counted(name) for name in names}


def points_on(region: Region) -> FloatArray:
    spread = np.random.default_rng(0).uniform(-0.35, 0.35, (30, 2)).astype(np.float32)
    return spread * np.float32(region.size) + np.array([region.x, region.y], np.float32)


def warped(image: ImageArray, matrix: FloatArray) -> ImageArray:
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_a_picture_that_did_not_change_has_not_moved(demo_frames: list[Frame]) -> None:
    image = demo_frames[150].image
    points = points_on(FACE)
    shift = Glance(image, points).shift(image, LIMITS)
    assert shift is not None
    assert np.abs(moved(points, shift) - points).max() < 0.05


@pytest.mark.parametrize(
    ("degrees", "scale", "x", "y"), [(0, 1, 4, -3), (3, 1, 0, 0), (0, 1.03, 0, 0), (-2, 0.98, 3, 2)]
)
def test_a_shift_a_turn_and_a_change_of_size_are_measured(
    demo_frames: list[Frame], degrees: float, scale: float, x: float, y: float
) -> None:
    image, points = demo_frames[150].image, points_on(FACE)
    matrix = cv2.getRotationMatrix2D((FACE.x, FACE.y), degrees, scale).astype(np.float32)
    matrix[:, 2] += (x, y)
    shift = Glance(image, points).shift(warped(image, matrix), LIMITS)
    assert shift is not None
    assert np.abs(moved(points, shift) - (points @ matrix[:, :2].T + matrix[:, 2])).mean() < 0.3


def test_a_region_moves_as_the_points_in_it_do() -> None:
    shift = Shift(scale=1.1, angle=0.2, x=7.0, y=-3.0, about_x=280.0, about_y=150.0)
    region = moved_region(FACE, shift)
    corners = to_picture(np.array([[0, 0], [100, 0], [100, 100]], np.float32), FACE, 100)
    assert to_picture(np.array([[0, 0], [100, 0], [100, 100]], np.float32), region, 100) == pytest.approx(
        moved(corners, shift), abs=0.01
    )


def test_a_hand_before_a_background_that_moves_otherwise_is_followed(demo_frames: list[Frame]) -> None:
    image, points = demo_frames[150].image, points_on(FACE)
    left, top, right, bottom = (round(value) for value in box_of(points))
    rows, columns = slice(top - 20, bottom + 20), slice(left - 20, right + 20)
    later = np.roll(image, 25, axis=0)
    later[rows, columns] = np.roll(image, (3, 5), axis=(0, 1))[rows, columns]
    shift = Glance(image, points).shift(later, LIMITS)
    assert shift is not None
    assert (moved(points, shift) - points).mean(axis=0) == pytest.approx((5, 3), abs=0.3)


def test_a_lamp_that_is_switched_on_is_no_motion_and_a_little_more_light_is_no_change(
    demo_frames: list[Frame],
) -> None:
    image, points = demo_frames[150].image, points_on(FACE)
    lighter, light = (np.clip(image.astype(int) + more, 0, 255).astype(np.uint8) for more in (8, 60))
    shift = Glance(image, points).shift(lighter, LIMITS)
    assert shift is not None
    assert np.abs(moved(points, shift) - points).max() < 0.3
    assert Glance(image, points).shift(light, LIMITS) is None


def test_what_lies_outside_of_the_picture_is_never_said_to_stand_still(demo_frames: list[Frame]) -> None:
    points = points_on(FACE) + np.array([900, 0], np.float32)
    assert Glance(demo_frames[150].image, points).shift(demo_frames[150].image, LIMITS) is None


def test_depth_grows_with_the_scale(demo_frames: list[Frame]) -> None:
    image, points = demo_frames[150].image, points_on(FACE)
    matrix = cv2.getRotationMatrix2D((FACE.x, FACE.y), 0, 1.03).astype(np.float32)
    shift = Glance(image, points).shift(warped(image, matrix), LIMITS)
    assert shift is not None
    deep = np.full((30, 3), 10, np.float32)
    assert moved(deep, shift)[:, 2] == pytest.approx(10 * 1.03, abs=0.1)


def test_closed_eyes_are_no_motion(demo_frames: list[Frame]) -> None:
    image = demo_frames[150].image
    closed = image.copy()
    cv2.ellipse(closed, (268, 165), (16, 8), 0, 0, 360, (205, 160, 140), -1)
    assert Glance(image, points_on(FACE)).shift(closed, LIMITS) is None


def test_a_far_jump_is_no_motion_that_is_believed(demo_frames: list[Frame]) -> None:
    image = demo_frames[150].image
    jumped = np.roll(image, 40, axis=1)
    assert Glance(image, points_on(FACE)).shift(jumped, LIMITS) is None


def test_noise_of_a_camera_is_no_change(demo_frames: list[Frame]) -> None:
    image, noise = demo_frames[150].image, np.random.default_rng(1)
    noisy = [np.clip(image + noise.normal(0, 4, image.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    points = points_on(FACE)
    shift = Glance(noisy[0], points).shift(noisy[1], LIMITS)
    assert shift is not None
    assert np.abs(moved(points, shift) - points).mean() < 0.5
    assert Overview(noisy[1]).change(Overview(noisy[0]), EVERYTHING, []) is Change.NONE


def test_turns_to_be_computed_are_shared_out_over_the_frames() -> None:
    kept, runs = [0, 0, 0, 0], []
    for _ in range(30):
        anew = to_compute_anew(kept, 3)
        runs.append(sum(anew))
        kept = [0 if now else frames + 1 for now, frames in zip(anew, kept, strict=True)]
    assert max(runs) == 1
    assert sum(runs) >= 24
    assert to_compute_anew([5, 0], 0) == [True, True]


def test_what_enters_the_picture_is_noticed_and_what_is_followed_is_not(demo_frames: list[Frame]) -> None:
    image = demo_frames[4].image
    entered = image.copy()
    entered[300:340, 40:80] = (210, 160, 130)
    before, now = Overview(image), Overview(entered)
    assert now.change(before, EVERYTHING, []) is Change.LITTLE
    assert now.change(before, (0.4, 0.4, 1.0, 1.0), []) is Change.NONE
    assert now.change(before, EVERYTHING, [(0.05, 0.6, 0.15, 0.75)]) is Change.NONE
    entered[200:400, 40:160] = (210, 160, 130)
    assert Overview(entered).change(before, EVERYTHING, []) is Change.MUCH


def pixels_apart(first: FloatArray, second: FloatArray) -> float:
    return float(np.linalg.norm(first[:, :2] - second[:, :2], axis=1).mean())


def tell(what: str, values: list[float], runs: tuple[int, int] | None = None) -> None:
    """Print figures; `pytest -rP` shows them."""
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    share = f"; {runs[1] / runs[0]:.0%} of the runs" if runs else ""
    print(f"{what}: mean {np.mean(values):.3f} px, median {p50:.3f}, p95 {p95:.3f}, p99 {p99:.3f}{share}")


def hands_apart(frames: list[Frame], networks: dict[str, Counted]) -> tuple[list[float], tuple[int, int]]:
    """Distances of all hands from those of a tracker that computes every frame, and how often each computes."""
    landmarks = networks["hand_landmarks"]
    seen, runs = [], []
    for keep in (0, 5):
        before = landmarks.runs
        tracker = HandTracker(
            PalmDetector(networks["palm_detector"]), landmarks, 2, detect_interval=0.1, keep=keep
        )
        seen.append([tracker.update(frame) for frame in frames])
        runs.append(landmarks.runs - before)
    apart = []
    for exact, kept in zip(*seen, strict=True):
        assert len(exact) == len(kept)
        for hand, other in zip(exact, kept, strict=True):
            assert (hand.track, hand.side) == (other.track, other.side)
            assert hand.raw_landmarks is not None
            assert other.raw_landmarks is not None
            apart.append(pixels_apart(hand.raw_landmarks, other.raw_landmarks))
    return apart, (runs[0], runs[1])


def test_hands_of_the_demo_lie_where_they_lie_when_every_frame_is_computed(
    demo_frames: list[Frame], networks: dict[str, Counted]
) -> None:
    apart, runs = hands_apart(demo_frames[30:240], networks)
    tell("hands of the demo", apart, runs)
    assert np.mean(apart) <= MEAN_PIXELS
    assert runs[1] < 0.85 * runs[0]


@pytest.mark.shared
@pytest.mark.parametrize("clip", ["please", "thanks"])
def test_signing_hands_lie_where_they_lie_when_every_frame_is_computed(
    clip: str, shared_clip: Callable[[str], list[Frame]], networks: dict[str, Counted]
) -> None:
    apart, runs = hands_apart(shared_clip(clip), networks)
    tell(f"hands of {clip}", apart, runs)
    assert np.mean(apart) <= MEAN_PIXELS
    assert runs[1] < runs[0]


@pytest.mark.shared
@pytest.mark.parametrize("clip", ["again", "help", "please"])
def test_from_one_frame_to_the_next_hands_lie_where_they_would_be_computed(
    clip: str, shared_clip: Callable[[str], list[Frame]], networks: dict[str, Counted]
) -> None:
    palms = PalmDetector(networks["palm_detector"])
    tracker = HandTracker(palms, networks["hand_landmarks"], 2, detect_interval=0.1, keep=5)
    apart: list[float] = []
    before: dict[int, Hand] = {}
    for frame in shared_clip(clip):
        hands = tracker.update(frame)
        for hand in hands:
            seen = tracker.look_at(frame, before[hand.track]) if hand.track in before else None
            if seen and seen.raw_landmarks is not None and hand.raw_landmarks is not None:
                apart.append(pixels_apart(seen.raw_landmarks, hand.raw_landmarks))
        before = {hand.track: hand for hand in hands}
    tell(f"hands of {clip}, one step on", apart)
    assert np.mean(apart) <= MEAN_PIXELS


def faces_apart(
    frames: list[Frame], networks: dict[str, Counted]
) -> tuple[list[float], list[float], tuple[int, int]]:
    """Distances of all meshes, differences of blendshapes, and how often each tracker computes."""
    mesh = networks["face_mesh"]
    seen, runs = [], []
    for keep in (0, 5):
        before = mesh.runs
        detector = FaceDetector(networks["face_detector"])
        tracker = FaceTracker(detector, mesh, networks["blendshapes"], 1, keep=keep)
        seen.append([tracker.update(frame) for frame in frames])
        runs.append(mesh.runs - before)
    apart, shapes = [], []
    for (face,), (other,) in zip(*seen, strict=True):
        assert face.raw_landmarks is not None
        assert other.raw_landmarks is not None
        assert face.blendshapes is not None
        assert other.blendshapes is not None
        assert face.pose is not None
        assert other.pose is not None
        assert np.hypot(face.pose.yaw - other.pose.yaw, face.pose.pitch - other.pose.pitch) < 5
        assert face.pose.roll == pytest.approx(other.pose.roll, abs=1.5)
        apart.append(pixels_apart(face.raw_landmarks, other.raw_landmarks))
        shapes.append(
            max(abs(face.blendshapes[name] - other.blendshapes[name]) for name in ("eyeBlinkLeft", "jawOpen"))
        )
    return apart, shapes, (runs[0], runs[1])


def test_the_face_of_the_demo_lies_where_it_lies_when_every_frame_is_computed(
    demo_frames: list[Frame], networks: dict[str, Counted]
) -> None:
    apart, shapes, runs = faces_apart(demo_frames[:120], networks)
    tell("face of the demo", apart, runs)
    assert np.mean(apart) <= MEAN_PIXELS
    assert max(shapes) < 0.1
    assert runs[1] < 0.6 * runs[0]


@pytest.mark.shared
@pytest.mark.parametrize("clip", ["please", "again"])
def test_real_faces_lie_where_they_lie_when_every_frame_is_computed(
    clip: str, shared_clip: Callable[[str], list[Frame]], networks: dict[str, Counted]
) -> None:
    apart, shapes, runs = faces_apart(shared_clip(clip), networks)
    tell(f"face of {clip}", apart, runs)
    assert np.mean(apart) <= MEAN_PIXELS
    assert np.mean(shapes) < 0.05
    assert runs[1] < 0.8 * runs[0]


def test_a_picture_that_stands_still_is_searched_seldom(
    demo_frames: list[Frame], networks: dict[str, Counted]
) -> None:
    palms = networks["palm_detector"]
    still = [replace(demo_frames[4], index=index, time=index / 30) for index in range(60)]
    searches = []
    for keep in (0, 5):
        before = palms.runs
        tracker = HandTracker(
            PalmDetector(palms), networks["hand_landmarks"], 2, detect_interval=0.1, keep=keep
        )
        for frame in still:
            tracker.update(frame)
        searches.append(palms.runs - before)
    assert searches[1] < 0.5 * searches[0]


def test_a_hand_that_comes_into_a_still_picture_is_found_as_soon_as_ever(
    demo_frames: list[Frame], networks: dict[str, Counted]
) -> None:
    came = 10
    frames = [
        replace(demo_frames[4 if index < came else 60], index=index, time=index / 30)
        for index in range(came + 8)
    ]
    found = []
    for keep in (0, 5):
        palms = PalmDetector(networks["palm_detector"])
        tracker = HandTracker(palms, networks["hand_landmarks"], 2, detect_interval=0.1, keep=keep)
        found.append(next(frame.index for frame in frames if tracker.update(frame)))
    assert came <= found[1] <= found[0]


def test_a_tilted_picture_tilts_the_head(demo_frames: list[Frame], networks: dict[str, Counted]) -> None:
    image = demo_frames[150].image
    matrix = cv2.getRotationMatrix2D((FACE.x, FACE.y), 3, 1).astype(
        np.float32
    )  # anticlockwise: to the own right
    detector = FaceDetector(networks["face_detector"])
    for mirrored, sign in ((False, 1), (True, -1)):
        tracker = FaceTracker(detector, networks["face_mesh"], None, 1, smooth=False, keep=3)
        frames = [
            Frame(image, 0, 0.0, "tilted", mirrored),
            Frame(warped(image, matrix), 1, 0.03, "tilted", mirrored),
        ]
        (before,), (after,) = (tracker.update(frame) for frame in frames)
        assert before.pose is not None
        assert after.pose is not None
        assert after.pose.roll - before.pose.roll == pytest.approx(3 * sign, abs=0.5)
