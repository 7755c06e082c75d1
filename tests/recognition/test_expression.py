"""Expressions: which faces are looked at when, how answers change over time, and what the shipped network says."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from livefg import LivefgError
from livefg.inference.classifier import Classifier
from livefg.inference.network import Network
from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.expression import ExpressionRecognizer, expression_region, look_at
from livefg.results import Face, Frame, Label
from livefg.workers import run_chain

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
SQUARE = np.array([[-20, -20], [20, -20], [0, 0], [-15, 20], [15, 20]], np.float32)


class FakeClassifier:
    """Takes the brightness of a face for how happy it is, and counts its looks."""

    labels = LABELS

    def __init__(self) -> None:
        self.looks: Counter[int] = Counter()

    def classify(self, images: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        level = float(images.mean()) / 255
        self.looks[round(level * 100)] += 1
        return np.array([[1 - level, level, 0, 0, 0, 0, 0]], np.float32)

    def answer(self, scores: dict[str, float]) -> Label:
        best = max(scores, key=scores.__getitem__)
        return Label(best, scores[best], scores)


def face(track: int, x: float, scale: float = 1.0) -> Face:
    return Face(
        track,
        (x - 30, 70, x + 30, 130),
        0.99,
        points=SQUARE * np.float32(scale) + np.array([x, 100], np.float32),
    )


def picture(levels: dict[int, int]) -> np.ndarray[Any, Any]:
    image = np.zeros((200, 800, 3), np.uint8)
    for x, level in levels.items():
        image[:, x - 80 : x + 80] = level
    return image


def run(
    recognizer: ExpressionRecognizer, image: np.ndarray[Any, Any], faces: tuple[Face, ...], time: float
) -> tuple[Face, ...]:
    return run_chain(recognizer.steps(Frame(image, round(time * 30), time, "test"), faces))


def recognizer(*, tracked: bool = True) -> tuple[ExpressionRecognizer, FakeClassifier]:
    fake = FakeClassifier()
    return ExpressionRecognizer(fake, tracked=tracked), fake  # type: ignore[arg-type]


def test_a_new_face_has_an_answer_in_its_first_frame() -> None:
    it, _ = recognizer()
    (seen,) = run(it, picture({100: 250}), (face(1, 100),), 0.0)
    assert seen.expression is not None
    assert seen.expression.name == "happy"
    assert tuple(seen.expression.scores) == LABELS


@pytest.mark.parametrize("count", [1, 4])
def test_looks_are_bounded_however_many_faces_there_are(count: int) -> None:
    it, fake = recognizer()
    places = [100 + 180 * number for number in range(count)]
    image = picture({x: 40 + 50 * number for number, x in enumerate(places)})
    faces = tuple(face(number, x) for number, x in enumerate(places))
    for number in range(300):
        run(it, image, faces, number / 30)
    assert fake.looks.total() <= 105
    assert min(fake.looks.values()) > 0.8 * max(fake.looks.values())
    assert len(fake.looks) == count


def looks_in_two_seconds(shapes: list[dict[str, float]], sparing: bool = False) -> int:
    """How often a face is looked at whose blendshapes are these, frame after frame."""
    classifier = FakeClassifier()
    recognizer = ExpressionRecognizer(classifier, sparing=sparing)  # type: ignore[arg-type]
    for number in range(60):
        seen = replace(face(1, 100), blendshapes=shapes[number % len(shapes)])
        run(recognizer, picture({100: 100}), (seen,), number / 30)
    return classifier.looks.total()


def test_a_face_that_was_not_computed_anew_is_not_looked_at_again() -> None:
    assert looks_in_two_seconds([{"jawOpen": 0.1}]) == 1


def test_a_sparing_recognizer_looks_half_as_often() -> None:
    changing = [{"jawOpen": 0.1}, {"jawOpen": 0.1}]
    assert looks_in_two_seconds(changing, sparing=True) <= 0.6 * looks_in_two_seconds(changing)


def test_an_answer_changes_only_when_another_clearly_leads() -> None:
    it, _ = recognizer()
    names = []
    for number in range(120):
        level = 140 if number % 8 < 4 else 118
        (seen,) = run(it, picture({100: level}), (face(1, 100),), number / 30)
        assert seen.expression is not None
        names.append(seen.expression.name)
    assert len(set(names)) == 1


def test_a_real_change_shows_within_half_a_second() -> None:
    it, _ = recognizer()
    for number in range(60):
        run(it, picture({100: 0}), (face(1, 100),), number / 30)
    for number in range(60, 76):
        (seen,) = run(it, picture({100: 255}), (face(1, 100),), number / 30)
    assert seen.expression is not None
    assert seen.expression.name == "happy"


def test_a_face_too_small_to_see_has_no_expression() -> None:
    it, fake = recognizer()
    (seen,) = run(it, picture({100: 250}), (face(1, 100, scale=0.1),), 0.0)
    assert seen.expression is None
    assert not fake.looks


def test_pictures_by_themselves_are_each_looked_at() -> None:
    it, _ = recognizer(tracked=False)
    for level, name in ((250, "happy"), (5, "neutral")):
        first, second = run(it, picture({100: level, 300: level}), (face(1, 100), face(2, 300)), 0.0)
        assert first.expression is not None
        assert second.expression is not None
        assert {first.expression.name, second.expression.name} == {name}


def test_the_region_turns_and_grows_with_the_face() -> None:
    upright = expression_region(SQUARE + 100)
    turn = np.array([[0, -1], [1, 0]], np.float32)
    turned = expression_region(2 * SQUARE @ turn.T + 100)
    assert upright is not None
    assert turned is not None
    assert turned.size == pytest.approx(2 * upright.size)
    assert turned.rotation - upright.rotation == pytest.approx(np.pi / 2)
    assert upright.x == pytest.approx(100)


def test_a_look_is_of_one_size_for_small_and_large_faces() -> None:
    image = np.random.default_rng(0).integers(0, 256, (900, 900, 3), np.uint8)
    for scale in (0.4, 1.0, 8.0):
        region = expression_region(SQUARE * np.float32(scale) + 450)
        assert region is not None
        assert look_at(image, region).shape == (112, 112, 3)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load("expression", "cpu", task="expression")


def test_the_shipped_network_keeps_the_contract(classifier: Classifier) -> None:
    assert classifier.labels == LABELS
    assert classifier.info.metrics
    assert classifier.info.temperature > 1
    with pytest.raises(LivefgError, match="is for expression, not for gesture"):
        Classifier(Network.load("expression", "cpu"), "gesture")


def test_a_face_and_its_mirror_image_express_the_same(classifier: Classifier) -> None:
    images = np.random.default_rng(1).integers(0, 256, (3, 112, 112, 3), np.uint8)
    straight, mirrored = classifier.classify(images), classifier.classify(images[:, :, ::-1].copy())
    assert straight == pytest.approx(mirrored, abs=1e-5)
    assert straight.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_the_astronaut_of_the_demo_is_happy(demo_frames: list[Frame]) -> None:
    with Pipeline(PipelineSettings(hands=0, identity=False, device="cpu")) as pipeline:
        for _, result in pipeline.stream(demo_frames[:20]):
            (seen,) = result.faces
            assert seen.expression is not None
            assert seen.expression.name == "happy"


def test_without_expressions_none_are_given(demo_frames: list[Frame]) -> None:
    with Pipeline(PipelineSettings(hands=0, identity=False, expressions=False, device="cpu")) as pipeline:
        assert all(seen.expression is None for seen in pipeline.process(demo_frames[0]).faces)
        assert "expression" not in {report.name for report in pipeline.reports}


@pytest.mark.shared
def test_most_smiling_press_photographs_are_happy_at_48_pixels(shared: Path) -> None:
    folder = shared / "data" / "expressions" / "muxspace" / "happiness"
    names = sorted(path for path in folder.iterdir() if path.stem[0] < "C")[:12]
    right = 0
    with Pipeline(PipelineSettings(hands=0, identity=False, stills=True, device="cpu")) as pipeline:
        for path in names:
            with Image.open(path) as photograph:
                small = np.array(photograph.convert("RGB").resize((96, 96), Image.Resampling.BOX))
            pipeline.reset()
            faces = pipeline.process(Frame(small, 0, 0.0, path.name)).faces
            right += any(seen.expression is not None and seen.expression.name == "happy" for seen in faces)
    assert right >= 9
