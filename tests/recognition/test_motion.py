"""Motions while they happen: what the network sees, when an event is made, and the shipped networks on real frames."""

from typing import Any

import numpy as np
import pytest

from livefg.errors import LivefgError
from livefg.inference.classifier import Classifier
from livefg.recognition.motion import MotionRecognizer, load_motions
from livefg.recognition.motion_decisions import MotionSettings, MotionWatch
from livefg.recognition.motion_window import LONG_AGO, History, as_batch, looks, own_landmarks
from livefg.results import Event, Face, FrameResult, Hand, HeadPose, Side

FPS = 30.0
LABELS = ("none", "swipe_left", "swipe_right", "wave")


def points(x: float = 0.0) -> np.ndarray:
    return np.full((21, 3), x, np.float32)


def test_the_window_holds_the_last_moments_with_their_times() -> None:
    history = History(seconds=1.0)
    for frame in range(60):
        history.add(frame / 20, points(frame))
    times, values = history.window()
    assert times[-1] == pytest.approx(59 / 20)
    assert times[0] <= times[-1] - 1.0 < times[1], "one sample before its beginning"
    assert values[:, 0, 0].tolist() == [pytest.approx(time * 20) for time in times]


def test_fast_cameras_do_not_make_the_window_longer() -> None:
    fast, slow = History(), History()
    for frame in range(400):
        fast.add(frame / 120, points(frame))
        slow.add(frame / 40, points(frame))
    assert len(fast) <= len(slow) + 2
    assert fast.window()[0][-1] == pytest.approx(399 / 120), "the newest is always there"


def test_a_time_that_does_not_advance_is_left_out() -> None:
    history = History()
    for time in (1.0, 1.1, 1.1, 1.05):
        history.add(time, points())
    assert len(history) == 2


def test_windows_of_different_lengths_stand_side_by_side() -> None:
    values, times = as_batch(
        [(np.array([5.0, 5.5]), np.stack([points(1), points(2)])), (np.array([5.5]), points(3)[None])]
    )
    assert values.shape == (2, 2, 21, 3)
    np.testing.assert_allclose(times, [[-0.5, 0.0], [LONG_AGO, 0.0]])
    assert values[1, 1, 0, 0] == 3


@pytest.mark.parametrize(("fps", "every"), [(10, 1), (15, 1), (25, 1), (30, 2), (60, 3), (120, 5)])
def test_a_network_is_asked_of_a_quick_camera_s_frames_only_now_and_then(fps: int, every: int) -> None:
    assert looks([frame / fps for frame in range(60)]) == list(range(0, 60, every))


def test_a_network_is_asked_again_when_time_goes_back() -> None:
    assert looks([5.0, 5.01, 1.0, 1.01, 1.05]) == [0, 2, 4]


def test_a_mirrored_picture_is_turned_back() -> None:
    hand = Hand(1, "right", (0, 0, 1, 1), 1.0, points(5))
    assert own_landmarks(hand, mirrored=False)[0].tolist() == [5, 5, 5]
    assert own_landmarks(hand, mirrored=True)[0].tolist() == [-5, 5, 5]


class Play:
    """Feeds scores to a watch, frame by frame, and keeps its events."""

    def __init__(self, settings: MotionSettings | None = None, enter: dict[str, float] | None = None) -> None:
        self.watch = MotionWatch("motion", enter or dict.fromkeys(LABELS, 0.8), settings)
        self.now = 0.0
        self.events: list[Event] = []

    def go(self, label: str, seconds: float, chance: float = 0.97, fps: float = FPS) -> None:
        for _ in range(max(1, round(seconds * fps))):
            scores = dict.fromkeys(LABELS, (1 - chance) / 3) | {label: chance}
            self.events += self.watch.expire(self.now) + self.watch.see(1, scores, self.now)
            self.now += 1 / fps

    def told(self) -> list[tuple[str, str]]:
        return [(event.label, event.phase) for event in self.events]


def test_one_motion_makes_one_start_and_one_end() -> None:
    play = Play()
    play.go("none", 1.0)
    play.go("swipe_left", 0.3)
    play.go("none", 1.0)
    assert play.told() == [("swipe_left", "start"), ("swipe_left", "end")]
    start, end = play.events
    assert start.time == pytest.approx(1.0, abs=0.15)
    assert end.confidence >= start.confidence, "an end tells the peak"


@pytest.mark.parametrize("fps", [12.0, 15.0, 30.0, 60.0])
def test_the_frame_rate_does_not_matter(fps: float) -> None:
    play = Play()
    play.go("none", 1.0, fps=fps)
    play.go("swipe_left", 0.3, fps=fps)
    play.go("none", 1.0, fps=fps)
    assert play.told() == [("swipe_left", "start"), ("swipe_left", "end")]
    assert play.events[0].time <= 1.0 + 0.2


