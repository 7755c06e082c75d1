"""Events made of others: a motion with a posture, a posture held for a while, one thing after another.

```toml
[[rules]]
name = "next_page"
on = "swipe_left"          # a motion's or posture's event ...
posture = "open_palm"      # ... of a hand that shows this while it moves
side = "right"             # ... and is this hand

[[rules]]
name = "volume"
hold = "victory"           # a posture that is held ...
seconds = 1.5              # ... for so long

[[rules]]
name = "unlock"
sequence = ["closed_fist", "open_palm"]
seconds = 2                # from the first to the last
```
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from livefg.errors import LivefgError
from livefg.results import Event, FrameResult, Hand, Side

__all__ = ["Rule", "RuleWatch", "parse_rules"]

_KEYS = frozenset({"name", "on", "posture", "side", "hold", "sequence", "seconds"})
_SIDES: Mapping[str, Side] = {"left": "left", "right": "right"}
_LOOK_BACK = 0.8
"""Seconds before a motion's event in which its posture is looked for."""
_SHARE = 0.4
"""The part of the frames in that time that must show the posture: a flying hand is not always recognised."""
_ABSENCE = 0.5
_LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """When an event called `name` happens: exactly one of `on`, `hold` and `sequence` says what it is about.

    `on` is the label of a motion or posture that starts, of a hand that shows `posture` meanwhile (empty: any).
    `hold` is a posture that is held for `seconds`. `sequence` are labels that start one after the other within
    `seconds`. `side` asks for that hand (None: either).
    """

    name: str
    on: str = ""
    posture: str = ""
    hold: str = ""
    sequence: tuple[str, ...] = ()
    seconds: float = 2.0
    side: Side | None = None


def parse_rules(content: object, where: str) -> tuple[Rule, ...]:
    """The rules in the list `rules` of a settings file; `where` names the file in messages.

    Raises LivefgError in one sentence if one of them cannot be understood.
    """
    if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
        raise LivefgError(f"rules in {where} must be written as [[rules]] sections.")
    rules = tuple(_parsed(one, f"rule {number} in {where}") for number, one in enumerate(content, start=1))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise LivefgError(f"Two rules in {where} are called {name!r}.")
    return rules


def _parsed(values: Mapping[str, Any], where: str) -> Rule:
    for key in values:
        if key not in _KEYS:
            raise LivefgError(f"{key!r} of {where} is unknown; a rule has {', '.join(sorted(_KEYS))}.")
    for key in ("name", "on", "posture", "hold"):
        if key in values and not (isinstance(values[key], str) and values[key].strip()):
            raise LivefgError(f"{key} of {where} is {values[key]!r} where a text is needed.")
    if "name" not in values:
        raise LivefgError(f"The {where} has no name.")
    where = f"rule {values['name']!r} ({where})"
    if sum(key in values for key in ("on", "hold", "sequence")) != 1:
        raise LivefgError(f"The {where} needs exactly one of on, hold and sequence.")
    if "posture" in values and "on" not in values:
        raise LivefgError(f"posture of the {where} goes with on only.")
    sequence = values.get("sequence", [])
    if "sequence" in values and not (
        isinstance(sequence, list)
        and len(sequence) >= 2
        and all(isinstance(label, str) and label for label in sequence)
    ):
        raise LivefgError(f"sequence of the {where} must be a list of two labels or more.")
    seconds = values.get("seconds", 2.0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= _LONGEST:
        raise LivefgError(
            f"seconds of the {where} is {seconds!r} where a number up to {_LONGEST:g} is needed."
        )
    side = values.get("side")
    if side is not None and side not in _SIDES:
        raise LivefgError(f"side of the {where} is {side!r} where left or right is needed.")
    return Rule(
        name=values["name"].strip(),
        on=values.get("on", ""),
        posture=values.get("posture", ""),
        hold=values.get("hold", ""),
        sequence=tuple(sequence),
        seconds=float(seconds),
        side=_SIDES[side] if side else None,
    )


@dataclass(slots=True)
class _Hand:
    """What is remembered of one hand: its side, its postures and events lately, and what it holds, how surely."""

    side: Side
    seen: float
    confidence: float = 0.0
    postures: deque[tuple[float, str]] = field(default_factory=deque)
    started: deque[tuple[float, str]] = field(default_factory=deque)
    since: dict[str, float] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)


