"""Hands on the demo clip and on scenes made from it: all found, sides right, ids kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from livefg.inference.network import Network
from livefg.perception.detection import PalmDetector
from livefg.perception.hands import HandTracker
from livefg.results import Frame, Hand


@pytest.fixture(scope="module")
def networks() -> tuple[Network, Network]:
    return Network.load("palm_detector", "cpu"), Network.load("hand_landmarks", "cpu")


@pytest.fixture
def tracker(networks: tuple[Network, Network]) -> Callable[..., HandTracker]:
    def make(**options: Any) -> HandTracker:
        return HandTracker(PalmDetector(networks[0]), networks[1], **options)

    return make


def flipped(frame: Frame, mirrored: bool = False) -> Frame:
    return replace(frame, image=np.ascontiguousarray(frame.image[:, ::-1]), mirrored=mirrored)


def sides(hands: tuple[Hand, ...]) -> list[str]:
    return sorted(hand.side for hand in hands)


def test_all_hands_of_the_demo_clip_are_found_with_their_sides(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame], demo_truth: list[dict[str, Any]]
) -> None:
    hands = tracker()
    wrong = []
    for frame, truth in zip(demo_frames, demo_truth, strict=True):
        seen, inside = (
            sides(hands.update(frame)),
            [hand["side"] for hand in truth["hands"] if hand["inside"] > 0.9],
        )
        if any(seen.count(side) < inside.count(side) for side in inside) or len(seen) > len(truth["hands"]):
            wrong.append(frame.index)
    assert len(wrong) <= 0.01 * len(demo_frames), f"wrong in frames {wrong}"


def test_landmarks_lie_on_the_joints(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame], demo_truth: list[dict[str, Any]]
) -> None:
    hands, distances = tracker(), []
    for frame, truth in zip(demo_frames[40:130], demo_truth[40:130], strict=True):
        for hand in hands.update(frame):
            joints = [
                np.array(t["landmarks"])[:, :2] * [frame.width, frame.height]
                for t in truth["hands"]
                if t["side"] == hand.side and t["inside"] == 1
            ]
            if joints:
                breadth = np.linalg.norm(joints[0][5] - joints[0][17])
                tips = [4, 8, 12, 16, 20]
                error = np.linalg.norm(hand.landmarks[tips, :2] - joints[0][tips], axis=1) / breadth
                distances.append(np.median(error))
    assert np.median(distances) < 0.25, "fingertips lie within a quarter of the palm's breadth"


def test_a_flipped_picture_swaps_the_sides_and_the_mirrored_flag_swaps_them_back(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame]
) -> None:
    plain, swapped, mirrored = tracker(), tracker(), tracker()
    for frame in demo_frames[60:76]:
        as_it_is = plain.update(frame)
        as_a_stranger = swapped.update(flipped(frame))
        as_told = mirrored.update(flipped(frame, mirrored=True))
        assert sides(as_it_is) == sides(as_told) == ["right"]
        assert sides(as_a_stranger) == ["left"]


def test_two_hands_that_cross_keep_their_ids_and_never_become_one(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame]
) -> None:
    hands = tracker()
    tracks: dict[str, set[int]] = {"left": set(), "right": set()}
    counts = []
    for frame in crossing(demo_frames[125], demo_frames[4], steps=50):
        seen = hands.update(frame)
        assert len(seen) <= 2
        assert len({hand.track for hand in seen}) == len(seen)
        counts.append(len(seen))
        for hand in seen:
            tracks[hand.side].add(hand.track)
    assert tracks["left"].isdisjoint(tracks["right"]), "no hand took over the other's id"
    assert len(tracks["left"]) == len(tracks["right"]) == 1
    assert counts[0] == counts[-1] == 2


def crossing(two_hands: Frame, empty: Frame, steps: int) -> list[Frame]:
    """The left and right hand of a frame, cut out and moved through each other along a gentle arc."""
    difference = cv2.absdiff(two_hands.image, empty.image).max(axis=2)
    mask = cv2.morphologyEx((difference > 24).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    mask[:, 250:390] = 0  # the face in the middle moves a little between the two frames
    background = cv2.GaussianBlur(empty.image, (0, 0), 12)
    frames = []
    for step in range(steps):
        way = step / (steps - 1)
        picture = background.copy()
        for half, shift in ((slice(0, 320), 1.0), (slice(320, 640), -1.0)):
            part = np.zeros_like(mask)
            part[:, half] = mask[:, half]
            move = np.array(
                [[1, 0, shift * 330 * way], [0, 1, -shift * 60 * np.sin(np.pi * way)]], np.float32
            )
            moved = cv2.warpAffine(two_hands.image, move, (640, 480))
            where = cv2.warpAffine(part, move, (640, 480)) > 0
            picture[where] = moved[where]
        frames.append(Frame(picture, step, step / 30, "crossing"))
    return frames


def test_a_hand_that_is_hidden_for_a_moment_gets_its_id_back(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame]
) -> None:
    hands = tracker()
    before = hands.update(demo_frames[60])
    for frame in demo_frames[61:70]:
        hands.update(frame)
    for frame in demo_frames[70:80]:
        assert hands.update(replace(frame, image=np.full_like(frame.image, 128))) == ()
    after = hands.update(demo_frames[80])
    assert [hand.track for hand in after] == [hand.track for hand in before]


def test_after_a_reset_ids_begin_again(tracker: Callable[..., HandTracker], demo_frames: list[Frame]) -> None:
    hands = tracker()
    assert [hand.track for hand in hands.update(demo_frames[60])] == [1]
    hands.reset()
    assert [hand.track for hand in hands.update(demo_frames[50])] == [1]


def test_no_more_hands_than_asked_for(tracker: Callable[..., HandTracker], demo_frames: list[Frame]) -> None:
    hands = tracker(most=1)
    assert all(len(hands.update(frame)) == 1 for frame in demo_frames[110:130])


def test_an_empty_scene_is_searched_no_more_often_than_asked(
    networks: tuple[Network, Network], demo_frames: list[Frame]
) -> None:
    searches = 0

    def counting(*inputs: Any) -> Any:
        nonlocal searches
        searches += 1
        return networks[0](*inputs)

    hands = HandTracker(PalmDetector(counting), networks[1], detect_interval=0.1)
    for index in range(30):
        hands.update(Frame(demo_frames[4].image, index, index / 30, "still"))
    assert searches <= 22, "ten times a second, each time at the whole picture and one part of it"


def test_smoothing_calms_the_landmarks_and_leaves_the_raw_ones_alone(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame]
) -> None:
    smooth, plain = tracker(smooth=True), tracker(smooth=False)
    frames = demo_frames[45:70]
    pairs = [(smooth.update(frame)[0], plain.update(frame)[0]) for frame in frames]
    shaken = [
        np.abs(np.diff([pair[which].landmarks for pair in pairs], n=2, axis=0)).mean() for which in (0, 1)
    ]
    assert shaken[0] < shaken[1]
    for smoothed, raw in pairs:
        assert np.array_equal(smoothed.raw_landmarks, raw.landmarks)


@pytest.mark.parametrize("size", [(64, 48), (240, 320), (1080, 1920)])
def test_pictures_of_any_size_are_taken(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame], size: tuple[int, int]
) -> None:
    height, width = size
    picture = cv2.resize(demo_frames[60].image, (width, height))
    for hand in tracker().update(Frame(picture, 0, 0.0, "resized")):
        assert np.isfinite(hand.landmarks).all()
        assert np.isfinite(hand.box).all()


def far_away(frame: Frame, scale: float) -> Frame:
    """The same scene seen from further away: shrunk into the middle of a plain room of the same size."""
    small = cv2.resize(frame.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = frame.height - small.shape[0], frame.width - small.shape[1]
    edges = (height // 2, height - height // 2, width // 2, width - width // 2)
    return replace(frame, image=cv2.copyMakeBorder(small, *edges, cv2.BORDER_CONSTANT, value=(150, 140, 130)))


def test_a_still_with_a_hand_that_is_far_away_is_searched_more_closely(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame]
) -> None:
    frame = far_away(demo_frames[60], 0.25)
    assert tracker(view_interval=float("inf")).update(frame) == ()
    assert sides(tracker(view_interval=0.0).update(frame)) == ["right"]


@pytest.mark.shared
def test_stills_that_a_hand_fills_are_searched_from_further_away(
    tracker: Callable[..., HandTracker], shared: Path
) -> None:
    pictures = sorted((shared / "data" / "gestures" / "images_digits").glob("*/*.JPG"))[::20]
    found = dict.fromkeys((0.0, float("inf")), 0)
    for path in pictures:
        image = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
        for interval in found:
            found[interval] += bool(
                tracker(most=1, view_interval=interval).update(Frame(image, 0, 0.0, path.name))
            )
    assert found[0.0] >= 0.97 * len(pictures)
    assert found[float("inf")] < 0.9 * len(pictures), "the whole picture alone does not show them"


def test_a_film_finds_a_hand_that_is_far_away_within_a_second(
    tracker: Callable[..., HandTracker], demo_frames: list[Frame]
) -> None:
    hands, frame = tracker(most=1), far_away(demo_frames[60], 0.25)
    found = [len(hands.update(replace(frame, index=index, time=index / 30))) for index in range(30)]
    assert found[-1] == 1
    assert found == sorted(found), "once found it is kept"
