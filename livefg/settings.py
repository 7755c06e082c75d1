"""The user's settings: one table of what can be set, one TOML file that sets it, flags that overrule the file.

[decisions]
hold = 0.3
[collect]
person = "anna"
[[rules]]
name = "next_page"
on = "swipe_left"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livefg import paths
from livefg.errors import LivefgError

if TYPE_CHECKING:
    from livefg.recognition.decisions import DecisionSettings
    from livefg.recognition.rules import Rule

__all__ = [
    "TABLE",
    "CollectSettings",
    "Setting",
    "Settings",
    "load_settings",
    "section",
    "settings_file",
    "template",
]


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """How examples of gestures are recorded: whose they are, how many, and after how many seconds it begins."""

    person: str = "me"
    count: int = 20
    countdown: float = 3.0


def _decisions(**values: Any) -> DecisionSettings:
    """Imported late: the table alone, for the help of a command, needs no numpy."""
    from livefg.recognition.decisions import DecisionSettings  # noqa: PLC0415

    return DecisionSettings(**values)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user has set: decisions over time, the recording of examples, and events that are made of others."""

    decisions: DecisionSettings = field(default_factory=_decisions)
    collect: CollectSettings = field(default_factory=CollectSettings)
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table: where it stands in the file, what it may be, and what it does.

    Numbers lie between `lowest` and `highest`, in `unit` (empty: a share or a count).
    """

    section: str
    name: str
    meaning: str
    unit: str = ""
    lowest: float = 0.0
    highest: float = 1.0

    @property
    def default(self) -> Any:
        """The value that holds if nobody sets another."""
        return getattr(getattr(Settings(), self.section), self.name)

    def check(self, value: object, where: str) -> Any:
        """The value as it is used. Raises LivefgError, which begins with `where`, if it cannot be."""
        kind = type(self.default)
        if kind is str:
            if isinstance(value, str) and value.strip():
                return value.strip()
            raise LivefgError(f"{where} is {value!r} where a text is needed.")
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        whole = kind is int
        if number is None or (whole and number != int(number)) or not self.lowest <= number <= self.highest:
            raise LivefgError(
                f"{where} is {value!r} where {'a whole' if whole else 'a'} number from {self.lowest:g} to "
                f"{self.highest:g} is needed."
            )
        return kind(number)


TABLE: tuple[Setting, ...] = (
    Setting(
        "decisions",
        "smoothing",
        "Time constant of the average over scores; 0 takes each frame as it is.",
        "s",
        0,
        10,
    ),
    Setting("decisions", "enter", "Probability from which a gesture may begin."),
    Setting("decisions", "leave", "Probability below which it ends; not above enter."),
    Setting("decisions", "hold", "How long it must be that likely before it begins.", "s", 0, 60),
    Setting(
        "decisions",
        "pace",
        "Palm lengths a second a hand may move by, at most, when a gesture begins.",
        "palms/s",
        0,
        1000,
    ),
    Setting("decisions", "cooldown", "How long after its end it cannot begin again.", "s", 0, 60),
    Setting(
        "decisions",
        "absence",
        "How long a hand may be out of sight and go on as if it were there.",
        "s",
        0,
        60,
    ),
    Setting("collect", "person", "Whose hands are recorded; examples of one person stay together."),
    Setting("collect", "count", "How many examples to record.", lowest=1, highest=10_000),
    Setting("collect", "countdown", "How long to wait before the first example.", "s", 0, 60),
)
"""Everything that can be set."""


def section(name: str) -> tuple[Setting, ...]:
    """The settings of one section."""
    return tuple(setting for setting in TABLE if setting.section == name)


def settings_file() -> Path:
    """The file with the user's settings; it may not exist."""
    return paths.user_config_dir() / "settings.toml"


def load_settings(path: Path | None = None, changes: Mapping[Setting, Any] | None = None) -> Settings:
    """The settings in a file (default: the user's, if there is one), with the `changes` that flags make over them.

    Raises LivefgError in one sentence if the file cannot be read, or a value is unknown or out of its range.
    """
    path = path or settings_file()
    data = _read(path)
    rules = _rules(data.pop("rules", []), path)
    values = {
        setting: setting.check(value, f"{setting.section}.{setting.name} in {path}")
        for setting, value in _settings_in(data, path).items()
    }
    values |= {
        setting: setting.check(value, f"--{setting.name}") for setting, value in (changes or {}).items()
    }

    def chosen(section: str) -> dict[str, Any]:
        return {setting.name: value for setting, value in values.items() if setting.section == section}

    settings = Settings(_decisions(**chosen("decisions")), CollectSettings(**chosen("collect")), rules)
    enter, leave = settings.decisions.enter, settings.decisions.leave
    if leave > enter:
        raise LivefgError(
            f"A gesture cannot begin at {enter:g} and end below {leave:g}: leave is above enter."
        )
    return settings


def template() -> str:
    """A settings file with every setting at its default, each with what it means and commented out."""
    lines = ["# Settings of livefg. A line counts once the # before it is gone."]
    section = ""
    for setting in TABLE:
        if setting.section != section:
            section = setting.section
            lines += ["", f"[{section}]"]
        value = f'"{setting.default}"' if isinstance(setting.default, str) else f"{setting.default:g}"
        unit = f" ({setting.unit})" if setting.unit else ""
        lines += [f"# {setting.meaning}{unit}", f"# {setting.name} = {value}"]
    lines += ["", "# Sections [[rules]] make events of other events; docs/motions.md shows how."]
    return "\n".join(lines) + "\n"


def _rules(content: object, path: Path) -> tuple[Rule, ...]:
    """Imported late, as above."""
    if content == []:
        return ()
    from livefg.recognition.rules import parse_rules  # noqa: PLC0415

    return parse_rules(content, str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LivefgError(
            f"The settings {path} cannot be read ({(error.strerror or str(error)).lower()})."
        ) from error
    except ValueError as error:
        raise LivefgError(f"The settings {path} are not valid TOML ({error}).") from error


def _settings_in(data: Mapping[str, Any], path: Path) -> dict[Setting, Any]:
    known = {f"{setting.section}.{setting.name}": setting for setting in TABLE}
    values: dict[Setting, Any] = {}
    for head, content in data.items():
        for name, value in content.items() if isinstance(content, dict) else (("", content),):
            full = f"{head}.{name}" if name else head
            if full not in known:
                raise LivefgError(f"{full} in {path} is no setting; there are {', '.join(known)}.")
            values[known[full]] = value
    return values
