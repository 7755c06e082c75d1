"""Repetitions of a motion: the beat, what is cut out, what is refused, and how it is kept."""

import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from livefg.collect.motions import MotionCollector
from livefg.collect.panel import draw_beat
from livefg.collect.takes import Span, Take, load_take, save_take
from livefg.errors import LivefgError
from livefg.results import Frame, FrameResult, Hand

FPS = 30.0
BEAT = 3.5
HAND = np.random.default_rng(0).normal(0, 30, (21, 3)).astype(np.float32) + np.float32([300, 240, 0])


def stroke(within: float) -> float:
    """Half a second after the beat to one side in 0.4 s; a second later back."""

    def smooth(at: float) -> float:
        at = min(1.0, max(0.0, at))
        return at * at * (3 - 2 * at)

    return 150 * (smooth((within - 0.5) / 0.4) - smooth((within - 1.9) / 0.6))


def collect(
    way: Callable[[float, int], float | None], seconds: float = 40.0, count: int = 5, mirrored: bool = False
) -> MotionCollector:
    """A hand that is `way(seconds since the beat, number of the beat)` to the side, or unseen."""
    collector = MotionCollector("flick", "ana", count=count, countdown=2.0)
    random = np.random.default_rng(1)
    image = np.zeros((4, 4, 3), np.uint8)
    for frame in range(round(seconds * FPS)):
        time = frame / FPS
        beat, within = divmod(max(0.0, time - 2.0), BEAT)
        at = way(within, int(beat)) if time >= 2.0 else 0.0
        hands: tuple[Hand, ...] = ()
        if at is not None:
            points = HAND + random.normal(0, 0.4, (21, 3)) + [-at if mirrored else at, 0, 0]
            hands = (Hand(1, "right", (0, 0, 1, 1), 1.0, points.astype(np.float32)),)
        result = FrameResult("test", frame, time, 640, 480, hands=hands)
        collector.see(Frame(image, frame, time, "test", mirrored=mirrored), result)
    return collector


def test_each_repetition_is_cut_out_without_its_way_back() -> None:
    collector = collect(lambda within, _: stroke(within))
    take = collector.take()
    assert take is not None
    assert collector.progress.finished
    assert len(take.spans) == 5
    for number, span in enumerate(take.spans):
        assert span.label == "flick"
        assert not span.ignore
        assert span.start == pytest.approx(2.0 + number * BEAT + 0.5, abs=0.15)
        assert span.end == pytest.approx(2.0 + number * BEAT + 0.9, abs=0.15)
    assert (take.person, take.right) == ("ana", True)


def test_a_beat_without_a_motion_is_refused_and_another_one_asked_for() -> None:
    collector = collect(lambda within, beat: 0.0 if beat == 1 else stroke(within), count=3)
    assert [cut.fault for cut in collector.cuts] == ["", "nothing moved", "", ""]
    take = collector.take()
    assert take is not None
    assert [span.ignore for span in take.spans] == [False, True, False, False]


def test_a_hand_that_is_out_of_sight_is_refused() -> None:
    collector = collect(lambda within, beat: None if beat == 0 and within > 0.4 else stroke(within), count=1)
    assert [cut.fault for cut in collector.cuts] == ["the hand was not seen", ""]


def test_a_hand_that_never_rests_is_refused() -> None:
    collector = collect(lambda within, _: 60 * np.sin(within * 9), seconds=12)
    assert {cut.fault for cut in collector.cuts} == {"it went on too long"}
    assert collector.take() is None


def test_a_mirrored_source_gives_the_same_motion() -> None:
    plain, mirrored = (
        collect(lambda within, _: stroke(within), mirrored=mirrored).take() for mirrored in (False, True)
    )
    assert plain is not None
    assert mirrored is not None
    moved = [np.ptp(take.values[:, 9, 0]) for take in (plain, mirrored)]
    assert moved[0] == pytest.approx(moved[1], rel=0.05)
    place = [
        take.values[np.searchsorted(take.times, 3.2), 9, 0] - take.values[0, 9, 0]
        for take in (plain, mirrored)
    ]
    assert place[0] > 100
    assert place[1] > 100, "to the person's left both times"


def test_the_beat_tells_when(assets: Path) -> None:
    collector = collect(lambda within, _: stroke(within), seconds=1.0)
    assert collector.progress.beat == "wait"
    assert "get ready" in collector.progress.request
    collector = collect(lambda within, _: stroke(within), seconds=2.5)
    assert (collector.progress.beat, collector.progress.request) == ("now", "NOW")
    collector = collect(lambda within, _: stroke(within), seconds=8.0)
    assert collector.progress.beat == "rest"
    assert "last: 0." in collector.progress.request
    image = np.zeros((480, 640, 3), np.uint8)
    draw_beat(image, collector.progress)
    assert image.any()


def test_recordings_of_one_moment_lie_beside_each_other_whatever_their_label_is(tmp_path: Path) -> None:
    times = np.arange(10) / FPS
    spans = (Span("up/down or ../../away", 0.1, 0.2, 0.2),)
    take = Take(times, np.zeros((10, 21, 3), np.float32), spans, session="20260131-174502")
    paths = {save_take(take, tmp_path) for _ in range(3)}
    assert set(tmp_path.iterdir()) == paths
    assert sorted(path.name for path in paths) == [
        f"up_down_or_away-20260131-174502{number}.npz" for number in ("-2", "-3", "")
    ]
    assert all(load_take(path).labels == ("up/down or ../../away",) for path in paths)


def test_a_take_is_kept_for_its_owner_and_read_back_as_it_was(tmp_path: Path) -> None:
    take = collect(lambda within, _: stroke(within)).take()
    assert take is not None
    path = save_take(take, tmp_path / "motions")
    assert path.name.startswith("flick-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    back = load_take(path)
    np.testing.assert_array_equal(back.values, take.values)
    assert back.spans == take.spans
    assert (back.person, back.session, back.right) == (take.person, take.session, take.right)


def test_what_is_no_recording_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK nothing")
    with pytest.raises(LivefgError, match=r"broken\.npz cannot be read as a recording of a motion"):
        load_take(broken)


def test_the_mirror_image_of_a_take_is_the_other_hand_s() -> None:
    values = np.full((2, 21, 3), [5, 6, 7], np.float32)
    take = Take(np.array([0.0, 0.1]), values, (Span("swipe_left", 0, 0.1, 0.1),))
    other = take.mirrored()
    assert other.values[0, 0].tolist() == [-5, 6, 7]
    assert other.spans[0].label == "swipe_right"
    assert not other.right


def test_times_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="do not rise"):
        Take(np.array([0.1, 0.1]), np.zeros((2, 21, 3), np.float32))
