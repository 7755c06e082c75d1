"""The head-up display and the help panel."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import SIZES, plain, scene

from livefg.overlay import KEYS, Hud, Overlay, draw_help, draw_hud, hud_rects
from livefg.results import Frame

FULL = Hud(
    fps=29.8,
    age_p50_ms=34.0,
    age_p95_ms=51.0,
    drops=3,
    devices=("hands cuda", "faces cpu", "gestures cpu"),
    recording=True,
    paused=True,
    notice="Saved as snapshot-2024-05-01.png",
)


def changed(hud: Hud, width: int = 640, height: int = 480) -> np.ndarray:
    image = plain(width, height)
    draw_hud(image, hud)
    return (image != 128).any(axis=2)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_display_fits_into_the_picture_without_overlaps(size: tuple[int, int]) -> None:
    rects = hud_rects(FULL, *size)

    for i, (left, top, right, bottom) in enumerate(rects):
        assert left >= 0
        assert top >= 0
        assert right <= size[0]
        assert bottom <= size[1]
        for other in rects[i + 1 :]:
            assert not (left < other[2] and other[0] < right and top < other[3] and other[1] < bottom)


def test_the_display_draws_just_where_it_says() -> None:
    marked = np.zeros((480, 640), bool)
    for left, top, right, bottom in hud_rects(FULL, 640, 480):
        marked[top:bottom, left:right] = True

    assert changed(FULL).any()
    assert not (changed(FULL) & ~marked).any()


def test_an_empty_display_draws_nothing() -> None:
    assert not changed(Hud()).any()


@pytest.mark.parametrize(
    "hud",
    [
        Hud(fps=0.5),
        Hud(age_p50_ms=12.0),
        Hud(drops=0),
        Hud(devices=("hands cpu",)),
        Hud(recording=True),
        Hud(paused=True),
        Hud(notice="x"),
    ],
)
def test_each_part_can_stand_alone(hud: Hud) -> None:
    assert changed(hud).any()


def test_many_long_devices_are_wrapped_and_cut() -> None:
    hud = Hud(
        fps=30, devices=tuple(f"stage {i} on a device with quite a long name {'x' * 90}" for i in range(6))
    )

    assert max(right for _, _, right, _ in hud_rects(hud, 640, 480)) <= 640


def test_recording_shows_red() -> None:
    image = plain(640, 480)
    draw_hud(image, Hud(recording=True))
    reds = (image[..., 0] > 200) & (image[..., 1] < 120)

    assert reds.sum() > 10


def test_the_help_names_every_key_once() -> None:
    keys = [key for key, _ in KEYS]

    assert len(set(keys)) == len(keys)
    assert {"space", "m", "l", "h", "s", "r", "?"} <= set(keys)
    assert any("q" in key and "Esc" in key for key in keys)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_help_fits_into_the_picture(size: tuple[int, int]) -> None:
    image = plain(*size)
    draw_help(image)
    rows, columns = np.nonzero((image != 128).any(axis=2))

    assert columns.min() > 0
    assert columns.max() < size[0] - 1
    assert rows.min() > 0
    assert rows.max() < size[1] - 1


def test_labels_make_room_for_the_display() -> None:
    frame = Frame(plain(640, 480), 0, 10.0, "test")
    bare = Overlay(landmarks=False, boxes=False)
    hud = Hud(fps=30.0, age_p50_ms=30.0, age_p95_ms=40.0, drops=0, devices=("hands cpu", "faces cpu"))
    result = scene(640, 480)
    with_hud = bare.compose(frame, result, hud=hud)
    only_hud = plain(640, 480)
    draw_hud(only_hud, hud)

    ((left, top, right, bottom),) = hud_rects(hud, 640, 480)
    assert (with_hud[top:bottom, left:right] == only_hud[top:bottom, left:right]).all()
