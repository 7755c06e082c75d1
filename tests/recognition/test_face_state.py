"""Eyes and mouth: values and events from blendshapes and lids, whatever the frame rate."""

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from livefg.perception.blendshapes import BLENDSHAPE_NAMES
from livefg.recognition.face_state import FaceStates, gaze_scores
from livefg.results import Event, Face, FrameResult

EYE = 40.0
LIDS = ((33, 133, 159, 145), (33, 133, 158, 153), (33, 133, 160, 144))
OTHER_LIDS = ((362, 263, 386, 374), (362, 263, 385, 380), (362, 263, 387, 373))


def face(opening: float = 0.3, blink: float = 0.05, **shapes: float) -> Face:
    """A face whose lids are `opening` eye widths apart; `shapes` are blendshapes, a pair by its common name."""
    mesh = np.zeros((478, 3), np.float32)
    for offset, lids in ((100.0, LIDS), (200.0, OTHER_LIDS)):
        for inner, outer, upper, lower in lids:
            mesh[inner], mesh[outer] = (offset, 100, 0), (offset + EYE, 100, 0)
            mesh[upper, :2] = offset + EYE / 2, 100 - opening * EYE / 2
            mesh[lower, :2] = offset + EYE / 2, 100 + opening * EYE / 2
    values = dict.fromkeys(BLENDSHAPE_NAMES, 0.0)
    for name, value in {"eyeBlink": blink, **shapes}.items():
        for full in (name, f"{name}Left", f"{name}Right"):
            if full in values:
                values[full] = value
    return Face(1, (90.0, 50.0, 250.0, 250.0), 0.99, landmarks=mesh, blendshapes=values)


SHUT = {"opening": 0.03, "blink": 0.7}
Scene = Callable[[float], Face | None]


def results(scene: Scene, seconds: float, fps: float = 30.0) -> Iterator[FrameResult]:
    for number in range(round(seconds * fps)):
        seen = scene(number / fps)
        yield FrameResult("test", number, number / fps, 640, 480, faces=(seen,) if seen else ())


def events_of(scene: Scene, seconds: float, fps: float = 30.0) -> list[Event]:
    states = FaceStates()
    return list(itertools.chain.from_iterable(states(one).events for one in results(scene, seconds, fps)))


def labels(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.label, event.phase) for event in events]


def blinking(*moments: float, lasting: float = 0.15) -> Scene:
    return lambda time: face(**SHUT) if any(0 <= time - at < lasting for at in moments) else face()


@pytest.mark.parametrize("fps", [12.0, 25.0, 30.0, 60.0])
def test_each_blink_is_one_event_at_any_frame_rate(fps: float) -> None:
    events = events_of(blinking(1.0, 2.5), 4.0, fps)
    assert labels(events) == [("blink", "start"), ("blink", "end")] * 2
    assert [event.time for event in events[::2]] == pytest.approx([1.0, 2.5], abs=0.1)
    assert all(event.kind == "face" and event.track == 1 for event in events)


def test_eyes_that_stay_shut_are_closed_and_have_not_blinked() -> None:
    assert labels(events_of(blinking(1.0, lasting=1.5), 4.0)) == [
        ("eyes_closed", "start"),
        ("eyes_closed", "end"),
    ]


def test_looking_down_slowly_is_no_blink() -> None:
    def scene(time: float) -> Face:
        share = float(np.clip(time - 1.0, 0, 1))
        return face(opening=0.3 - 0.16 * share, blink=0.05 + 0.45 * share)

    assert not [event for event in events_of(scene, 4.0) if event.label in {"blink", "eyes_closed"}]


def test_narrow_eyes_are_open_eyes_once_they_are_known() -> None:
    states = FaceStates()
    *_, last = (states(one) for one in results(lambda _: face(opening=0.17, blink=0.35), 3.0))
    state = last.faces[0].state
    assert state is not None
    assert state.eyes_open > 0.8


def test_the_rate_counts_the_blinks_of_the_last_minute_and_is_unknown_at_first() -> None:
    states = FaceStates()
    seen = [states(one) for one in results(blinking(*range(2, 60, 4)), 61.0)]
    rates = [one.faces[0].state.blinks_per_minute for one in seen if one.faces[0].state]
    assert rates[0] is None
    assert rates[-1] == pytest.approx(15.0, abs=1.0)


@pytest.mark.parametrize(
    ("shapes", "label"),
    [
        ({"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8}, "look_left"),
        ({"eyeLookInLeft": 0.8, "eyeLookOutRight": 0.8}, "look_right"),
        ({"eyeLookUp": 0.6}, "look_up"),
        ({"eyeLookDown": 0.8}, "look_down"),
        ({"mouthSmile": 0.8}, "smile"),
        ({"jawOpen": 0.6}, "mouth_open"),
    ],
)
def test_what_lasts_starts_once_and_ends_once(shapes: dict[str, float], label: str) -> None:
    events = events_of(lambda time: face(**shapes) if 1 <= time < 2 else face(), 3.0)
    assert labels(events) == [(label, "start"), (label, "end")]
    assert 1.0 <= events[0].time < 1.6
    assert 2.0 <= events[1].time < 2.4


def test_a_smile_that_flickers_around_the_threshold_makes_one_event() -> None:
    wobble = lambda time: face(mouthSmile=0.55 + 0.12 * np.sin(40 * time))  # noqa: E731
    assert labels(events_of(wobble, 5.0)) == [("smile", "start")]


def test_a_glimpse_is_no_event() -> None:
    assert not events_of(lambda time: face(mouthSmile=0.9) if 1 <= time < 1.15 else face(), 3.0)


def test_what_holds_ends_when_the_face_goes() -> None:
    events = events_of(lambda time: face(mouthSmile=0.9) if time < 2 else None, 4.0)
    assert labels(events) == [("smile", "start"), ("smile", "end")]


def test_pictures_by_themselves_have_values_and_no_events() -> None:
    states = FaceStates(tracked=False)
    seen = [states(one) for one in results(lambda _: face(mouthSmile=0.9), 2.0)]
    state = seen[0].faces[0].state
    assert state is not None
    assert state.smile == pytest.approx(0.9)
    assert state.blinks_per_minute is None
    assert state.gaze is not None
    assert state.gaze.name == "centre"
    assert not [event for one in seen for event in one.events]


def test_after_a_reset_nothing_is_remembered() -> None:
    states = FaceStates()
    for one in results(lambda _: face(mouthSmile=0.9), 2.0):
        states(one)
    states.reset()
    assert not [event for one in results(lambda _: None, 2.0) for event in states(one).events]


def test_gaze_probabilities_sum_to_one_and_grow_with_the_glance() -> None:
    for across in (-0.9, -0.3, 0.0, 0.3, 0.9):
        assert sum(gaze_scores(across, 0.1).values()) == pytest.approx(1.0)
    assert gaze_scores(0.9, 0.0)["left"] > gaze_scores(0.5, 0.0)["left"] > 0.5
    assert gaze_scores(0.0, 0.0)["centre"] > 0.9


def test_a_face_without_a_mesh_has_no_state() -> None:
    bare = Face(1, (0.0, 0.0, 20.0, 20.0), 0.9)
    assert FaceStates()(FrameResult("test", 0, 0.0, 640, 480, faces=(bare,))).faces[0].state is None


def test_the_state_survives_the_json_line() -> None:
    result = next(iter(results(lambda _: face(mouthSmile=0.5), 1.0)))
    seen = FaceStates()(result)
    again = FrameResult.from_json(seen.to_json())
    assert again.to_json() == seen.to_json()
    assert again.faces[0].state is not None
