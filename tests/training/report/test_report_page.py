"""The page of a report: whole, self-contained, the evaluation's numbers, and no more sections than there are data."""

import json
import re

import numpy as np
import pytest

from tests.training.report.reports import LABELS, Reader, bare_report, full_report
from training.report import Curve, Words, write_report


@pytest.fixture(scope="module")
def report():
    return full_report()


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    assert write_report(report, folder) == folder / "index.html"
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def seen(page):
    return Reader(page)


def test_the_folder_holds_the_page_its_figures_and_its_numbers(folder):
    names = {path.name for path in folder.iterdir()}
    figures = {"confusion", "reliability", "coverage", "roc", "mistakes", "curve-loss", "curve-accuracy"}
    conditions = {f"condition-{one}" for one in ("deformation", "occlusion", "angle", "size", "variation")}
    assert names == {"index.html", "report.json"} | {f"{name}.png" for name in figures | conditions}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))


def test_nothing_is_loaded_from_elsewhere_and_nothing_is_run(page, seen):
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in seen.elements}
    for _, found in seen.elements:
        assert found.get("src", "data:").startswith("data:")
        assert found.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in found)
    assert all(address.startswith('"data:') for address in re.findall(r"url\((.{6})", page))
    assert "@import" not in page


def test_every_picture_says_in_words_what_it_shows(seen):
    assert all(found["alt"] for tag, found in seen.elements if tag == "img")


def test_links_lead_to_the_sections(seen):
    ids = seen.ids()
    assert len(ids) == len(set(ids))
    links = [found["href"][1:] for tag, found in seen.elements if tag == "a"]
    assert links == ids


def test_the_table_of_labels_has_the_evaluation_s_figures(report, seen):
    rows = {row[0]: row for row in seen.rows if len(row) == 6}
    for score in report.evaluation.per_label:
        _, count, precision, recall, f1, _ = rows[score.label]
        assert int(count) == score.count
        assert float(precision.rstrip("%")) == pytest.approx(100 * score.precision, abs=0.051)
        assert float(recall.rstrip("%")) == pytest.approx(100 * score.recall, abs=0.051)
        assert float(f1) == pytest.approx(score.f1, abs=0.00051)


def test_the_tiles_have_the_evaluation_s_figures(report, page):
    values = re.findall(r'class="name">([^<]+)</span><span class="value">([^<]+)<', page)
    evaluation = report.evaluation
    counts = np.array(evaluation.confusion)[1:]
    right, shown = counts[:, 1:].trace(), counts.sum()
    assert dict(values) == {
        "Accuracy": f"{100 * evaluation.accuracy:.1f}%",
        "Macro F1": f"{evaluation.macro_f1:.3f}",
        "Calibration error": f"{evaluation.ece:.3f}",
        "False gestures": f"{100 * evaluation.false_gestures:.1f}%",
        "Gestures right": f"{100 * right / shown:.1f}%",
    }


def test_the_json_has_the_evaluation_whole(report, folder):
    found = json.loads((folder / "report.json").read_text("utf-8"))
    assert found["evaluation"] == json.loads(json.dumps(report.evaluation.to_dict()))
    assert found["curves"][1] == {"quantity": "loss", "side": "validation", "values": [2.1, 1.2, 0.9]}
    assert found["data"][0]["licence"] == "CC0-1.0"


def test_labels_of_any_script_and_with_signs_of_markup_come_out_as_they_are(seen, page):
    heads = {row[0] for row in seen.rows}
    assert set(LABELS) <= heads
    assert "<b>" not in page
    assert "Gestures of <Ünal & Söhne>" in seen.text


def test_sources_licences_and_what_was_left_out_are_listed(seen):
    rows = {row[0]: row for row in seen.rows if len(row) == 7}
    assert rows["firstby Someone"][1] == "CC0-1.0"
    assert rows["second"][-1] == "3 × no hand"


def test_the_page_says_how_it_was_made_and_when(report, seen):
    words = "".join(seen.text)
    assert "Device" in words
    assert "cpu" in words
    assert report.created.isoformat() in words
    assert "by person: 2 of 9 put aside, seed 0" in words


def test_every_mistake_is_pictured(report, seen):
    pictures = [found for tag, found in seen.elements if found.get("src", "").startswith("data:image/jpeg")]
    assert len(pictures) == len(report.thumbnails) > 0


def test_the_same_report_gives_the_same_page(tmp_path):
    report = bare_report(curves=[Curve("loss", "training", [2.0, 1.0])])
    first, second = (write_report(report, tmp_path / name).read_bytes() for name in "ab")
    assert first == second


def test_sections_without_data_are_left_out(tmp_path):
    page = write_report(bare_report(), tmp_path).read_text("utf-8")
    assert Reader(page).ids() == ["labels", "confusion"]
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "report.json", "confusion.png"}


def test_other_tasks_bring_their_own_words(tmp_path):
    words = Words("face", "faces", "expression", "expressions", nothing=None)
    text = "".join(Reader(write_report(bare_report(words=words), tmp_path).read_text("utf-8")).text)
    assert "examined on 10 faces" in text
    assert "hand" not in text.lower().replace("beforehand", "")
    assert "gesture" not in text.lower()
