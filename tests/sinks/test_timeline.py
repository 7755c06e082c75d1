"""The time line: who and what when, as a picture and as a page that needs nothing but itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import make_frame, make_result
from PIL import Image

from livefg.results import Event, FrameResult, Label
from livefg.sinks.timeline import TimelineSink, lanes
from livefg.sinks.timeline_picture import COLOURS
from livefg.spans import Span


def result_at(index: int, name: str | None, *events: Event) -> FrameResult:
    result = make_result(make_frame(index, index / 10), *events)
    identity = Label(name, 0.8, {name: 0.8}) if name else None
    return replace(result, faces=(replace(result.faces[0], identity=identity),))


def written(folder: Path, name: str | None = "Ann", title: str = "talk") -> tuple[str, Path]:
    """The page and the picture of ten seconds in which one gesture was held."""
    with TimelineSink(folder / "talk", title, video="talk & more.mp4", note="A note.") as sink:
        for index in range(100):
            events = {
                20: [Event("gesture", "thumb_up", "start", 2, 2.0, 0.9)],
                50: [Event("gesture", "thumb_up", "end", 2, 5.0, 0.95)],
            }
            sink.write(None, result_at(index, name, *events.get(index, ())))
    return (folder / "talk.html").read_text("utf-8"), folder / "talk.png"


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_the_page_holds_what_happened_with_times_and_confidence(tmp_path: Path) -> None:
    page, _ = written(tmp_path)
    data = data_of(page)
    assert [(lane["group"], lane["name"]) for lane in data["lanes"]] == [
        ("People", "Ann"),
        ("Gestures", "Thumb up"),
    ]
    assert data["lanes"][1]["spans"] == [[2.0, 5.0, 0.95, "left", "gesture"]]
    assert data["lanes"][0]["spans"] == [[0.0, 9.9, 0.8, "", "person"]]
    assert (data["begin"], data["end"], data["frames"], data["video"]) == (0.0, 10.0, 100, "talk & more.mp4")
    assert data["note"] == "A note."


def test_the_page_needs_nothing_from_anywhere_else(tmp_path: Path) -> None:
    page, _ = written(tmp_path)
    assert re.findall(r"https?://|@import|<link|src=\"", page) == []


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script>"
    page, _ = written(tmp_path, name, title="a<b>&c")
    assert page.count("<script") == 2
    assert data_of(page)["lanes"][0]["name"] == name
    assert "<title>a&lt;b&gt;&amp;c · livefg</title>" in page


@pytest.mark.parametrize("name", ["Ann", "Żółć", "山田太郎", "يوسف", None])
def test_the_picture_shows_rows_in_colour_whatever_the_script_of_names(
    tmp_path: Path, name: str | None
) -> None:
    _, path = written(tmp_path, name)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[1] > 1500
    colourful = (pixels.max(axis=2) - pixels.min(axis=2)) > 60
    assert colourful.any(axis=0).sum() > 300


def test_the_picture_says_what_each_of_its_colours_means(tmp_path: Path) -> None:
    events = [
        Event("motion", "wave", "start", 1, 0.0, 0.9),
        Event("face", "smile", "start", 1, 0.0, 0.9),
    ]
    with TimelineSink(tmp_path / "talk", "talk") as sink:
        for index in range(20):
            sink.write(None, result_at(index, "Ann", *(() if index else events)))
    with Image.open(tmp_path / "talk.png") as picture:
        legend = np.asarray(picture.convert("RGB"))[-60:]
    shown = {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in legend.reshape(-1, 3).tolist()}
    used = {COLOURS[name] for name in ("person", "motion", "face")}
    assert shown & set(COLOURS.values()) == used


def test_a_film_in_which_nobody_is_seen_gives_both_files(tmp_path: Path) -> None:
    with TimelineSink(tmp_path / "empty", "empty") as sink:
        sink.write(None, FrameResult("empty", 0, 0.0, 64, 48))
    assert data_of((tmp_path / "empty.html").read_text("utf-8"))["lanes"] == []
    assert (tmp_path / "empty.png").stat().st_size > 1000


def test_a_run_that_did_not_end_writes_nothing(tmp_path: Path) -> None:
    sink = TimelineSink(tmp_path / "talk", "talk")
    sink.write(None, result_at(0, "Ann"))
    sink.abandon()
    sink.close()
    assert not list(tmp_path.iterdir())


def test_strangers_have_rows_of_their_own_and_people_one_each() -> None:
    spans = [
        Span("person", "Ann", 1, 0, 3, 0.9),
        Span("person", "unknown", 2, 0, 5, 0.9),
        Span("person", "Ann", 7, 4, 9, 0.9),
        Span("person", None, 3, 1, 2, 0.9),
        Span("head", "nod", 1, 4, 5, 0.9),
    ]
    assert [(lane.name, len(lane.spans)) for lane in lanes(spans)] == [
        ("Ann", 2),
        ("Unknown 2", 1),
        ("Face 3", 1),
        ("Nod", 1),
    ]


def test_of_very_many_rows_the_longest_are_shown() -> None:
    found = lanes([Span("person", None, track, 0, track, 0.9) for track in range(1, 100)])
    assert len(found) == 60
    assert found[0].name == "Face 99"


def test_what_faces_do_is_shown_but_that_they_are_there_only_once(tmp_path: Path) -> None:
    with TimelineSink(tmp_path / "talk", "talk") as sink:
        sink.write(None, result_at(0, "Ann", Event("face", "face", "start", 1, 0.0, 0.9)))
        sink.write(None, result_at(10, "Ann", Event("face", "smile", "start", 1, 1.0, 0.9)))
        sink.write(None, result_at(20, "Ann", Event("face", "smile", "end", 1, 2.0, 0.9)))
    found = data_of((tmp_path / "talk.html").read_text("utf-8"))["lanes"]
    assert [(lane["group"], lane["name"]) for lane in found] == [("People", "Ann"), ("Face", "Smile")]
