"""Labels stay in the picture, near what they label, and off one another."""

from __future__ import annotations

import itertools
import random

import pytest
from scenes import SIZES

from livefg.overlay.chips import Chip, Row, chip_size, display_name
from livefg.overlay.layout import Placement, Rect, place_chips
from livefg.overlay.style import Scale
from livefg.results import Box


def rects(
    chips: list[Placement], picture: tuple[int, int], keep_free: list[Rect] | None = None
) -> list[Rect]:
    places = place_chips(chips, picture, 4, keep_free or [])
    return [
        (place.left, place.top, place.left + chip.size[0], place.top + chip.size[1])
        for place, chip in zip(places, chips, strict=True)
    ]


def overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def chip_of(name: str) -> Chip:
    return Chip((Row(name, 1.0, strong=True), Row("Surprised", 0.5)), (255, 255, 255))


@pytest.mark.parametrize("picture", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_label_stays_within_the_picture_wherever_its_object_is(picture: tuple[int, int]) -> None:
    width, height = picture
    scale = Scale.of(width, height)
    size = chip_size(chip_of("Maximiliana von Habsburg-Lothringen"), scale)
    for x, y in itertools.product((-0.3, 0.0, 0.4, 0.95, 1.2), repeat=2):
        for side in (0.02, 0.3, 1.0):
            box = (x * width, y * height, x * width + side * width, y * height + side * height)
            ((left, top, right, bottom),) = rects([Placement(size, box)], picture)
            assert left >= 0
            assert top >= 0
            assert right <= width
            assert bottom <= height


def test_labels_of_neighbours_do_not_overlap() -> None:
    generator = random.Random(7)
    for _ in range(50):
        chips = []
        for _ in range(5):
            x, y = generator.uniform(0, 560), generator.uniform(0, 400)
            chips.append(Placement((150, 44), (x, y, x + 80, y + 80)))
        placed = rects(chips, (640, 480))
        assert not any(overlap(a, b) for a, b in itertools.combinations(placed, 2))


def test_labels_of_two_objects_in_one_place_do_not_overlap() -> None:
    box = (300.0, 200.0, 360.0, 270.0)
    first, second = rects([Placement((150, 44), box)] * 2, (640, 480))

    assert not overlap(first, second)


def test_labels_keep_away_from_the_display_of_figures() -> None:
    figures = (0, 0, 250, 60)
    (placed,) = rects([Placement((150, 44), (20.0, 70.0, 120.0, 200.0))], (640, 480), [figures])

    assert not overlap(placed, figures)


def test_a_label_prefers_the_place_above_its_object() -> None:
    (placed,) = rects([Placement((150, 44), (200.0, 200.0, 320.0, 330.0))], (640, 480))

    assert placed == (200, 152, 350, 196)


def test_a_label_stays_beside_its_object_rather_than_next_to_another_label() -> None:
    face, hand = (148.0, 42.0, 222.0, 132.0), (230.0, 206.0, 282.0, 247.0)
    below_the_hand = (265.0, 252.0, 328.0, 351.0)
    *_, placed = rects(
        [Placement((155, 35), face), Placement((136, 35), below_the_hand), Placement((143, 35), hand)],
        (400, 500),
    )

    assert placed[1] < hand[3] + 10
    assert placed[3] > hand[1] - 10


def test_a_label_that_is_wider_than_the_picture_begins_at_its_edge() -> None:
    (placed,) = rects([Placement((900, 44), (200.0, 200.0, 320.0, 330.0))], (640, 480))

    assert placed[0] == 0


def test_a_label_stays_where_it_was_when_another_place_is_hardly_better() -> None:
    box = (200.0, 200.0, 320.0, 330.0)
    (above,) = place_chips([Placement((150, 44), box)], (640, 480), 4)
    (below,) = place_chips([Placement((150, 44), box, previous=1)], (640, 480), 4)
    (forced,) = place_chips([Placement((150, 44), box, previous=1)], (640, 480), 4, [(0, 330, 640, 480)])

    assert (above.kind, above.top) == (0, 152)
    assert (below.kind, below.top) == (1, 334)
    assert forced == above


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("thumb_up", "Thumb up"),
        ("i_love_you", "I love you"),
        ("Ada Lovelace", "Ada Lovelace"),
        ("björk", "björk"),
        ("王小明", "王小明"),
        ("two\nlines\tand\x00more", "Two lines andmore"),
        ("", "?"),
        ("\u202e", "?"),
    ],
)
def test_labels_read_as_people_write_them(label: str, shown: str) -> None:
    assert display_name(label) == shown


def test_a_long_name_is_cut_before_it_fills_the_picture() -> None:
    scale = Scale.of(640, 480)

    assert chip_size(chip_of("x" * 500), scale)[0] < 320
    assert chip_size(chip_of("x" * 500), scale) == chip_size(chip_of("x" * 5000), scale)


def test_sizes_follow_the_picture() -> None:
    widths = [
        chip_size(chip_of("Ada"), Scale.of(*size))[0] for size in ((320, 240), (640, 480), (3840, 2160))
    ]

    assert widths == sorted(widths)
    assert widths[0] < 0.45 * 320
    assert widths[2] == pytest.approx(widths[1] * Scale.of(3840, 2160).unit, rel=0.06)