def test_a_single_sure_frame_is_not_believed() -> None:
    play = Play()
    play.go("none", 1.0)
    play.go("swipe_left", 1 / FPS)
    play.go("none", 1.0)
    assert play.told() == []


def test_what_has_not_lasted_yet_is_not_believed() -> None:
    play = Play(MotionSettings(hold=0.2))
    play.go("none", 1.0)
    play.go("swipe_left", 0.15)
    play.go("none", 1.0)
    assert play.told() == []
    play.go("swipe_left", 0.4)
    assert play.events[0].time == pytest.approx(play.now - 0.4 + 0.2, abs=0.08)


def test_every_motion_has_its_own_threshold_unless_the_settings_name_one() -> None:
    strict = {"swipe_left": 0.99, "swipe_right": 0.5, "wave": 0.5}
    told = []
    for settings in (MotionSettings(), MotionSettings(enter=0.5)):
        play = Play(settings, strict)
        for label in ("none", "swipe_left", "none", "wave"):
            play.go(label, 1.0, chance=0.9)
        told.append([label for label, phase in play.told() if phase == "start"])
    assert told == [["wave"], ["swipe_left", "wave"]]


def test_the_way_back_is_no_swipe_but_a_later_one_is() -> None:
    play = Play()
    play.go("none", 0.5)
    for label, pause in (("swipe_left", 0.2), ("swipe_right", 1.5), ("swipe_right", 0.5)):
        play.go(label, 0.3)
        play.go("none", pause)
    starts = [label for label, phase in play.told() if phase == "start"]
    assert starts == ["swipe_left", "swipe_right"], "the first way back is left out, the later swipe counts"


def test_a_wave_does_not_begin_or_end_with_a_swipe() -> None:
    play = Play()
    play.go("none", 0.5)
    play.go("wave", 1.0)
    play.go("swipe_right", 0.2)
    play.go("none", 0.5)
    assert [label for label, phase in play.told() if phase == "start"] == ["wave"]


def test_a_wave_that_falters_is_one_wave() -> None:
    play = Play()
    for label, seconds in (
        ("none", 0.5),
        ("wave", 0.8),
        ("none", 0.3),
        ("wave", 0.4),
        ("none", 1.0),
        ("wave", 0.8),
    ):
        play.go(label, seconds)
    starts = [event.time for event in play.events if event.phase == "start"]
    assert starts == [pytest.approx(0.55, abs=0.1), pytest.approx(3.05, abs=0.1)]


def test_a_hand_that_vanishes_ends_its_motion() -> None:
    play = Play()
    play.go("none", 0.5)
    play.go("wave", 1.0)
    events = play.watch.expire(play.now + 2.0)
    assert [(event.label, event.phase) for event in events] == [("wave", "end")]


def test_motions_that_are_not_watched_for_count_as_none() -> None:
    play = Play(MotionSettings(only=("wave",)))
    play.go("none", 0.5)
    play.go("swipe_left", 0.5)
    play.go("none", 1.0)
    play.go("wave", 0.5)
    assert [label for label, phase in play.told() if phase == "start"] == ["wave"]


@pytest.fixture(scope="module")
def recognizer() -> MotionRecognizer:
    return load_motions()


def demo_results(
    demo_truth: list[dict[str, Any]], mirrored: bool = False, keep: Any = lambda frame: True
) -> list[FrameResult]:
    """The demo clip as its makers know it: the true joints of every hand that is in the picture, with network noise."""
    random = np.random.default_rng(0)
    results = []
    for frame in demo_truth:
        if not keep(frame["frame"]):
            continue
        hands = []
        for number, hand in enumerate(frame["hands"]):
            if hand["inside"] < 0.9:
                continue
            flat = np.array(hand["landmarks"]) * [640, 480] + random.normal(0, 0.7, (21, 2))
            flat = np.concatenate([flat, np.zeros((21, 1))], axis=1).astype(np.float32)
            if mirrored:
                flat[:, 0] = 640 - flat[:, 0]
            side: Side = hand["side"]
            hands.append(Hand(1 + number + 2 * (side == "left"), side, (0, 0, 1, 1), 1.0, flat))
        results.append(FrameResult("demo", frame["frame"], frame["t"], 640, 480, hands=tuple(hands)))
    return results


def starts(recognizer: MotionRecognizer, results: list[FrameResult], mirrored: bool = False) -> list[Event]:
    recognizer.reset()
    events = [event for result in results for event in recognizer(result, mirrored).events]
    return [event for event in events if event.phase == "start"]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("every", [1, 2], ids=["30 fps", "15 fps"])
