"""A line of text typed in a window, key by key, as toolkits tell them."""

import pytest

from livefg.sinks.entry import TextEntry


def typed(*codes: int) -> TextEntry:
    entry = TextEntry()
    for code in codes:
        entry.press(code)
    return entry


def test_letters_of_any_script_add_up() -> None:
    assert typed(*map(ord, "ok 手ü")).text == "ok 手ü"


def test_no_key_and_keys_without_a_character_mean_nothing() -> None:
    assert typed(-1, ord("a"), 0xFFE1, 0x10FFE1, 9).text == "a"


def test_the_bits_of_shift_are_not_part_of_a_letter() -> None:
    assert typed(0x10000 | ord("A")).text == "A"


def test_names_begin_with_capitals_where_the_toolkit_tells_none() -> None:
    entry = TextEntry(names=True)
    for letter in "anna-lena o'hara 手":
        entry.press(ord(letter))
    assert entry.text == "Anna-Lena O'hara 手"


@pytest.mark.parametrize("backspace", [0x08, 0x7F, 0xFF08])
def test_backspace_takes_back_the_last_letter(backspace: int) -> None:
    assert typed(ord("a"), ord("b"), backspace).text == "a"
    assert typed(backspace).text == ""


@pytest.mark.parametrize(
    ("code", "state"), [(0x0D, "entered"), (0x0A, "entered"), (0xFF8D, "entered"), (0x1B, "left")]
)
def test_enter_and_escape_end_it(code: int, state: str) -> None:
    entry = typed(ord("a"), code, ord("b"))
    assert (entry.text, entry.state) == ("a", state)


def test_there_is_an_end_to_every_line() -> None:
    assert len(typed(*[ord("x")] * 1000).text) < 100
