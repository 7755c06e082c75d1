"""Motions learned: the simulated people, the windows, the graph that resamples, the measure, kinds and losses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from livefg.collect.takes import Span, Take
from livefg.inference.classifier import Classifier
from livefg.recognition.motion_window import LONG_AGO, History, as_batch
from training.motion_benchmark import benchmark, benchmark_heads, wrist_rule
from training.motion_data.acts import MOTIONS
from training.motion_data.heads import simulated_head
from training.motion_data.sessions import simulated_take
from training.motion_data.takes import labels_of, meaning, parted, varied
from training.motion_evaluation import Found, Score
from training.motion_export import AboutMotion, export_motion, read_motion
from training.motion_fit import MotionFit, fit_motions
from training.motion_networks import STEPS, MotionNetwork, MotionShape, hand_steps
from training.motion_tables import as_markdown
from training.motion_windows import moments, raw_windows, steps_at, training_windows

PALM = [0, 5, 9, 13, 17]
LABELS = ("none", "swipe_left", "swipe_right", "circle_clockwise", "circle_counterclockwise")


@pytest.fixture(scope="module")
def people() -> list[Take]:
    return [simulated_take(person, 0, 60.0) for person in range(12)]


def place(take: Take, span: Span) -> np.ndarray:
    """Where the palm is at the beginning and the end of a span, in pixels."""
    ends = np.searchsorted(take.times, [span.start, span.end])
    return take.values[np.minimum(ends, len(take.times) - 1)][:, PALM, :2].mean(axis=1)


def test_simulated_swipes_go_the_person_s_own_way(people: list[Take]) -> None:
    spans = [(take, span) for take in people for span in take.spans if not span.ignore]
    for label, axis, sign in (
        ("swipe_left", 0, 1),
        ("swipe_right", 0, -1),
        ("swipe_up", 1, -1),
        ("swipe_down", 1, 1),
    ):
        moved = [
            np.diff(place(take, span), axis=0)[0, axis] * sign for take, span in spans if span.label == label
        ]
        assert len(moved) >= 3
        assert np.mean(np.array(moved) > 0) > 0.9, label


def test_simulated_people_differ_and_each_is_always_the_same() -> None:
    first, again, other = simulated_take(1, 0, 10.0), simulated_take(1, 0, 10.0), simulated_take(2, 0, 10.0)
    np.testing.assert_array_equal(first.values, again.values)
    assert first.spans == again.spans
    assert first.values.shape != other.values.shape or not np.array_equal(first.values, other.values)


def test_every_motion_is_acted(people: list[Take]) -> None:
    assert set(labels_of(people)) == set(MOTIONS)


def test_who_means_nothing_has_no_spans() -> None:
    assert simulated_take(3, 0, 30.0, motions=()).spans == ()
    assert all(span.label != "nod" for span in simulated_head(3, 0, 30.0, 0.0).spans)


def test_a_simulated_hand_gets_lost_now_and_then(people: list[Take]) -> None:
    gaps = [float(np.diff(take.times).max()) for take in people]
    assert max(gaps) > 0.3, "out of the picture, or blurred"
    assert all((np.diff(take.times) > 0).all() for take in people)


def test_a_moment_shows_a_motion_from_its_end_until_shortly_after() -> None:
    times = np.arange(0, 5, 0.05)
    take = Take(times, np.zeros((len(times), 21, 3), np.float32), (Span("tap", 2.0, 2.5, 2.5),))
    label, clear = moments(take)
    shown = times[label == "tap"]
    assert shown.min() == pytest.approx(2.5, abs=0.06)
    assert shown.max() == pytest.approx(2.75, abs=0.06)
    unclear = times[~clear]
    assert unclear.min() >= 2.2
    assert unclear.max() <= 3.05
    assert clear[label == "tap"].all()


def swipe(fps: float, size: float = 50.0, at: tuple[float, float] = (300.0, 200.0)) -> Take:
    """A hand that moves four sizes to the person's left in 0.4 s, 1.2 s after the beginning."""
    random = np.random.default_rng(0)
    hand = random.normal(0, 1, (21, 3))
    times = np.arange(0, 2.0, 1 / fps)
    progress = np.clip((times - 1.2) / 0.4, 0, 1)
    way = 4 * progress**3 * (10 - 15 * progress + 6 * progress**2)
    values = size * (hand[None] + np.stack([way, 0 * way, 0 * way], axis=1)[:, None])
    values[..., :2] += at
    return Take(times, values.astype(np.float32))


def steps_of(take: Take, right: float = 1.0) -> np.ndarray:
    history = History()
    for time, value in zip(take.times.tolist(), take.values, strict=True):
        history.add(time, value)
    values, times = (torch.from_numpy(array) for array in as_batch([history.window()]))
    return hand_steps(values, times, torch.tensor([right])).numpy()[0]


def test_the_graph_sees_the_same_at_every_frame_rate() -> None:
    slow, usual, fast = (steps_of(swipe(fps)) for fps in (15.0, 30.0, 60.0))
    assert usual.shape[0] == STEPS
    # The last frames are not at the same moment; what was seen until then is.
    np.testing.assert_allclose(usual[:, 1:3], fast[:, 1:3], atol=0.12)
    np.testing.assert_allclose(usual[:, 1:3], slow[:, 1:3], atol=0.2)


