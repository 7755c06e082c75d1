"""What is taken as an example, what is left out and why, and what is asked for."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from shown import HEIGHT, WIDTH, hand, seen

from livefg.collect import Collector
from livefg.errors import LivefgError
from livefg.results import Frame, Hand


def show(collector: Collector, hands: Iterable[Hand | None], start: int = 0) -> None:
    """One hand after the other, half a second apart."""
    for index, one in enumerate(hands, start):
        collector.see(*seen(index, *([one] if one else [])))


def said(one: Hand | None, *others: Hand, blur: float = 0.0) -> str:
    """What is said of a hand that stays as it is for a second."""
    collector = Collector("hush", "me")
    for index in range(3):
        collector.see(*seen(index, *([one] if one else []), *others, blur=blur))
    return collector.progress.obstacle


def test_hands_that_differ_are_taken_until_there_are_enough() -> None:
    collector = Collector("hush", "anna", count=5)
    show(collector, [hand(turn=turn) for turn in range(-60, 61, 15)])
    assert collector.progress.finished
    recording = collector.recording
    assert (recording.label, recording.person, len(recording.examples)) == ("hush", "anna", 5)
    assert [example.item for example in recording.examples] == [f"test#{index}" for index in range(5)]


def test_an_example_holds_what_perception_gave_and_a_small_picture() -> None:
    collector = Collector("hush", "me")
    shown = hand(side="left")
    show(collector, [shown])
    (example,) = collector.recording.examples
    np.testing.assert_array_equal(example.landmarks, shown.raw_landmarks)
    np.testing.assert_array_equal(example.world, shown.world_landmarks)
    assert example.right == 0.0
    assert example.side == "left"
    picture = cv2.imdecode(np.frombuffer(example.thumbnail or b"", np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (96, 96, 3)
    assert len(example.thumbnail or b"") < 10_000


def test_what_is_a_right_hand_in_a_mirror_image_looks_like_a_left_one() -> None:
    collector = Collector("hush", "me")
    frame, result = seen(0, hand(side="right"))
    collector.see(Frame(frame.image, 0, 0.0, "test", mirrored=True), result)
    (example,) = collector.recording.examples
    assert (example.side, example.right) == ("right", 0.0)


def test_thumbnails_can_be_done_without() -> None:
    collector = Collector("hush", "me", thumbnails=False)
    show(collector, [hand()])
    assert collector.recording.examples[0].thumbnail is None


@pytest.mark.parametrize(
    ("shown", "others", "reason"),
    [
        (None, (), "no hand"),
        (hand(palm=20), (), "too small"),
        (hand(wrist=(WIDTH - 20, 330)), (), "half seen"),
        (hand(wrist=(320, HEIGHT + 10)), (), "half seen"),
        (hand(confidence=0.7), (), "not seen clearly"),
        (hand(), (hand(wrist=(120, 330), track=2),), "two hands"),
    ],
    ids=["none", "small", "right edge", "lower edge", "doubtful", "two"],
)
def test_what_is_not_seen_well_is_left_out_with_the_reason(
    shown: Hand | None, others: tuple[Hand, ...], reason: str
) -> None:
    assert said(shown, *others).startswith(reason)


def test_blurred_hands_are_left_out() -> None:
    assert said(hand(), blur=0.0).startswith("the same as before")
    assert said(hand(), blur=8.0).startswith("blurred")


def test_a_hand_that_moves_fast_is_left_out_until_it_is_still() -> None:
    collector = Collector("hush", "me")
    for index in range(6):
        moved = hand(wrist=(200 + 40 * index, 330))
        collector.see(*seen(index, moved, seconds=index / 30))
    assert len(collector.recording.examples) == 1  # before it was known to move
    assert collector.left_out == {"moving": 5}
    still = hand(turn=40, wrist=(400, 330))
    for index in range(2):
        collector.see(*seen(6 + index, still, seconds=1 + index / 30))
    assert len(collector.recording.examples) == 2


def test_a_hand_held_still_gives_one_example_and_is_asked_to_change() -> None:
    collector = Collector("hush", "me")
    show(collector, [hand()] * 4)
    assert len(collector.recording.examples) == 1
    assert collector.progress.obstacle == f"the same as before: {collector.progress.request}"


@pytest.mark.parametrize(
    "changed",
    [hand(turn=25), hand(tilt=8), hand(tip=30), hand(palm=95), hand(side="left")],
    ids=["turned", "tilted", "tipped", "nearer", "other hand"],
)
def test_another_view_is_no_duplicate_even_of_an_example_long_ago(changed: Hand) -> None:
    collector = Collector("hush", "me")
    show(collector, [hand(), changed, hand(), changed])
    assert len(collector.recording.examples) == 2


def test_another_place_in_the_picture_shows_nothing_new() -> None:
    collector = Collector("hush", "me")
    show(collector, [hand(), hand(wrist=(200, 300))])
    assert len(collector.recording.examples) == 1


def test_examples_lie_a_moment_apart() -> None:
    collector = Collector("hush", "me")
    for index in range(20):  # two degrees a frame: new enough every third frame
        collector.see(*seen(index, hand(tilt=2 * index), seconds=index / 30))
    times = [example.time for example in collector.recording.examples]
    assert len(times) == 3
    assert np.diff(times).min() >= 0.25


def test_the_countdown_comes_first() -> None:
    collector = Collector("hush", "me", countdown=3.0)
    assert collector.progress.starts_in == 3.0
    show(collector, [hand(turn=15 * index) for index in range(6)], start=20)
    assert collector.progress.starts_in == pytest.approx(0.5)
    assert not collector.recording.examples
    show(collector, [hand()], start=26)
    assert collector.progress.starts_in == 0
    assert len(collector.recording.examples) == 1


def test_of_two_hands_the_one_that_is_meant_is_taken() -> None:
    low, large = hand(wrist=(150, 420), palm=90), hand(wrist=(450, 250), track=2)
    for choice, expected in (("largest", low), ("highest", large)):
        collector = Collector("hush", "me", hand=choice)  # type: ignore[arg-type]
        collector.see(*seen(0, low, large))
        np.testing.assert_array_equal(collector.recording.examples[0].landmarks, expected.raw_landmarks)


def test_pictures_that_stand_for_themselves_are_all_taken_but_for_copies() -> None:
    collector = Collector("hush", "me", count=None, stills=True)
    for index, shown in enumerate([hand(), hand(tilt=4), hand(), hand(tilt=-4)]):
        collector.see(*seen(index, shown, seconds=index / 100))
    assert len(collector.recording.examples) == 3
    assert collector.left_out == {"the same as before": 1}


def test_what_flickers_is_not_said() -> None:
    collector = Collector("hush", "me")
    obstacles = []
    for index in range(30):
        collector.see(*seen(index, *([] if index % 3 else [hand()]), seconds=index / 30))
        obstacles.append(collector.progress.obstacle)
    assert set(obstacles) == {""}


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 61])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(LivefgError):
        Collector(name, "me")
    with pytest.raises(LivefgError):
        Collector("hush", name)


class Wishes:
    """Shows a collector what a test does with the hand, and gives what is asked for afterwards."""

    def __init__(self, count: int = 20) -> None:
        self.collector = Collector("hush", "me", count=count)
        self._shown = 0

    def show(self, *hands: Hand) -> str:
        taken = len(self.collector.recording.examples)
        show(self.collector, hands, start=self._shown)
        self._shown += len(hands)
        assert len(self.collector.recording.examples) == taken + len(hands)
        return self.collector.progress.request


def test_first_it_is_asked_to_turn() -> None:
    assert Wishes().collector.progress.request.startswith("turn the hand")


def test_what_was_not_varied_yet_is_asked_for() -> None:
    wishes = Wishes()
    turned = [hand(turn=turn) for turn in (-30, 0, 30)]
    assert not wishes.show(*turned).startswith("turn the hand")
    wishes.show(*(hand(tilt=tilt, turn=10) for tilt in (-25, 25)))
    left = wishes.show(*(hand(tip=tip, turn=-12) for tip in (-35, 35)))
    assert left == "come nearer with the hand"
    assert wishes.show(hand(palm=120, wrist=(320, 400))).startswith("go on moving")


def test_a_hand_that_is_near_already_is_asked_to_go_away() -> None:
    wishes = Wishes()
    near = {"palm": 110.0, "wrist": (320.0, 400.0)}
    request = wishes.show(
        *(hand(turn=turn, **near) for turn in (-30, 0, 30)),  # type: ignore[arg-type]
        *(hand(tilt=tilt, turn=10, **near) for tilt in (-25, 25)),  # type: ignore[arg-type]
        *(hand(tip=tip, turn=-12, **near) for tip in (-35, 35)),  # type: ignore[arg-type]
    )
    assert request == "go further away with the hand"


def test_half_way_the_other_hand_is_asked_for_unless_it_was_shown() -> None:
    def half(side_of_last: str) -> str:
        turns = [hand(turn=turn, tilt=turn / 2, tip=turn / 2) for turn in (-60, -40, -20, 0, 20, 40)]
        last = hand(palm=120, wrist=(320, 400), side=side_of_last)  # type: ignore[arg-type]
        return Wishes(count=14).show(*turns, last)

    assert half("right") == "show it with the other hand"
    assert half("left") != "show it with the other hand"


def test_a_request_that_does_not_help_gives_way_to_another() -> None:
    wishes = Wishes()
    asked = [wishes.show(hand(tilt=9 * index)) for index in range(10)]
    assert len({request.split()[0] for request in asked}) >= 3
