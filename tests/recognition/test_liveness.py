"""Signs of life: a still picture does not pass however it is moved; a turning head and a blink do."""

import cv2
import numpy as np
import pytest

from livefg.pipeline import Pipeline, PipelineSettings
from livefg.recognition.liveness import Cues, Liveness
from livefg.results import Event, Face, FloatArray, Frame, FrameResult, HeadPose, ImageArray
from livefg.workers import run_chain

SIDE = 480
DEPTH = 60.0


def skin() -> ImageArray:
    """Something with corners to follow, in place of a face."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE // 8, SIDE // 8), np.uint8)
    grey = cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)


def mesh() -> FloatArray:
    """Points all over a face of 200 pixels in the middle, whose middle is nearer: a bump of `DEPTH` pixels."""
    rng = np.random.default_rng(1)
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = rng.uniform(-100, 100, (478, 2))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    outline = (
        10,
        338,
        297,
        332,
        284,
        251,
        389,
        356,
        454,
        323,
        361,
        425,
        2,
        205,
        132,
        93,
        234,
        127,
        162,
        21,
        54,
        103,
    )
    for index, angle in zip((*outline, 67, 109), angles, strict=True):
        points[index, :2] = 100 * np.sin(angle), -100 * np.cos(angle)
    points[33, :2], points[263, :2] = (-45, -30), (45, -30)
    points[:, 2] = depth(points[:, 0], points[:, 1])
    return points


def depth(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(-DEPTH * np.exp(-(x**2 + y**2) / (2 * 45.0**2)))


def seen(yaw: float, *, solid: bool) -> tuple[ImageArray, FloatArray]:
    """The bump, or a flat picture of it, turned by `yaw` degrees before a camera; the mesh believes in the bump."""
    turn = np.radians(yaw)
    y, x = (np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2).astype(np.float32)
    # Where each pixel of the turned thing comes from: solved by a few steps, for the bump hides nothing here.
    source = x.copy()
    for _ in range(12):
        bump = depth(source, y) if solid else 0.0
        source = (x - bump * np.sin(turn)) / np.cos(turn)
    picture = cv2.remap(skin(), (source + SIDE / 2).astype(np.float32), y + SIDE / 2, cv2.INTER_LINEAR)
    points = mesh()
    points[:, 0] = points[:, 0] * np.cos(turn) + points[:, 2] * np.sin(turn) * solid
    points[:, :2] += SIDE / 2
    return np.asarray(picture, np.uint8), points


def face(yaw: float, points: FloatArray) -> Face:
    box = (140.0, 140.0, 340.0, 340.0)
    return Face(1, box, 0.99, landmarks=points, pose=HeadPose(yaw, 0.0, 0.0))


def watch(
    liveness: Liveness, *, solid: bool, blink_at: tuple[float, ...] = (), seconds: float = 6.0
) -> list[Event]:
    """Turn from side to side for some seconds, with blinks."""
    events: list[Event] = []
    for number in range(round(seconds * 15)):
        time = number / 15
        yaw = 24 * np.sin(2 * np.pi * time / 3)
        picture, points = seen(yaw, solid=solid)
        frame = Frame(picture, number, time, "test")
        faces = run_chain(liveness.steps(frame, (face(yaw, points),)))
        blinked = [
            Event("face", "blink", "end", 1, time, 0.9) for moment in blink_at if 0 <= time - moment < 1 / 15
        ]
        result = FrameResult("test", number, time, SIDE, SIDE, faces=faces, events=tuple(blinked))
        events += liveness(result)
    return events


def labels(events: list[Event]) -> set[str]:
    return {event.label for event in events}


BLINKS = (0.4, 1.5, 2.6, 3.7, 4.8)


def test_a_solid_head_that_turns_and_blinks_as_asked_is_alive() -> None:
    liveness = Liveness(seed=3)
    events = watch(liveness, solid=True, blink_at=BLINKS)
    assert "alive" in labels(events)
    assert "please_blink" in labels(events)
    assert liveness.cues(1).solid > liveness.cues(1).flat


def test_a_tilted_photograph_is_not_alive_even_if_blinks_were_seen() -> None:
    liveness = Liveness(seed=3)
    events = watch(liveness, solid=False, blink_at=BLINKS)
    assert "alive" not in labels(events)
    assert liveness.cues(1).solid == 0


def test_who_does_not_blink_is_not_called_alive() -> None:
    assert "alive" not in labels(watch(Liveness(seed=3), solid=True))


def test_each_request_ends_before_the_next_begins() -> None:
    events = watch(Liveness(seed=5), solid=True, blink_at=BLINKS)
    asked = [(event.label, event.phase) for event in events if event.label.startswith("please_")]
    for (label, phase), (after, next_phase) in zip(asked[::2], asked[1::2], strict=False):
        assert (label, phase, next_phase) == (after, "start", "end")


def test_after_a_reset_nothing_is_known_of_a_face() -> None:
    liveness = Liveness(seed=3)
    watch(liveness, solid=True, seconds=2.0)
    liveness.reset()
    assert liveness.cues(1) == Cues()


def test_the_photograph_in_the_demo_clip_does_not_pass(demo_frames: list[Frame]) -> None:
    settings = PipelineSettings(hands=0, identity=False, expressions=False, liveness=True, device="cpu")
    with Pipeline(settings) as pipeline:
        events = [event for _, result in pipeline.stream(demo_frames) for event in result.events]
    assert "alive" not in labels(events)
    assert "blink" not in labels(events)
    assert labels(events) & {"please_blink", "please_turn_left", "please_turn_right"}


def test_liveness_is_off_by_default() -> None:
    assert not PipelineSettings().liveness


@pytest.mark.parametrize("yaw", [0.0, 2.0])
def test_views_that_hardly_differ_are_not_compared(yaw: float) -> None:
    liveness = Liveness()
    for number in range(30):
        turned = yaw * (number % 2)
        picture, points = seen(turned, solid=True)
        run_chain(liveness.steps(Frame(picture, number, number / 10, "test"), (face(turned, points),)))
    assert liveness.cues(1) == Cues()