def test_the_graph_sees_the_same_wherever_and_however_large_the_hand_is() -> None:
    here, there = steps_of(swipe(30.0)), steps_of(swipe(30.0, size=170.0, at=(900.0, 50.0)))
    np.testing.assert_allclose(here, there, atol=2e-3)


def test_a_left_hand_is_the_mirror_image_of_a_right_one() -> None:
    take = swipe(30.0)
    np.testing.assert_allclose(steps_of(take), steps_of(take.mirrored(), right=0.0), atol=1e-4)
    torch.manual_seed(0)
    network = MotionNetwork(MotionShape(width=8), LABELS).eval()
    values, times = (torch.from_numpy(array) for array in raw_windows(take, np.array([len(take.times) - 1])))
    turned = values * torch.tensor([-1.0, 1.0, 1.0])
    with torch.no_grad():
        right = network(values, times, torch.tensor([1.0]))[0]
        left = network(turned, times, torch.tensor([0.0]))[0]
    np.testing.assert_allclose(left, right[[0, 2, 1, 4, 3]], atol=1e-5)


def test_dropped_frames_and_a_late_beginning_are_filled_or_marked() -> None:
    take = swipe(30.0)
    keep = np.random.default_rng(3).random(len(take.times)) > 0.2
    keep[-1] = True
    holey = steps_of(Take(take.times[keep], take.values[keep]))
    np.testing.assert_allclose(holey[:, 1:3], steps_of(take)[:, 1:3], atol=0.2)
    late = take.times >= 1.3
    seen = steps_of(Take(take.times[late], take.values[late]))[:, 0]
    assert seen[-1] == 1
    assert seen[0] == 0, "before it came the hand was not seen"
    _, times = as_batch([(np.array([0.0]), take.values[:1]), (np.array([0.0, 0.1]), take.values[:2])])
    assert times[0].tolist() == [LONG_AGO, 0]


def test_windows_of_training_and_of_the_live_history_are_the_same() -> None:
    take = swipe(30.0)
    live = steps_of(take)
    trained = steps_at(take, np.array([len(take.times) - 1])).numpy()[0]
    np.testing.assert_allclose(live, trained, atol=1e-4)


def test_windows_hold_both_motions_and_what_is_none(people: list[Take]) -> None:
    labels = ("none", *MOTIONS)
    windows = training_windows(people[:4], labels, np.random.default_rng(0))
    assert torch.isfinite(windows.steps).all()
    assert (windows.label == 0).sum() > (windows.label > 0).sum() > 20


def test_windows_of_a_left_hand_have_the_labels_of_the_right_one_that_they_show(people: list[Take]) -> None:
    labels = ("none", *MOTIONS)
    right, left = (
        training_windows([take], labels, np.random.default_rng(0))
        for take in (people[0], people[0].mirrored())
    )
    np.testing.assert_array_equal(left.label, right.label)
    np.testing.assert_allclose(left.steps, right.steps, atol=1e-3)


def test_a_second_event_for_one_motion_is_a_false_alarm() -> None:
    take = Take(np.array([0.0, 60.0]), np.zeros((2, 21, 3), np.float32), (Span("tap", 10, 10.3, 10.3),))
    score = Score()
    found = [Found("tap", 10.4, 0.9), Found("tap", 10.7, 0.9), Found("wave", 30.0, 0.9)]
    score.add(take, take.spans, found, ("tap", "wave"))
    report = score.report()
    assert report["detection_rate"] == 1.0
    assert report["false_alarms"] == 2
    assert report["latency_median"] == pytest.approx(0.1)


def test_what_is_to_be_ignored_is_neither_right_nor_wrong() -> None:
    take = Take(np.array([0.0, 60.0]), np.zeros((2, 21, 3), np.float32), (Span("", 10, 11, 11, ignore=True),))
    score = Score()
    score.add(take, take.spans, [Found("tap", 10.4, 0.9)], ("tap",))
    assert score.report()["false_alarms"] == 0
    assert score.report()["detection_rate"] is None


def test_an_opposite_direction_is_counted_apart() -> None:
    take = Take(np.array([0.0, 60.0]), np.zeros((2, 21, 3), np.float32), (Span("swipe_left", 5, 5.4, 5.4),))
    score = Score()
    score.add(take, take.spans, [Found("swipe_right", 5.4, 0.9)], LABELS)
    assert score.report()["opposite_direction"] == 1


def test_the_rule_that_people_write_finds_a_swipe() -> None:
    (found,) = wrist_rule(1.5)(swipe(30.0))
    assert found.label == "swipe_left"
    assert 1.2 < found.time < 1.7