def test_the_demo_s_wave_and_swipe_are_found_also_in_its_mirror_image(
    recognizer: MotionRecognizer, demo_truth: list[dict[str, Any]], mirrored: bool, every: int
) -> None:
    results = demo_results(demo_truth, mirrored, lambda frame: frame % every == 0)
    late = [event for event in starts(recognizer, results, mirrored) if event.time > 8.5]
    wave, swipe = (next(event for event in late if event.label == name) for name in ("wave", "swipe_left"))
    assert 8.5 < wave.time < 9.55
    assert 9.8 < swipe.time < 10.15 + 0.26, (
        "it ends at 10.15; a person's left is at the right of a picture of them"
    )
    assert "swipe_right" not in {event.label for event in late}


def test_dropped_frames_hardly_ever_hide_the_swipe(
    recognizer: MotionRecognizer, demo_truth: list[dict[str, Any]]
) -> None:
    def is_found(seed: int) -> bool:
        lost = set(np.random.default_rng(seed).choice(360, 36, replace=False).tolist())
        events = starts(recognizer, demo_results(demo_truth, keep=lambda frame: frame not in lost))
        return "swipe_left" in {event.label for event in events}

    assert sum(map(is_found, range(20))) >= 18


def heads(pitch: Any, yaw: Any, seconds: float) -> list[FrameResult]:
    random = np.random.default_rng(1)
    results = []
    for frame in range(round(seconds * FPS)):
        time = frame / FPS
        noise = random.normal(0, 0.2, 3)
        pose = HeadPose(yaw(time) + noise[0], pitch(time) + noise[1], noise[2])
        face = Face(3, (0, 0, 9, 9), 1.0, pose=pose)
        results.append(FrameResult("test", frame, time, 640, 480, faces=(face,)))
    return results


def swing(rate: float, size: float) -> Any:
    return lambda time: size * np.sin(2 * np.pi * rate * (time - 1)) if 1 <= time <= 2.6 else 0.0


def still(time: float) -> float:
    return 0.0


def test_a_nod_and_a_shake_are_events_of_the_head(recognizer: MotionRecognizer) -> None:
    nod = starts(recognizer, heads(swing(1.9, -8), still, 4))
    shake = starts(recognizer, heads(still, swing(1.6, 14), 4))
    assert [(event.kind, event.label, event.track) for event in nod] == [("head", "nod", 3)]
    assert [(event.kind, event.label) for event in shake] == [("head", "shake")]


def test_one_look_down_is_no_nod(recognizer: MotionRecognizer) -> None:
    def look_down(time: float) -> float:
        return float(np.interp(time, [1.0, 1.4, 2.2, 2.6], [0, -18, -18, 0]))

    assert starts(recognizer, heads(look_down, still, 4)) == []


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_hands_and_heads_are_both_looked_at_and_of_a_quick_camera_not_in_the_same_frame(
    monkeypatch: pytest.MonkeyPatch, fps: int
) -> None:
    asked: list[tuple[str, int]] = []
    classifiers = [Classifier.load(name, "cpu") for name in ("motion", "head_motion")]
    for classifier in classifiers:
        monkeypatch.setattr(classifier, "classify", counted(classifier, asked))
    recognizer = MotionRecognizer(*classifiers)
    per_frame = []
    for frame in range(2 * fps):
        hands = tuple(Hand(n, "right", (0, 0, 1, 1), 1.0, points(n)) for n in (1, 2))
        face = Face(3, (0, 0, 9, 9), 1.0, pose=HeadPose(0.0, 0.0, 0.0))
        before = len(asked)
        recognizer(FrameResult("test", frame, frame / fps, 640, 480, hands=hands, faces=(face,)), False)
        per_frame.append(len(asked) - before)
    assert [count for name, count in asked if name == "landmarks"] == [2] * sum(
        name == "landmarks" for name, _ in asked
    ), "both hands in one batch"
    for name in ("landmarks", "pose"):
        assert 24 <= sum(one == name for one, _ in asked) <= 42, f"{name}: 12 to 21 times a second"
    assert max(per_frame) == (2 if fps == 15 else 1)


def counted(classifier: Classifier, asked: list[tuple[str, int]]) -> Any:
    """What a classifier does, and a note in `asked` of its first input and how many windows it was given."""
    classify, name = classifier.classify, classifier.network.input_names[0]

    def noting(*inputs: Any) -> Any:
        asked.append((name, len(inputs[0])))
        return classify(*inputs)

    return noting


def test_a_network_for_hands_is_refused_for_heads() -> None:
    hands = Classifier.load("motion", "cpu")
    with pytest.raises(LivefgError, match="a network for heads that move takes pose, times"):
        MotionRecognizer(heads=hands)


def test_faces_without_a_pose_and_frames_without_hands_are_no_trouble(recognizer: MotionRecognizer) -> None:
    recognizer.reset()
    result = FrameResult("test", 0, 0.0, 640, 480, faces=(Face(1, (0, 0, 9, 9), 1.0),))
    assert recognizer(result, False) is result
