"""Hands as pictures in a report: cut out where there is a picture, else drawn; and figures of extreme shapes."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from livefg.collect.recording import Example, Recording, encode
from livefg.overlay.style import FINGER_COLOURS
from tests.training.report.reports import LABELS, bare_report, some_evaluation, some_hands
from training.evaluation import CONDITIONS, Mistake
from training.report.gestures import pictures_of, strips_of, thumbnails_of
from training.report.hands import cut_out, drawn_hand
from training.report.write import drawings_of
from training.sources.dataset import DatasetFile, SourceEntry


@pytest.fixture
def hand():
    return some_hands(each=1).landmarks[1]


def test_a_drawn_hand_shows_the_overlay_s_colours_of_all_fingers(hand):
    pixels = {tuple(pixel) for pixel in drawn_hand(hand).reshape(-1, 3).tolist()}
    assert set(FINGER_COLOURS) <= pixels


def test_a_drawn_hand_fills_the_picture_whatever_its_unit(hand):
    assert np.array_equal(drawn_hand(hand * 0.001), drawn_hand(hand))


def test_a_hand_is_cut_out_of_its_picture(hand):
    picture = np.full((480, 640, 3), (10, 200, 30), np.uint8)
    image = cut_out(picture, hand + 100)
    assert image.shape == (192, 192, 3)
    assert tuple(image[2, 2]) == (10, 200, 30)


def test_a_hand_at_the_edge_is_cut_out_with_nothing_beyond_the_edge(hand):
    picture = np.full((480, 640, 3), (10, 200, 30), np.uint8)
    image = cut_out(picture, hand - hand.min(axis=0))
    assert tuple(image[2, 2]) != (10, 200, 30)
    assert (image == (10, 200, 30)).all(axis=2).any()


def test_a_hand_whose_points_are_not_in_the_picture_is_not_cut_out(hand):
    picture = np.zeros((480, 640, 3), np.uint8)
    assert cut_out(picture, hand + 1000) is None
    assert cut_out(picture, hand * 0.001) is None


def test_mistakes_are_pictured_from_their_picture_or_drawn():
    samples = some_hands()
    evaluation = some_evaluation(samples)
    green = np.full((480, 640, 3), (10, 200, 30), np.uint8)

    def find(mistake, points):
        return cut_out(green, points) if mistake.source == "first" else None

    for one in thumbnails_of(evaluation, samples, find):
        is_green = (one.image == (10, 200, 30)).all(axis=2).any()
        assert is_green == (one.mistake.source == "first")


def test_mistakes_of_one_kind_do_not_crowd_out_the_others():
    samples = some_hands()
    evaluation = some_evaluation(samples)
    alike = tuple(Mistake(row, "first", "", "ok", "none", 0.99) for row in range(30))
    other = Mistake(31, "first", "", "rock", "none", 0.5)
    shown = thumbnails_of(replace(evaluation, mistakes=(*alike, other)), samples, most=6)
    assert [one.mistake.shown for one in shown] == ["ok"] * 5 + ["rock"]


def test_pictures_are_found_by_source_and_item(tmp_path, hand):
    (tmp_path / "set" / "ok").mkdir(parents=True)
    Image.new("RGB", (400, 300), (9, 8, 7)).save(tmp_path / "set" / "ok" / "one.png")
    (tmp_path / "set" / "ok" / "broken.png").write_bytes(b"not a picture")
    entries = (
        SourceEntry("mine", "pictures", "set", "CC0-1.0"),
        SourceEntry("rows", "table", "set", "CC0-1.0"),
    )
    find = pictures_of(DatasetFile("test", tmp_path, entries))

    def asked(source, item):
        return find(Mistake(0, source, item, "ok", "none", 1.0), hand)

    assert tuple(asked("mine", "ok/one.png")[96, -1]) == (9, 8, 7)
    assert asked("mine", "ok/gone.png") is None
    assert asked("mine", "ok/broken.png") is None
    assert asked("mine", "") is None
    assert asked("rows", "ok/one.png") is None
    assert asked("bank", "ok/one.png") is None


def test_recordings_show_the_thumbnail_that_was_kept(tmp_path, hand):
    thumbnail = io.BytesIO()
    Image.new("RGB", (60, 90), (200, 30, 10)).save(thumbnail, "JPEG")
    examples = (
        Example(hand, hand, 1.0, "right", 0.0, "frame 0", None),
        Example(hand + 1, hand, 1.0, "right", 0.1, "frame 1", thumbnail.getvalue()),
    )
    (tmp_path / "ok.npz").write_bytes(encode(Recording("ok", "anna", "today", examples)))
    find = pictures_of(DatasetFile("test", tmp_path, (SourceEntry("ok", "samples", "ok.npz", "own"),)))
    mistake = Mistake(0, "ok", "frame 1", "ok", "none", 1.0)
    shown = find(mistake, hand + 1)
    assert shown.shape == (192, 192, 3)
    assert np.allclose(shown[96, 96], (200, 30, 10), atol=6)
    assert find(mistake, hand) is None


def test_each_condition_is_shown_at_each_strength():
    strips = strips_of(some_hands())
    assert {strip.condition: len(strip.images) for strip in strips} == {
        condition: len(strengths) for condition, (strengths, _) in CONDITIONS.items()
    }
    for strip in strips:
        assert not np.array_equal(strip.images[0], strip.images[-1])


def test_there_is_nothing_to_show_without_samples():
    assert strips_of(some_hands().take([])) == ()


@pytest.mark.parametrize("count", [2, 61])
def test_a_matrix_is_drawn_as_long_as_it_can_be_read(count):
    evaluation = replace(
        bare_report().evaluation,
        labels=tuple(f"label {number}" for number in range(count)),
        confusion=tuple(tuple(row) for row in np.eye(count, dtype=int).tolist()),
    )
    drawings = drawings_of(bare_report(evaluation=evaluation))
    assert ("confusion" in drawings) == (count == 2)


def test_figures_are_sharp_enough_to_print():
    drawing = drawings_of(bare_report())["confusion"]
    width, _ = Image.open(io.BytesIO(drawing.png)).size
    assert width / (drawing.width / 72) >= 150
    assert drawing.svg.startswith(b"<?xml")


def test_long_labels_and_labels_of_all_scripts_stay_within_the_matrix():
    evaluation = some_evaluation(
        some_hands((*LABELS[:4], "a very long label that nobody would write"), each=2),
        (
            *LABELS[:4],
            "a very long label that nobody would write",
        ),
    )
    png = drawings_of(bare_report(evaluation=evaluation))["confusion"].png
    edge = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    assert (edge[:, 0] == 255).all()
    assert (edge[-1] == 255).all()