def test_kinds_stand_side_by_side_in_one_table() -> None:
    rule = {"rule": wrist_rule(1.5)}
    result = benchmark(rule, rule, {"demo": [swipe(30.0)]}, people=1)
    about = {
        "date": "2026-11-23", "machine": "a machine", "command": "python", "note": "",
        "heads": benchmark_heads(lambda take: [], people=1), "real_heads": {"still": []},
        "networks": {"rule": {"bytes": 1000, "threshold": 0.5}},
        "milliseconds_a_frame": {"rule": {"mean": 0.1, "p95": 0.2}},
    }  # fmt: skip
    page = as_markdown({**about, **result}, "numbers.json")
    assert "| 15 fps | rule |" in page
    assert "| `swipe_left` |" in page
    assert "| `demo` | 0.0 min, 0 motions | rule |" in page
    assert "| still | none |" in page


def test_versions_of_a_take_keep_its_motions_where_they_are() -> None:
    take = swipe(30.0)
    with_span = Take(take.times, take.values, (Span("flick", 1.2, 1.6, 1.6),))
    other = varied(with_span, np.random.default_rng(5))
    (span,) = other.spans
    speed = np.abs(np.gradient(other.values[:, 9, 0], other.times))
    fastest = other.times[speed.argmax()]
    assert span.start < fastest < span.end


def test_every_third_repetition_is_put_aside() -> None:
    spans = tuple(Span("flick", at, at + 0.3, at + 0.3) for at in range(1, 11))
    take = Take(np.arange(0, 12, 0.1), np.zeros((120, 21, 3), np.float32), spans)
    teaching, asking = parted([take], 3)
    taught = [span.start for span in teaching[0].spans if not span.ignore]
    asked = [span.start for span in asking[0].spans if not span.ignore]
    assert asked == [3, 6, 9]
    assert sorted(taught + asked) == [span.start for span in spans]


def test_what_has_no_label_means_nothing() -> None:
    spans = (Span("tap", 1, 1.2, 1.2), Span("wave", 2, 3, 3), Span("", 4, 5, 5, ignore=True))
    take = Take(np.arange(0, 6, 0.1), np.zeros((60, 21, 3), np.float32), spans)
    assert [span.label for span in meaning(take, ("tap",)).spans] == ["tap", ""]


@pytest.mark.parametrize("kind", ["gru", "tcn"])
@pytest.mark.parametrize(("loss", "members"), [("cross_entropy", 1), ("weston_watkins", 2)])
def test_both_kinds_and_losses_learn_and_are_exported(
    people: list[Take], tmp_path: Path, kind: str, loss: str, members: int
) -> None:
    labels = ("none", *MOTIONS)
    windows = training_windows(people[:2], labels, np.random.default_rng(0))
    losses: list[float] = []
    shape = MotionShape(kind=kind, width=8, members=members)  # type: ignore[arg-type]
    fit = MotionFit(loss=loss, batches=40, averaging=0.5)  # type: ignore[arg-type]
    network = fit_motions(windows, shape, labels, fit, lambda _, value: losses.append(value))
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    enter = dict.fromkeys(labels[1:], 0.5)
    about = AboutMotion(
        temperature=1.0,
        enter=enter,
        reject_reason="a test",
        loss=loss,
        training_data="made up",
        split="none",
        licence="CC0-1.0",
        metrics={"a": 1},
    )
    assert export_motion(network, about, tmp_path / "one.onnx") < 1e-4
    assert Classifier.load(tmp_path / "one.onnx", "cpu", task="motion").labels == labels
    again, _ = read_motion(tmp_path / "one.onnx")
    assert again.state_dict().keys() == network.state_dict().keys()
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in network.state_dict().items())


def test_members_answer_together_by_the_mean_of_what_each_says(people: list[Take]) -> None:
    labels = ("none", *MOTIONS)
    windows = training_windows(people[:1], labels, np.random.default_rng(0))
    network = MotionNetwork(MotionShape(width=8, members=3), labels).eval()
    with torch.no_grad():
        each = network.of_members(windows.steps).reshape(3, len(windows), -1)
        together = network.of_steps(windows.steps)
    assert not torch.allclose(each[0], each[1], atol=1e-2), "they began differently"
    torch.testing.assert_close(each.mean(dim=0), together, atol=1e-4, rtol=1e-4)


@pytest.mark.shared
def test_the_shared_sets_become_takes_with_the_labels_that_they_show(shared: Path) -> None:
    from training.motion_data.real import STIFF_LABELS, real_sets

    sets = real_sets(shared / "data")
    assert {take.person for take in sets["pose_segments"]} == {"pose-12", "pose-17", "pose-18", "pose-19"}
    for name in ("pose_segments", "kinivi", "gestnet"):
        assert set(labels_of(sets[name])) <= set(STIFF_LABELS)
        assert all(np.isfinite(take.values).all() for take in sets[name])
    swipes = [
        (np.diff(place(take, span), axis=0)[0, 0], span.label)
        for take in sets["pose_segments"]
        for span in take.spans
        if span.label in {"swipe_left", "swipe_right"}
    ]
    right_way = [moved > 0 if label == "swipe_left" else moved < 0 for moved, label in swipes]
    assert np.mean(right_way) > 0.9, "the person's left is to the right of a picture that is not mirrored"
