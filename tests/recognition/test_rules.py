"""Rules: events made of others, written in the settings file."""

import tomllib

import numpy as np
import pytest

from livefg.errors import LivefgError
from livefg.recognition.rules import Rule, RuleWatch, parse_rules
from livefg.results import Event, FrameResult, Hand, Label, Side

RATE = 30.0


def hand(posture: str = "none", track: int = 1, side: Side = "right") -> Hand:
    points = np.zeros((21, 3), np.float32)
    return Hand(track, side, (0, 0, 9, 9), 1.0, points, gesture=Label(posture, 0.9, {posture: 0.9}))


def starts(label: str, time: float, track: int = 1) -> Event:
    return Event("motion", label, "start", track, time, 0.95)


class Play:
    """Feeds frames to rules and keeps what they say."""

    def __init__(self, *rules: Rule) -> None:
        self.watch = RuleWatch(rules)
        self.frame = 0
        self.told: list[tuple[str, str, float]] = []

    @property
    def now(self) -> float:
        return self.frame / RATE

    def go(self, seconds: float, *hands: Hand, event: str = "", kind: str = "motion") -> None:
        for number in range(max(1, round(seconds * RATE))):
            events = (Event(kind, event, "start", 1, self.now, 0.9),) if event and number == 0 else ()  # type: ignore[arg-type]
            result = FrameResult("test", self.frame, self.now, 640, 480, hands=hands, events=events)
            after = self.watch(result).events
            assert after[: len(events)] == events, "what was there before stays"
            self.told += [(one.label, one.phase, round(one.time, 2)) for one in after[len(events) :]]
            assert all(one.kind == "rule" for one in after[len(events) :])
            self.frame += 1

    def names(self) -> list[tuple[str, str]]:
        return [(label, phase) for label, phase, _ in self.told]


def test_a_motion_with_the_right_posture_keeps_the_rule() -> None:
    play = Play(Rule("next", on="swipe_left", posture="open_palm"))
    play.go(0.5, hand("open_palm"))
    play.go(0.3, hand("none"))  # while it flies it is not recognised
    play.go(0.1, hand("none"), event="swipe_left")
    assert play.names() == [("next", "start")]


def test_the_same_motion_with_another_posture_does_not() -> None:
    play = Play(Rule("next", on="swipe_left", posture="open_palm"))
    play.go(1.0, hand("victory"))
    play.go(0.1, hand("victory"), event="swipe_left")
    assert play.told == []


def test_another_motion_does_not_either() -> None:
    play = Play(Rule("next", on="swipe_left"))
    play.go(0.1, hand(), event="swipe_right")
    assert play.told == []


def test_a_rule_for_one_hand_leaves_the_other_alone() -> None:
    play = Play(Rule("next", on="swipe_left", side="left"))
    play.go(0.1, hand(side="right"), event="swipe_left")
    assert play.told == []
    play.go(0.1, hand(side="left"), event="swipe_left")
    assert play.names() == [("next", "start")]


def test_a_posture_counts_once_it_is_held_long_enough_and_ends_when_let_go() -> None:
    play = Play(Rule("volume", hold="victory", seconds=1.0))
    play.go(0.9, hand("victory"))
    assert play.told == []
    play.go(2.0, hand("victory"))
    play.go(1.5, hand("none"))
    assert play.names() == [("volume", "start"), ("volume", "end")]
    assert play.told[0][2] == pytest.approx(1.0, abs=0.05)


def test_a_flicker_does_not_interrupt_a_held_posture() -> None:
    play = Play(Rule("volume", hold="victory", seconds=1.0))
    for _ in range(6):
        play.go(0.3, hand("victory"))
        play.go(0.06, hand("none"))
    assert play.names() == [("volume", "start")]


def test_a_posture_held_by_a_hand_that_vanishes_ends() -> None:
    play = Play(Rule("volume", hold="victory", seconds=1.0))
    play.go(1.5, hand("victory"))
    play.go(1.0)
    assert play.names() == [("volume", "start"), ("volume", "end")]


def test_a_sequence_counts_in_its_order_and_in_time() -> None:
    rule = Rule("unlock", sequence=("closed_fist", "open_palm"), seconds=2.0)
    in_time, late, backwards = Play(rule), Play(rule), Play(rule)
    in_time.go(1.5, hand(), event="closed_fist", kind="gesture")
    in_time.go(0.2, hand(), event="open_palm", kind="gesture")
    late.go(2.5, hand(), event="closed_fist", kind="gesture")
    late.go(0.2, hand(), event="open_palm", kind="gesture")
    backwards.go(0.5, hand(), event="open_palm", kind="gesture")
    backwards.go(0.2, hand(), event="closed_fist", kind="gesture")
    assert in_time.names() == [("unlock", "start")]
    assert late.told == []
    assert backwards.told == []


def test_a_sequence_is_used_up_when_it_has_counted() -> None:
    play = Play(Rule("twice", sequence=("tap", "tap"), seconds=1.0))
    for _ in range(3):
        play.go(0.4, hand(), event="tap")
    assert play.names() == [("twice", "start")], "three taps are one pair and a half"


def test_a_nod_can_keep_a_rule_too() -> None:
    play = Play(Rule("yes", on="nod"))
    play.go(0.1, event="nod", kind="head")
    assert play.names() == [("yes", "start")]


def test_rules_are_read_from_the_settings_file() -> None:
    text = """
        [[rules]]
        name = "next"
        on = "swipe_left"
        posture = "open_palm"
        side = "right"
        [[rules]]
        name = "volume"
        hold = "victory"
        seconds = 1.5
        [[rules]]
        name = "unlock"
        sequence = ["closed_fist", "open_palm"]
    """
    assert parse_rules(tomllib.loads(text)["rules"], "settings.toml") == (
        Rule("next", on="swipe_left", posture="open_palm", side="right"),
        Rule("volume", hold="victory", seconds=1.5),
        Rule("unlock", sequence=("closed_fist", "open_palm")),
    )


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("rules = 3", "written as [[rules]] sections"),
        ("[[rules]]\non = 'tap'", "has no name"),
        ("[[rules]]\nname = 'a'", "exactly one of on, hold and sequence"),
        ("[[rules]]\nname = 'a'\non = 'tap'\nhold = 'victory'", "exactly one of on, hold and sequence"),
        ("[[rules]]\nname = 'a'\nwhen = 'tap'", "'when' of rule 1 in here is unknown"),
        ("[[rules]]\nname = 'a'\nhold = 'victory'\nseconds = -1", "seconds of the rule 'a'"),
        ("[[rules]]\nname = 'a'\nsequence = ['tap']", "a list of two labels or more"),
        ("[[rules]]\nname = 'a'\non = 'tap'\nside = 'both'", "where left or right is needed"),
        ("[[rules]]\nname = 'a'\nhold = 'tap'\nposture = 'victory'", "goes with on only"),
        (
            "[[rules]]\nname = 'a'\non = 'x'\n[[rules]]\nname = 'a'\non = 'y'",
            "Two rules in here are called 'a'",
        ),
    ],
)
def test_a_wrong_rule_is_named_in_one_sentence(rules: str, says: str) -> None:
    with pytest.raises(LivefgError) as error:
        parse_rules(tomllib.loads(rules)["rules"], "here")
    assert says in str(error.value)