class RuleWatch:
    """Adds the events of rules to results whose gestures and motions are decided already.

    They have the kind `rule` and the rule's name as their label. A rule about something held ends when it is let
    go; the others start and end at once, so they give a start only.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._hands: dict[int, _Hand] = {}
        self._longest = max([_LOOK_BACK, *(rule.seconds for rule in self._rules if rule.sequence)])

    def reset(self) -> None:
        """Forget everything: the next result has nothing to do with the last one."""
        self._hands.clear()

    def __call__(self, result: FrameResult) -> FrameResult:
        """The same result with the events of rules. Results must come in the order of their times."""
        now = result.time
        for hand in result.hands:
            self._remember(hand, now)
        events = self._let_go(now)
        for event in result.events:
            if event.phase != "start":
                continue
            if event.kind in {"gesture", "motion"} and event.track in self._hands:
                events += self._after(event, self._hands[event.track], now)
            elif event.kind in {"head", "face"}:
                events += self._of_faces(event, now)
        for hand in result.hands:
            events += self._holding(hand.track, self._hands[hand.track], now)
        return replace(result, events=(*result.events, *events)) if events else result

    def _remember(self, hand: Hand, now: float) -> None:
        known = self._hands.setdefault(hand.track, _Hand(hand.side, now))
        known.side, known.seen = hand.side, now
        known.confidence = hand.gesture.confidence if hand.gesture else 0.0
        known.postures.append((now, hand.gesture.name if hand.gesture else "none"))
        while known.postures[0][0] < now - _LOOK_BACK:
            known.postures.popleft()
        while known.started and known.started[0][0] < now - self._longest:
            known.started.popleft()

    def _let_go(self, now: float) -> list[Event]:
        """End what hands held that are gone."""
        events = []
        for track, known in list(self._hands.items()):
            if now - known.seen > _ABSENCE:
                events += [
                    Event("rule", name, "end", track, now, known.sure[name]) for name in sorted(known.held)
                ]
                del self._hands[track]
        return events

    def _after(self, event: Event, known: _Hand, now: float) -> list[Event]:
        """The rules that are kept by this event of the hand, alone or with those before it."""
        known.started.append((event.time, event.label))
        kept = []
        for rule in self._rules:
            if rule.side not in {None, known.side}:
                continue
            if rule.on == event.label and (not rule.posture or _shows(known, rule.posture)):
                kept.append(rule)
            if rule.sequence and rule.sequence[-1] == event.label and _follows(known, rule, event.time):
                kept.append(rule)
        return [Event("rule", rule.name, "start", event.track, now, event.confidence) for rule in kept]

    def _of_faces(self, event: Event, now: float) -> list[Event]:
        """The rules about what heads and faces do, which have neither postures nor a side."""
        return [
            Event("rule", rule.name, "start", event.track, now, event.confidence)
            for rule in self._rules
            if rule.on == event.label and not rule.posture and rule.side is None
        ]

    def _holding(self, track: int, known: _Hand, now: float) -> list[Event]:
        events = []
        posture = known.postures[-1][1]
        for rule in self._rules:
            if not rule.hold:
                continue
            if posture == rule.hold and rule.side in {None, known.side}:
                since = known.since.setdefault(rule.name, now)
                known.sure[rule.name] = max(known.confidence, known.sure.get(rule.name, 0.0))
                if rule.name not in known.held and now - since >= rule.seconds:
                    known.held.add(rule.name)
                    events.append(Event("rule", rule.name, "start", track, now, known.confidence))
            elif not _shows(known, rule.hold):
                known.since.pop(rule.name, None)
                sure = known.sure.pop(rule.name, 0.0)
                if rule.name in known.held:
                    known.held.remove(rule.name)
                    events.append(Event("rule", rule.name, "end", track, now, sure))
        return events


def _shows(known: _Hand, posture: str) -> bool:
    """Whether the hand has shown a posture for a good part of the last moments."""
    return sum(name == posture for _, name in known.postures) >= _SHARE * len(known.postures)


def _follows(known: _Hand, rule: Rule, now: float) -> bool:
    """Whether the events of a sequence came one after the other in time; they are used up then."""
    wanted = list(rule.sequence)
    for time, label in reversed(known.started):
        if now - time > rule.seconds:
            break
        if label == wanted[-1]:
            wanted.pop()
        if not wanted:
            known.started.clear()
            return True
    return False
