"""Subtitles: events while they last, never two cues at once, as players of both formats read them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import pytest
from fakes import make_frame, make_result

from livefg.results import Event
from livefg.sinks.subtitles import SubtitleSink, cues
from livefg.spans import Span


def written(
    folder: Path, events: Sequence[Event], seconds: float = 5.0, origin: float = 0.0
) -> tuple[str, str]:
    """The two files of a clip of 10 frames a second with these events."""
    with SubtitleSink(folder / "clip", origin) as sink:
        for index in range(round(seconds * 10)):
            frame = make_frame(index, origin + index / 10)
            now = [event for event in events if round((event.time - origin) * 10) == index]
            sink.write(frame, make_result(frame, *now))
    return (folder / "clip.vtt").read_text("utf-8"), (folder / "clip.srt").read_text("utf-8")


def test_a_gesture_is_shown_from_its_start_to_its_end(tmp_path: Path) -> None:
    vtt, srt = written(
        tmp_path,
        [
            Event("gesture", "thumb_up", "start", 2, 1.0, 0.9),
            Event("gesture", "thumb_up", "end", 2, 3.5, 0.9),
            Event("face", "face", "start", 1, 0.0, 0.9),
        ],
    )
    assert vtt == "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.500\nThumb up (left hand)\n"
    assert srt == "1\n00:00:01,000 --> 00:00:03,500\nThumb up (left hand)\n"


def test_times_count_from_the_beginning_of_the_annotated_video(tmp_path: Path) -> None:
    _, srt = written(tmp_path, [Event("gesture", "ok", "start", 2, 101.0, 0.9)], origin=100.0)
    assert "00:00:01,000 --> 00:00:04,900" in srt


def test_what_overlaps_is_shown_in_one_cue() -> None:
    spans = [
        Span("gesture", "ok", 1, 1.0, 4.0, 0.9, "left"),
        Span("gesture", "victory", 2, 2.0, 3.0, 0.9, "right"),
        Span("motion", "wave", 2, 6.0, 6.0, 0.9, "right"),
    ]
    assert cues(spans) == [
        (1.0, 2.0, ("Ok (left hand)",)),
        (2.0, 3.0, ("Ok (left hand)", "Victory (right hand)")),
        (3.0, 4.0, ("Ok (left hand)",)),
        (6.0, 6.8, ("Wave (right hand)",)),
    ]


@pytest.mark.parametrize("suffix", ["vtt", "srt"])
def test_ffmpeg_reads_what_was_written(tmp_path: Path, suffix: str) -> None:
    written(
        tmp_path,
        [Event("gesture", "ok", "start", 2, 1.0, 0.9), Event("gesture", "a<b>&c", "start", 2, 2.0, 0.9)],
    )
    with av.open(str(tmp_path / f"clip.{suffix}")) as file:
        packets = [packet for packet in file.demux() if packet.size]
    assert [float(packet.pts * packet.time_base) for packet in packets] == [1.0, 2.0]


def test_a_clip_in_which_nothing_happens_gives_files_without_cues(tmp_path: Path) -> None:
    assert written(tmp_path, []) == ("WEBVTT\n\n", "")


def test_a_run_that_did_not_end_writes_nothing(tmp_path: Path) -> None:
    sink = SubtitleSink(tmp_path / "clip")
    sink.abandon()
    sink.close()
    assert not list(tmp_path.iterdir())


def test_a_rule_tells_of_a_moment_unless_it_ends(tmp_path: Path) -> None:
    _, srt = written(
        tmp_path,
        [
            Event("rule", "next_page", "start", 2, 1.0, 0.9),
            Event("rule", "volume", "start", 2, 3.0, 0.9),
            Event("rule", "volume", "end", 2, 4.5, 0.9),
        ],
    )
    assert "00:00:01,000 --> 00:00:01,800\nNext page" in srt
    assert "00:00:03,000 --> 00:00:04,500\nVolume" in srt
