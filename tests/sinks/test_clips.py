"""Cut-outs: around everything that happened, with its sound, each file whole."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from fakes import make_frame, make_result
from videos import make_video, probe

from livefg.results import Frame
from livefg.sinks.clips import ClipSink, cuts
from livefg.sources import open_source
from livefg.spans import Span


def span(label: str, start: float, end: float, side: str = "left") -> Span:
    return Span("gesture", label, 1, start, end, 0.9, "left" if side == "left" else "right")


def test_a_cut_out_begins_before_and_ends_after_what_happened_within_the_film() -> None:
    found = cuts([span("ok", 0.4, 2.0), span("victory", 5.0, 9.8)], 0.0, 10.0)
    assert [(cut.begin, cut.end, cut.name) for cut in found] == [(0.0, 3.0, "ok"), (4.0, 10.0, "victory")]
    assert [cut.file_name(number) for number, cut in enumerate(found, 1)] == [
        "001-00m00s-ok.mp4",
        "002-00m05s-victory.mp4",
    ]


def test_the_same_sign_of_both_hands_is_one_cut_out_and_two_signs_are_two() -> None:
    both = cuts([span("ok", 2, 3), span("ok", 2.5, 4, "right"), span("fist", 3, 4)], 0, 10)
    assert [(cut.begin, cut.end, cut.name) for cut in both] == [(1, 5, "ok"), (2, 5, "fist")]


def test_a_label_cannot_lead_out_of_the_folder() -> None:
    assert cuts([span("../a b", 1, 2)], 0, 3)[0].file_name(1) == "001-00m01s-___a_b.mp4"


@pytest.mark.parametrize("audio", ["aac", None])
def test_cut_outs_keep_picture_and_sound_together(tmp_path: Path, audio: str | None) -> None:
    path = make_video(
        tmp_path / "film.mp4", range(180), Fraction(1, 30), rate=Fraction(30), audio=audio, flash_at=4.0
    )
    wanted = cuts([span("flash", 4.0, 4.5), span("other", 3.0, 3.2)], 0.0, 6.0)
    folders = tmp_path / "clips", tmp_path / "parts"
    with open_source(path) as source, ClipSink(*folders, wanted, source=source.info) as sink:
        for frame in source:
            sink.write(frame, make_result(frame))
    assert [clip.name for clip in sink.paths] == ["001-00m03s-other.mp4", "002-00m04s-flash.mp4"]
    other, flash = (probe(clip) for clip in sorted(sink.paths))
    assert other.times == pytest.approx([index / 30 for index in range(67)], abs=1e-3)
    assert flash.times[-1] == pytest.approx(2.5, abs=0.04)
    assert flash.flashes == pytest.approx([1.0], abs=0.001)
    if audio:
        assert flash.clicks == pytest.approx([1.0], abs=0.02)


def test_a_run_that_did_not_end_leaves_no_half_cut_out(tmp_path: Path) -> None:
    path = make_video(tmp_path / "film.mp4", range(60), Fraction(1, 30))
    with open_source(path) as source:
        wanted = cuts([span("ok", 1.0, 1.5)], 0.0, 2.0)
        sink = ClipSink(tmp_path / "clips", tmp_path / "parts", wanted, source=source.info)
        for index in range(30):
            frame: Frame = make_frame(index, index / 30)
            sink.write(frame, make_result(frame))
        sink.abandon()
    assert list((tmp_path / "clips").iterdir()) == []
