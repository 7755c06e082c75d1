"""Gesture classifiers that look at the hands' pictures, in the live and in the recorded path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from onnx_files import save_gestures, save_pixel_gestures

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.inference.manifest import find_model
from livefg.perception.hand_picture import hand_crop
from livefg.perception.onnx_backend import OnnxPerception
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.gestures import GestureRecognizer, crop_side, load_gestures
from livefg.results import Frame, Hand
from livefg.workers import run_chain

RED, BLUE = (200, 20, 20), (20, 20, 200)


def two_hands() -> tuple[np.ndarray, list[Hand]]:
    """A picture, red on the left and blue on the right, and a hand in each half."""
    image = np.zeros((240, 320, 3), np.uint8)
    image[:, :160], image[:, 160:] = RED, BLUE
    points = np.zeros((21, 3), np.float32)
    hands = [
        Hand(track, "right", (left, 80, left + 60, 150), 1.0, points, world_landmarks=points)
        for track, left in ((1, 40), (2, 220))
    ]
    return image, hands


@pytest.fixture
def by_pixels(tmp_path: Path) -> Classifier:
    return load_gestures(find_model(save_pixel_gestures(tmp_path / "pixels.onnx")), "cpu")


def named(hands: tuple[Hand, ...]) -> list[str]:
    return [hand.gesture.name for hand in hands if hand.gesture]


def test_each_hand_is_named_by_its_own_picture(by_pixels: Classifier) -> None:
    image, hands = two_hands()
    assert named(GestureRecognizer(by_pixels)(hands, False, image)) == ["red", "blue"]
    assert crop_side(by_pixels.network) == 8


def test_only_networks_that_ask_for_it_need_the_picture(by_pixels: Classifier, tmp_path: Path) -> None:
    _, hands = two_hands()
    by_points = load_gestures(find_model(save_gestures(tmp_path / "points.onnx")), "cpu")
    recognizer = GestureRecognizer(by_points)
    assert named(recognizer(hands, False)) == ["wave_off", "wave_off"]
    assert crop_side(by_points.network) is None
    recognizer.use(by_pixels)
    with pytest.raises(ValueError, match="looks at pixels"):
        recognizer(hands, False)


@pytest.mark.parametrize(
    ("side", "kind"), [("S", TensorProto.UINT8), (8, TensorProto.FLOAT)], ids=["any size", "numbers"]
)
def test_pictures_of_no_fixed_size_or_of_no_bytes_are_refused(
    side: int | str, kind: int, tmp_path: Path
) -> None:
    path = save_pixel_gestures(tmp_path / "odd.onnx", side, kind)
    with pytest.raises(LivefgError, match=r"if it looks at pixels, crop uint8 \[N, S, S, 3\]"):
        load_gestures(find_model(path), "cpu")


def test_live_and_recorded_hands_are_named_by_their_pictures(
    tmp_path: Path, demo_frames: list[Frame]
) -> None:
    path = save_pixel_gestures(tmp_path / "pixels.onnx", 16)
    frame = demo_frames[150]
    settings = PipelineSettings(
        hands=1, faces=0, device="cpu", smooth=False, identity=False, gesture_model=str(path)
    )
    with Pipeline(settings) as pipeline:
        (hand,) = pipeline.process(frame).hands
    assert hand.gesture is not None
    crop = hand_crop(frame.image, hand.box, 16)
    expected = "red" if crop[..., 0].mean() > crop[..., 2].mean() else "blue"
    assert hand.gesture.name == expected

    perception = OnnxPerception(settings)
    swapped = replace(frame, image=np.ascontiguousarray(frame.image[..., ::-1]))
    (again,), _ = run_chain(perception.look_again(swapped, [hand], []))
    perception.close()
    assert again is not None
    assert again.gesture is not None
    assert again.gesture.name == {"red": "blue", "blue": "red"}[expected]


def test_the_picture_of_a_hand_is_square_upright_and_has_a_margin() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[30:50, 40:60] = 255
    image[30:33, 40:60] = RED
    crop = hand_crop(image, (40, 30, 60, 50), 26)
    assert crop.shape == (26, 26, 3)
    assert tuple(crop[4, 13]) == RED
    assert crop[20, 13].min() == 255
    assert not crop[:2].any()
    assert not crop[:, -2:].any()


def test_beyond_the_frame_its_edge_is_repeated_and_far_outside_all_is_black() -> None:
    image = np.full((100, 100, 3), RED, np.uint8)
    assert (hand_crop(image, (-40, 10, 60, 110), 32) == RED).all()
    assert not hand_crop(image, (400, 400, 600, 600), 32).any()
