"""Names are people's: text in any script comes out, and what no font has is visible all the same."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import features

from livefg.overlay import fonts
from livefg.overlay.fonts import FontFinder, read_coverage, shipped_fonts
from livefg.overlay.text import _runs, clean_text, fit_text, line_height, text_mask, text_width

NAMES = {
    "Latin": "José Ñandú",
    "Vietnamese": "Nguyễn Thị Ánh",
    "Greek": "Ελένη",
    "Cyrillic": "Юлія",
    "Arabic": "محمد",
    "Persian": "پگاه",
    "Hebrew": "שרה",
    "Devanagari": "अनिता",
    "Thai": "สมชาย",
    "simplified Chinese": "王小明",
    "traditional Chinese": "陳怡君",
    "Japanese": "さくら 健",
    "Korean": "김민준",
    "emoji": "👍🏽",
}


@pytest.fixture
def no_system_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_system_fonts", list)


@pytest.mark.parametrize("script", NAMES)
def test_the_shipped_fonts_write_names_of_many_scripts(script: str, no_system_fonts: None) -> None:
    finder = FontFinder()
    letters = clean_text(NAMES[script]).replace(" ", "")

    assert [c for c in letters if finder.find(c, "semibold") is None] == []


@pytest.mark.parametrize("script", NAMES)
@pytest.mark.parametrize("size", [9, 13, 58])
def test_text_of_every_script_leaves_ink(script: str, size: int) -> None:
    mask = text_mask(clean_text(NAMES[script]), size)

    assert mask.shape[0] == line_height(size)
    assert (mask > 128).sum() > size * size / 10


def test_different_characters_look_different() -> None:
    assert not np.array_equal(text_mask("王", 20), text_mask("玉", 20))


def test_a_character_that_no_font_has_is_visible(no_system_fonts: None) -> None:
    assert (text_mask("\U000f1234", 20) > 128).sum() > 10


@pytest.mark.skipif(not features.check("raqm"), reason="Pillow was built without libraqm")
def test_arabic_letters_are_joined_from_right_to_left() -> None:
    ink = (text_mask("محمد", 40) > 64).astype(np.uint8)
    pieces, _ = cv2.connectedComponents(ink)
    first_letter_alone = text_mask("م", 40)

    assert pieces == 2  # the ground, and the word in one stroke
    assert not np.array_equal(text_mask("محمد", 40)[:, : first_letter_alone.shape[1]], first_letter_alone)


def test_a_name_in_two_scripts_is_written_as_one_line() -> None:
    assert text_width("Ada 王", 20) >= text_width("Ada", 20) + text_width("王", 20)


def reading(text: str) -> list[str]:
    """The pieces of a text from left to right on the screen."""
    return [run.text for run in _runs(text, "medium")]


def test_words_stand_in_the_order_of_the_script_that_begins() -> None:
    assert reading("Ada Lovelace") == ["Ada Lovelace"]
    assert reading("Ada שרה") == ["Ada ", "שרה"]
    assert reading("Ada שרה Bell") == ["Ada ", "שרה", " Bell"]
    assert reading("שרה Ada Bell") == ["Ada Bell", "שרה "]
    assert reading("שרה Ada לוי") == ["לוי", " ", "Ada", "שרה "]
    assert reading("שרה לוי") == ["שרה לוי"]


def test_a_piece_with_several_fonts_keeps_its_order() -> None:
    assert reading("Ada 王") == ["Ada ", "王"]
    assert reading("שרה محمد") == ["محمد", "שרה "]


def test_digits_of_a_table_have_one_width() -> None:
    if features.check("raqm"):
        assert text_width("111%", 13, tabular=True) == text_width("888%", 13, tabular=True)


def test_text_without_anything_to_see_has_no_ink() -> None:
    assert not text_mask("", 13).any()


def test_control_characters_are_taken_out() -> None:
    assert clean_text(" a\n\tb\u202ec\x07 ") == "a bc"


def test_text_that_is_too_wide_ends_with_an_ellipsis() -> None:
    cut = fit_text("Wolfeschlegelsteinhausenbergerdorff", 13, 80)

    assert cut.startswith("Wolf")
    assert cut.endswith("…")
    assert text_width(cut, 13) <= 80


def test_system_fonts_are_asked_for_what_the_shipped_ones_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    arabic = next(path for path in shipped_fonts("medium") if "Arabic" in path.name)
    monkeypatch.setattr(fonts, "shipped_fonts", lambda weight: shipped_fonts(weight)[:1])
    monkeypatch.setattr(fonts, "_system_fonts", lambda: [Path("missing.ttf"), arabic])

    assert FontFinder().find("م", "medium") == arabic


def test_every_shipped_font_has_its_licence_beside_it() -> None:
    folder = shipped_fonts("medium")[0].parent
    told = (folder / "README.md").read_text(encoding="utf-8")

    assert {path.name for path in folder.glob("*.ttf") if f"`{path.name}`" not in told} == set()
    assert (folder / "OFL.txt").is_file()
    assert (folder / "Apache-2.0.txt").is_file()


@pytest.mark.parametrize("content", [b"", b"not a font at all", b"\0\1\0\0" + b"\0\5" + b"\0" * 6])
def test_a_file_that_is_no_font_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.ttf"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"font|early|outlines"):
        read_coverage(path)
    assert not FontFinder().covers(path, ord("a"))


def test_a_font_of_bitmaps_is_passed_over(tmp_path: Path) -> None:
    whole = shipped_fonts("medium")[0].read_bytes()
    path = tmp_path / "bitmaps.ttf"
    path.write_bytes(whole.replace(b"glyf", b"CBDT", 1))

    with pytest.raises(ValueError, match="outlines"):
        read_coverage(path)


def _font_with_cmap(cmap: bytes) -> bytes:
    """A file with just the tables that `read_coverage` looks at."""
    start = 12 + 2 * 16
    head = struct.pack(">4sHHHH", b"\0\1\0\0", 2, 0, 0, 0)
    tables = struct.pack(">4sIII", b"cmap", 0, start, len(cmap)) + struct.pack(">4sIII", b"glyf", 0, 0, 0)
    return head + tables + cmap


def test_both_common_forms_of_the_character_table_are_read(tmp_path: Path) -> None:
    # Format 4: a to c by delta; 0x5000 and 0x5001 by an array whose second glyph is missing.
    segments = struct.pack(
        ">3HH3H3h3H2H", 0x63, 0x5001, 0xFFFF, 0, 0x61, 0x5000, 0xFFFF, 0, 0, 1, 0, 4, 0, 7, 0
    )
    form4 = struct.pack(">7H", 4, 14 + len(segments), 0, 6, 0, 0, 0) + segments
    form12 = struct.pack(">HHIIIIII", 12, 0, 28, 0, 1, 0x1F600, 0x1F602, 1)
    for name, form, has, lacks in (
        ("four", form4, [0x61, 0x63, 0x5000], [0x60, 0x64, 0x5001]),
        ("twelve", form12, [0x1F600, 0x1F602], [0x1F5FF, 0x1F603]),
    ):
        path = tmp_path / f"{name}.ttf"
        path.write_bytes(_font_with_cmap(struct.pack(">HHHHI", 0, 1, 3, 10, 12) + form))
        coverage = read_coverage(path)
        assert all(point in coverage for point in has)
        assert not any(point in coverage for point in lacks)
